import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochMs } from '../../../support/brands.js'
import { addUsage, noUsage, type AgentEvent, type Usage } from '../../../../src/domain/agent/agent-event.js'
import {
  applyAgentEvent,
  formatExitStatus,
  judgeProcess,
  judgeUnchanged,
  noEvidence,
  type EndReason,
  type Evidence,
  type ExitStatus,
} from '../../../../src/domain/agent/attempt.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { Refusal } from '../../../../src/domain/agent/refusal.js'

const zero: ExitStatus = { type: 'code', code: 0 }
const one: ExitStatus = { type: 'code', code: 1 }
const killed: ExitStatus = { type: 'signal', signal: 'SIGKILL' }
const missing: ExitStatus = { type: 'not_started', message: 'claude was not found' }
const lost: ExitStatus = { type: 'lost' }

const silent = noEvidence
const success: Evidence = { ...noEvidence, result: {} }
const limited: Evidence = { ...noEvidence, result: { failure: failure('rate_limit', 'Slow down.') } }

describe('the judgement of a process', () => {
  it.each<[string, ExitStatus, Evidence, EndReason | undefined, string | undefined]>([
    ['a final event of success and exit code 0', zero, success, undefined, undefined],
    ['exit code 0 without a final event', zero, silent, undefined, 'crash'],
    ['exit code 0 beside a final event of failure', zero, limited, undefined, 'rate_limit'],
    ['exit code 1 beside a final event of success', one, success, undefined, 'crash'],
    ['exit code 1 without a final event', one, silent, undefined, 'crash'],
    ['exit code 1 beside a final event of failure', one, limited, undefined, 'rate_limit'],
    ['a signal beside a final event of success', killed, success, undefined, 'crash'],
    ['a signal from autopilot after a final event of success', killed, success, 'after_result', undefined],
    ['an exit code forced by autopilot after a final event of success', one, success, 'after_result', undefined],
    ['a signal from autopilot after a final event of failure', killed, limited, 'after_result', 'rate_limit'],
    ['the time limit, even after a success', zero, success, 'timeout', 'timeout'],
    ['a cancel, even after a success', zero, success, 'canceled', 'canceled'],
    ['a cancel before it started', missing, silent, 'canceled', 'canceled'],
    ['a program that is not there', missing, silent, undefined, 'spawn'],
    ['an end that nobody saw, even after a success', lost, success, undefined, 'infrastructure'],
  ])('is right for %s', (_, exit, evidence, ended, kind) => {
    expect(judgeProcess(exit, evidence, ended)?.kind).toBe(kind)
  })

  it('never calls an end good without a final event of success, and never calls a cancel anything else', () => {
    const exits = fc.constantFrom(zero, one, killed, missing, lost)
    const ends = fc.constantFrom<EndReason | undefined>(undefined, 'canceled', 'timeout', 'after_result')
    fc.assert(
      fc.property(exits, fc.constantFrom(silent, success, limited), ends, (exit, evidence, ended) => {
        const failed = judgeProcess(exit, evidence, ended)
        if (evidence !== success) expect(failed).toBeDefined()
        if (ended === 'canceled') expect(failed?.kind).toBe('canceled')
      }),
    )
  })

  it('learns from the stream when the account may be used again, and first of all from the failure itself', () => {
    const late = { ...limited, retryAt: epochMs(500) }
    expect(judgeProcess(one, late, undefined)).toEqual({ kind: 'rate_limit', message: 'Slow down.', retryAt: 500 })
    const own = { ...late, result: { failure: failure('usage_limit', 'Used up.', { retryAt: epochMs(900) }) } }
    expect(judgeProcess(one, own, undefined)?.retryAt).toBe(900)
  })

  it('says how the process ended', () => {
    expect([zero, killed, missing].map(formatExitStatus)).toEqual([
      'exit code 0',
      'ended by SIGKILL',
      'claude was not found',
    ])
    expect(judgeProcess(killed, silent, undefined)?.message).toContain('ended by SIGKILL')
  })
})

describe('the judgement of a tree', () => {
  it('requires a change, unless the task expects none', () => {
    expect(judgeUnchanged({ expects: 'no_change' }, [])).toBeUndefined()
    expect(judgeUnchanged({ expects: 'change' }, [])?.kind).toBe('no_change')
  })

  it('names refused tool calls, because they are often the reason', () => {
    const refused = (times: number) => [{ tool: 'Bash', target: 'npm test', times }]
    const message = (refusals: readonly Refusal[]) => judgeUnchanged({ expects: 'change' }, refusals)?.message
    expect(message(refused(2))).toContain(' 2 tool calls were refused: Bash `npm test` (2 times); see ')
    expect(message(refused(1))).toContain(' 1 tool call was refused: Bash `npm test`; see ')
    expect(message([])).not.toContain('refused')
  })
})

describe('the judgement of a command that changed nothing', () => {
  it('says what to set if no change is right', () => {
    expect(judgeUnchanged({ expects: 'change', run: 'true' }, [])?.message).toBe(
      'The command ended well but changed nothing; set expects: no_change if that is right.',
    )
    expect(judgeUnchanged({ expects: 'no_change', run: 'true' }, [])).toBeUndefined()
  })
})

describe('evidence', () => {
  const from = (...events: AgentEvent[]) => events.reduce(applyAgentEvent, noEvidence)
  const usage: Usage = { inputTokens: 5, cachedInputTokens: 3, outputTokens: 2, costUsd: 0.5 }

  it('keeps the session, the last text, the limit, and whether something was refused', () => {
    const denied: AgentEvent = { type: 'denied', tool: 'Bash', message: 'no' }
    const session: AgentEvent = { type: 'session', sessionId: 's1', model: 'opus' }
    const texts: AgentEvent[] = ['first', 'last'].map((text) => ({ type: 'text', text }))
    const limits: AgentEvent[] = [{ type: 'limit', retryAt: epochMs(7) }, { type: 'limit' }]
    expect(from(session, denied, ...texts, denied, ...limits, { type: 'session', sessionId: 's2' })).toEqual({
      ...noEvidence,
      ...{ sessionId: 's2', model: 'opus', finalText: 'last', retryAt: 7, answered: true },
    })
  })

  it('has the final text of the result, or else the last text', () => {
    const said: AgentEvent = { type: 'text', text: 'said' }
    expect(from(said, { type: 'result', text: 'final', usage }).finalText).toBe('final')
    expect(from(said, { type: 'result' })).toEqual({ ...noEvidence, finalText: 'said', answered: true, result: {} })
  })

  it('has the totals of the last result, since each holds those of the conversation', () => {
    const more = { ...usage, inputTokens: 8 }
    expect(from({ type: 'result', usage }, { type: 'result', usage: more }).usage).toEqual(more)
    const failed = failure('network', 'No way through.')
    expect(from({ type: 'result', usage }, { type: 'result', failure: failed })).toMatchObject({
      usage,
      result: { failure: failed },
    })
  })

  it('does not grow with what an agent does', () => {
    const noise: AgentEvent[] = [
      { type: 'tool', name: 'Edit' },
      { type: 'tool_ended', ok: true },
      { type: 'retrying', message: '529' },
      { type: 'unknown', kind: 'x' },
    ]
    expect(from(...noise)).toEqual({ ...noEvidence, answered: true })
  })

  it('knows why the CLI retries, until the model answers', () => {
    const retry: AgentEvent = { type: 'retrying', message: '429 Too Many Requests', kind: 'rate_limit' }
    expect(from(retry).retrying).toMatchObject({ kind: 'rate_limit' })
    expect(from(retry, { type: 'retrying', message: 'who knows' }).retrying).toMatchObject({ kind: 'rate_limit' })
    for (const spoken of [
      { type: 'text', text: '' },
      { type: 'tool', name: 'Edit' },
    ] as const) {
      expect(from(retry, spoken).retrying).toBeUndefined()
    }
  })

  it('is open again when the CLI retries what it had reported as failed', () => {
    const failed: AgentEvent = { type: 'result', failure: failure('overloaded', 'busy') }
    const retry: AgentEvent = { type: 'retrying', message: 'busy', kind: 'overloaded' }
    expect(from(failed, retry).result).toBeUndefined()
    expect(judgeProcess(zero, from(failed, retry, { type: 'result' }), undefined)).toBeUndefined()
    // It gave up, and ended as if all were well.
    expect(judgeProcess(zero, from(failed, retry), undefined)?.kind).toBe('overloaded')
    expect(judgeProcess(one, from(failed, retry), undefined)?.kind).toBe('crash')
  })

  it('keeps why the CLI failed when it then says only that it did', () => {
    const limit: AgentEvent = { type: 'result', failure: failure('rate_limit', 'slow down') }
    const crash: AgentEvent = { type: 'result', failure: failure('crash', 'it failed'), sessionId: 's' }
    expect(from(limit, crash)).toMatchObject({ sessionId: 's', result: { failure: { kind: 'rate_limit' } } })
    expect(from(crash, limit).result?.failure?.kind).toBe('rate_limit')
    expect(from(crash, { type: 'result' }).result).toEqual({})
  })

  it('explains a time-out by a retry that the CLI still makes for its account, but by no other retry', () => {
    const ended = (kind: 'network' | 'model', why: 'timeout' | 'idle_timeout' | 'canceled') =>
      judgeProcess({ type: 'signal', signal: 'SIGTERM' }, from({ type: 'retrying', message: 'again', kind }), why)?.kind
    expect([ended('network', 'timeout'), ended('network', 'idle_timeout')]).toEqual(['network', 'network'])
    expect([ended('model', 'timeout'), ended('network', 'canceled')]).toEqual(['timeout', 'canceled'])
  })

  it('knows whether the model has answered, which no session, retry, limit or failure shows', () => {
    const limited = failure('rate_limit', 'Too many requests.')
    const silent: AgentEvent[] = [
      { type: 'session', sessionId: 's' },
      { type: 'retrying', message: '429' },
      { type: 'limit' },
      { type: 'result', failure: limited },
      { type: 'unknown', kind: 'x' },
    ]
    expect(from(...silent).answered).toBe(false)
    for (const spoken of [{ type: 'text', text: '' }, { type: 'tool', name: 'Edit' }, { type: 'result' }] as const) {
      expect(from(spoken, ...silent).answered).toBe(true)
    }
  })
})

describe('usage', () => {
  const some: fc.Arbitrary<Usage> = fc
    .tuple(fc.nat(), fc.nat(), fc.nat(), fc.option(fc.nat(100), { nil: undefined }))
    .map(([inputTokens, cachedInputTokens, outputTokens, costUsd]) => ({
      ...{ inputTokens, cachedInputTokens, outputTokens },
      ...(costUsd === undefined ? {} : { costUsd }),
    }))

  it('adds up in any order: no usage changes nothing, and no cost is made up', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(addUsage(a, b)).toEqual(addUsage(b, a))
        expect(addUsage(a, noUsage)).toEqual(a)
        expect(addUsage(a, b).inputTokens).toBe(a.inputTokens + b.inputTokens)
        expect('costUsd' in addUsage(a, b)).toBe('costUsd' in a || 'costUsd' in b)
        expect(addUsage(a, b).costUsd ?? 0).toBe((a.costUsd ?? 0) + (b.costUsd ?? 0))
      }),
    )
  })
})
