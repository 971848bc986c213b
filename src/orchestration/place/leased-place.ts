import type { CommitId, RefName } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import { ok, type Result } from '../../domain/result.js'
import type { OffLimits } from '../../domain/roadmap/off-limits.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { KeptRef } from '../../workspace/collect/agent-commits.js'
import { findAgentUnderWay } from '../../workspace/collect/agent-under-way.js'
import { collect, type Collected } from '../../workspace/collect/collect.js'
import { keepIgnored } from '../../workspace/collect/ignored.js'
import { pathText, type GitPath } from '../../workspace/git-path.js'
import type { Workspaces } from '../../workspace/lease/workspaces.js'
import { attemptRef } from '../../workspace/refs/ref-name.js'
import { diffText } from '../../workspace/repair/catch-up.js'
import { nothingWatched, type MarkerWatch } from '../../workspace/repair/conflict-markers.js'
import type { Workspace } from '../../workspace/workspace.js'
import type { Attempt } from '../../domain/attempt/attempt.js'
import { candidateDesk, type DeskParts } from './candidate-desk.js'
import { commitMessage } from './commit-message.js'
import type { Continued, Harvest, Ignored, Kept, OpenPlace, WorkSoFar, Written } from './isolation.js'
import { troubleOf } from './place-trouble.js'

/** What all leased workspaces of a run share. */
export interface LeaseParts extends DeskParts {
  readonly workspaces: Workspaces
  readonly runId: string
  readonly mask: Mask
  /** Paths relative to the root that agents may not change: the roadmap. */
  readonly leaveOut: readonly string[]
  /** What else agents may not change. */
  readonly offLimits: Pick<OffLimits, 'covers'>
  /** Paths that were read at the start of the run: a change by an agent is reported. */
  readonly watched: readonly string[]
  /** Runs a git step: not too many at once, and before less urgent ones. */
  readonly step: <Value>(action: () => Promise<Value>) => Promise<Value>
  /** The workspace contains something that can't be collected, and stays on disk. */
  readonly onStuck: (workspace: Workspace) => void
  /** An agent has ended; runs while its work is collected. */
  readonly onAgentEnded: (attempt: Attempt) => Promise<void>
}

/** How far an interrupted attempt had come. */
export interface LeasedBefore {
  /** The commit that the work in the workspace is a change of. */
  readonly base: CommitId
  /** The candidate at the tip of the attempt's ref. */
  readonly earlier?: CommitId
  readonly watch: MarkerWatch
  /** How often the run was resumed. */
  readonly resumes: number
}

/** A workspace that is leased to an attempt, over all rounds of the attempt. */
export function leasedPlace(
  workspace: Workspace,
  attempt: Attempt,
  parts: LeaseParts,
  before?: LeasedBefore,
): OpenPlace {
  const { repository, workspaces, runId, mask, step } = parts
  const message = commitMessage({ ...attempt, runId, mask })
  const rounds = new Rounds(
    attemptRef(runId, attempt.id.taskId, attempt.id.attempt),
    before ?? { base: workspace.commit, watch: nothingWatched },
  )
  let isHeld = true

  const stuck = async (why: Failure): Promise<Harvest> => {
    isHeld = false
    const isThere = await workspaces.keep(workspace, why.message, { adoptable: why.uncollected === true })
    parts.onStuck(workspace)
    return { type: 'stuck', failure: why, ...present({ workspace: isThere ? workspace.root : undefined }) }
  }

  const harvest = async (written?: Written): Promise<Harvest> => {
    const { leaveOut, watched, offLimits } = parts
    const isOffLimits = (path: string) => offLimits.covers(path)
    const request = { leaveOut, isOffLimits, watched, wrote: written?.paths ?? [], message, ...rounds.next() }
    const collected = await step(() => collect(repository, workspace, request))
    if (!collected.ok) return stuck(collected.error)
    rounds.collected(collected.value)
    const ignored = await keepWritten(workspace, collected.value.ignored, written)
    return { ...harvestOf(collected.value, request), ...present({ ignored }) }
  }

  const bringUpToDate = async (work: WorkSoFar): Promise<Result<Continued, Failure>> => {
    const { commit: candidate, base, tree, parents } = work
    const tip = parts.tip()
    const made = tree === undefined || parents === undefined ? undefined : { tree, parents }
    const together = { candidate, base, message, watch: rounds.watch, ...present({ made }) }
    const caughtUp = await step(() => workspaces.bringUpToDate(workspace, attempt.id, together, tip))
    if (!caughtUp.ok) return caughtUp
    const { watch, ...continued } = caughtUp.value
    rounds.moveTo(tip, watch)
    return ok({ ...continued, base: tip })
  }

  return {
    ...candidateDesk(attempt, message, () => rounds.watch, parts),
    place: { cwd: workspace.root, base: rounds.base },
    trouble: () => troubleOf(workspace),
    async underWay() {
      const underWay = await step(() => findAgentUnderWay(repository, workspace))
      // Collecting reports what can't be read.
      return underWay.ok ? underWay.value : undefined
    },
    async harvest(written) {
      const [harvested] = await Promise.all([harvest(written), parts.onAgentEnded(attempt)])
      return harvested
    },
    bringUpToDate,
    diff: (both, most) => diffText(repository, both.base, both.tree, { most, whole: 'git diff HEAD^1' }),
    close() {
      if (isHeld) workspaces.release(workspace)
      isHeld = false
    },
  }
}

/** Where an attempt's work stands from round to round. */
class Rounds {
  readonly #ref: RefName
  readonly #keepAs: RefName
  #harvests = 0
  #earlier: CommitId | undefined
  watch: MarkerWatch
  base: CommitId

  constructor(
    ref: RefName,
    { base, watch, earlier, resumes }: Pick<LeasedBefore, 'base' | 'watch'> & Partial<LeasedBefore>,
  ) {
    this.#ref = ref
    // Names for what is kept that no earlier part of the run can have used.
    this.#keepAs = resumes === undefined ? ref : `${ref}-resume${resumes}`
    this.#earlier = earlier
    this.watch = watch
    this.base = base
  }

  /** By what the next harvest goes. */
  next() {
    const round = ++this.#harvests === 1 ? '' : `-round${this.#harvests}`
    const { base } = this
    return { base, ref: this.#ref, keepAs: `${this.#keepAs}${round}` as const, ...present({ earlier: this.#earlier }) }
  }

  collected(work: Collected): void {
    if (work.type !== 'unchanged') this.#earlier = work.commit
  }

  moveTo(tip: CommitId, watch: MarkerWatch): void {
    this.base = tip
    this.watch = watch
  }
}

interface HarvestRequest {
  readonly base: CommitId
  readonly isOffLimits: (path: string) => boolean
}

function harvestOf(collected: Collected, { base, isOffLimits }: HarvestRequest): Harvest {
  const kept = collected.kept.map(describeKept)
  const offLimits = collected.leftOut.filter(isOffLimits)
  const { hidden } = collected
  if (collected.type === 'unchanged')
    return { type: 'unchanged', offLimits, kept, hidden, newIgnored: collected.newIgnored }
  const { type, commit, tree, parents, ref, watched } = collected
  const leftOut = collected.leftOut.filter((path) => !isOffLimits(path))
  return { type, commit, tree, parents, ref, base, leftOut, offLimits, watched, hidden, kept }
}

const maxPaths = 100

/** Ignored files that the agent wrote exist only in the workspace, which the next agent gets. */
async function keepWritten(
  { root }: Workspace,
  ignored: readonly GitPath[],
  written: Written | undefined,
): Promise<Ignored | undefined> {
  if (ignored.length === 0 || !written) return undefined
  const kept = await keepIgnored(root, ignored, written.keepIn)
  const copies = kept > 0 ? written.keepIn : undefined
  return { paths: ignored.slice(0, maxPaths).map(pathText), ...present({ copies }) }
}

const whatWasKept: Readonly<Record<KeptRef['what'], string>> = {
  commits: 'commits without any change in the end',
  stash: 'a stash',
  branch: 'another branch',
  abandoned: 'commits that the agent left behind',
}

function describeKept({ ref, commit, what, name }: KeptRef): Kept {
  return { ref, commit, why: name === undefined ? whatWasKept[what] : `${whatWasKept[what]} (${name})` }
}
