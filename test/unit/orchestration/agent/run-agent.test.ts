import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runId, taskId } from '../../../support/brands.js'
import type { RunRecord } from '../../../../src/domain/run/event.js'
import type { Failure } from '../../../../src/domain/agent/failure.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import type { WatchedAgent } from '../../../../src/orchestration/agent-watch.js'
import { createRecorder } from '../../../../src/orchestration/recorder.js'
import type { AgentWork } from '../../../../src/orchestration/agent/agent-work.js'
import { runAgent } from '../../../../src/orchestration/agent/run-agent.js'
import { claude } from '../../../../src/providers/claude/provider.js'
import type { WorkRequest } from '../../../../src/providers/adapter/contract.js'
import { providersWith } from '../../../../src/providers/index.js'
import { childEnvironments } from '../../../../src/providers/environment.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { agentRunners } from '../../../support/rigs/agent-runners.js'
import { rig } from '../../../support/scenes/rigged-scene.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { workRequest } from '../../../support/rigs/requests.js'

const findProvider = providersWith({})

const success = '{"type":"result","subtype":"success","is_error":false,"result":"all done","total_cost_usd":1}'
const failed = '{"type":"result","subtype":"success","is_error":true,"result":"Not logged in · Please run /login"}'
const text = (words: string) =>
  JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: words }] } })

describe.each(agentRunners)('%s', (_, { make, promptOf }) => {
  /** One agent of claude's kind at work, with a clock that the test moves. */
  function atWork(
    agents: AgentRig,
    more: Partial<WorkRequest> = {},
    limits: Partial<AgentWork> = {},
    path: string = agents.binDir,
  ) {
    agents.install('claude', { version: '2.1.332' })
    const logDir = join(agents.dir, 'log')
    mkdirSync(logDir)
    const records: RunRecord[] = []
    const watchers = new Set<() => void>()
    const clock = virtualClock()
    const recorder = createRecorder(
      {
        type: 'run_started',
        runId: runId('r'),
        version: '0',
        roadmap: 'r.yaml',
        repository: '/',
        isolation: 'none',
        permissions: 'edit',
        maxAttempts: 1,
        slots: ['slot-1'],
        tasks: [{ id: taskId('t'), title: 't', state: 'pending' }],
      },
      {
        clock,
        mask: noMask,
        journal: { append: () => Promise.resolve(), close: () => Promise.resolve() },
        reporters: [
          {
            record(record) {
              records.push(record)
              for (const watch of watchers) watch()
            },
            close: () => undefined,
          },
        ],
        onBroken: () => undefined,
      },
    )
    const stop = new AbortController()
    const said: string[] = []
    let exits = 0
    const work: AgentWork = {
      taskId: taskId('t'),
      attempt: 1,
      slot: 'slot-1',
      provider: claude,
      logDir,
      timeoutMs: 60_000,
      idleTimeoutMs: 0,
      backgroundTimeoutMs: 300_000,
      ...limits,
      assignment: {
        type: 'work',
        request: workRequest({ cwd: agents.dir, ...more }),
      },
    }
    const settings = {
      clock,
      recorder,
      mask: noMask,
      runner: make(),
      environmentOf: childEnvironments({ ...process.env, PATH: `${path}:${process.env.PATH}` }, {}),
      findProvider,
      withheldOf: () => ({ has: () => false }),
      checkIn: () => Promise.resolve(undefined),
      extraEnv: {},
      prices: {},
      signal: stop.signal,
      watch: {
        answered: ({ provider }: WatchedAgent) => said.push(`${provider} answered`),
        failing: ({ provider }: WatchedAgent, { kind }: Failure) => said.push(`${provider} failing: ${kind}`),
        ended: ({ provider }: WatchedAgent, failed?: Failure) =>
          said.push(`${provider} ended: ${failed?.kind ?? 'well'}`),
      },
    }
    const end = runAgent(work, settings, () => exits++)
    const saw = (fits: (record: RunRecord) => boolean) =>
      new Promise<void>((resolve) => {
        const watch = () => records.some(fits) && resolve()
        watchers.add(watch)
        watch()
      })
    return { end, clock, stop, records, said, saw, exits: () => exits }
  }

  const isResult = (record: RunRecord) => record.type === 'agent_reported' && record.event.type === 'result'

  test('an agent that lingers after its final event is ended after ten seconds, and has succeeded', async () => {
    const agents = await rig()
    const { end, clock, saw, exits } = atWork(agents)
    const agent = await agents.next('claude')
    expect(await promptOf(agent)).toBe('Do it.')
    await agent.say(success)
    await saw(isResult)
    clock.advance(9_999)
    expect(exits()).toBe(0)
    clock.advance(1)
    await agent.gone
    const { failure, evidence } = await end
    expect(failure).toBeUndefined()
    expect(evidence.finalText).toBe('all done')
    expect(exits()).toBe(1)
    expect(clock.timers).toBe(0)
  })

  test('the ten seconds begin again whenever the agent says something after its final event', async () => {
    const agents = await rig()
    const { end, clock, saw, exits } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say(success)
    await saw(isResult)
    clock.advance(9_999)
    await agent.say('{"type":"assistant","message":{"content":[{"type":"text","text":"one more thing"}]}}')
    await saw((record) => record.type === 'agent_reported' && record.event.type === 'text')
    clock.advance(9_999)
    expect(exits()).toBe(0)
    clock.advance(1)
    await agent.gone
    expect((await end).failure).toBeUndefined()
  })

  test('a conversation whose id autopilot has chosen is known, and in the journal, although the agent is cut off', async () => {
    const agents = await rig()
    const provider = {
      ...claude,
      conversationOf: ({ ownDir }: WorkRequest) => ownDir.replace('/', 'of-').replaceAll('/', '-'),
    }
    const { end, records } = atWork(agents, { ownDir: '/turn-1/cli' }, { provider })
    const agent = await agents.next('claude')
    await agent.exit(1)
    expect(await end).toMatchObject({ conversation: 'of-turn-1-cli', failure: { kind: 'crash' } })
    const told = records.filter((record) => record.type === 'agent_reported').map(({ event }) => event)
    expect(told).toEqual([{ type: 'session', sessionId: 'of-turn-1-cli' }])
  })

  const backgroundStarted = JSON.stringify({
    ...{ type: 'system', subtype: 'task_started', task_id: 'b1', description: 'dev server', is_backgrounded: true },
  })
  const backgroundEnded = JSON.stringify({
    ...{ type: 'system', subtype: 'task_notification', task_id: 'b1', status: 'completed' },
  })
  const init = '{"type":"system","subtype":"init","session_id":"s1"}'

  test('a result ends no agent while background work is running, and the turn that follows it counts', async () => {
    const agents = await rig()
    const { end, clock, saw, records, exits } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say(backgroundStarted)
    await agent.say(success)
    await saw(isResult)
    clock.advance(60_000 - 1)
    expect(exits()).toBe(0)
    await agent.say(backgroundEnded)
    await agent.say(init)
    await agent.say(success.replace('all done', 'and the rest'))
    await saw((record) => isResult(record) && records.filter(isResult).length === 2)
    await agent.exit(0)
    const { failure, evidence } = await end
    expect(failure).toBeUndefined()
    expect(evidence.finalText).toBe('and the rest')
    expect(clock.timers).toBe(0)
  })

  test('background work that does not end is ended after its own time, which begins with the last result', async () => {
    const agents = await rig()
    const { end, clock, saw, records } = atWork(agents, {}, { timeoutMs: 3_600_000, backgroundTimeoutMs: 300_000 })
    const agent = await agents.next('claude')
    await agent.say(backgroundStarted)
    await agent.say(success)
    await saw(isResult)
    clock.advance(299_999)
    await agent.say(success)
    await saw((record) => isResult(record) && records.filter(isResult).length === 2)
    clock.advance(299_999)
    expect(records.some(({ type }) => type === 'agent_exited')).toBe(false)
    clock.advance(1)
    await agent.gone
    expect((await end).failure).toMatchObject({ kind: 'unfinished', detail: 'dev server' })
    expect(records.find(({ type }) => type === 'leftovers_ended')).toMatchObject({ what: ['dev server'] })
    expect(clock.timers).toBe(0)
  })

  test('a success that an agent reports after it was sent a signal does not count', async () => {
    const agents = await rig()
    const { end, clock } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.ignore('SIGTERM')
    clock.advance(60_000)
    await agent.received('SIGTERM')
    await agent.say(success)
    await agent.exit(0)
    const { failure, evidence } = await end
    expect(failure?.kind).toBe('timeout')
    expect(evidence.result).toBeUndefined()
  })

  test('a used-up budget ends an agent even after its first result, if that is not the last', async () => {
    const agents = await rig()
    const { end } = atWork(agents, {}, { budget: { usd: 0.5 } })
    const agent = await agents.next('claude')
    await agent.say(backgroundStarted)
    // It may be ended before it can confirm the order.
    await agent.say(success).catch(() => undefined)
    await agent.gone
    expect((await end).failure?.kind).toBe('budget')
  })

  test('an agent that passes its time limit is ended, whatever it has said', async () => {
    const agents = await rig()
    const { end, clock, saw } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say(text('working'))
    await saw(({ type }) => type === 'agent_reported')
    clock.advance(60_000)
    await agent.gone
    expect((await end).failure?.kind).toBe('timeout')
    expect(clock.timers).toBe(0)
  })

  test('canceling ends the agent, and is the reason', async () => {
    const agents = await rig()
    const { end, stop } = atWork(agents)
    const agent = await agents.next('claude')
    stop.abort()
    await agent.gone
    expect((await end).failure?.kind).toBe('canceled')
  })

  test('a failure is reported when the final event says so, while the agent still lives', async () => {
    const agents = await rig()
    const { end, saw, said, exits } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say(failed)
    await saw(isResult)
    expect(said).toEqual(['claude failing: auth'])
    expect(exits()).toBe(0)
    await agent.exit(1)
    expect((await end).failure?.kind).toBe('auth')
    expect(said).toEqual(['claude failing: auth', 'claude ended: auth'])
  })

  test('the first answer of the model is reported once, and so is how the agent ended', async () => {
    const agents = await rig()
    const { end, said } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say('{"type":"system","subtype":"init","session_id":"s"}', text('working'), text('more'), success)
    await agent.exit(0)
    await end
    expect(said).toEqual(['claude answered', 'claude ended: well'])
  })

  test('text becomes an event at most four times a second, clean, and the last one is the final text', async () => {
    const agents = await rig()
    const { end, clock, records, saw } = atWork(agents)
    const agent = await agents.next('claude')
    await agent.say(text('first \u001b[31mred'), text('second'), text('third'), '{"type":"result","is_error":false}')
    await saw(isResult)
    clock.advance(250)
    await agent.say(text('fourth'))
    await agent.exit(0)
    const { evidence } = await end
    const texts = records.flatMap((one) =>
      one.type === 'agent_reported' && one.event.type === 'text' ? one.event.text : [],
    )
    expect(texts).toEqual(['first red', 'fourth'])
    expect(evidence.finalText).toBe('fourth')
  })

  test('what the CLI is known to refuse is not started, and frees its slot', async () => {
    const agents = await rig()
    const { end, records, exits } = atWork(agents, { permissions: 'full', asRoot: true })
    expect((await end).failure?.kind).toBe('usage')
    expect(exits()).toBe(1)
    expect(agents.started).toEqual([])
    expect(records.find(({ type }) => type === 'agent_exited')).toMatchObject({ exit: { type: 'not_started' } })
  })

  test('a missing program is a failure to start, and frees its slot', async () => {
    const agents = await rig()
    const { end, exits } = atWork(agents, {}, {}, join(agents.binDir, 'gone'))
    expect((await end).failure?.kind).toBe('spawn')
    expect(exits()).toBe(1)
  })

  test('setting the machine’s clock by an hour does not disturb an agent at work', async () => {
    const agents = await rig()
    const { end, clock } = atWork(agents, {}, { idleTimeoutMs: 30_000 })
    const agent = await agents.next('claude')
    clock.setWall(3_600_000)
    clock.advance(20_000)
    clock.setWall(-7_200_000)
    await agent.say(success)
    await agent.exit()
    expect((await end).failure).toBeUndefined()
  })

  test('an agent that has passed its time limit is ended, whatever the machine’s clock says', async () => {
    const agents = await rig()
    const { end, clock } = atWork(agents)
    await agents.next('claude')
    clock.setWall(-3_600_000)
    clock.advance(60_000)
    expect((await end).failure?.kind).toBe('timeout')
  })
})
