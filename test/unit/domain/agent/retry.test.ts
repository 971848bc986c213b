import { describe, expect, it } from 'vitest'
import { failure, failureKinds, type FailureKind } from '../../../../src/domain/agent/failure.js'
import { decideRetry } from '../../../../src/domain/agent/retry.js'

describe('what follows from a failed attempt', () => {
  const account: readonly FailureKind[] = [
    ...(['auth', 'usage_limit', 'rate_limit', 'overloaded', 'network', 'spawn', 'budget'] as const),
  ]
  const end: readonly FailureKind[] = ['canceled', 'target', 'base_red']

  it('is decided by its kind while attempts are left', () => {
    for (const kind of failureKinds) {
      const expected = account.includes(kind) ? 'move_on' : end.includes(kind) ? 'give_up' : 'retry'
      expect([kind, decideRetry(failure(kind, ''), { attempt: 2, maxAttempts: 3, isOut: false })]).toEqual([
        kind,
        expected,
      ])
    }
  })

  it('is the end when they are used up, unless the account is the reason', () => {
    for (const kind of failureKinds) {
      const expected = account.includes(kind) ? 'move_on' : 'give_up'
      expect([kind, decideRetry(failure(kind, ''), { attempt: 3, maxAttempts: 3, isOut: false })]).toEqual([
        kind,
        expected,
      ])
    }
  })

  it('costs no attempt the first few times that there was no room to work in, and one after that', () => {
    const full = failure('infrastructure', '', { spared: true })
    const at = (sparedBefore: number) => decideRetry(full, { attempt: 1, maxAttempts: 1, isOut: false, sparedBefore })
    expect([0, 1, 2].map(at)).toEqual(['move_on', 'move_on', 'give_up'])
    expect(decideRetry(failure('infrastructure', ''), { attempt: 1, maxAttempts: 1, isOut: false })).toBe('give_up')
  })

  it('costs no attempt if a refused model or provider is out for the run', () => {
    const out = { attempt: 3, maxAttempts: 3, isOut: true }
    const moving = failureKinds.filter((kind) => decideRetry(failure(kind, ''), out) === 'move_on')
    expect(moving.filter((kind) => !account.includes(kind))).toEqual(['model', 'usage'])
  })
})
