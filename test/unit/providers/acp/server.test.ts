import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import type { TurnEvent, TurnRequest } from '../../../../src/orchestration/agent/contract.js'
import { serverRunner } from '../../../../src/orchestration/server/server-runner.js'
import { usualLimits } from '../../../../src/orchestration/server/served-turn.js'
import { startProcess } from '../../../../src/platform/processes/running-process.js'
import { copilot } from '../../../../src/providers/copilot/provider.js'
import type { Assignment } from '../../../../src/providers/adapter/contract.js'
import { customProvider } from '../../../../src/providers/custom.js'
import { gemini } from '../../../../src/providers/gemini/provider.js'
import { opencode } from '../../../../src/providers/opencode/provider.js'
import { qwen } from '../../../../src/providers/qwen/provider.js'
import { AcpScript, introduction, sessionId } from '../../../support/fakes/acp-agent.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'
import { rig } from '../../../support/scenes/rigged-scene.js'

type Name = 'mine' | 'gemini' | 'opencode' | 'qwen' | 'copilot'

/** A runner whose servers speak the protocol as the test says, and a clock that the test moves. */
async function stage() {
  const agents = await rig()
  for (const name of ['gemini', 'opencode', 'qwen', 'copilot']) agents.install(name, { version: '1.0.0' })
  const clock = virtualClock()
  const mine = customProvider('mine', { type: 'server', acp: agents.command('mine') })
  const providers = { mine, gemini, opencode, qwen, copilot }
  const runner = serverRunner({
    oneShot: false,
    start: startProcess,
    findProvider: (name) => Object.entries(providers).find(([known]) => known === name)?.[1],
    maskAt: () => noMask,
    clock,
    environmentIn: (env) => env,
    directory: join(agents.dir, 'servers'),
  })
  onTestFinished(() => runner.close())
  let turns = 0
  const start = (provider: Name = 'mine', assignment: Partial<Assignment> = {}, more: Partial<TurnRequest> = {}) => {
    const name = `turn-${++turns}`
    const request = workRequest({ cwd: agents.dir, permissions: 'full', prompt: `Do ${name}.` })
    const turn = runner.turn({
      ...{ provider, where: { number: 1 }, env: { PATH: `${agents.binDir}:${process.env.PATH}` } },
      assignment: { type: 'work', request, ...assignment } as Assignment,
      output: { stdout: join(agents.dir, `${name}.out`), stderr: join(agents.dir, `${name}.err`) },
      ...more,
    })
    const told: TurnEvent[] = []
    const follow = async () => {
      for await (const event of turn.events) {
        told.push(event)
        if (event.type === 'spawned') turn.begin()
      }
    }
    const over = follow()
    return { turn, over, said: () => told.flatMap((event) => (event.type === 'said' ? event.events : [])) }
  }
  return { agents, clock, start }
}

async function connected(agents: AgentRig, name: Name = 'mine'): Promise<AcpScript> {
  const server = await agents.next(name)
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  return new AcpScript(server)
}

const work = (more: Parameters<typeof workRequest>[0]): Assignment => ({ type: 'work', request: workRequest(more) })

test('a turn is a prompt in a session of its directory: what is said, done and used is told, and it ends well', async () => {
  const { agents, start } = await stage()
  const { turn, said, over } = start()
  const agent = await connected(agents)
  const { params: hello } = await agent.answer('initialize', introduction)
  expect(hello).toMatchObject({
    protocolVersion: 1,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  })
  const { params: opened } = await agent.answer('session/new', { sessionId })
  expect(opened).toEqual({ cwd: agents.dir, mcpServers: [] })
  const prompt = await agent.take('session/prompt')
  expect(prompt.params).toEqual({ sessionId, prompt: [{ type: 'text', text: 'Do turn-1.' }] })
  await agent.say('I wri')
  await agent.say('te.')
  const call = { toolCallId: 'c1', title: 'Write a.txt', kind: 'edit' }
  await agent.update({ sessionUpdate: 'tool_call', ...call, status: 'pending', locations: [{ path: '/w/a.txt' }] })
  await agent.update({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'completed' })
  await agent.say('Done.')
  const usage = { inputTokens: 800, cachedReadTokens: 200, outputTokens: 40, thoughtTokens: 10, totalTokens: 1050 }
  await agent.end(prompt, { stopReason: 'end_turn', usage })
  await over
  expect(said()).toEqual([
    { type: 'session', sessionId },
    { type: 'text', text: 'I write.' },
    { type: 'tool', name: 'edit', target: '/w/a.txt', about: '/w/a.txt', call: 'c1', writes: ['/w/a.txt'] },
    { type: 'tool_ended', ok: true },
    { type: 'text', text: 'Done.' },
    { type: 'result', usage: { inputTokens: 1000, cachedInputTokens: 200, outputTokens: 50 } },
  ])
  expect((await turn.ended).exit).toEqual({ type: 'code', code: 0 })
})

test('a repair round goes on in the session that is open; elsewhere it is loaded, and its replay is not the turn', async () => {
  const { agents, start } = await stage()
  const first = start()
  const agent = await connected(agents)
  await agent.open()
  await agent.end(await agent.take('session/prompt'))
  await first.turn.ended
  const request = workRequest({ cwd: agents.dir, permissions: 'full' })
  const second = start('mine', { type: 'work', request, conversation: sessionId })
  await agent.end(await agent.take('session/prompt'))
  await second.turn.ended
  const other = '7d7a4b52-9d4e-4e0c-8f5e-3b6f2b1f2c10'
  const third = start('mine', { type: 'work', request, conversation: other })
  const load = await agent.take('session/load')
  expect(load.params).toEqual({ sessionId: other, cwd: agents.dir, mcpServers: [] })
  await agent.say('What I said yesterday.', other)
  await agent.send({ id: load.id, result: {} })
  const prompt = await agent.take('session/prompt')
  await agent.say('Repaired.', other)
  await agent.end(prompt)
  await third.over
  expect(third.said()).toEqual([
    { type: 'session', sessionId: other },
    { type: 'text', text: 'Repaired.' },
    { type: 'result' },
  ])
})

test('a conversation is taken up without a replay where the agent can, and the one before is closed', async () => {
  const { agents, start } = await stage()
  const request = workRequest({ cwd: agents.dir, permissions: 'full' })
  const { turn } = start('mine', { type: 'work', request, conversation: sessionId })
  const agent = await connected(agents)
  const sessionCapabilities = { resume: {}, close: {} }
  await agent.answer('initialize', { protocolVersion: 1, agentCapabilities: { sessionCapabilities } })
  await agent.answer('session/resume', {})
  await agent.end(await agent.take('session/prompt'))
  await turn.ended
  start()
  expect((await agent.answer('session/close', {})).params).toEqual({ sessionId })
  await agent.answer('session/new', { sessionId: 'another' })
  await agent.end(await agent.take('session/prompt'))
})

test.each([
  ['that has none', {}, undefined],
  ['that has lost it', { loadSession: true }, { code: -32603, message: 'Internal error: no such session' }],
])('a conversation cannot go on with an agent %s, which says so', async (_, agentCapabilities, error) => {
  const { agents, start } = await stage()
  const request = workRequest({ cwd: agents.dir, permissions: 'full' })
  const { said, over } = start('mine', { type: 'work', request, conversation: sessionId })
  const agent = await connected(agents)
  await agent.answer('initialize', { protocolVersion: 1, agentCapabilities })
  if (error) await agent.fail('session/load', error)
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'session_lost' } }])
})

test.each([
  ['another version', { protocolVersion: 2 }, /speaks version 2 .* autopilot version 1/],
  ['no version', {}, /speaks none/],
])('an agent with %s of the protocol is ended, and its turn has failed because of that', async (_, answer, message) => {
  const { agents, start } = await stage()
  const { turn, said, over } = start()
  const agent = await connected(agents)
  await agent.answer('initialize', answer).catch(() => undefined)
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'usage' } }])
  expect(JSON.stringify(said())).toMatch(message)
  expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGTERM' })
})

test('an agent that wants a login is told apart by the error of the protocol', async () => {
  const { agents, start } = await stage()
  const { said, over } = start()
  const agent = await connected(agents)
  await agent.answer('initialize', introduction)
  await agent.fail('session/new', { code: -32000, message: 'Authentication required' })
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'auth' } }])
})

test('garbage, answers that nobody has asked for and what belongs to another session change nothing', async () => {
  const { agents, start } = await stage()
  const { said, over } = start()
  const server = await agents.next('mine')
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  const agent = new AcpScript(server)
  await server.say('starting up ...', '', '[1, 2]', '{"jsonrpc":"2.0"}', 'null', '{"jsonrpc":"2.0","id":{},"method":7}')
  await agent.open()
  const prompt = await agent.take('session/prompt')
  await agent.send({ id: 4711, result: { stopReason: 'end_turn' } })
  await agent.send({ id: 'no number', error: 'no object' })
  await agent.send({ method: 'session/update' })
  await agent.send({ method: 'session/update', params: [] })
  await agent.send({ method: 'session/unheard_of', params: {} })
  await agent.say('Somebody else speaks.', 'another-session')
  await agent.update({ sessionUpdate: 'unheard_of' })
  await server.say('a notice of the agent')
  await agent.end(prompt)
  await over
  expect(said()).toEqual([
    { type: 'session', sessionId },
    { type: 'unknown', kind: 'unheard_of' },
    { type: 'unknown', kind: 'not a JSON object', line: 'a notice of the agent' },
    { type: 'result' },
  ])
})

test('whatever an agent asks for is answered: what is not known here, with an error', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const agent = await connected(agents)
  await agent.open()
  const prompt = await agent.take('session/prompt')
  for (const method of ['fs/write_text_file', 'terminal/create', 'unheard/of'])
    expect(await agent.ask(method, {})).toMatchObject({ id: `ask-${method}`, error: { code: -32601 } })
  await agent.end(prompt)
  await turn.ended
})

const options = [
  { optionId: 'always', kind: 'allow_always', name: 'Always' },
  { optionId: 'once', kind: 'allow_once', name: 'Once' },
  { optionId: 'no', kind: 'reject_once', name: 'No' },
]
const toolCall = { toolCallId: 'write_file__1', title: 'Writing to x', kind: 'edit', locations: [{ path: '/x' }] }
const modes = (currentModeId: string) => ({ modes: { currentModeId, availableModes: [] } })

test('with full permissions, what an agent asks for it gets, once', async () => {
  const { agents, start } = await stage()
  const { turn, said } = start()
  const agent = await connected(agents)
  await agent.open()
  const prompt = await agent.take('session/prompt')
  const answer = await agent.ask('session/request_permission', { toolCall, options })
  expect(answer.result).toEqual({ outcome: { outcome: 'selected', optionId: 'once' } })
  const strange = await agent.ask('session/request_permission', { toolCall, options: [{ kind: 'ask_again' }] })
  expect(strange.result).toEqual({ outcome: { outcome: 'cancelled' } })
  const others = await agent.ask('session/request_permission', { sessionId: 'another', toolCall, options })
  expect(others.result).toEqual({ outcome: { outcome: 'cancelled' } })
  await agent.end(prompt)
  await turn.ended
  expect(said().filter(({ type }) => type === 'denied')).toHaveLength(1)
})

test.each([
  ['under edit', work({ permissions: 'edit' })],
  ['in a review', { type: 'review', request: reviewRequest() } as const],
])('%s, what an agent asks for beyond its rules is refused, and told', async (_, assignment) => {
  const { agents, start } = await stage()
  const { turn, said } = start('gemini', assignment)
  const agent = await connected(agents, 'gemini')
  await agent.open(modes('default'))
  const prompt = await agent.take('session/prompt')
  const answer = await agent.ask('session/request_permission', { toolCall, options })
  expect(answer.result).toEqual({ outcome: { outcome: 'selected', optionId: 'no' } })
  const failed = { toolCallId: toolCall.toolCallId, status: 'failed', content: [] }
  await agent.update({ sessionUpdate: 'tool_call_update', ...failed })
  await agent.end(prompt)
  await turn.ended
  expect(said().slice(1)).toMatchObject([
    { type: 'tool', name: 'write_file', target: '/x', call: 'write_file__1' },
    { type: 'denied', tool: 'write_file', target: '/x', call: 'write_file__1' },
    { type: 'tool_ended', ok: false },
    { type: 'result' },
  ])
})

test('an agent that is not in the mode that restricts it is put into it; one that refuses gets no prompt', async () => {
  const { agents, start } = await stage()
  const edit = work({ permissions: 'edit', cwd: agents.dir })
  const first = start('gemini', edit)
  const agent = await connected(agents, 'gemini')
  await agent.open(modes('autoEdit'))
  expect((await agent.answer('session/set_mode', {})).params).toEqual({ sessionId, modeId: 'default' })
  await agent.end(await agent.take('session/prompt'))
  await first.turn.ended
  const second = start('gemini', edit)
  await agent.answer('session/new', { sessionId: 'another', ...modes('autoEdit') })
  await agent.fail('session/set_mode', { code: -32602, message: 'no such mode' })
  await second.over
  expect(second.said()).toMatchObject([{ type: 'result', failure: { kind: 'usage' } }])
  const third = start('gemini', edit)
  await agent.answer('session/new', { sessionId: 'third' })
  await third.over
  expect(third.said()).toMatchObject([{ type: 'result', failure: { kind: 'usage' } }])
})

test('an agent that leaves the mode that restricts it is ended', async () => {
  const { agents, start } = await stage()
  const { turn, said, over } = start('gemini', work({ permissions: 'edit', cwd: agents.dir }))
  const agent = await connected(agents, 'gemini')
  await agent.open(modes('default'))
  await agent.take('session/prompt')
  await agent.update({ sessionUpdate: 'current_mode_update', currentModeId: 'yolo' }).catch(() => undefined)
  await over
  expect(said().at(-1)).toMatchObject({ type: 'result', failure: { kind: 'crash' } })
  expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGTERM' })
})

const modelOption = {
  ...{ id: 'm', category: 'model', type: 'select', currentValue: 'a/b', options: [] },
}

test('the model of a task is set in its session, in the way that the agent has', async () => {
  const { agents, start } = await stage()
  const request = workRequest({ cwd: agents.dir, permissions: 'full', model: 'c/d' })
  const first = start('opencode', { type: 'work', request })
  const agent = await connected(agents, 'opencode')
  await agent.open({ configOptions: [modelOption] })
  const set = await agent.answer('session/set_config_option', {
    configOptions: [{ ...modelOption, currentValue: 'c/d' }],
  })
  expect(set.params).toEqual({ sessionId, configId: 'm', value: 'c/d' })
  await agent.end(await agent.take('session/prompt'))
  await first.turn.ended
  expect(first.said()[0]).toEqual({ type: 'session', sessionId, model: 'c/d' })
  const second = start('opencode', { type: 'work', request })
  await agent.answer('session/new', { sessionId: 'another', configOptions: [modelOption] })
  await agent.fail('session/set_config_option', { code: -32602, message: 'no such model' })
  await second.over
  expect(second.said()).toMatchObject([{ type: 'result', failure: { kind: 'model' } }])
})

test.each([
  ['max_tokens', 'crash'],
  ['max_turn_requests', 'turn_limit'],
  ['refusal', 'crash'],
  ['cancelled', 'canceled'],
  ['unheard_of', 'crash'],
  [undefined, 'crash'],
])('a turn that ends with %s has failed as %s', async (stopReason, kind) => {
  const { agents, start } = await stage()
  const { said, over } = start()
  const agent = await connected(agents)
  await agent.open()
  await agent.end(await agent.take('session/prompt'), stopReason === undefined ? {} : { stopReason })
  await over
  expect(said().at(-1)).toMatchObject({ type: 'result', failure: { kind } })
})

test.each<[Name, Record<string, unknown>, string]>([
  ['mine', { code: -32603, message: 'Internal error', data: { details: '429 usage limit reached' } }, 'usage_limit'],
  ['mine', { code: -32603, message: '503 try again' }, 'overloaded'],
  ['gemini', { code: 404, message: '{"error":{"code":404,"message":"no"}}' }, 'model'],
  ['gemini', { code: 429, message: 'You have exhausted your daily quota' }, 'usage_limit'],
  ['opencode', { code: -32603, message: 'Internal error: x', data: { errorName: 'ContextOverflowError' } }, 'context'],
  [
    'opencode',
    { code: -32603, message: 'Internal error: usage limit', data: { errorName: 'APIError' } },
    'usage_limit',
  ],
  ['copilot', { code: -32603, message: 'Internal error', data: { details: 'Quota exceeded' } }, 'usage_limit'],
  ['qwen', { code: 429, message: 'Rate limit exceeded. Try again later.' }, 'rate_limit'],
  ['qwen', { code: -32603, message: 'Internal error', data: { details: '401 no such key' } }, 'auth'],
  ['qwen', { code: -32603, message: 'Internal error', data: { details: '[API Error: 503 busy]' } }, 'overloaded'],
  [
    'qwen',
    { code: -32603, message: 'Internal error', data: { details: 'Quota exhausted: it will reset' } },
    'usage_limit',
  ],
  ['qwen', { code: -32000, message: 'Authentication required' }, 'auth'],
])('an error that %s answers a prompt with is known by its kind', async (name, error, kind) => {
  const { agents, start } = await stage()
  const { said, over } = start(name)
  const agent = await connected(agents, name)
  await agent.open(modes('yolo'))
  await agent.fail('session/prompt', error)
  await over
  expect(said().at(-1)).toMatchObject({ type: 'result', failure: { kind } })
})

test('qwen as a server tells its model, each call of it, its tools by their names, and commands that ended badly', async () => {
  const { agents, start } = await stage()
  const { said, over } = start('qwen')
  const agent = await connected(agents, 'qwen')
  const currentModelId = '$runtime|openai|test(1)-model(openai)'
  await agent.open({ ...modes('yolo'), models: { currentModelId, availableModels: [] } })
  const prompt = await agent.take('session/prompt')
  const call = { toolCallId: 'c1', kind: 'execute', locations: [] }
  const meta = { _meta: { toolName: 'run_shell_command' } }
  await agent.update({ sessionUpdate: 'tool_call', ...call, ...meta, status: 'pending', title: 'Shell', rawInput: {} })
  const usage = { inputTokens: 1000, outputTokens: 40, thoughtTokens: 10, totalTokens: 1050, cachedReadTokens: 200 }
  const content = { type: 'text', text: '' }
  await agent.update({ sessionUpdate: 'agent_message_chunk', content, _meta: { usage } })
  const rawInput = { command: 'make it', description: 'makes it' }
  await agent.update({ sessionUpdate: 'tool_call_update', ...call, ...meta, status: 'in_progress', rawInput })
  const rawOutput = { type: 'shell_result', exitCode: 2 }
  await agent.update({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'completed', rawOutput })
  const queue = await agent.ask('craft/drainMidTurnQueue', {})
  expect(queue.result).toEqual({})
  await agent.end(prompt)
  await over
  expect(said()).toMatchObject([
    { type: 'session', sessionId, model: 'test(1)-model' },
    { type: 'usage', call: '1', usage: { inputTokens: 1000, cachedInputTokens: 200, outputTokens: 50 } },
    { type: 'tool', name: 'run_shell_command', target: 'make it', call: 'c1' },
    { type: 'tool_ended', ok: false },
    { type: 'result' },
  ])
})

test('qwen as a reviewer that leaves the mode in which nothing writes is ended', async () => {
  const { agents, start } = await stage()
  const { turn, said, over } = start('qwen', { type: 'review', request: reviewRequest({ cwd: agents.dir }) })
  const agent = await connected(agents, 'qwen')
  await agent.open(modes('yolo'))
  expect((await agent.answer('session/set_mode', {})).params).toEqual({ sessionId, modeId: 'plan' })
  await agent.take('session/prompt')
  await agent.update({ sessionUpdate: 'current_mode_update', currentModeId: 'auto-edit' }).catch(() => undefined)
  await over
  expect(said().at(-1)).toMatchObject({ type: 'result', failure: { kind: 'crash' } })
  expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGTERM' })
})

test('an error of copilot that arrives as its last words is no success; the same words in the middle are', async () => {
  const { agents, start } = await stage()
  const first = start('copilot')
  const agent = await connected(agents, 'copilot')
  await agent.open()
  const prompt = await agent.take('session/prompt')
  await agent.say('I try.')
  await agent.say('Info: /w/a.txt')
  await agent.say('Error: 429 usage limit reached')
  await agent.end(prompt)
  await first.over
  expect(first.said().at(-1)).toMatchObject({ type: 'result', failure: { kind: 'usage_limit' } })
  const second = start('copilot')
  await agent.answer('session/new', { sessionId })
  const next = await agent.take('session/prompt')
  await agent.say('Error: 400 is what it says.')
  await agent.update({ sessionUpdate: 'tool_call_update', toolCallId: 'c', status: 'completed' })
  await agent.end(next)
  await second.over
  expect(second.said().at(-1)).toEqual({ type: 'result' })
})

test('a turn that is ended is canceled by the protocol, whatever it asks for then is not given, and the server serves the next', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const agent = await connected(agents)
  await agent.open()
  const prompt = await agent.take('session/prompt')
  turn.end('timeout')
  expect((await agent.take('session/cancel')).params).toEqual({ sessionId })
  const answer = await agent.ask('session/request_permission', { toolCall, options })
  expect(answer.result).toEqual({ outcome: { outcome: 'cancelled' } })
  await agent.end(prompt, { stopReason: 'cancelled' })
  expect(await turn.ended).toMatchObject({ ended: 'timeout', exit: { type: 'code', code: 0 } })
  const next = start()
  await agent.answer('session/new', { sessionId })
  await agent.end(await agent.take('session/prompt'))
  expect((await next.turn.ended).exit).toEqual({ type: 'code', code: 0 })
})

test('a turn that is ended while its session opens gets no prompt', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const agent = await connected(agents)
  await agent.answer('initialize', introduction)
  const opening = await agent.take('session/new')
  turn.end('canceled')
  await agent.send({ id: opening.id, result: { sessionId } })
  expect(await turn.ended).toMatchObject({ ended: 'canceled', exit: { type: 'code', code: 0 } })
  start()
  await agent.answer('session/new', { sessionId })
  await agent.end(await agent.take('session/prompt'))
})

test.each(['initialize', 'session/new'])(
  'an agent that never answers %s is given up after its time',
  async (silent) => {
    const { agents, clock, start } = await stage()
    const { turn, said, over } = start()
    const agent = await connected(agents)
    if (silent === 'session/new') await agent.answer('initialize', introduction)
    await agent.take(silent)
    clock.advance(silent === 'initialize' ? usualLimits.openMs : usualLimits.takeMs)
    await over
    expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'crash' } }])
    expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGTERM' })
  },
)

test('an agent that dies in the middle of a turn ends it by its own exit', async () => {
  const { agents, start } = await stage()
  const { turn, said } = start()
  const server = await agents.next('mine')
  const agent = new AcpScript(server)
  await agent.open()
  await agent.take('session/prompt')
  await agent.say('I am about to')
  await server.die('SIGKILL')
  expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGKILL' })
  expect(said().some(({ type }) => type === 'result')).toBe(false)
})

test('copilot and qwen under edit and whoever cannot review as a server get a process for the turn', () => {
  expect(copilot.serve?.command(work({ permissions: 'edit' }), '/own', {})).toBeUndefined()
  expect(copilot.serve?.command(work({ permissions: 'full' }), '/own', {})?.args).toContain('--allow-all')
  expect(qwen.serve?.command(work({ permissions: 'edit' }), '/own', {})).toBeUndefined()
  expect(qwen.serve?.command(work({ permissions: 'full' }), '/own', {})?.args).toContain('yolo')
  const review = { type: 'review', request: reviewRequest() } as const
  const qwenReview = qwen.serve?.command(review, '/own', {})
  expect(qwenReview?.args).toEqual(expect.arrayContaining(['--acp', 'plan', '--safe-mode']))
  expect(qwenReview?.env).toMatchObject({ QWEN_CODE_SYSTEM_SETTINGS_PATH: '/own/settings.json' })
  expect(copilot.serve?.command(review, '/own', {})?.args).toContain('--available-tools=view,grep,glob')
  expect(customProvider('mine', { type: 'server', acp: 'x' }).serve?.command(review, '/own', {})).toBeUndefined()
})
