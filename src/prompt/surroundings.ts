/** What a conversation that goes on is told where its agent has another slot than before, or may have. */
export interface Surroundings {
  /** Variables of autopilot's own, with their values. */
  readonly numbered: Readonly<Record<string, string>>
  /** Variables that are made of them; their values may be secret. */
  readonly made: readonly string[]
}

/** Stands behind the prompt of the turn. */
export function renderSurroundings({ numbered, made }: Surroundings): string {
  const values = Object.entries(numbered).map(([name, value]) => `${name} is ${value}`)
  const others = made.length === 0 ? [] : [`These are made from them, so they have changed, too: ${made.join(', ')}.`]
  return [
    '## Your environment has changed',
    '',
    `From now on, ${values.join(', ')}.`,
    ...others,
    'Use the new values, not those that you saw or wrote down before: others may be using what belonged to the old ones.',
    '',
  ].join('\n')
}
