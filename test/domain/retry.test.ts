import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure, failureKinds, type FailureKind } from '../../src/domain/failure.js'
import { coolDownUntil, decideRetry } from '../../src/domain/retry.js'

const limited = failure('rate_limit', 'Too many requests.')

describe('what follows from a failed attempt', () => {
  const again: readonly FailureKind[] = [
    ...(['timeout', 'model', 'context', 'turn_limit', 'no_change', 'crash', 'spawn'] as const),
    ...(['gate_failed', 'conflict', 'collect', 'infrastructure'] as const),
  ]
  const rests: readonly FailureKind[] = ['rate_limit', 'overloaded', 'network']
  const stops: readonly FailureKind[] = ['auth', 'usage_limit', 'usage']

  it('is decided by its kind while attempts are left', () => {
    for (const kind of failureKinds) {
      const wanted = again.includes(kind) ? 'retry' : rests.includes(kind) ? 'cool_down' : undefined
      const expected = wanted ?? (stops.includes(kind) ? 'stop_provider' : 'give_up')
      expect([kind, decideRetry(failure(kind, ''), 2, 3)]).toEqual([kind, expected])
    }
  })

  it('is the end when they are used up, unless the provider is the reason', () => {
    for (const kind of failureKinds) {
      const expected = stops.includes(kind) ? 'stop_provider' : 'give_up'
      expect([kind, decideRetry(failure(kind, ''), 3, 3)]).toEqual([kind, expected])
    }
  })
})

describe('a cool-down', () => {
  it('lasts as long as the CLI said, when that is still to come', () => {
    expect(coolDownUntil({ ...limited, retryAt: 90_000 }, 50_000, 4)).toBe(90_000)
    expect(coolDownUntil({ ...limited, retryAt: 50_000 }, 50_000, 1)).toBe(65_000)
  })

  it('doubles from 15 seconds with each limit in a row, up to five minutes', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((inARow) => coolDownUntil(limited, 0, inARow) / 1000)).toEqual([
      15, 30, 60, 120, 240, 300, 300,
    ])
  })

  it('always ends after it began and in finite time', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 5000 }),
        fc.option(fc.nat(), { nil: undefined }),
        (now, row, retryAt) => {
          const until = coolDownUntil({ ...limited, ...(retryAt === undefined ? {} : { retryAt }) }, now, row)
          expect(until).toBeGreaterThan(now)
          expect(Number.isFinite(until)).toBe(true)
        },
      ),
    )
  })
})
