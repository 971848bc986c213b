import { realpath } from 'node:fs/promises'
import type { TaskId } from '../../domain/brand.js'
import type { Selected, TargetFacts } from '../../domain/run/event.js'
import { exitCodes } from '../../domain/run/exit-code.js'
import type { RunState } from '../../domain/run/run-state.js'
import { listRuns, type KnownRun } from '../../journal/runs.js'
import { readStart } from '../../journal/read-journal.js'
import { readExitCode } from '../../journal/unfinished.js'
import { currentBranch } from '../../workspace/land/open-current.js'
import { defaultTarget } from '../../workspace/land/target.js'
import { roadmapNow } from '../resume/moved.js'
import type { settings } from '../../config/settings.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { sameRedo } from '../prepare/redo.js'

/** What `autopilot run` finds out about the previous run. */
export type PreviousRun =
  /** There is none worth continuing. */
  | { readonly type: 'none' }
  /** It stopped before its end, and is about the same. */
  | { readonly type: 'goes_on'; readonly run: KnownRun; readonly redo?: readonly TaskId[] }
  /** It stopped before its end, but this run is about something else; `why` says how they differ. */
  | { readonly type: 'other'; readonly run: KnownRun; readonly why: string }

/** Exit codes of a run that stopped with more to do. */
const stoppedWith: ReadonlySet<number | undefined> = new Set([
  undefined,
  exitCodes.notSafe,
  exitCodes.again,
  exitCodes.interrupted,
  exitCodes.terminated,
])

/** Whether a run stopped, for any reason, before its end. */
export async function wasStopped({ journal }: KnownRun): Promise<boolean> {
  return stoppedWith.has(await readExitCode(journal))
}

/** The newest run that stopped before its end; a later run that ended doesn't hide it. */
export async function newestStopped(runs: readonly KnownRun[]): Promise<KnownRun | undefined> {
  for (const run of runs) if (await wasStopped(run)) return run
  return undefined
}

/** Looks at the newest run that stopped before its end: it is continued if it is about the same. */
export async function findPrevious(prepared: Prepared): Promise<PreviousRun> {
  const runs = await listRuns([prepared.location.root])
  const run = await newestStopped(runs)
  if (!run) return { type: 'none' }
  const start = await readStart(run.journal)
  // It was killed before it had started anything: there is nothing to continue.
  if (!start.ok && start.error.code === 'empty') return { type: 'none' }
  // Reading the whole journal reports its damage; an old one doesn't concern this run.
  if (!start.ok) return run === runs[0] ? { type: 'goes_on', run } : { type: 'none' }
  const why = await difference(start.value, prepared)
  const { redo } = start.value
  if (why === undefined) return { type: 'goes_on', run, ...(redo ? { redo } : {}) }
  // A person who has run something else since then knows about it.
  return run === runs[0] ? { type: 'other', run, why } : { type: 'none' }
}

/** How a stopped run differs from the requested one. */
async function difference(start: RunState['start'], wanted: Prepared): Promise<string | undefined> {
  const roadmap = roadmapNow(start, wanted.location.root)
  if ((await realPathOf(roadmap)) !== (await realPathOf(wanted.loaded.path))) return 'another roadmap'
  const differs = Object.values(differences).map((difference) => difference(start, wanted))
  return differs.find((why) => why !== undefined)
}

/** Settings that make a run a different one. */
type Identifying = {
  [Key in keyof typeof settings]: (typeof settings)[Key]['identifies'] extends true ? Key : never
}[keyof typeof settings]

type Difference = (start: RunState['start'], wanted: Prepared) => string | undefined

const otherSelection: Difference = (start, wanted) =>
  sameSelection(start.selection, selectionOf(wanted.settings)) ? undefined : 'another selection of tasks'

const differences: Readonly<Record<Identifying, Difference>> = {
  isolation: ({ isolation }, wanted) =>
    isolation === wanted.settings.isolation ? undefined : `--isolation ${isolation}`,
  only: otherSelection,
  limit: otherSelection,
  redo: ({ redo }, wanted) => (sameRedo(redo, wanted.redo) ? undefined : 'other tasks to redo'),
  target: otherTarget,
}

function otherTarget({ target }: RunState['start'], { settings: { target: named }, location: { head } }: Prepared) {
  if (target === undefined || head === undefined) return undefined
  // `current` means the branch that the user is on.
  if (target.current === true && named === currentBranch)
    return head.branch === target.branch ? undefined : `the target ${target.branch}`
  const wanted = named?.replace(/^refs\/heads\//, '') ?? defaultTarget(head)
  return wanted === targetName(target) ? undefined : `the target ${targetName(target)}`
}

/** A run's target, as the settings name it. */
export function targetName({ branch, current }: TargetFacts): string {
  return current === true ? currentBranch : branch
}

/** The requested selection, if it isn't the whole roadmap. */
export function selectionOf({ only = [], limit }: Selected): Selected | undefined {
  if (only.length === 0 && limit === undefined) return undefined
  return { ...(only.length > 0 ? { only } : {}), ...(limit === undefined ? {} : { limit }) }
}

function sameSelection(a: Selected | undefined, b: Selected | undefined): boolean {
  return a?.limit === b?.limit && JSON.stringify(a?.only) === JSON.stringify(b?.only)
}

async function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
