import { setImmediate as next } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AgentEvent } from '../../../../src/domain/agent/agent-event.js'
import { applyAgentEvent, noEvidence, unfinishedWork } from '../../../../src/domain/agent/attempt.js'
import type { Assignment } from '../../../../src/providers/adapter/contract.js'
import { codex } from '../../../../src/providers/codex/provider.js'
import { codexServing } from '../../../../src/providers/codex/serve.js'
import { judgeAgent } from '../../../../src/providers/judge.js'
import { dialogueOf, replay, type HeardTurn } from '../../../support/rigs/recorded-exchange.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'

const env = { CODEX_API_KEY: 'sk-test' }
const play = (scenario: string) => replay(codexServing, 'codex-server', scenario, env)
const evidenceOf = ({ events }: HeardTurn) => events.reduce(applyAgentEvent, noEvidence)
const typesOf = ({ events }: HeardTurn) => events.map(({ type }) => type)
const resultOf = ({ events }: HeardTurn) => events.find((event) => event.type === 'result')

describe('a recorded exchange with codex as a server', () => {
  it('of a task tells what `codex exec` would', async () => {
    const [task] = await play('task')
    expect(typesOf(task!)).toEqual([
      ...['session', 'tool', 'background', 'tool_ended', 'background', 'usage', 'text', 'usage', 'result'],
    ])
    expect(evidenceOf(task!)).toMatchObject({
      ...{ finalText: 'Done.', result: {}, model: 'gpt-6.2-sol', sessionId: expect.any(String) as string },
      usage: { inputTokens: 2000, cachedInputTokens: 400, outputTokens: 100 },
    })
    expect(task!.isOver()).toBe(true)
  })

  it('of a repair round tells the total of the conversation, and as use only what is new', async () => {
    const [, repair] = await play('task')
    const { usage, reported } = evidenceOf(repair!)
    expect(usage).toEqual({ inputTokens: 4000, cachedInputTokens: 800, outputTokens: 200 })
    expect(reported).toEqual({ inputTokens: 2000, cachedInputTokens: 400, outputTokens: 100 })
  })

  it.each([
    ['limit', 'usage_limit'],
    ['no-key', 'auth'],
    ['unknown-thread', 'session_lost'],
  ] as const)('that ends in %s has failed with %s, and the server may serve on', async (scenario, kind) => {
    const [turn] = await play(scenario)
    const evidence = evidenceOf(turn!)
    expect(judgeAgent(codex, { exit: { type: 'code', code: 0 }, evidence, stderrTail: '' })?.kind).toBe(kind)
    expect(evidence.reported.inputTokens).toBe(0)
  })

  it('shows the retries of the CLI, which are no failure yet', async () => {
    const [turn] = await play('no-key')
    const retries = turn!.events.filter((event) => event.type === 'retrying')
    expect(retries).toHaveLength(5)
    expect(retries[0]).toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('Reconnecting... 1/5') as string,
    })
  })

  it('that is interrupted is over without a success, and nothing is heard of its command afterwards', async () => {
    const [turn] = await play('interrupt')
    expect(resultOf(turn!)).toMatchObject({ failure: { kind: 'crash' } })
    expect(typesOf(turn!).at(-1)).toBe('result')
  })

  it('leaves a command running that it did not wait for: its work is not finished', async () => {
    const [turn] = await play('left-running')
    const evidence = evidenceOf(turn!)
    expect(unfinishedWork(evidence)).toEqual(['tail -f README.md'])
    expect(typesOf(turn!).at(-1)).toBe('result')
  })

  it('tells nothing of a sub-agent, and ends its turn when it is cleaned', async () => {
    const [turn] = await play('sub-agent')
    expect(typesOf(turn!)).toEqual(['session', 'usage', 'text', 'usage', 'result'])
  })

  it('of a review asks for an answer by the schema, in a conversation that only reads', async () => {
    const [turn] = await play('review')
    expect(codex.review?.answer(evidenceOf(turn!))).toBe('{"verdict":"approve","reasons":[]}')
  })
})

const work = (more = {}, conversation?: string): Assignment => ({
  type: 'work',
  request: workRequest({ cwd: '/work', ...more }),
  ...(conversation === undefined ? {} : { conversation }),
})

/** A server that the test plays: what it was sent, and what it answers and tells. */
function played(known: Readonly<Record<string, string>> = {}) {
  const rig = dialogueOf(codexServing, known)
  const say = async (...messages: readonly object[]) => {
    for (const message of messages) rig.dialogue.receive(JSON.stringify(message))
    await next()
  }
  /** Takes the next message, which must be this request, and answers it. */
  const answer = async (method: string, result: object = {}, type: 'result' | 'error' = 'result') => {
    const sent = rig.sent.shift() as { readonly id: number; readonly method: string; readonly params: object }
    expect(sent.method).toBe(method)
    await say({ id: sent.id, [type]: result })
    return sent.params
  }
  /** Up to the running turn. */
  const running = async (assignment = work(), variables = {}) => {
    const turn = rig.turn({ assignment, variables })
    const config = assignment.type === 'work' && assignment.request.permissions === 'edit'
    if (config) await answer('config/read', { config: {} })
    const resumes = assignment.type === 'work' && assignment.conversation !== undefined
    const thread = await answer(resumes ? 'thread/resume' : 'thread/start', { thread: { id: 't1' }, model: 'm' })
    const begun = await answer('turn/start', { turn: { id: 'u1' } })
    return { ...turn, thread, begun }
  }
  return { ...rig, say, answer, running }
}

async function opened(known: Readonly<Record<string, string>> = {}) {
  const rig = played(known)
  const open = rig.dialogue.open()
  await rig.answer('initialize', { userAgent: 'autopilot/0.171.0' })
  expect(rig.sent.shift()).toEqual({ method: 'initialized' })
  if (known.CODEX_API_KEY !== undefined) await rig.answer('account/login/start')
  await open
  return rig
}

const item = (type: string, more: object) => ({
  method: 'item/completed',
  params: { threadId: 't1', turnId: 'u1', item: { type, id: 'call_1', ...more } },
})
const completed = (status: string, more = {}) => ({
  method: 'turn/completed',
  params: { threadId: 't1', turn: { id: 'u1', status, ...more } },
})

describe('codex as a server is told', () => {
  it('the key, which it keeps in memory, only if there is one', () => {
    const args = (known: Readonly<Record<string, string>>) => codexServing.command(work(), '/own', known)?.args
    expect(args({ CODEX_API_KEY: 'sk-test' })?.join(' ')).toContain('cli_auth_credentials_store="ephemeral"')
    expect(args({ CODEX_API_KEY: 'sk-test' })?.join(' ')).not.toContain('sk-test')
    expect(args({})?.join(' ')).not.toContain('cli_auth_credentials_store')
  })

  it('what only this turn’s tools see, and that they see none of its own keys', async () => {
    const { running } = await opened({ CODEX_API_KEY: 'sk-test', OTHER: 'x' })
    const { thread } = await running(work(), { AUTOPILOT_TASK: 'one' })
    expect(thread).toMatchObject({
      config: {
        'shell_environment_policy.set.CODEX_API_KEY': '',
        'shell_environment_policy.set.AUTOPILOT_TASK': 'one',
      },
    })
  })

  it('permissions only with the turn, so that the workspace does not become a trusted project', async () => {
    const rig = await opened()
    rig.turn({ assignment: work({ model: 'gpt-x' }), variables: {} })
    const own = { writable_roots: ['/cache', 1], network_access: true, exclude_slash_tmp: true }
    expect(await rig.answer('config/read', { config: { sandbox_workspace_write: own } })).toEqual({ cwd: '/work' })
    const thread = await rig.answer('thread/start', { thread: { id: 't1' } })
    expect(thread).toMatchObject({ cwd: '/work', sandbox: 'read-only', approvalPolicy: 'never', model: 'gpt-x' })
    expect(await rig.answer('turn/start', { turn: { id: 'u1' } })).toMatchObject({
      sandboxPolicy: {
        ...{ type: 'workspaceWrite', writableRoots: ['/cache'], networkAccess: true },
        ...{ excludeTmpdirEnvVar: false, excludeSlashTmp: true },
      },
    })
  })

  it('full permissions, and the conversation to continue', async () => {
    const { running } = await opened()
    const { thread, begun } = await running(work({ permissions: 'full' }, 't1'))
    expect(thread).toMatchObject({ threadId: 't1', cwd: '/work' })
    expect(begun).toMatchObject({ threadId: 't1', sandboxPolicy: { type: 'dangerFullAccess' } })
  })

  it('that a review must not follow the instructions of the tree', async () => {
    const { running } = await opened()
    const review = { type: 'review', request: reviewRequest({ cwd: '/work', schema: '{"type":"object"}' }) } as const
    const { thread, begun } = await running(review)
    expect(thread).toMatchObject({ sandbox: 'read-only', ephemeral: true, config: { project_doc_max_bytes: 0 } })
    expect(begun).toMatchObject({ outputSchema: { type: 'object' } })
    expect(begun).not.toHaveProperty('sandboxPolicy')
  })
})

describe('a request of the codex server', () => {
  const ids = { threadId: 't1', turnId: 'u1', itemId: 'call_1' }

  it.each([
    [
      'item/commandExecution/requestApproval',
      { ...ids, command: "/bin/sh -lc 'make'" },
      { decision: 'decline' },
      'make',
    ],
    ['item/fileChange/requestApproval', { ...ids, grantRoot: '/etc' }, { decision: 'decline' }, '/etc'],
    ['item/permissions/requestApproval', { ...ids, reason: 'network' }, { permissions: {} }, 'network'],
    ['mcpServer/elicitation/request', { serverName: 's', message: 'Sure?' }, { action: 'cancel' }, 'Sure?'],
  ])('%s is declined, and told as a refusal', async (method, params, result, target) => {
    const { running, say, sent } = await opened()
    const turn = await running()
    await say({ id: 'r1', method, params })
    expect(sent).toMatchObject([{ id: 'r1', result }])
    expect(turn.events.slice(1)).toMatchObject([{ type: 'denied', target }])
  })

  it('for a permission that nobody foresaw is refused, and told as a refusal', async () => {
    const { running, say, sent } = await opened()
    const turn = await running()
    await say({ id: 7, method: 'item/camera/requestApproval', params: ids })
    expect(sent).toMatchObject([{ id: 7, error: { code: -32601 } }])
    expect(turn.events.slice(1)).toMatchObject([{ type: 'denied', tool: 'item/camera/requestApproval' }])
  })

  it('for anything else is refused at once, with or without a turn', async () => {
    const { say, sent } = await opened()
    await say({ id: 0, method: 'item/tool/requestUserInput', params: ids })
    expect(sent).toMatchObject([{ id: 0, error: { code: -32601 } }])
  })

  it('and the item that was declined are one refusal: they name the same call', async () => {
    const { running, say } = await opened()
    const turn = await running()
    await say({ id: 1, method: 'item/fileChange/requestApproval', params: ids })
    await say(item('fileChange', { status: 'declined', changes: [{ path: '/work/a' }] }))
    const denied = turn.events.filter((event) => event.type === 'denied')
    expect(denied.map(({ call }) => call)).toEqual(['call_1', 'call_1'])
  })
})

describe('a codex server', () => {
  it.each([
    ['prints what is no message', 'Segmentation fault'],
    ['answers what it was not asked', '{"id":99,"result":{}}'],
    ['answers without an id', '{"result":{}}'],
    ['ends a turn of a conversation that nobody began', JSON.stringify(completed('completed')).replace('t1', 't9')],
  ])('that %s has broken its protocol', async (_, line) => {
    const { turn, dialogue, failures } = await opened()
    turn({ assignment: work(), variables: {} })
    dialogue.receive(line)
    expect(failures).toMatchObject([{ kind: 'crash', message: expect.stringContaining('the agent server') as string }])
  })

  it('may be introduced by a few lines of its launcher, but not by many', () => {
    const { dialogue, failures } = played()
    void dialogue.open()
    for (let line = 0; line < 10; line++) dialogue.receive('reshimming')
    expect(failures).toEqual([])
    dialogue.receive('reshimming')
    expect(failures).toMatchObject([{ kind: 'crash' }])
  })

  it('that speaks another protocol is refused at the handshake', async () => {
    const { dialogue, answer, failures } = played()
    let isOpen = false
    void dialogue.open().then(() => (isOpen = true))
    await answer('initialize', { protocolVersion: 1, agentCapabilities: {} })
    expect([isOpen, failures]).toMatchObject([false, [{ kind: 'crash' }]])
  })

  it('whose login does not take the key is refused at the handshake', async () => {
    const { dialogue, answer, failures, sent } = played({ CODEX_API_KEY: 'sk-test' })
    void dialogue.open()
    await answer('initialize', { userAgent: 'x' })
    sent.shift()
    await answer('account/login/start', { code: -32600, message: 'API key login is disabled.' }, 'error')
    expect(failures).toMatchObject([{ kind: 'auth', message: expect.stringContaining('disabled') as string }])
  })

  it('that opens another conversation than the one to continue has broken its protocol', async () => {
    const { turn, answer, failures, sent } = await opened()
    turn({ assignment: work({}, 't1'), variables: {} })
    await answer('config/read')
    await answer('thread/resume', { thread: { id: 't2' } })
    expect(failures).toMatchObject([{ kind: 'crash' }])
    expect(sent).toEqual([])
  })

  it.each([
    ['thread/start', { code: -32600, message: 'Invalid request: unknown variant `thread/start`, expected one of `a`' }],
    ['thread/start', { code: -32601, message: 'Method not found' }],
  ])('that is too old says which version is needed: %s', async (method, error) => {
    const { turn, answer } = await opened()
    const { events, isOver } = turn({ assignment: work({ permissions: 'full' }), variables: {} })
    await answer(method, error, 'error')
    const said = expect.stringContaining('Install 0.171.0 or newer') as string
    expect(events).toMatchObject([{ type: 'result', failure: { kind: 'usage', message: said } }])
    expect(isOver()).toBe(true)
  })

  it('of a version without app-server takes the sub-command for a prompt, and needs a terminal for that', () => {
    const stderrTail = 'Error: stdin is not a terminal\n'
    const end = { exit: { type: 'code', code: 1 }, evidence: noEvidence, stderrTail } as const
    expect(judgeAgent(codex, end)).toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(/mcp-server.*0\.154.*0\.171\.0/) as string,
    })
  })

  it('that cannot load the user’s configuration fails the turn with what it says', async () => {
    const { turn, answer } = await opened()
    const { events } = turn({ assignment: work({ permissions: 'full' }), variables: {} })
    await answer('thread/start', { code: -32600, message: 'failed to load configuration: config.toml:1:9' }, 'error')
    expect(events).toMatchObject([{ failure: { kind: 'usage', message: expect.stringContaining('1:9') as string } }])
  })

  it.each<readonly [string, object | string, string]>([
    ['context', 'contextWindowExceeded', 'x'],
    ['usage_limit', 'usageLimitExceeded', 'x'],
    ['overloaded', 'serverOverloaded', 'x'],
    ['model', 'modelNotFound', 'x'],
    ['auth', 'unauthorized', 'x'],
    ['rate_limit', { responseTooManyFailedAttempts: { httpStatusCode: 429 } }, 'x'],
    ['usage_limit', { httpConnectionFailed: { httpStatusCode: 429 } }, 'Quota exceeded.'],
    ['network', { responseStreamDisconnected: { httpStatusCode: null } }, 'x'],
    ['timeout', { responseStreamDisconnected: {} }, 'idle timeout waiting for SSE'],
    ['auth', 'other', 'Missing environment variable: `X`.'],
    ['crash', 'other', 'x'],
    ['crash', 'toString', 'x'],
  ])('tells by name, status or text that a turn has failed with %s', async (kind, codexErrorInfo, message) => {
    const { running, say } = await opened()
    const { events, isOver } = await running()
    await say(completed('failed', { error: { message, codexErrorInfo } }))
    expect(events.at(-1)).toMatchObject({ type: 'result', failure: { kind } })
    expect(isOver()).toBe(true)
  })

  it('that only said before why a turn failed is believed', async () => {
    const { running, say } = await opened()
    const { events } = await running()
    const error = { message: 'x', codexErrorInfo: 'usageLimitExceeded' }
    await say({ method: 'error', params: { threadId: 't1', turnId: 'u1', error, willRetry: false } })
    await say(completed('failed', { error: null }))
    expect(events.at(-1)).toMatchObject({ failure: { kind: 'usage_limit' } })
  })

  it('may tell of the turn before it answers that it has begun', async () => {
    const { turn, answer, say, sent } = await opened()
    const { events, isTaken, isOver } = turn({ assignment: work({ permissions: 'full' }), variables: {} })
    await answer('thread/start', { thread: { id: 't1' } })
    expect(isTaken()).toBe(false)
    await say({ method: 'turn/started', params: { threadId: 't1', turn: { id: 'u1' } } })
    expect(isTaken()).toBe(true)
    await say(item('agentMessage', { text: 'Done.' }), completed('completed'))
    sent.length = 0
    expect(events.map(({ type }) => type)).toEqual(['session', 'text', 'result'])
    expect(isOver()).toBe(true)
  })

  it('is not heard about other turns and other conversations, nor after the end', async () => {
    const { running, say } = await opened()
    const { events } = await running()
    const message = item('agentMessage', { text: 'Not mine.' })
    await say({ ...message, params: { ...message.params, turnId: 'u0' } })
    await say({ ...message, params: { ...message.params, threadId: 't0' } })
    await say(completed('completed'), message)
    expect(events.map(({ type }) => type)).toEqual(['session', 'result'])
  })

  it('is not given a turn that was to be ended before', async () => {
    const { turn, answer, sent } = await opened()
    const { turn: begun, events, isOver } = turn({ assignment: work({ permissions: 'full' }), variables: {} })
    begun.interrupt()
    await answer('thread/start', { thread: { id: 't1' } })
    expect([sent, isOver()]).toEqual([[], true])
    expect(events.at(-1)).toMatchObject({ failure: { kind: 'crash' } })
  })

  it('is asked to end a turn as soon as that has a name', async () => {
    const { turn, answer, sent } = await opened()
    const { turn: begun } = turn({ assignment: work({ permissions: 'full' }), variables: {} })
    await answer('thread/start', { thread: { id: 't1' } })
    begun.interrupt()
    expect(sent).toHaveLength(1)
    await answer('turn/start', { turn: { id: 'u1' } })
    expect(sent).toMatchObject([{ method: 'turn/interrupt', params: { threadId: 't1', turnId: 'u1' } }])
  })

  it('that does not know how to clean is not asked for ever', async () => {
    const { running, say, answer, dialogue, sent } = await opened()
    const { turn } = await running()
    await say(completed('completed'))
    const cleaned = turn.clean()
    await answer('thread/loaded/list', { code: -32601, message: 'Method not found' }, 'error')
    await cleaned
    const again = turn.clean()
    let asked = 0
    while (sent.length > 0) {
      const { id, method } = sent.shift() as { readonly id: number; readonly method: string }
      dialogue.receive(JSON.stringify({ id, result: method === 'thread/loaded/list' ? { data: ['t1'] } : {} }))
      await next()
      asked++
    }
    await again
    expect(asked).toBeLessThan(1_000)
  })

  it('never makes the dialogue throw, and what it tells stays bounded', async () => {
    const { running, dialogue } = await opened()
    const { events } = await running()
    const text = 'x'.repeat(5_000_000)
    dialogue.receive(JSON.stringify(item('agentMessage', { text })))
    dialogue.receive(JSON.stringify(item('commandExecution', { command: text, status: 'completed' })))
    for (const params of [null, 1, [], { threadId: 't1' }, { threadId: 't1', turnId: 'u1', item: 3, tokenUsage: [] }])
      for (const method of ['item/started', 'item/completed', 'error', 'thread/tokenUsage/updated', 'turn/started'])
        dialogue.receive(JSON.stringify({ method, params }))
    const told = (event: AgentEvent) => JSON.stringify(event).length
    expect(Math.max(...events.map(told))).toBeLessThan(100_000)
  })
})
