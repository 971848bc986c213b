import { name, number, optional, own, type ObjectOf } from '../shape/shape.js'

/**
 * A process that autopilot started: what a later run needs to know it again, and never to take another with the same
 * pid for it. Without `start` and `boot` (systems without /proc, older journals) it cannot be known again.
 */
export const spawnedProcessFields = {
  pid: number('Its process id, which is also the number of its process group.'),
  start: own(optional(name("Clock ticks since boot at which it started: field 22 of proc(5)'s stat."))),
  boot: own(optional(name("The id of the machine's boot."))),
}
export type SpawnedProcess = ObjectOf<typeof spawnedProcessFields>

/** By what the processes of a run are known, wherever they have gone. */
export interface RunTraces {
  /** The environment entry (`NAME=value`) that each of them was started with, and no other process. */
  readonly entry: string
  /** The last two parts of the path of each directory that has its workspaces, and nobody else's; none without any. */
  readonly places: readonly string[]
}

/** A process of the machine, as one look at /proc showed it. */
export interface SeenProcess {
  readonly pid: number
  /** The beginning of its program's name, as the kernel keeps it: outside text. */
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

/** What only a closer look shows; empty where it is not permitted. */
export interface Belongings {
  readonly environment: readonly string[]
  readonly cwd: string
}

/** What a run that is over may have left, and by what it is known. */
export interface Claim {
  readonly traces: RunTraces
  /** The processes that its journal names. */
  readonly spawned: readonly SpawnedProcess[]
}

/** A machine at one moment. */
export interface Machine {
  readonly boot: string
  readonly processes: readonly (SeenProcess & Belongings)[]
  /** The pid of who asks: neither it nor what it descends from is ever anybody's stray. */
  readonly self: number
}

/**
 * The processes that belong to the claims: the groups whose leader was journalled and is still that process, not another
 * with its pid; all that bear a run's entry; and what works in a run's workspaces without a terminal, since a person who
 * looks into one has one. A group whose leader is gone is known by its entry alone: its number may be another's by now.
 */
export function findStrays(
  { boot, processes, self }: Machine,
  claims: readonly Claim[],
): readonly (SeenProcess & Belongings)[] {
  const spared = lineOf(self, processes)
  const known = claims.flatMap(({ spawned }) => spawned.filter((one) => one.boot === boot).map(identityOf))
  const identities = new Set(known.filter((one) => one !== undefined))
  const isLeader = (one: SeenProcess) => one.pid === one.group && identities.has(identityOf(one) ?? '')
  const groups = new Set(processes.filter(isLeader).map(({ group }) => group))
  const traces = claims.map((claim) => claim.traces)
  return processes.filter(
    (one) =>
      !isOver(one) && !spared.has(one.pid) && (groups.has(one.group) || traces.some((trace) => bears(one, trace))),
  )
}

/** A zombie runs nothing any more; it is only not yet reaped. */
export function isOver({ state }: Pick<SeenProcess, 'state'>): boolean {
  return state === 'Z' || state === 'X'
}

function identityOf({ pid, start }: SpawnedProcess): string | undefined {
  return start === undefined || start === '' ? undefined : `${pid} ${start}`
}

/** A process and all that it descends from. */
function lineOf(pid: number, processes: readonly SeenProcess[]): ReadonlySet<number> {
  const parents = new Map(processes.map((one) => [one.pid, one.parent]))
  const line = new Set<number>()
  for (let next: number | undefined = pid; next !== undefined && !line.has(next); next = parents.get(next))
    line.add(next)
  return line
}

function bears({ environment, cwd, hasTerminal }: SeenProcess & Belongings, { entry, places }: RunTraces): boolean {
  if (environment.includes(entry)) return true
  return !hasTerminal && places.some((place) => cwd.includes(`/${place}/`))
}
