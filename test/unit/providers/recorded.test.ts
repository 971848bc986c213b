import { describe, expect, it } from 'vitest'
import { judgeUnchanged } from '../../../src/domain/agent/attempt.js'
import type { FailureKind } from '../../../src/domain/agent/failure.js'
import { addRefusal } from '../../../src/domain/agent/refusal.js'
import { providers } from '../../../src/providers/index.js'
import { judgeAgent } from '../../../src/providers/judge.js'
import { eventsOf, evidenceOf, readStream, refusedIn } from '../../support/rigs/recorded-stream.js'

interface Expected {
  readonly scenario: string
  readonly kind: FailureKind | 'ok'
  /** Input (cached included), cached, output. */
  readonly tokens?: readonly [input: number, cached: number, output: number]
  readonly costUsd?: number
  readonly text?: string
  /** It ended before it had a conversation. */
  readonly session?: false
}

const none = [0, 0, 0] as const
const one = [1000, 200, 50] as const
const two = [2000, 400, 100] as const
const answer = 'STUB-FINAL: task done.'

const claudeRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: one, costUsd: 0.00321, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, costUsd: 0.00642, text: answer },
  { scenario: 'empty', kind: 'ok', tokens: two, costUsd: 0.00642, text: '' },
  { scenario: 'cut', kind: 'ok', tokens: [12000, 2400, 105], costUsd: 0.031095, text: 'partial answer, then' },
  { scenario: 'flaky529x2', kind: 'ok', tokens: one, costUsd: 0.00321, text: answer },
  { scenario: 'perm-none', kind: 'ok', tokens: two, costUsd: 0.00642, text: answer },
  { scenario: 'refused', kind: 'ok', costUsd: 0.02247 },
  { scenario: 'refused-outside', kind: 'ok', costUsd: 0.02247 },
  { scenario: 'resume.4', kind: 'ok', tokens: [4000, 800, 200], costUsd: 0.01284, text: answer },
  { scenario: 'review', kind: 'ok', tokens: [30, 0, 15], costUsd: 0.00042 },
  { scenario: 'resume-unknown', kind: 'session_lost', tokens: none, costUsd: 0, session: false },
  { scenario: '401', kind: 'auth', tokens: none, costUsd: 0 },
  { scenario: 'no-key', kind: 'auth', tokens: none, costUsd: 0 },
  { scenario: 'oauth-401', kind: 'auth', tokens: none, costUsd: 0 },
  { scenario: '404', kind: 'model', tokens: none, costUsd: 0 },
  { scenario: '429', kind: 'rate_limit', tokens: none, costUsd: 0 },
  { scenario: '429-long', kind: 'rate_limit', tokens: none, costUsd: 0 },
  { scenario: 'oauth-usage', kind: 'usage_limit', tokens: none, costUsd: 0 },
  { scenario: 'quota', kind: 'usage_limit', tokens: none, costUsd: 0 },
  { scenario: '529', kind: 'overloaded', tokens: none, costUsd: 0 },
  { scenario: 'retries-1', kind: 'overloaded', tokens: none, costUsd: 0 },
  { scenario: 'api-timeout', kind: 'timeout', tokens: none, costUsd: 0 },
  { scenario: 'noserver', kind: 'network', tokens: none, costUsd: 0 },
  { scenario: 'garbage', kind: 'network', tokens: none, costUsd: 0 },
  { scenario: 'context', kind: 'context', tokens: none, costUsd: 0 },
  { scenario: 'max-turns-2', kind: 'turn_limit', tokens: two, costUsd: 0.00642 },
  // Its `usage` counts one request of the two that its cost counts.
  { scenario: 'max-budget', kind: 'budget', tokens: two, costUsd: 0.00642 },
  { scenario: 'sigint-tool', kind: 'crash', tokens: one, costUsd: 0.00321 },
  { scenario: 'sigterm-tool', kind: 'crash' },
  { scenario: 'sigterm-model', kind: 'crash' },
  { scenario: 'perm-bypass-root', kind: 'usage', session: false },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

const codexRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: one, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, text: answer },
  { scenario: 'tools5', kind: 'ok', tokens: [6000, 1200, 300], text: answer },
  { scenario: 'apply-patch', kind: 'ok', tokens: two, text: answer },
  { scenario: 'empty', kind: 'ok', tokens: one, text: '' },
  { scenario: 'flaky529x2', kind: 'ok', tokens: one, text: answer },
  { scenario: 'resume.2', kind: 'ok', tokens: two, text: answer },
  { scenario: 'review', kind: 'ok', tokens: [50, 0, 25] },
  { scenario: 'resume-unknown', kind: 'session_lost', session: false },
  { scenario: '401', kind: 'auth' },
  { scenario: 'no-key', kind: 'auth' },
  { scenario: '404', kind: 'model' },
  { scenario: '429', kind: 'rate_limit' },
  { scenario: '429-long', kind: 'crash' },
  { scenario: 'usage', kind: 'usage_limit' },
  { scenario: 'quota', kind: 'usage_limit' },
  { scenario: '500', kind: 'overloaded' },
  { scenario: '529', kind: 'overloaded' },
  { scenario: 'idle-timeout', kind: 'timeout' },
  { scenario: 'cut', kind: 'network' },
  { scenario: 'context', kind: 'context' },
  { scenario: '400', kind: 'crash' },
  { scenario: 'sigint-tool', kind: 'crash' },
  { scenario: 'not-git', kind: 'crash', session: false },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

const geminiRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: one, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, text: answer },
  // It took equal calls for a loop, and stopped the turn with a success.
  { scenario: 'tools5', kind: 'unfinished', tokens: [4000, 800, 200] },
  { scenario: 'flaky529x2', kind: 'ok', tokens: one, text: answer },
  { scenario: 'perm-outside', kind: 'ok', tokens: two, text: answer },
  { scenario: 'refused', kind: 'ok', tokens: [22000, 4400, 1100] },
  { scenario: 'review', kind: 'ok', tokens: [7000, 1400, 350] },
  { scenario: 'resume.2', kind: 'ok', tokens: one, text: answer },
  { scenario: 'resume-unknown', kind: 'session_lost', session: false },
  { scenario: 'empty', kind: 'crash', tokens: [4000, 800, 200] },
  { scenario: '401', kind: 'auth' },
  { scenario: '403', kind: 'auth' },
  { scenario: 'no-key', kind: 'auth', session: false },
  { scenario: 'no-auth', kind: 'auth', session: false },
  { scenario: '404', kind: 'model' },
  { scenario: '429-long', kind: 'usage_limit' },
  { scenario: 'usage', kind: 'usage_limit' },
  { scenario: '500', kind: 'overloaded' },
  { scenario: '529', kind: 'overloaded' },
  { scenario: 'noserver', kind: 'network' },
  { scenario: 'cut', kind: 'network', text: 'partial answer, then' },
  { scenario: 'garbage', kind: 'network' },
  { scenario: 'context', kind: 'context' },
  { scenario: 'max-turns', kind: 'turn_limit', tokens: two },
  // Both end with exit code 0.
  { scenario: 'sigterm-tool', kind: 'crash' },
  { scenario: 'sigterm-model', kind: 'crash' },
  { scenario: 'no-skip-trust', kind: 'usage', session: false },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

/** Its tokens and its cost are told step by step. */
const opencodeRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: one, costUsd: 0.0009, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, costUsd: 0.0018, text: answer },
  { scenario: 'shell', kind: 'ok', tokens: two, costUsd: 0.0018, text: answer },
  { scenario: 'tools5', kind: 'ok', tokens: [6000, 1200, 300], costUsd: 0.0054, text: answer },
  { scenario: 'empty', kind: 'ok', tokens: one, costUsd: 0.0009, text: '' },
  { scenario: 'flaky529x2', kind: 'ok', tokens: one, costUsd: 0.0009, text: answer },
  { scenario: 'resume.2', kind: 'ok', tokens: one, costUsd: 0.0009, text: answer },
  { scenario: 'agent-plan', kind: 'ok', tokens: two, costUsd: 0.0018, text: answer },
  // Recorded without prices.
  { scenario: 'edit-deny-rules', kind: 'ok', tokens: [7000, 1400, 350], text: 'ALL STEPS DONE.' },
  { scenario: 'review-deny-rules', kind: 'ok', tokens: [7000, 1400, 350], text: 'ALL STEPS DONE.' },
  // It ended its turn at a permission that nobody could give.
  { scenario: 'perm-ask', kind: 'crash', tokens: one, costUsd: 0.0009 },
  { scenario: 'resume-unknown', kind: 'session_lost', session: false },
  { scenario: '401', kind: 'auth' },
  { scenario: '404', kind: 'model' },
  { scenario: '429', kind: 'rate_limit' },
  { scenario: 'usage', kind: 'usage_limit' },
  { scenario: 'quota', kind: 'usage_limit' },
  { scenario: '500', kind: 'overloaded' },
  { scenario: '529', kind: 'overloaded' },
  { scenario: 'noserver', kind: 'network' },
  { scenario: 'cut', kind: 'network' },
  { scenario: 'timeout-opt', kind: 'timeout' },
  { scenario: 'context', kind: 'context' },
  { scenario: '400', kind: 'crash' },
  { scenario: 'bad-model', kind: 'crash' },
  { scenario: 'sigterm-tool', kind: 'crash' },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

/** It tells no tokens. */
const copilotRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', text: answer },
  { scenario: 'tool', kind: 'ok', text: answer },
  { scenario: 'tools5', kind: 'ok', text: answer },
  { scenario: 'flaky529x2', kind: 'ok', text: answer },
  { scenario: 'resume.2', kind: 'ok', text: answer },
  { scenario: 'perm-none', kind: 'ok', text: answer },
  { scenario: 'perm-deny', kind: 'ok' },
  { scenario: 'edit-allow-tool', kind: 'ok' },
  { scenario: 'review-available', kind: 'ok' },
  { scenario: 'resume-unknown', kind: 'session_lost', session: false },
  { scenario: '401', kind: 'auth' },
  { scenario: '403', kind: 'auth' },
  { scenario: 'no-auth', kind: 'auth', session: false },
  { scenario: '404', kind: 'model' },
  { scenario: '429', kind: 'rate_limit' },
  { scenario: '429-long', kind: 'rate_limit' },
  { scenario: 'usage', kind: 'usage_limit' },
  { scenario: 'quota', kind: 'usage_limit' },
  { scenario: '500', kind: 'overloaded' },
  { scenario: '529', kind: 'overloaded' },
  { scenario: 'noserver', kind: 'network' },
  { scenario: 'cut', kind: 'network' },
  { scenario: 'garbage', kind: 'network' },
  { scenario: 'context', kind: 'context' },
  { scenario: '400', kind: 'crash' },
  { scenario: 'empty', kind: 'crash' },
  // Its final event says 0.
  { scenario: 'sigterm-group-tool', kind: 'crash' },
  { scenario: 'sigterm-tool', kind: 'crash', session: false },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

/** Each of them ended with exit code 0, but for the signals. */
const piRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: one, costUsd: 0.0009, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, costUsd: 0.0018, text: answer },
  { scenario: 'review-tools', kind: 'ok', tokens: [7000, 1400, 350], costUsd: 0.0063, text: answer },
  { scenario: '401', kind: 'auth' },
  { scenario: 'usage', kind: 'usage_limit' },
  { scenario: '529', kind: 'overloaded' },
  { scenario: 'cut', kind: 'network' },
  { scenario: 'sigint-model', kind: 'crash' },
  { scenario: 'sigterm-tool', kind: 'crash', tokens: one, costUsd: 0.0009 },
]

/** In its final event they are of the whole conversation. */
const qwenRuns: readonly Expected[] = [
  { scenario: 'text', kind: 'ok', tokens: two, text: answer },
  { scenario: 'tool', kind: 'ok', tokens: two, text: answer },
  { scenario: 'flaky529x2', kind: 'ok', tokens: two, text: answer },
  { scenario: 'flaky429x1', kind: 'ok', tokens: two, text: answer },
  { scenario: 'resume.2', kind: 'ok', tokens: [4000, 800, 200], text: answer },
  { scenario: 'perm-none', kind: 'ok', tokens: [3000, 600, 150] },
  { scenario: 'edit-sandbox', kind: 'ok', tokens: [7000, 1400, 350] },
  { scenario: 'edit-allowed-tools', kind: 'ok', tokens: [7000, 1400, 350] },
  { scenario: 'review-plan', kind: 'ok', tokens: [7000, 1400, 350] },
  // Its final event lost its end.
  { scenario: 'huge5', kind: 'ok', tokens: none },
  // It took equal calls for a loop.
  { scenario: 'tools5', kind: 'crash', tokens: [4000, 800, 200] },
  { scenario: 'max-turns', kind: 'turn_limit', tokens: none },
  { scenario: 'max-wall', kind: 'timeout', tokens: none },
  { scenario: 'resume-unknown', kind: 'session_lost', session: false },
  { scenario: 'no-key', kind: 'auth', session: false },
  { scenario: '401', kind: 'auth' },
  { scenario: '403', kind: 'auth' },
  { scenario: '404', kind: 'model' },
  { scenario: '500', kind: 'overloaded' },
  { scenario: 'noserver', kind: 'network' },
  { scenario: 'cut', kind: 'network' },
  { scenario: 'garbage', kind: 'network' },
  { scenario: 'context', kind: 'context' },
  { scenario: 'empty', kind: 'crash', tokens: [5000, 1000, 250] },
  { scenario: '400', kind: 'crash' },
  { scenario: 'sigterm-group-tool', kind: 'crash' },
  { scenario: 'sigterm-model', kind: 'crash' },
  { scenario: 'bad-flag', kind: 'usage', session: false },
]

const runs = [
  ...claudeRuns.map((run) => ({ name: 'claude' as const, ...run })),
  ...codexRuns.map((run) => ({ name: 'codex' as const, ...run })),
  ...geminiRuns.map((run) => ({ name: 'gemini' as const, ...run })),
  ...opencodeRuns.map((run) => ({ name: 'opencode' as const, ...run })),
  ...qwenRuns.map((run) => ({ name: 'qwen' as const, ...run })),
  ...copilotRuns.map((run) => ({ name: 'copilot' as const, ...run })),
  ...piRuns.map((run) => ({ name: 'pi' as const, ...run })),
]

/** They report each call of the model, and no total. */
const stepByStep = { opencode: true, pi: true }

describe('recorded streams', () => {
  it.each(runs)('$name, $scenario: judged as $kind', ({ name, scenario, kind, tokens, costUsd, text, session }) => {
    const provider = providers[name]
    const stream = readStream(name, scenario)
    const evidence = evidenceOf(provider, stream)
    const judged = judgeAgent(provider, { exit: stream.exit, evidence, stderrTail: stream.stderr })
    expect(judged?.kind ?? 'ok').toBe(kind)
    const [inputTokens, cachedInputTokens, outputTokens] = tokens ?? none
    expect(name in stepByStep ? evidence.reported : evidence.usage).toEqual({
      ...{ inputTokens, cachedInputTokens, outputTokens },
      ...(costUsd === undefined ? {} : { costUsd: expect.closeTo(costUsd, 8) as number }),
    })
    if (text !== undefined) expect(evidence.finalText.slice(0, Math.max(text.length, 0))).toBe(text)
    expect(evidence.sessionId !== undefined).toBe(session !== false)
  })

  it('give the time at which a used-up allowance comes back, in ms', () => {
    const stream = readStream('claude', 'oauth-usage')
    const evidence = evidenceOf(providers.claude, stream)
    const judged = judgeAgent(providers.claude, { exit: stream.exit, evidence, stderrTail: '' })
    expect(judged?.retryAt).toBe(1795409354_000)
    const ofOpencode = (scenario: string) => evidenceOf(providers.opencode, readStream('opencode', scenario)).result
    expect(ofOpencode('usage')?.failure?.retryAt).toBe(1795407993_000)
    // Two seconds after the event.
    expect(ofOpencode('429')?.failure?.retryAt).toBe(1795404906_259)
  })

  it('show the session and the model', () => {
    const claude = evidenceOf(providers.claude, readStream('claude', 'tool'))
    expect(claude).toMatchObject({ sessionId: '65d58692-c598-4db8-bd6b-946f3738303d', model: 'claude-sonnet-4-5' })
    const codex = evidenceOf(providers.codex, readStream('codex', 'tool'))
    expect(codex.sessionId).toBe('01a20666-495e-7ba3-a194-ac4bb4fec5da')
    const opencode = evidenceOf(providers.opencode, readStream('opencode', 'tool'))
    expect(opencode.sessionId).toBe('ses_df991bcb7ffeYQ5X49hxhVRnsi')
  })

  it('show tool calls with what they are about, and their ends', () => {
    const claude = eventsOf(providers.claude, readStream('claude', 'tool'))
    expect(claude).toContainEqual(expect.objectContaining({ type: 'tool', name: 'Write', target: '/repo/hello.txt' }))
    expect(claude).toContainEqual({ type: 'tool_ended', ok: true })
    const shell = eventsOf(providers.codex, readStream('codex', 'tool'))
    expect(shell).toContainEqual({
      ...{ type: 'tool', name: 'shell' },
      target: "printf 'written by exec_command\\\\n' > /repo/hello.txt",
    })
    expect(shell).toContainEqual({ type: 'tool_ended', ok: true, name: 'shell' })
    const patch = eventsOf(providers.codex, readStream('codex', 'apply-patch'))
    expect(patch).toContainEqual({ type: 'tool', name: 'edit', target: '/repo/hello.txt', writes: ['/repo/hello.txt'] })
    const opencode = eventsOf(providers.opencode, readStream('opencode', 'tool'))
    const written = { type: 'tool', name: 'write', target: '/repo/hello.txt', writes: ['/repo/hello.txt'] }
    expect(opencode).toContainEqual(expect.objectContaining(written))
    expect(opencode).toContainEqual({ type: 'tool_ended', ok: true, name: 'write' })
  })

  it('explain an unchanged tree by the denials before it', () => {
    const stream = readStream('claude', 'perm-none')
    const evidence = evidenceOf(providers.claude, stream)
    expect(evidence.answered).toBe(true)
    expect(eventsOf(providers.claude, stream)).toContainEqual({ type: 'tool_ended', ok: false })
    const denied = refusedIn(providers.claude, stream)
    expect(judgeUnchanged({ expects: 'change' }, denied.reduce(addRefusal, []))).toMatchObject({
      kind: 'no_change',
      message: expect.stringContaining(' 1 tool call was refused: Write `/repo/hello.txt`; ') as unknown,
    })
  })

  it('show the retries of the CLI, which are no failure yet', () => {
    const claude = eventsOf(providers.claude, readStream('claude', 'flaky529x2'))
    expect(claude.filter((event) => event.type === 'retrying')).toHaveLength(2)
    const codex = eventsOf(providers.codex, readStream('codex', '429'))
    expect(codex.filter((event) => event.type === 'retrying')).toHaveLength(6)
  })

  it('tell what a CLI was waiting for when its time was up', () => {
    const limited = readStream('codex', '429-long')
    const end = {
      ...limited,
      evidence: evidenceOf(providers.codex, limited),
      ended: 'idle_timeout',
      stderrTail: '',
    } as const
    expect(judgeAgent(providers.codex, end)).toMatchObject({ kind: 'rate_limit' })
    for (const scenario of ['429', 'usage']) {
      const waited = readStream('qwen', scenario)
      const evidence = evidenceOf(providers.qwen, waited)
      const judged = judgeAgent(providers.qwen, { ...waited, evidence, ended: 'timeout', stderrTail: '' })
      expect(judged).toMatchObject({ kind: 'rate_limit' })
    }
    expect(evidenceOf(providers.claude, readStream('claude', '529')).retrying).toMatchObject({ kind: 'overloaded' })
    expect(evidenceOf(providers.claude, readStream('claude', 'flaky529x2')).retrying).toBeUndefined()
  })

  it('hold nothing that the readers do not know', () => {
    const unknown = runs.flatMap(({ name, scenario }) =>
      eventsOf(providers[name], readStream(name, scenario)).filter((event) => event.type === 'unknown'),
    )
    expect(unknown).toEqual([])
  })

  it('cost a person no diagnostic when the agent was interrupted', () => {
    const stream = readStream('claude', 'sigint-tool')
    const evidence = evidenceOf(providers.claude, stream)
    const judged = judgeAgent(providers.claude, { exit: stream.exit, evidence, stderrTail: '' })
    expect(judged?.message).toBe('claude: it was interrupted')
  })
})
