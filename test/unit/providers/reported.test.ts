import { describe, expect, it } from 'vitest'
import { applyAgentEvent, noEvidence, type Evidence } from '../../../src/domain/agent/attempt.js'
import type { Provider } from '../../../src/providers/adapter/contract.js'
import { providers } from '../../../src/providers/index.js'
import { judgeAgent } from '../../../src/providers/judge.js'

const { claude, codex, gemini } = providers

function evidenceOf(provider: Provider, ...lines: readonly object[]): Evidence {
  return lines.flatMap((line) => provider.readLine(JSON.stringify(line))).reduce(applyAgentEvent, noEvidence)
}

const kindOf = (provider: Provider, evidence: Evidence, stderrTail = '') =>
  judgeAgent(provider, { evidence, stderrTail, exit: { type: 'code', code: 1 } })?.kind

// Endings that people have reported in public, in their words.
describe('a reported ending', () => {
  it('of claude with an empty last text, as with a Stop hook: what it said before counts', () => {
    const said = { type: 'assistant', message: { id: 'm', content: [{ type: 'text', text: 'All tests pass.' }] } }
    const result = { type: 'result', subtype: 'success', is_error: false }
    expect(evidenceOf(claude, said, { ...result, result: '' }).finalText).toBe('All tests pass.')
    expect(evidenceOf(claude, said, { ...result, result: 'Done.' }).finalText).toBe('Done.')
  })

  it('of claude whose conversation is claimed since a crash: it is out of reach, and claude is not to blame', () => {
    const stderr = 'Error: Session ID 736bd807-d4ce-482f-b62f-06fa6a560b2d is already in use.'
    expect(kindOf(claude, noEvidence, stderr)).toBe('session_lost')
    expect(kindOf(claude, noEvidence, "error: unknown option '--x'")).toBe('usage')
  })

  it.each([
    ['auth', 'Failed to refresh token: 400 Bad Request: Your session has ended. Please log in again.'],
    ['auth', "Failed to refresh token: 400 Bad Request: Invalid 'refresh_token': empty string."],
    ['auth', 'Your access token could not be refreshed because your refresh token was already used.'],
    ['auth', 'Token refresh failed: 401'],
    ['model', "The 'gpt-5-x' model is not supported when using Codex with a ChatGPT account."],
    ['crash', 'The test said: token expected'],
  ] as const)('of codex is %s: %s', (kind, message) => {
    expect(kindOf(codex, evidenceOf(codex, { type: 'turn.failed', error: { message } }))).toBe(kind)
  })

  it.each([
    ['rate_limit', 'Resource has been exhausted (e.g. check quota).\nSuggested retry after 2s.'],
    ['usage_limit', 'Resource has been exhausted (e.g. check quota).\nSuggested retry after 3600s.'],
    ['network', 'exception TypeError: fetch failed sending request'],
    ['auth', '{"error":{"code":401,"message":"Request had invalid authentication credentials."}}'],
    ['overloaded', '{"error":{"code":502,"message":"Bad gateway"}}'],
    ['crash', 'The test said: quota expected'],
  ] as const)('of gemini is %s: %s', (kind, message) => {
    const result = { type: 'result', status: 'error', error: { type: 'unknown', message: `[API Error: ${message}]` } }
    expect(kindOf(gemini, evidenceOf(gemini, result))).toBe(kind)
  })
})
