import type { CommitId, RefName, RunId } from '../../domain/brand.js'
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
  readonly runId: RunId
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
export interface PastRounds {
  /** The commit that the work in the workspace is a change of. */
  readonly base: CommitId
  /** The candidate at the tip of the attempt's ref. */
  readonly earlier?: CommitId
  readonly watch: MarkerWatch
  /** How often the run was resumed. */
  readonly resumes: number
}

/** A workspace that is leased to an attempt, over all rounds of the attempt. */
export function leasedPlace(workspace: Workspace, attempt: Attempt, parts: LeaseParts, past?: PastRounds): OpenPlace {
  const { repository, runId, mask, step } = parts
  const message = commitMessage({ ...attempt, runId, mask })
  const rounds = new Rounds({ workspace, attempt, message, parts }, past)
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
      const [harvest] = await Promise.all([rounds.harvest(written), parts.onAgentEnded(attempt)])
      return harvest
    },
    bringUpToDate: (work) => rounds.bringUpToDate(work),
    diff: (both, most) => diffText(repository, both.base, both.tree, { most, whole: 'git diff HEAD^1' }),
    close: () => rounds.close(),
  }
}

interface Lease {
  readonly workspace: Workspace
  readonly attempt: Attempt
  /** The message of the attempt's commits. */
  readonly message: string
  readonly parts: LeaseParts
}

/** An attempt's work in its workspace, from round to round. */
class Rounds {
  readonly #lease: Lease
  readonly #ref: RefName
  readonly #keepAs: RefName
  #harvests = 0
  #earlier: CommitId | undefined
  #isHeld = true
  /** Where conflicts may have left markers so far. */
  watch: MarkerWatch
  /** The commit that the work is a change of. */
  base: CommitId

  constructor(lease: Lease, past?: PastRounds) {
    const { workspace, attempt, parts } = lease
    this.#lease = lease
    this.#ref = attemptRef(parts.runId, attempt.id.taskId, attempt.id.attempt)
    // Names for what is kept that no earlier part of the run can have used.
    this.#keepAs = past ? `${this.#ref}-resume${past.resumes}` : this.#ref
    this.#earlier = past?.earlier
    this.watch = past?.watch ?? nothingWatched
    this.base = past?.base ?? workspace.commit
  }

  /** Collects what the round's agent left. */
  async harvest(written?: Written): Promise<Harvest> {
    const { workspace, message, parts } = this.#lease
    const { repository, leaveOut, watched, offLimits, step } = parts
    const isOffLimits = (path: string) => offLimits.covers(path)
    const rules = { leaveOut, isOffLimits, watched, wrote: written?.paths ?? [] }
    const request = { ...rules, message, ...this.#nextNames(), base: this.base }
    const collected = await step(() => collect(repository, workspace, request))
    if (!collected.ok) return this.#keepStuck(collected.error)
    if (collected.value.type !== 'unchanged') this.#earlier = collected.value.commit
    const ignored = await keepWritten(workspace, collected.value.ignored, written)
    return { ...harvestOf(collected.value, request), ...present({ ignored }) }
  }

  /** Merges work with the target's tip, for the next round. */
  async bringUpToDate({ commit: candidate, base, tree, parents }: WorkSoFar): Promise<Result<Continued, Failure>> {
    const { workspace, attempt, message, parts } = this.#lease
    const tip = parts.tip()
    const made = tree === undefined || parents === undefined ? undefined : { tree, parents }
    const work = { candidate, base, message, watch: this.watch, ...present({ made }) }
    const caughtUp = await parts.step(() => parts.workspaces.bringUpToDate(workspace, attempt.id, work, tip))
    if (!caughtUp.ok) return caughtUp
    const { watch, ...continued } = caughtUp.value
    this.base = tip
    this.watch = watch
    return ok({ ...continued, base: tip })
  }

  /** Gives the workspace back, unless it stays on disk. */
  close(): void {
    const { workspace, parts } = this.#lease
    if (this.#isHeld) parts.workspaces.release(workspace)
    this.#isHeld = false
  }

  /** The refs of the next harvest, and the candidate before it. */
  #nextNames() {
    const round = ++this.#harvests === 1 ? '' : `-round${this.#harvests}`
    return { ref: this.#ref, keepAs: `${this.#keepAs}${round}` as const, ...present({ earlier: this.#earlier }) }
  }

  async #keepStuck(why: Failure): Promise<Harvest> {
    const { workspace, parts } = this.#lease
    this.#isHeld = false
    const isThere = await parts.workspaces.keep(workspace, why.message, { adoptable: why.uncollected === true })
    parts.onStuck(workspace)
    return { type: 'stuck', failure: why, ...present({ workspace: isThere ? workspace.root : undefined }) }
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
