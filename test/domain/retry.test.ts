import { describe, expect, it } from 'vitest'
import { failure, failureKinds, type FailureKind } from '../../src/domain/failure.js'
import { decideRetry } from '../../src/domain/retry.js'

describe('what follows from a failed attempt', () => {
  const account: readonly FailureKind[] = [
    ...(['auth', 'usage', 'usage_limit', 'rate_limit', 'overloaded', 'network', 'spawn', 'budget'] as const),
  ]
  const end: readonly FailureKind[] = ['canceled', 'target', 'base_red']

  it('is decided by its kind while attempts are left', () => {
    for (const kind of failureKinds) {
      const expected = account.includes(kind) ? 'move_on' : end.includes(kind) ? 'give_up' : 'retry'
      expect([kind, decideRetry(failure(kind, ''), 2, 3)]).toEqual([kind, expected])
    }
  })

  it('is the end when they are used up, unless the account is the reason', () => {
    for (const kind of failureKinds) {
      const expected = account.includes(kind) ? 'move_on' : 'give_up'
      expect([kind, decideRetry(failure(kind, ''), 3, 3)]).toEqual([kind, expected])
    }
  })
})
