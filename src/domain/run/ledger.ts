import type { CommitId, RefName, RunId } from '../brand.js'
import { safeName } from '../name.js'
import { present } from '../present.js'
import type { KeptCommit, RunState } from './run-state.js'

/** How safe it is to let go of a ref of autopilot's. */
export type RefStanding =
  /** A commit that is on a branch names this attempt in its trailers: its work has arrived. */
  | { readonly type: 'landed'; readonly commit: CommitId }
  /** All that it leads to is on a branch, too. */
  | { readonly type: 'on_branch' }
  /** Without it, commits would be lost. */
  | { readonly type: 'only_here' }

/** A ref below `refs/autopilot/<run>/`. */
export interface LedgerRef {
  readonly ref: RefName
  readonly commit: CommitId
  readonly runId: RunId
  /** Whether it pins the commit that the run began from; all others keep what an attempt brought, or what the target was. */
  readonly isBase: boolean
  /** It keeps what the target was before it started over. */
  readonly isTarget?: true
  readonly standing: RefStanding
}

/** A directory that a run left behind. */
export interface Leftover {
  /** Absolute and resolved. */
  readonly path: string
  /** Undefined where nothing says whose it is. */
  readonly runId: RunId | undefined
  /** An agent's workspace, a gate's, or autopilot's own notes on a run's workspaces. */
  readonly kind: 'workspace' | 'gate' | 'notes'
  /** Why it may contain an agent's work that is nowhere else; absent if it doesn't. */
  readonly holds?: string
}

/** What `autopilot clean` deletes, and what it leaves since that would lose work. */
export interface CleanPlan {
  readonly refs: readonly LedgerRef[]
  readonly leftovers: readonly Leftover[]
  readonly kept: { readonly refs: readonly LedgerRef[]; readonly leftovers: readonly Leftover[] }
}

/**
 * Decides what may be deleted: what has arrived or holds nothing; with `lost` the rest, too. The commit that a run
 * began from stays as long as another ref of the run does, because diffs are shown against it.
 */
export function planClean(refs: readonly LedgerRef[], leftovers: readonly Leftover[], lost: boolean): CleanPlan {
  const mayDelete = ({ standing }: LedgerRef) => lost || standing.type !== 'only_here'
  const needed = new Set(refs.filter((ref) => !ref.isBase && !mayDelete(ref)).map(({ runId }) => runId))
  const isDeleted = (ref: LedgerRef) => mayDelete(ref) && !(ref.isBase && needed.has(ref.runId))
  const standing = new Set(leftovers.filter(({ holds }) => holds !== undefined).map(({ runId }) => runId))
  // Without its notes, a resumed run could not take over an existing workspace.
  const isNeeded = ({ kind, runId }: Leftover) => kind === 'notes' && standing.has(runId)
  const empty = (leftover: Leftover) => lost || (leftover.holds === undefined && !isNeeded(leftover))
  return {
    refs: refs.filter(isDeleted),
    leftovers: leftovers.filter(empty),
    kept: {
      refs: refs.filter((ref) => !mayDelete(ref)),
      leftovers: leftovers.filter((leftover) => !empty(leftover) && !isNeeded(leftover)),
    },
  }
}

/** A commit that is only on a ref. Without a task, the run's record has none by the name of that ref. */
export type CommitOnRef = Omit<KeptCommit, 'taskId'> & Partial<Pick<KeptCommit, 'taskId'>>

/**
 * The commits of a run that are only on its refs: those in the journal, and those that a broken-off run could no
 * longer record. During a run, unrecorded ones may still land.
 */
export function keptCommits(state: RunState, refs: readonly LedgerRef[], running: boolean): readonly CommitOnRef[] {
  const told = new Map(state.kept.map((kept) => [kept.ref, kept]))
  const known = [...state.tasks.keys(), ...state.progress.keys()]
  const ids = new Map(known.map((id) => [safeName(id), id]))
  return refs.flatMap(({ ref, commit, isBase, isTarget, standing }) => {
    if (isBase || isTarget || standing.type !== 'only_here') return []
    const kept = told.get(ref)
    if (kept || running) return kept ? [{ ...kept, commit }] : []
    const [name = '', last = ''] = ref.split('/').slice(-2)
    const why = 'work that the run had not integrated when it was broken off'
    return [{ ...present({ taskId: ids.get(name) }), attempt: Number.parseInt(last, 10), ref, commit, why }]
  })
}
