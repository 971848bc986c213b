import { name, number, optional, own, type ObjectOf } from '../shape/shape.js'

/**
 * A process that autopilot started: what a later run needs to recognize it, and never to mistake another process with
 * the same pid for it. Without `start` and `boot` (systems without /proc, older journals) it can't be recognized.
 */
export const spawnedProcessFields = {
  pid: number('Its process id, which is also the id of its process group.'),
  start: own(optional(name("Clock ticks since boot at which it started: field 22 of proc(5)'s stat."))),
  boot: own(optional(name("The id of the machine's boot."))),
}
export type SpawnedProcess = ObjectOf<typeof spawnedProcessFields>

/** What identifies the processes of a run, wherever they have gone. */
export interface RunTraces {
  /** The environment entry (`NAME=value`) that each of them, and no other process, was started with. */
  readonly entry: string
  /**
   * The last two parts of the path of each directory that has this run's workspaces and nobody else's; empty if there
   * is none.
   */
  readonly places: readonly string[]
}

/** A process of the machine, as seen in /proc. */
export interface SeenProcess {
  readonly pid: number
  /** The start of its program's name, as the kernel keeps it: outside text. */
  readonly name: string
  readonly parent: number
  readonly group: number
  /** One letter, as in proc(5): R, S, Z, … */
  readonly state: string
  /** As in {@link SpawnedProcess}. */
  readonly start: string
  readonly hasTerminal: boolean
  /** Processor time of it and of its ended children so far, ms. */
  readonly processorMs: number
}

/** What only a closer look shows; empty if that isn't permitted. */
export interface Belongings {
  readonly environment: readonly string[]
  readonly cwd: string
}

/** What a finished run may have left, and how to recognize it. */
export interface Claim {
  readonly traces: RunTraces
  /** The processes that its journal names. */
  readonly spawned: readonly SpawnedProcess[]
}

/** A machine at one moment. */
export interface Machine {
  readonly boot: string
  readonly processes: readonly (SeenProcess & Belongings)[]
  /** The pid of the asking process: neither it nor its ancestors are ever a stray. */
  readonly self: number
}

/**
 * The processes that belong to the claims: groups whose leader is in the journal and is still that process; all that
 * have a run's entry; and processes that work in a run's workspaces without a terminal, because a person who looks
 * into one has a terminal. A group without its leader is recognized only by its entry, because another group may have
 * its number by now.
 */
export function findStrays(
  { boot, processes, self }: Machine,
  claims: readonly Claim[],
): readonly (SeenProcess & Belongings)[] {
  const spared = lineOf(self, processes)
  const known = claims.flatMap(({ spawned }) => spawned.filter((process) => process.boot === boot).map(identityOf))
  const identities = new Set(known.filter((one) => one !== undefined))
  const isLeader = (process: SeenProcess) => process.pid === process.group && identities.has(identityOf(process) ?? '')
  const groups = new Set(processes.filter(isLeader).map(({ group }) => group))
  const traces = claims.map((claim) => claim.traces)
  return processes.filter(
    (process) =>
      !isOver(process) &&
      !spared.has(process.pid) &&
      (groups.has(process.group) || traces.some((trace) => bears(process, trace))),
  )
}

/** A zombie runs nothing; it just hasn't been reaped yet. */
export function isOver({ state }: Pick<SeenProcess, 'state'>): boolean {
  return state === 'Z' || state === 'X'
}

function identityOf({ pid, start }: SpawnedProcess): string | undefined {
  return start === undefined || start === '' ? undefined : `${pid} ${start}`
}

/** A process and all that it descends from. */
function lineOf(pid: number, processes: readonly SeenProcess[]): ReadonlySet<number> {
  const parents = new Map(processes.map((process) => [process.pid, process.parent]))
  const line = new Set<number>()
  for (let next: number | undefined = pid; next !== undefined && !line.has(next); next = parents.get(next))
    line.add(next)
  return line
}

function bears({ environment, cwd, hasTerminal }: SeenProcess & Belongings, { entry, places }: RunTraces): boolean {
  if (environment.includes(entry)) return true
  return !hasTerminal && places.some((place) => cwd.includes(`/${place}/`))
}
