import { cpus } from 'node:os'
import type { Failure } from '../domain/failure.js'
import { mergeGates, type Gate } from '../domain/gate.js'
import { err, ok, type Result } from '../domain/result.js'
import { collect } from '../workspace/collect.js'
import type { KeptRef } from '../workspace/agent-commits.js'
import type { Repository, Target } from '../workspace/contract.js'
import { createIntegrator } from '../workspace/integrate.js'
import { attemptRef } from '../workspace/ref-name.js'
import type { Workspace } from '../workspace/workspace.js'
import type { KeptWorkspace, Workspaces } from '../workspace/workspaces.js'
import type { Judgement, Verifier } from '../verify/verifier.js'
import { commitMessage } from './commit-message.js'
import { gatesOf } from './gating.js'
import type { AttemptOf, Harvest, Isolation, Kept, OpenPlace } from './isolation.js'
import { limit } from './limit.js'
import { WorkspaceSupply } from './workspace-supply.js'

export interface WorkspacedParts {
  readonly repository: Repository
  readonly target: Target
  readonly workspaces: Workspaces
  readonly runId: string
  /** Number of slots: as many workspaces are prepared ahead at most. */
  readonly slots: number
  /** Paths relative to the root that agents may not change: the roadmap. */
  readonly leaveOut: readonly string[]
  /** Paths that were read at the start of the run: that an agent changed one is told. */
  readonly watched: readonly string[]
  /** Where gates run. */
  readonly gateWorkspaces: Workspaces
  readonly verifier: Verifier
  /** What every candidate must pass, before the gates of its own task. */
  readonly gates: readonly Gate[]
  readonly onJudged: (of: AttemptOf, judgement: Judgement) => void
  /** The ids of the tasks that a task depends on. */
  readonly dependenciesOf: (taskId: string) => readonly string[]
  readonly onPrepared: (change: 1 | -1) => void
  readonly onExhausted: (failure: Failure) => void
  readonly onKept: (kept: KeptWorkspace) => void
}

/** `--isolation workspace`: a workspace for each attempt, its work collected as a candidate and landed on the target. */
export function workspaced(parts: WorkspacedParts): Isolation {
  const { repository, target, workspaces, runId } = parts
  // git is bound by processor and disk: more of it at once than cores only takes time from the agents.
  const jobs = Math.max(1, cpus().length)
  const collecting = limit(jobs)
  const integrate = createIntegrator(repository, target)
  let busy = 0
  const supply = new WorkspaceSupply({ ...parts, jobs, tip: () => target.tip, isBusy: () => busy > 0 })
  const busily = async <Value>(step: () => Promise<Value>): Promise<Value> => {
    busy++
    try {
      return await step()
    } finally {
      busy--
      supply.freshen()
    }
  }

  /** Of each landed task, the number of its landing. */
  const landedAs = new Map<string, number>()
  /** How many landings the workspace of an attempt must have in it; a further attempt wants all that there are. */
  const needed = ({ task, attempt }: AttemptOf): number => {
    if (attempt > 1) return supply.landings
    return Math.max(0, ...parts.dependenciesOf(task.id).map((id) => landedAs.get(id) ?? 0))
  }

  // Kept workspaces that a harvest has named, with their task; at the end only the others are still to be told.
  const told = new Set<string>()

  const harvest = async (workspace: Workspace, of: AttemptOf): Promise<Harvest> => {
    const { task, attempt } = of
    const ref = attemptRef(runId, task.id, attempt)
    const message = commitMessage({ ...of, runId })
    const request = { base: workspace.commit, leaveOut: parts.leaveOut, watched: parts.watched, message, ref }
    const collected = await collecting(() => busily(() => collect(repository, workspace, request)))
    if (!collected.ok) {
      const isThere = await workspaces.keep(workspace, collected.error.message)
      told.add(workspace.root)
      return { type: 'stuck', failure: collected.error, ...(isThere ? { workspace: workspace.root } : {}) }
    }
    workspaces.release(workspace)
    const kept = collected.value.kept.map(describeKept)
    return collected.value.type === 'unchanged' ? { type: 'unchanged', kept } : { ...collected.value, kept }
  }

  return {
    kind: 'workspace',
    expect: (attempts) => supply.want(Math.min(parts.slots, attempts)),
    async open(of): Promise<Result<OpenPlace, Failure>> {
      const { task, attempt } = of
      const { workspace, landings } = supply.take()
      // What landed in the last moments may be missing, but not what the task depends on.
      const fresh = landings < needed(of) ? await workspaces.refresh(workspace, target.tip) : ok(undefined)
      const leased = fresh.ok ? await workspaces.lease(workspace, { taskId: task.id, attempt }) : fresh
      if (!leased.ok) {
        workspaces.release(workspace)
        return err(leased.error)
      }
      const place = { cwd: workspace.root, base: workspace.commit }
      return ok({ place, harvest: () => harvest(workspace, of) })
    },
    async land(of, { commit, tree, parents }, base) {
      const gates = mergeGates(parts.gates, gatesOf(of.task))
      const landed = await integrate({
        candidate: commit,
        made: { tree, parents },
        base,
        message: commitMessage({ ...of, runId }),
        verify: (judged) => parts.verifier.verify(judged, gates, (judgement) => parts.onJudged(of, judgement)),
      })
      if (landed.ok) {
        landedAs.set(of.task.id, supply.landings + 1)
        supply.landed()
      }
      return landed
    },
    async close() {
      await supply.close()
      const kept = [...(await parts.gateWorkspaces.removeAll()), ...(await workspaces.removeAll())]
      for (const one of kept) if (!told.has(one.root)) parts.onKept(one)
    },
  }
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
