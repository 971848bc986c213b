import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../domain/clock.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import type { ClosableRunner } from '../../orchestration/agent/contract.js'
import { runnerOfSlots } from '../../orchestration/workers/fleet.js'
import type { WorkerSetup } from '../../orchestration/workers/messages.js'
import { SlotWorker, type WorkerLimits } from '../../orchestration/workers/slot-worker.js'
import { agentGraceMs } from '../../orchestration/agent/process-runner.js'
import { entryOf, markOf } from '../../platform/processes/door.js'
import { sweep } from '../../platform/processes/sweep.js'
import type { Watchdog } from '../../platform/processes/watchdog.js'
import { startWorkerProcess } from '../../platform/processes/worker-process.js'
import { present } from '../../domain/present.js'

export interface SlotWorkersParts {
  readonly slots: number
  /** Asked at each start of a process. */
  readonly setup: () => Omit<WorkerSetup, 'ownDir'>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly watchdog: Watchdog
  readonly onSpawned: (slot: number, process: SpawnedProcess) => Promise<void>
  readonly onReplaced: (slot: number, why: string) => void
  readonly limits?: WorkerLimits
}

/** A worker process for each slot, from the file beside the bundle that this code is in, or from `file`. */
export function slotWorkers(parts: SlotWorkersParts, file = join(import.meta.dirname, 'worker.cjs')): ClosableRunner {
  const { slots, setup, env, clock, watchdog, onSpawned, onReplaced, limits } = parts
  const { runDir, repository } = setup()
  const home = join(runDir, 'workers')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  return runnerOfSlots(slots, (slot) => {
    const ownDir = (how: number) => join(home, `${slot}-${how}`)
    return new SlotWorker({
      clock,
      ...present({ limits }),
      start: (how, onMessage) =>
        startWorkerProcess({
          ...{ file, watchdog, onMessage, cwd: repository },
          env: { ...env, ...markOf('run', runDir) },
          logFile: `${ownDir(how)}.log`,
          onSpawned: (process) => onSpawned(slot, process),
        }),
      setup: (how) => ({ ...setup(), ownDir: ownDir(how) }),
      async endRemains(how, agents) {
        await sweep([{ traces: { entry: entryOf('worker', ownDir(how)), places: [] }, spawned: agents }], agentGraceMs)
      },
      onReplaced: (why) => onReplaced(slot, why),
    })
  })
}
