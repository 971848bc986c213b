import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { slotWorkers, type SlotWorkersParts } from '../../../src/app/worker/slot-workers.js'
import { createMask } from '../../../src/domain/secrets/mask.js'
import type { AgentRunner } from '../../../src/orchestration/agent/contract.js'
import { processRunner } from '../../../src/orchestration/agent/process-runner.js'
import { usualLimits } from '../../../src/orchestration/server/served-turn.js'
import { serverRunner } from '../../../src/orchestration/server/server-runner.js'
import { realClock } from '../../../src/platform/clock.js'
import { startProcess } from '../../../src/platform/processes/running-process.js'
import { Watchdog } from '../../../src/platform/processes/watchdog.js'
import { providersWith } from '../../../src/providers/index.js'
import type { FakeAgent } from '../fakes/fake-agent.js'
import { withFakeServing, type FakeOrder } from '../fakes/fake-serving.js'
import { runnerAcrossMessages } from '../fakes/runner-across-messages.js'
import { projectRoot } from './program.js'
import { tempDir } from './temp-dir.js'

export interface RunnerRig {
  /** Values that are masked. */
  readonly secrets?: readonly string[]
}

export type MakeRunner = (rig?: RunnerRig) => AgentRunner

const processes: MakeRunner = ({ secrets = [] } = {}) => {
  const mask = createMask(secrets)
  return processRunner({ start: startProcess, findProvider: providersWith({}), maskAt: () => mask })
}

/** Workers for slots 1 to 3, as in a run. */
export function workersOf(
  { secrets = [], file = join(projectRoot, 'dist', 'worker.cjs') }: RunnerRig & { readonly file?: string } = {},
  more: Partial<SlotWorkersParts> = {},
) {
  const dir = tempDir()
  const watchdog = new Watchdog({ entry: `AUTOPILOT_RUN=${dir}`, places: [] })
  const masked = { templates: {}, names: [], numbers: 3, ports: [] }
  const setup = { runDir: dir, repository: dir, barred: [], customProviders: {}, oneShot: true, secrets, masked }
  const replaced: string[] = []
  const spawned: number[] = []
  const runner = slotWorkers(
    {
      ...{ slots: 3, setup: () => setup, env: process.env, clock: realClock, watchdog },
      onSpawned(_, { pid }) {
        spawned.push(pid)
        return Promise.resolve()
      },
      onReplaced: (_, why) => replaced.push(why),
      ...more,
    },
    file,
  )
  onTestFinished(async () => {
    await runner.close()
    watchdog.close()
  })
  return { runner, replaced, spawned }
}

const servers: MakeRunner = ({ secrets = [] } = {}) => {
  const [mask, findProvider] = [createMask(secrets), providersWith({})]
  const runner = serverRunner({
    oneShot: false,
    start: startProcess,
    findProvider(name) {
      const provider = findProvider(name)
      return provider && withFakeServing(provider)
    },
    maskAt: () => mask,
    clock: realClock,
    environmentIn: (env) => env,
    directory: join(tempDir(), 'servers'),
    // The fake server does not know how to end a turn.
    limits: { ...usualLimits, interruptMs: 0 },
  })
  onTestFinished(() => runner.close())
  return runner
}

/** An implementation of the agent runner, and what its agents are like. */
interface RunnerCase {
  readonly make: MakeRunner
  /** What the agent was told. */
  readonly promptOf: (agent: FakeAgent) => Promise<string>
  /** Each turn has a process, which starts and ends with it. */
  readonly isProcess: boolean
}

function byProcess(make: MakeRunner): RunnerCase {
  return { make, promptOf: (agent) => agent.stdin, isProcess: true }
}

function byServer(make: MakeRunner): RunnerCase {
  return {
    make,
    async promptOf(agent) {
      const { assignment } = JSON.parse(await agent.line()) as FakeOrder
      return assignment?.request.prompt ?? ''
    },
    isProcess: false,
  }
}

/** Every implementation of the agent runner, by name, for `describe.each`: its suite runs on each. */
export const agentRunners: readonly (readonly [string, RunnerCase])[] = [
  ['a process for each turn', byProcess(processes)],
  ['a process for each turn, behind a border of messages', byProcess((rig) => runnerAcrossMessages(processes(rig)))],
  ['a worker process for each slot', byProcess((rig) => workersOf(rig).runner)],
  ['a server for many turns', byServer(servers)],
  ['a server for many turns, behind a border of messages', byServer((rig) => runnerAcrossMessages(servers(rig)))],
]
