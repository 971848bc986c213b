import { failure, type Failure } from '../../domain/agent/failure.js'
import { mergeGates, type Gate, gatesOf } from '../../domain/landing/gate.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { OffLimits } from '../../domain/roadmap/off-limits.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { Judged, Judgement, Verifier } from '../../verify/verifier.js'
import { findAgentUnderWay } from '../../workspace/collect/agent-under-way.js'
import type { KeptRef } from '../../workspace/collect/agent-commits.js'
import { diffText } from '../../workspace/repair/catch-up.js'
import { collect } from '../../workspace/collect/collect.js'
import { leftMarkers, newMarkers, nothingWatched, type MarkerWatch } from '../../workspace/repair/conflict-markers.js'
import type { Repository } from '../../workspace/contract.js'
import { pathText, type GitPath } from '../../workspace/git-path.js'
import { keepIgnored } from '../../workspace/collect/ignored.js'
import { attemptRef } from '../../workspace/refs/ref-name.js'
import { readCommit } from '../../workspace/land/stack.js'
import { singleParent, stack } from '../../workspace/land/stack.js'
import type { Workspace } from '../../workspace/workspace.js'
import type { Workspaces } from '../../workspace/lease/workspaces.js'
import type { BaseWatch } from '../landing/base-watch.js'
import { commitMessage } from './commit-message.js'
import { type Gating } from '../landing/gating.js'
import type { Harvest, Harvested, Ignored, Kept, OpenPlace, Written } from './isolation.js'
import { troubleOf } from './place-trouble.js'
import type { Integrate } from '../landing/merge-queue.js'
import { gitFailed } from '../../workspace/git/git-failed.js'
import type { AttemptOf } from '../attempt-of.js'

/** What is the same for every leased workspace of a run. */
export interface PlaceParts {
  readonly repository: Repository
  readonly workspaces: Workspaces
  readonly runId: string
  readonly mask: Mask
  /** Paths relative to the root that agents may not change: the roadmap. */
  readonly leaveOut: readonly string[]
  /** What else agents may not change. */
  readonly offLimits: Pick<OffLimits, 'covers'>
  /** Paths that were read at the start of the run: that an agent changed one is told. */
  readonly watched: readonly string[]
  readonly verifier: Verifier
  readonly checkOut: Gating['checkOut']
  /** What every candidate must pass, before the gates of its own task. */
  readonly gates: readonly Gate[]
  readonly base: Pick<BaseWatch, 'passed' | 'mayBlame'>
  /** `together`: the tasks whose candidates, too, are in the tree that was judged, before this one. */
  readonly onJudged: (of: AttemptOf, judgement: Judgement, together: readonly string[]) => void
}

interface LeaseParts extends PlaceParts {
  readonly integrate: Integrate
  /** The target's tip, as it is now. */
  readonly tip: () => string
  /** The target's short name. */
  readonly branch: string
  /** Runs a step of git: not too many at once, and before what is less urgent. */
  readonly step: <Value>(deed: () => Promise<Value>) => Promise<Value>
  /** The workspace holds what cannot be collected and stays on disk. */
  readonly onStuck: () => void
  readonly onLanded: () => void
}

/** What an attempt that was interrupted with its run had come to. */
export interface LeasedBefore {
  /** The commit that the work in the workspace is a change of. */
  readonly base: string
  /** The candidate at which the attempt's ref stands. */
  readonly earlier?: string
  readonly watch: MarkerWatch
  /** How often the run was resumed. */
  readonly resumes: number
}

/** A workspace that is leased to an attempt, over all of the attempt's rounds. */
export function leasedPlace(workspace: Workspace, of: AttemptOf, parts: LeaseParts, before?: LeasedBefore): OpenPlace {
  const { repository, workspaces, runId, mask } = parts
  const ref = attemptRef(runId, of.task.id, of.attempt)
  const message = commitMessage({ ...of, runId, mask })
  const keepAs = before ? `${ref}-resume${before.resumes}` : ref
  let harvests = 0
  let earlier = before?.earlier
  let watch = before?.watch ?? nothingWatched
  let base = before?.base ?? workspace.commit
  let isHeld = true

  const stuck = async (why: Failure): Promise<Harvest> => {
    isHeld = false
    const isThere = await workspaces.keep(workspace, why.message, { adoptable: why.uncollected === true })
    parts.onStuck()
    return { type: 'stuck', failure: why, ...(isThere ? { workspace: workspace.root } : {}) }
  }

  const goOn: OpenPlace['goOn'] = async ({ commit, tree, parents, base: from }) => {
    const tip = parts.tip()
    const work = { candidate: commit, made: { tree, parents }, base: from, message, watch }
    const lessee = { taskId: of.task.id, attempt: of.attempt }
    const together = await parts.step(() => workspaces.goOn(workspace, lessee, work, tip))
    if (!together.ok) return together
    watch = together.value.watch
    base = tip
    const { conflicts, note, tree: both } = together.value
    return ok({ base: tip, conflicts, tree: both, ...(note === undefined ? {} : { note }) })
  }

  return {
    place: { cwd: workspace.root, base },
    trouble: () => troubleOf(workspace),
    async underWay() {
      const found = await parts.step(() => findAgentUnderWay(repository, workspace))
      // What cannot be read is told by collecting.
      return found.ok ? found.value : undefined
    },
    async harvest(written) {
      const { leaveOut, watched } = parts
      const round = ++harvests === 1 ? '' : `-round${harvests}`
      const more = earlier === undefined ? {} : { earlier }
      const isOffLimits = (path: string) => parts.offLimits.covers(path)
      const wrote = written?.paths ?? []
      const keep = { ref, keepAs: `${keepAs}${round}` }
      const request = { base, leaveOut, isOffLimits, watched, wrote, message, ...keep, ...more }
      const collected = await parts.step(() => collect(repository, workspace, request))
      if (!collected.ok) return stuck(collected.error)
      const { ignored: unseen, ...found } = collected.value
      const kept = found.kept.map(describeKept)
      const ignored = await keepWritten(workspace, unseen, written)
      const offLimits = found.leftOut.filter(isOffLimits)
      if (found.type === 'unchanged') {
        const { hidden, newIgnored } = found
        return { type: 'unchanged', offLimits, kept, hidden, newIgnored, ...ignored }
      }
      earlier = found.commit
      const leftOut = found.leftOut.filter((path) => !isOffLimits(path))
      return { ...found, base, leftOut, offLimits, kept, ...ignored }
    },
    async judge(candidate) {
      const clear = await checkMarkers(repository, candidate, watch)
      if (!clear.ok) return clear
      const judged = await verifyAlone(of, candidate, message, parts)
      if (judged.ok) parts.base.passed()
      return judged
    },
    async show({ commit, tree, base: before }) {
      const checkout = await parts.checkOut(commit)
      if (!checkout.ok) return checkout
      const whole = `git diff ${before} HEAD`
      return ok({ ...checkout.value, diff: (most: number) => diffText(repository, before, tree, { most, whole }) })
    },
    async land(candidate) {
      const clear = await checkMarkers(repository, candidate, watch)
      if (!clear.ok) return clear
      const landed = await integrateInto(of, candidate, message, parts)
      if (landed.ok) parts.onLanded()
      return landed
    },
    goOn,
    async takeOver({ candidate, base: from }) {
      const read = await readCommit(repository, candidate)
      if (!read.ok) return gitFailed(read.error)
      return goOn({
        type: 'candidate',
        ...read.value,
        ref,
        base: from,
        leftOut: [],
        offLimits: [],
        watched: [],
        kept: [],
      })
    },
    diff: (both, most) => diffText(repository, both.base, both.tree, { most, whole: 'git diff HEAD^1' }),
    close() {
      if (isHeld) workspaces.release(workspace)
      isHeld = false
    },
  }
}

function integrateInto(of: AttemptOf, candidate: Harvested, message: string, parts: LeaseParts) {
  const { commit, tree, parents, base } = candidate
  return parts.integrate({
    taskId: of.task.id,
    priority: of.task.priority,
    candidate: commit,
    made: { tree, parents },
    base,
    message,
    gates: mergeGates(parts.gates, gatesOf(of.task)),
    onJudged: (judgement, together) => parts.onJudged(of, judgement, together),
  })
}

/**
 * Judges work alone. What fails perhaps only because its base does is judged once more on the target's tip, where that is
 * another one by now.
 */
async function verifyAlone(
  of: AttemptOf,
  candidate: Harvested,
  message: string,
  parts: LeaseParts,
): Promise<Result<void, Failure>> {
  const { commit, tree, parents, base } = candidate
  const own = await verify(of, candidate, parts)
  if (own.ok || own.error.kind !== 'gate_failed') return own
  const tip = parts.tip()
  if (tip === base || !parts.base.mayBlame(own.error, base)) return err({ ...own.error, on: base })
  const single = await singleParent(parts.repository, { candidate: commit, made: { tree, parents }, base, message })
  if (!single.ok) return gitFailed(single.error)
  const alone = { single: single.value, base, message }
  const { members, left } = await stack(parts.repository, { tip, branch: parts.branch }, [alone])
  const [member] = members
  if (!member) return err(left[0]?.failure ?? own.error)
  const judged = await verify(of, member.ready, parts)
  return judged.ok ? judged : err({ ...judged.error, on: tip })
}

/** Judges work alone, before it is shown to a reviewer. As before an eviction from the merge queue, what failed runs twice. */
async function verify(of: AttemptOf, ready: Judged, parts: PlaceParts): Promise<Result<void, Failure>> {
  const judged = { ...ready, taskId: of.task.id }
  const gates = mergeGates(parts.gates, gatesOf(of.task))
  const onJudged = (judgement: Judgement) => parts.onJudged(of, judgement, [])
  const first = await parts.verifier.verify(judged, gates, onJudged)
  const isFailed = !first.ok && first.error.kind === 'gate_failed'
  return isFailed ? parts.verifier.verifyAgain(judged, gates, onJudged) : first
}

/** Conflict markers never land: a tree that still has some is refused before any gate. */
async function checkMarkers(
  repository: Repository,
  { tree, base }: Harvested,
  watch: MarkerWatch,
): Promise<Result<void, Failure>> {
  const left = await leftMarkers(repository, tree, base, watch)
  if (!left.ok) return gitFailed(left.error)
  const found = left.value.length > 0 ? left : await newMarkers(repository, tree, base)
  if (!found.ok) return gitFailed(found.error)
  if (found.value.length === 0) return ok(undefined)
  const paths = found.value.slice(0, mostPaths).map(pathText)
  return err(failure('conflict', 'Conflict markers are left in the files.', { paths }))
}

const mostPaths = 100

/** What git ignores of the agent's own writing lies in the workspace alone, which the next agent gets. */
async function keepWritten(
  { root }: Workspace,
  ignored: readonly GitPath[],
  written: Written | undefined,
): Promise<{ readonly ignored?: Ignored }> {
  if (ignored.length === 0 || !written) return {}
  const kept = await keepIgnored(root, ignored, written.keepIn)
  const paths = ignored.slice(0, mostPaths).map(pathText)
  return { ignored: { paths, ...(kept > 0 ? { copies: written.keepIn } : {}) } }
}

const whatWasKept: Readonly<Record<KeptRef['what'], string>> = {
  commits: 'commits that change nothing in the end',
  stash: 'a stash',
  branch: 'another branch',
  abandoned: 'commits that the agent left behind',
}

function describeKept({ ref, commit, what, name }: KeptRef): Kept {
  return { ref, commit, why: name === undefined ? whatWasKept[what] : `${whatWasKept[what]} (${name})` }
}
