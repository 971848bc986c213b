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
  const others = made.length === 0 ? [] : [`Made of these, so other than before, too: ${made.join(', ')}.`]
  return [
    '## Your environment has changed',
    '',
    `In your environment, ${values.join(', ')} from now on.`,
    ...others,
    'Go by these, not by what you saw or wrote down before: what belonged to the old values may be in use by others.',
    '',
  ].join('\n')
}
