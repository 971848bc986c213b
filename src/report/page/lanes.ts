import type { IdleCause, Report, Sample, Span } from '../form.js'

/** A row of the timeline. */
export interface Lane {
  readonly title: string
  readonly bars: readonly Bar[]
  /** Of a slot: where it was idle, and why. */
  readonly idle?: readonly Idle[]
}

export interface Idle {
  readonly from: number
  readonly to: number
  readonly cause: IdleCause
}

export interface Bar {
  readonly from: number
  readonly to: number
  readonly span: Span
}

/** With more slots, nobody could see why each of them was idle. */
const maxIdleSlots = 64
/** More than so many of a kind at once share the last lane. */
const maxLanes = 12

type Shown = Pick<Report, 'slots' | 'spans' | 'ms' | 'samples'>

/** The lanes of the timeline: slots, then setups, gates and landings, as many as were at work at once, then cool-downs. */
export function lanesOf({ slots, spans, ms, samples }: Shown): readonly Lane[] {
  const causes = slots.length > maxIdleSlots ? [] : causesOf(samples, ms)
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
    ...[...ofSlot].map(([title, own]) => ({ title, bars: own, idle: idleOf(own, causes, ms) })),
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

/** Why a slot was idle when, if it was; neighbours of one cause are one. */
function causesOf(samples: readonly Sample[], ms: number): readonly Idle[] {
  const causes: Idle[] = []
  for (const [index, { ms: from, cause }] of samples.entries()) {
    const to = samples[index + 1]?.ms ?? ms
    const last = causes.at(-1)
    if (last?.cause === cause) causes[causes.length - 1] = { ...last, to }
    else causes.push({ from, to, cause })
  }
  return causes
}

/** The parts of these in which none of the bars is; both are in order. */
function idleOf(bars: readonly Bar[], causes: readonly Idle[], ms: number): readonly Idle[] {
  const ordered = [...bars].sort((a, b) => a.from - b.from)
  const gaps = [...ordered, { from: ms, to: ms }].map(({ from }, index) => [ordered[index - 1]?.to ?? 0, from] as const)
  let first = 0
  return gaps.flatMap(([from, to]) => {
    while ((causes[first]?.to ?? Number.POSITIVE_INFINITY) <= from) first++
    const parts: Idle[] = []
    for (let at = first; at < causes.length && (causes[at]?.from ?? to) < to; at++) {
      const part = causes[at]
      if (part) parts.push({ cause: part.cause, from: Math.max(from, part.from), to: Math.min(to, part.to) })
    }
    return parts.filter((part) => part.to > part.from)
  })
}

/** Why a slot is idle at a moment. */
export function idleAt(lane: Lane | undefined, ms: number): Idle | undefined {
  return lane?.idle?.find(({ from, to }) => from <= ms && ms < to)
}

/** The bar at a moment; the shortest of several. */
export function barAt(lane: Lane | undefined, ms: number, slack: number): Bar | undefined {
  const near = lane?.bars.filter(({ from, to }) => from - slack <= ms && ms <= to + slack) ?? []
  return near.reduce<Bar | undefined>(
    (best, bar) => (best && best.to - best.from <= bar.to - bar.from ? best : bar),
    undefined,
  )
}
