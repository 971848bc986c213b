import type { EpochMs } from '../brand.js'
import { flag, list, moment, name, object, text, union, variant, type ValueOf } from '../shape/shape.js'

/**
 * Work that an agent started and that may outlive its turn: background commands and sub-agents, scheduled wake-ups, and,
 * for codex, commands that have not come back. A fold over what the CLI tells of it; ids are the CLI's own.
 */
export interface Background {
  /** What runs, by id: what it is, in the CLI's words. */
  readonly live: ReadonlyMap<string, string>
  /** What was stopped before it was through, and not by the agent itself; no later turn of the process has dealt with it. */
  readonly cut: ReadonlyMap<string, Cut>
  /** What the agent itself has asked to be stopped. */
  readonly unwanted: ReadonlySet<string>
  /** When it will be woken up, earliest first. */
  readonly wakeUps: readonly EpochMs[]
}

interface Cut {
  readonly what: string
  /** A turn has begun since, whose agent knows of it. */
  readonly known: boolean
}

export const noBackground: Background = { live: new Map(), cut: new Map(), unwanted: new Set(), wakeUps: [] }

/** What the stream of a CLI tells about such work. */
export const backgroundChangeShape = union({
  started: variant('It began.', { id: name(), what: text("In the CLI's words.") }),
  ended: variant('It ended.', {
    id: name(),
    through: flag('It ended by itself, well or not; otherwise it was stopped.'),
  }),
  listed: variant('The complete list of what is running.', { tasks: list(object({ id: name(), what: text() })) }),
  unwanted: variant('The agent asks for its end.', { id: name() }),
  wake_up_scheduled: variant('The agent will be woken up.', { at: moment('When, epoch ms.') }),
  wake_up_came: variant('It was woken up, as scheduled.', { at: moment('For when, epoch ms.') }),
})
export type BackgroundChange = ValueOf<typeof backgroundChangeShape>

/** More at a time than any agent has use for; a stream that tells of more must not fill the memory. */
const most = 1_000

export function applyBackground(background: Background, change: BackgroundChange): Background {
  const { live, unwanted, wakeUps } = background
  switch (change.type) {
    case 'started':
      return live.size >= most ? background : { ...background, live: new Map([...live, [change.id, change.what]]) }
    case 'ended':
      return endOne(background, change.id, change.through)
    case 'listed':
      return { ...background, live: new Map(change.tasks.slice(0, most).map(({ id, what }) => [id, what])) }
    case 'unwanted':
      return unwanted.size >= most ? background : { ...background, unwanted: new Set([...unwanted, change.id]) }
    case 'wake_up_scheduled':
      return { ...background, wakeUps: [...wakeUps, change.at].sort((a, b) => a - b).slice(0, most) }
    case 'wake_up_came':
      return { ...background, wakeUps: wakeUps.filter((moment) => moment !== change.at) }
  }
}

/** What is not known to run tells nothing: the end of a sub-agent's own work, or of what an earlier process had left. */
function endOne(background: Background, id: string, through: boolean): Background {
  const what = background.live.get(id)
  if (what === undefined) return background
  const live = new Map(background.live)
  live.delete(id)
  if (through || background.unwanted.has(id)) return { ...background, live }
  const cut = background.cut.size >= most ? background.cut : new Map([...background.cut, [id, { what, known: false }]])
  return { ...background, live, cut }
}

/** A further turn of the same process begins: its agent is told what was stopped. */
export function beginTurn(background: Background): Background {
  const known = [...background.cut].map(([id, { what }]): [string, Cut] => [id, { what, known: true }])
  return { ...background, cut: new Map(known) }
}

/** A turn has ended well: what its agent knew of is dealt with. */
export function endTurn(background: Background): Background {
  return { ...background, cut: new Map([...background.cut].filter(([, { known }]) => !known)) }
}

/** Nothing runs, and no wake-up is to come: no further turn follows from it. */
export function isQuiet({ live, wakeUps }: Background): boolean {
  return live.size === 0 && wakeUps.length === 0
}

/** What is not through, in words of the CLI: outside text, not yet clean. */
export function notThrough({ live, cut, wakeUps }: Background): readonly string[] {
  return [
    ...live.values(),
    ...[...cut.values()].map(({ what }) => what),
    ...wakeUps.map((moment) => `a wake-up at ${new Date(moment).toISOString()}`),
  ]
}
