import { cpus } from 'node:os'
import type { Failure } from '../../domain/agent/failure.js'
import type { Clock } from '../../domain/clock.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { Workspace } from '../../workspace/workspace.js'
import type { KeptWorkspace, Workspaces } from '../../workspace/lease/workspaces.js'
import type { Isolation, OpenedPlace, OpenPlace } from './isolation.js'
import type { BaseToWatch, BaseWatch } from '../landing/base-watch.js'
import { leasedPlace, type LeasedBefore, type PlaceParts } from './leased-place.js'
import { limit } from '../limit.js'
import { createMergeQueue, type MergeQueueParts } from '../landing/merge-queue.js'
import { blamed } from './place-trouble.js'
import { reopenPlace } from './reopen-place.js'
import type { RoomWatch } from './room-watch.js'
import { WorkspaceSupply } from './workspace-supply.js'
import type { AttemptOf } from '../attempt-of.js'

export interface WorkspacedParts extends PlaceParts, MergeQueueParts {
  /** Number of slots: as many workspaces are prepared ahead at most. */
  readonly slots: number
  readonly base: BaseWatch
  /** Judges a commit of the target's by the gates of everybody. */
  readonly judgeTip: BaseToWatch['judge']
  /** Where gates run. */
  readonly gateWorkspaces: Workspaces
  /** How many of those are made ready for the first gates. */
  readonly gatePlaces: number
  /** How many setups run at once; 0 where there is none. */
  readonly setupJobs: number
  readonly clock: Clock
  /** The ids of the tasks that a task depends on. */
  readonly dependenciesOf: (taskId: string) => readonly string[]
  readonly onPrepared: (change: 1 | -1) => void
  /** How many of the prepared workspaces have not been granted yet. */
  readonly spare: () => number
  readonly onExhausted: (failure: Failure) => void
  readonly onKept: (kept: KeptWorkspace) => void
  readonly room: RoomWatch
  /** Where workspaces lie. */
  readonly directory: string
  /** An agent has ended; what it does takes place while its work is collected. */
  readonly onAgentEnded: (of: AttemptOf) => Promise<void>
  /** Nothing is at work any more. */
  readonly onClosing: () => Promise<void>
}

/** `--isolation workspace`: a workspace for each attempt, its work collected as a candidate and landed on the target. */
export function workspaced(parts: WorkspacedParts): Isolation {
  const { target } = parts
  // git is bound by processor and disk: more of it at once than cores only takes time from the agents.
  const gits = Math.max(1, cpus().length)
  const collecting = limit(gits)
  const workspaces: Workspaces = {
    ...parts.workspaces,
    release(workspace) {
      parts.workspaces.release(workspace)
      supply.freed()
    },
  }
  const integrate = createMergeQueue(parts)
  let busy = 0
  parts.room.open({
    directory: parts.directory,
    makeRoom: async () => {
      await Promise.all([workspaces, parts.gateWorkspaces].map((all) => all.removeFree()))
    },
  })
  const awaitRoom = () => parts.room.look()
  const jobs = Math.max(gits, parts.setupJobs)
  const supply = new WorkspaceSupply({ ...parts, awaitRoom, jobs, tip: () => target.tip, isBusy: () => busy > 0 })
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
  /** The number of the first landing after the base was red; nobody is to start from what failed. */
  let mended = 0
  /** How many landings the workspace of an attempt must have in it; a further attempt wants all that there are. */
  const needed = ({ task, attempt }: AttemptOf): number => {
    if (attempt > 1) return supply.landings
    return Math.max(mended, ...parts.dependenciesOf(task.id).map((id) => landedAs.get(id) ?? 0))
  }

  // Kept workspaces that a harvest has named, with their task; at the end only the others are still to be told.
  const told = new Set<string>()

  const step = <Value>(deed: () => Promise<Value>) => collecting(() => busily(deed))
  const placeOf = (workspace: Workspace, of: AttemptOf, before?: LeasedBefore): OpenPlace => {
    const lease = {
      ...{ ...parts, workspaces },
      integrate,
      tip: () => target.tip,
      branch: target.branch,
      step,
      onStuck: () => told.add(workspace.root),
      onLanded: () => {
        landedAs.set(of.task.id, supply.landings + 1)
        if (mended === 0 && parts.base.hasBeenRed) mended = supply.landings + 1
        supply.landed()
        parts.base.moved(target.tip, true)
      },
    }
    const place = leasedPlace(workspace, of, lease, before)
    const harvest: OpenPlace['harvest'] = async (written) => {
      const [harvested] = await Promise.all([place.harvest(written), parts.onAgentEnded(of)])
      return harvested
    }
    return { ...place, harvest }
  }

  /** Those of the first gates, which are set up beside those of the first agents. */
  let gatePlaces: Promise<void> | undefined

  return {
    kind: 'workspace',
    expect(attempts) {
      supply.want(Math.min(parts.slots, attempts))
      if (attempts > 0) gatePlaces ??= parts.gateWorkspaces.makeReady(target.tip, parts.gatePlaces)
    },
    async open(of, before): Promise<Result<OpenedPlace, Failure>> {
      if (before) return step(() => reopenPlace(of, before, { ...parts, workspaces, placeOf }))
      const { task, attempt } = of
      const opened = (workspace: Workspace) => ok({ open: placeOf(workspace, of), stands: false })
      const { workspace, landings } = supply.take()
      // What landed in the last moments may be missing, but not what the task depends on.
      const fresh = landings < needed(of) ? await workspaces.refresh(workspace, target.tip) : ok(undefined)
      const lessee = { taskId: task.id, attempt }
      const leased = fresh.ok ? await workspaces.lease(workspace, lessee) : fresh
      if (leased.ok) return opened(workspace)
      workspaces.release(workspace)
      // It stood ready for a while, and somebody may have cleared the cache since.
      const other = await step(() => workspaces.prepare(target.tip))
      if (!other.ok) return err(await blamed(workspace, other.error))
      const again = await workspaces.lease(other.value, lessee)
      if (again.ok) return opened(other.value)
      workspaces.release(other.value)
      return err(await blamed(other.value, again.error))
    },
    ...(parts.gates.length > 0 ? { base: { tip: target.tip, judge: parts.judgeTip } } : {}),
    async close() {
      await supply.close()
      await gatePlaces
      await parts.onClosing()
      const kept = await Promise.all([parts.gateWorkspaces, workspaces].map((all) => all.removeAll()))
      for (const one of kept.flat()) if (!told.has(one.root)) parts.onKept(one)
    },
  }
}
