import type { Report, Span } from '../form.js'

/** A row of the timeline. */
export interface Lane {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly from: number
  readonly to: number
  readonly span: Span
}

/** More than so many of a kind at once share the last lane. */
const maxLanes = 12

/** The lanes of the timeline: slots, then setups, gates and landings, as many as were at work at once, then cool-downs. */
export function lanesOf({ slots, spans, ms }: Pick<Report, 'slots' | 'spans' | 'ms'>): readonly Lane[] {
  const bars = spans.map((span) => ({ from: span.from, to: Math.min(span.to ?? ms, Math.max(ms, span.from)), span }))
  const ofSlot = new Map<string, Bar[]>(slots.map(({ id }) => [id, []]))
  const others: Record<'setup' | 'gate' | 'landing' | 'wait', Bar[]> = { setup: [], gate: [], landing: [], wait: [] }
  const coolDowns = new Map<string, Bar[]>()
  for (const bar of bars) {
    const { kind, slot, provider = '' } = bar.span
    if (slot !== undefined) push(ofSlot, slot, bar)
    else if (kind === 'cool_down') push(coolDowns, provider, bar)
    else if (kind === 'setup' || kind === 'gate' || kind === 'landing' || kind === 'wait') others[kind].push(bar)
  }
  return [
    ...[...ofSlot].map(([title, own]) => ({ title, bars: own })),
    ...packed('setups', others.setup),
    ...packed('gates', others.gate),
    ...packed('landing', others.landing),
    ...[...coolDowns].map(([provider, own]) => ({ title: `${provider} limit`, bars: own })),
    ...packed('waiting', others.wait),
  ]
}

function push(lanes: Map<string, Bar[]>, name: string, bar: Bar): void {
  const known = lanes.get(name)
  if (known) known.push(bar)
  else lanes.set(name, [bar])
}

/** Each bar in the first lane that is free by then. */
function packed(title: string, bars: readonly Bar[]): readonly Lane[] {
  const lanes: Bar[][] = []
  const free: number[] = []
  for (const bar of [...bars].sort((a, b) => a.from - b.from)) {
    const found = free.findIndex((until) => until <= bar.from)
    const index = found >= 0 ? found : Math.min(lanes.length, maxLanes - 1)
    ;(lanes[index] ??= []).push(bar)
    free[index] = Math.max(free[index] ?? 0, bar.to)
  }
  return lanes.map((own, index) => ({ title: index === 0 ? title : '', bars: own }))
}

/** The bar at a moment; the shortest of several. */
export function barAt(lane: Lane | undefined, ms: number, slack: number): Bar | undefined {
  const near = lane?.bars.filter(({ from, to }) => from - slack <= ms && ms <= to + slack) ?? []
  return near.reduce<Bar | undefined>(
    (best, bar) => (best && best.to - best.from <= bar.to - bar.from ? best : bar),
    undefined,
  )
}
