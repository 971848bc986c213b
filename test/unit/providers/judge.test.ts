import { describe, expect, it } from 'vitest'
import { noEvidence, type ExitStatus } from '../../../src/domain/agent/attempt.js'
import { providers } from '../../../src/providers/index.js'
import { judgeAgent } from '../../../src/providers/judge.js'

const { claude, codex, command } = providers
const code = (value: number): ExitStatus => ({ type: 'code', code: value })
const ended = { evidence: noEvidence, stderrTail: '' }

describe('the end of a command', () => {
  it('is judged by its exit status alone', () => {
    expect(judgeAgent(command, { ...ended, exit: code(0) })).toBeUndefined()
    expect(judgeAgent(command, { ...ended, exit: code(3) })).toMatchObject({ kind: 'crash' })
    expect(judgeAgent(command, { ...ended, exit: { type: 'signal', signal: 'SIGSEGV' } })?.kind).toBe('crash')
  })

  it('is reported with its last words, clean', () => {
    const exit = code(1)
    const judged = judgeAgent(command, { ...ended, exit, stderrTail: 'first\n\u001b[31mno such file\u001b[0m\n\n' })
    expect(judged?.message).toBe('The command failed (exit code 1): no such file')
    const silent = { ...ended, exit, evidence: { ...noEvidence, finalText: '2 tests failed' } }
    expect(judgeAgent(command, silent)?.message).toContain('2 tests failed')
  })

  it('is a time-out or a cancel when autopilot ended it, whatever its status', () => {
    expect(judgeAgent(command, { ...ended, exit: code(0), ended: 'timeout' })?.kind).toBe('timeout')
    expect(judgeAgent(command, { ...ended, exit: code(1), ended: 'canceled' })?.kind).toBe('canceled')
  })

  it('is a failure to start if it never ran', () => {
    expect(judgeAgent(command, { ...ended, exit: { type: 'not_started', message: 'EAGAIN' } })?.kind).toBe('spawn')
  })
})

describe('the end of an agent', () => {
  it('is a crash without a final event, also with exit code 0', () => {
    expect(judgeAgent(claude, { ...ended, exit: code(0) })?.kind).toBe('crash')
    expect(judgeAgent(codex, { ...ended, exit: code(0) })?.kind).toBe('crash')
  })

  it('is not explained by stderr when a final event came', () => {
    const evidence = { ...noEvidence, result: {} }
    const stderrTail = 'error: unknown option'
    expect(judgeAgent(claude, { evidence, stderrTail, exit: code(0) })).toBeUndefined()
    expect(judgeAgent(claude, { evidence, stderrTail, exit: code(1) })?.kind).toBe('crash')
  })

  it('stays a time-out even if stderr would explain a crash', () => {
    const stderrTail = 'Not logged in'
    expect(judgeAgent(claude, { ...ended, stderrTail, exit: code(143), ended: 'timeout' })?.kind).toBe('timeout')
  })

  it.each([
    [claude, 'Error: claude native binary not installed.', 'spawn'],
    [codex, 'Error: Missing optional dependency @openai/codex-linux-x64. Reinstall Codex', 'spawn'],
    [codex, 'WARN something\nError: Not logged in\n', 'auth'],
    [codex, 'Error loading config.toml: invalid type', 'usage'],
  ])('is explained by what $name wrote to stderr: %s', (provider, stderrTail, kind) => {
    expect(judgeAgent(provider, { ...ended, stderrTail, exit: code(1) })?.kind).toBe(kind)
  })
})

describe('a final event of claude', () => {
  const result = (fields: object) => claude.readLine(JSON.stringify({ type: 'result', subtype: 'success', ...fields }))
  const kindOf = (fields: object) => {
    const [event] = result(fields)
    return event?.type === 'result' ? (event.failure?.kind ?? 'ok') : 'no result'
  }

  it('is success only when it says that there is no error', () => {
    expect(kindOf({ is_error: false })).toBe('ok')
    expect(kindOf({ is_error: true })).toBe('crash')
    expect(kindOf({})).toBe('crash')
    expect(kindOf({ is_error: 'false' })).toBe('crash')
  })

  it('is judged by its fields before its text', () => {
    expect(kindOf({ is_error: true, api_error_status: 529, result: 'Invalid API key' })).toBe('overloaded')
    expect(kindOf({ is_error: true, api_error: 'connection_failed', result: 'Overloaded' })).toBe('network')
    expect(kindOf({ is_error: true, terminal_reason: 'prompt_too_long', api_error_status: 400 })).toBe('context')
  })

  it('tells a used-up allowance from a rate limit by its text, where no field does', () => {
    expect(kindOf({ is_error: true, api_error_status: 429, result: "You've hit your weekly limit" })).toBe(
      'usage_limit',
    )
    expect(kindOf({ is_error: true, api_error_status: 429, result: 'Rate limited' })).toBe('rate_limit')
  })

  it('counts cache writes as input, and adds up the models', () => {
    const counts = { inputTokens: 1, cacheReadInputTokens: 2, cacheCreationInputTokens: 4, outputTokens: 8 }
    expect(result({ is_error: false, modelUsage: { a: counts, b: counts } })).toEqual([
      { type: 'result', usage: { inputTokens: 14, cachedInputTokens: 4, outputTokens: 16 } },
    ])
    const usage = { input_tokens: 1, cache_read_input_tokens: 2, cache_creation_input_tokens: 4, output_tokens: 8 }
    expect(result({ is_error: false, usage })).toEqual([
      { type: 'result', usage: { inputTokens: 7, cachedInputTokens: 2, outputTokens: 8 } },
    ])
  })
})

describe('a rate limit event of claude', () => {
  const read = (info: object) => claude.readLine(JSON.stringify({ type: 'rate_limit_event', rate_limit_info: info }))

  it('is a limit only when requests are rejected', () => {
    expect(read({ status: 'allowed_warning', resetsAt: 5 })).toEqual([])
    expect(read({ status: 'rejected', isUsingOverage: true, resetsAt: 5 })).toEqual([])
    expect(read({ status: 'rejected', resetsAt: 5 })).toEqual([{ type: 'limit', retryAt: 5000 }])
    expect(read({ status: 'rejected', resetsAt: null })).toEqual([{ type: 'limit' }])
    expect(read({ status: 'rejected', resetsAt: 1e300 })).toEqual([{ type: 'limit' }])
  })
})

describe('text of claude', () => {
  it('is its own, not that of a sub-agent or of the API', () => {
    const said = (fields: object) =>
      claude.readLine(
        JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'hi' }] }, ...fields }),
      )
    expect(said({ parent_tool_use_id: null })).toEqual([{ type: 'text', text: 'hi' }])
    expect(said({ parent_tool_use_id: 'toolu_1' })).toEqual([])
    expect(said({ is_api_error_message: true })).toEqual([])
  })
})

describe('a tool call of codex', () => {
  const completed = (item: object) => codex.readLine(JSON.stringify({ type: 'item.completed', item }))

  it('ended badly with any other exit code than 0, and was denied when declined', () => {
    const item = { type: 'command_execution', status: 'completed' }
    expect(completed({ ...item, exit_code: 0 })).toEqual([{ type: 'tool_ended', ok: true, name: 'shell' }])
    expect(completed({ ...item, exit_code: 1 })).toEqual([{ type: 'tool_ended', ok: false, name: 'shell' }])
    expect(completed({ ...item, status: 'failed' })).toEqual([{ type: 'tool_ended', ok: false, name: 'shell' }])
    expect(completed({ ...item, status: 'declined' })).toMatchObject([{ type: 'denied', tool: 'shell' }])
  })

  it('names how many files it changes besides the first', () => {
    const item = { type: 'file_change', changes: [{ path: 'a' }, { path: 'b' }, { path: 'c' }] }
    expect(codex.readLine(JSON.stringify({ type: 'item.started', item }))).toEqual([
      { type: 'tool', name: 'edit', target: 'a and 2 more', writes: ['a', 'b', 'c'] },
    ])
  })
})
