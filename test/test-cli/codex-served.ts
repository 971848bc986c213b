import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject, onTestFinished, vi } from 'vitest'
import type { AgentEvent } from '../../src/domain/agent/agent-event.js'
import { noMask } from '../../src/domain/secrets/mask.js'
import type { AgentExit, RunningTurn, TurnEvent, TurnRequest } from '../../src/orchestration/agent/contract.js'
import { serverRunner } from '../../src/orchestration/server/server-runner.js'
import { realClock } from '../../src/platform/clock.js'
import { startProcess } from '../../src/platform/processes/running-process.js'
import type { Assignment, WorkRequest } from '../../src/providers/adapter/contract.js'
import { attemptMark, childEnvironments } from '../../src/providers/environment.js'
import { providers, providersWith } from '../../src/providers/index.js'
import { taskId } from '../support/brands.js'
import { processesIn, type PlacedProcess } from '../support/rigs/processes.js'
import { reviewRequest, workRequest } from '../support/rigs/requests.js'
import { tempDir } from '../support/rigs/temp-dir.js'
import { clis } from './clis.js'
import { startModelServer, type ModelServer, type Script } from './model-server.js'

/** Turns of the real codex as a server, on one slot, in a workspace. */
export interface ServedStage {
  readonly server: ModelServer
  readonly workspace: string
  readonly codexHome: string
  /** The environment of the server, as a run would give it. */
  readonly env: Readonly<Record<string, string>>
  readonly work: (more?: Partial<WorkRequest>, conversation?: string) => PlayedTurn
  readonly review: (schema: string) => PlayedTurn
  /** The processes that belong to the stage. */
  readonly processes: () => readonly PlacedProcess[]
  /** Ends the server; resolves when nothing is left. */
  readonly close: () => Promise<void>
}

export interface PlayedTurn {
  readonly turn: RunningTurn
  /** What it has told so far. */
  readonly said: () => readonly AgentEvent[]
  readonly result: () => Extract<AgentEvent, { type: 'result' }>
  /** Resolves with the process that serves it. */
  readonly spawned: Promise<number>
  /** Resolves with its end, once nothing is left of it. */
  readonly ended: Promise<AgentExit>
}

export interface ServedOptions {
  readonly script: Script
  /** Goes below `openai_base_url` in the user's `config.toml`. */
  readonly config?: string
  /** Files of the workspace. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Sets the stage; it is removed with the test, whatever still runs there. */
export async function setServedStage({
  script,
  config = '',
  files = {},
  env = {},
}: ServedOptions): Promise<ServedStage> {
  const place = tempDir()
  const [home, workspace, logs] = ['home', 'workspace', 'logs'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ]
  for (const directory of [home, workspace, logs, join(place, 'tmp')]) mkdirSync(directory)
  const server = await startModelServer(script)
  const login = clis.codex.logIn(home, server.url)
  const codexHome = join(home, '.codex')
  const settings = join(codexHome, 'config.toml')
  writeFileSync(settings, `${readFileSync(settings, 'utf8')}${config}`)
  for (const [name, content] of Object.entries({ 'README.md': 'hello\n', ...files })) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true })
    writeFileSync(join(workspace, name), content)
  }
  execFileSync('git', ['init', '--quiet'], { cwd: workspace })
  const path = `${inject('cliBins').codex ?? ''}:${process.env.PATH ?? ''}`
  const parent = { PATH: path, HOME: home, TMPDIR: join(place, 'tmp'), ...login }
  const environment = childEnvironments(parent, env)(providers.codex, { number: 1 })
  const processes = () => processesIn(place)
  const runner = serverRunner({
    oneShot: false,
    start: startProcess,
    findProvider: providersWith({}),
    maskAt: () => noMask,
    clock: realClock,
    environmentIn: (known) => known,
    directory: join(place, 'servers'),
  })
  onTestFinished(async () => {
    await runner.close()
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
    await server.close()
  })
  let turns = 0
  const play = (assignment: Assignment): PlayedTurn => {
    const name = `turn-${++turns}`
    const own = { AUTOPILOT_TASK: 'hello', AUTOPILOT_BASE: `base-${turns}`, [attemptMark]: join(logs, name) }
    const request: TurnRequest = {
      ...{ provider: 'codex', where: { number: 1, taskId: taskId('hello') }, assignment },
      ...{ env: { ...environment, ...own }, mark: attemptMark, isAlone: true },
      output: { stdout: join(logs, `${name}.out`), stderr: join(logs, `${name}.err`) },
    }
    return follow(runner.turn(request))
  }
  return {
    ...{ server, workspace, codexHome, env: environment, processes },
    work: (more = {}, conversation) =>
      play({
        type: 'work',
        request: workRequest({ cwd: workspace, prompt: 'Task hello.\nSay hello.\n', ...more }),
        ...(conversation === undefined ? {} : { conversation }),
      }),
    review: (schema) =>
      play({
        type: 'review',
        request: reviewRequest({ cwd: workspace, prompt: '# Review\nTask hello.\nJudge it.\n', schema }),
      }),
    async close() {
      await runner.close()
      await vi.waitFor(() => expect(processes()).toEqual([]), { timeout: 2_000, interval: 20 })
    },
  }
}

function follow(turn: RunningTurn): PlayedTurn {
  const told: AgentEvent[] = []
  let tell: (pid: number) => void = () => undefined
  const spawned = new Promise<number>((resolve) => (tell = resolve))
  const take = (event: TurnEvent) => {
    if (event.type === 'said') told.push(...event.events)
    if (event.type !== 'spawned') return
    tell(event.process.pid)
    turn.begin()
  }
  const over = (async () => {
    for await (const event of turn.events) take(event)
    return turn.ended
  })()
  return {
    ...{ turn, spawned, ended: over },
    said: () => told,
    result() {
      const result = told.find((event) => event.type === 'result')
      if (!result) throw new Error(`there is no result in ${JSON.stringify(told)}`)
      return result
    },
  }
}
