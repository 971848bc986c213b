import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure, failureKinds, type FailureKind } from '../../src/domain/failure.js'
import {
  decideWait,
  endedWell,
  isAccountTrouble,
  judgeAccount,
  noTrouble,
  type AccountVerdict,
  type FailedAgent,
  type Trouble,
} from '../../src/domain/governor.js'

const now = Date.parse('2026-11-24T10:00:00Z')

/** The end of an agent that failed `nowMs` into the run. */
function failed(kind: FailureKind, more: Partial<FailedAgent> & { readonly nowMs: number }): FailedAgent {
  return {
    ...{ failure: failure(kind, 'it failed'), now: now + more.nowMs, startedMs: more.nowMs - 1, answered: false },
    ...{ ended: true, jitter: 1, zone: 'UTC', ...more },
  }
}

/** What follows from each of these failures, one after the other. */
function verdicts(...agents: readonly FailedAgent[]): readonly AccountVerdict[] {
  let known: Trouble = noTrouble
  return agents.map((agent) => {
    const { trouble, verdict } = judgeAccount(known, agent)
    known = trouble
    return verdict
  })
}

function restMs(verdict: AccountVerdict | undefined, from: number): number | undefined {
  return verdict?.type === 'rest' ? verdict.until - now - from : undefined
}

const limits: readonly FailureKind[] = ['rate_limit', 'overloaded', 'network', 'usage_limit']

describe('an account whose agent failed', () => {
  it("rests for a limit, is stopped for a login, and goes on for what is the task's own", () => {
    for (const kind of failureKinds) {
      const [verdict] = verdicts(failed(kind, { nowMs: 5000 }))
      const stops = kind === 'auth' || kind === 'usage'
      expect([kind, verdict?.type]).toEqual([kind, limits.includes(kind) ? 'rest' : stops ? 'stop' : 'none'])
    }
  })

  it('rests until the time that the CLI gave in a field, else in words, when it is still to come', () => {
    const at = { nowMs: 0 }
    const words = 'You hit your limit, resets 11am (UTC)'
    const until = (message: string, retryAt?: number) => {
      const said = failure('usage_limit', message, retryAt === undefined ? {} : { retryAt })
      return restMs(verdicts(failed('usage_limit', { ...at, failure: said }))[0], 0)
    }
    expect(until('', now + 90_000)).toBe(90_000)
    expect(until(words, now + 90_000)).toBe(90_000)
    expect(until(words)).toBe(3_600_000)
    expect(until('', now - 1)).toBe(60_000)
    expect(until('', now + 40 * 86_400_000)).toBe(60_000)
  })

  it('else backs off: twice as long with each limit in a row, up to five minutes, an hour for an allowance', () => {
    const row = (kind: FailureKind) =>
      verdicts(...Array.from({ length: 9 }, (_, n) => failed(kind, { nowMs: n * 10_000_000, answered: true }))).map(
        (verdict, n) => restMs(verdict, n * 10_000_000)! / 1000,
      )
    expect(row('rate_limit')).toEqual([15, 30, 60, 120, 240, 300, 300, 300, 300])
    expect(row('usage_limit')).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  })

  it('begins again from the shortest rest when an agent has ended well', () => {
    const first = judgeAccount(noTrouble, failed('rate_limit', { nowMs: 1 })).trouble
    const second = judgeAccount(endedWell(first), failed('rate_limit', { nowMs: 100_000 })).verdict
    expect(restMs(second, 100_000)).toBe(15_000)
  })

  it('rests at least a second, with any jitter up to the whole span', () => {
    fc.assert(
      fc.property(fc.constantFrom(...limits), fc.double({ min: 0, max: 1, noNaN: true }), (kind, jitter) => {
        const span = kind === 'usage_limit' ? 60_000 : 15_000
        const rest = restMs(verdicts(failed(kind, { nowMs: 0, jitter }))[0], 0)!
        expect(rest).toBe(Math.max(1000, Math.round(jitter * span)))
      }),
    )
  })

  it('learns nothing from agents that had started before it began to rest, but for a later time', () => {
    const later = failure('rate_limit', '', { retryAt: now + 60_000 })
    const [first, same, more, next] = verdicts(
      failed('rate_limit', { nowMs: 10_000, startedMs: 0 }),
      failed('rate_limit', { nowMs: 11_000, startedMs: 5000 }),
      failed('rate_limit', { nowMs: 12_000, startedMs: 9000, failure: later }),
      failed('rate_limit', { nowMs: 80_000, startedMs: 70_000, now: now + 80_000 }),
    )
    expect([restMs(first, 10_000), same?.type, restMs(more, 0)]).toEqual([15_000, 'none', 60_000])
    expect(restMs(next, 80_000)).toBe(30_000)
  })
})

describe('the breaker', () => {
  const starts = (kind: FailureKind, count: number, everyMs: number, more: Partial<FailedAgent> = {}) =>
    verdicts(
      ...Array.from({ length: count }, (_, n) => {
        const nowMs = 100_000 + n * everyMs
        return failed(kind, { nowMs, startedMs: nowMs - 10, ...more })
      }),
    )

  it.each<FailureKind>(['crash', 'spawn', 'network'])(
    'stops a provider at the fifth start within a minute: %s',
    (kind) => {
      const types = starts(kind, 5, 14_000).map(({ type }) => type)
      expect(types.slice(0, 4)).not.toContain('stop')
      expect(types[4]).toBe('stop')
    },
  )

  it('says that there were five, and why', () => {
    expect(starts('crash', 5, 1)[4]).toMatchObject({
      failure: { kind: 'crash', message: '5 starts within a minute failed alike: it failed' },
    })
  })

  it.each<[string, Parameters<typeof starts>]>([
    ['that are spread over more than a minute', ['crash', 20, 15_001]],
    ['of agents that had been answered', ['crash', 20, 1, { answered: true }]],
    ['that have not ended yet', ['crash', 20, 1, { ended: false }]],
    ['of agents that had worked for longer', ['crash', 20, 1, { startedMs: 0 }]],
    ['that are limits', ['rate_limit', 20, 1]],
    ["that are the task's own", ['no_change', 20, 1]],
    ['that a gate made', ['gate_failed', 20, 1]],
    ['that canceled', ['canceled', 20, 1]],
  ])('lets pass failures %s', (_, [kind, count, everyMs, more]) => {
    expect(starts(kind, count, everyMs, more).map(({ type }) => type)).not.toContain('stop')
  })

  it('lets pass failures that differ, and counts from the start when an agent has ended well', () => {
    const mixed = Array.from({ length: 8 }, (_, n) => failed(n % 2 === 0 ? 'crash' : 'spawn', { nowMs: n }))
    expect(verdicts(...mixed).map(({ type }) => type)).not.toContain('stop')
    let known: Trouble = noTrouble
    for (let n = 0; n < 20; n++) {
      const { trouble, verdict } = judgeAccount(known, failed('crash', { nowMs: n }))
      expect(verdict.type).toBe('none')
      known = n % 4 === 3 ? endedWell(trouble) : trouble
    }
  })
})

describe('any account, whatever happens to its agents', () => {
  const kind = fc.constantFrom(...failureKinds)
  const agent = fc.record({
    ...{ kind, after: fc.nat(200_000), tookMs: fc.nat(200_000), jitter: fc.double({ min: 0, max: 1, noNaN: true }) },
    ...{ answered: fc.boolean(), ended: fc.boolean() },
    retryAfter: fc.option(fc.integer({ min: -100_000, max: 10 ** 12 }), { nil: undefined }),
  })

  it('rests until some time to come that is not out of sight, and is stopped for its own failures alone', () => {
    fc.assert(
      fc.property(fc.array(agent, { maxLength: 40 }), (agents) => {
        let known: Trouble = noTrouble
        let nowMs = 0
        for (const { after, tookMs, retryAfter, kind: of, ...rest } of agents) {
          nowMs += after
          const at = now + nowMs
          const said = failure(of, '', retryAfter === undefined ? {} : { retryAt: at + retryAfter })
          const startedMs = nowMs - tookMs
          const { trouble, verdict } = judgeAccount(known, {
            ...rest,
            failure: said,
            now: at,
            nowMs,
            startedMs,
            zone: 'UTC',
          })
          known = trouble
          if (verdict.type === 'rest') {
            expect(verdict.until).toBeGreaterThan(at)
            expect(verdict.until - at).toBeLessThanOrEqual(32 * 86_400_000)
            expect(isAccountTrouble(of)).toBe(true)
          }
          if (verdict.type === 'stop') expect(isAccountTrouble(of) || of === 'crash').toBe(true)
          if (known.failedStarts.length > 0) expect(known.failedStarts.length).toBeLessThanOrEqual(agents.length)
        }
      }),
    )
  })
})

describe('a run whose accounts all rest', () => {
  const resting = (kind: FailureKind, waitMs: number) => ({ kind, sinceMs: 1000, untilMs: 1000 + waitMs })

  it('waits as long as it takes, or as long as it may', () => {
    expect(decideWait({ onLimit: 'wait' }, resting('usage_limit', 10 ** 9))).toBe('wait')
    expect(decideWait({ onLimit: 'wait', maxWaitMs: 60_000 }, resting('usage_limit', 60_000))).toBe('wait')
    expect(decideWait({ onLimit: 'wait', maxWaitMs: 60_000 }, resting('rate_limit', 60_001))).toBe('stop')
  })

  it('that is to stop stops at a used-up allowance, and waits a minute for what passes', () => {
    expect(decideWait({ onLimit: 'stop' }, resting('usage_limit', 1))).toBe('stop')
    expect(decideWait({ onLimit: 'stop' }, resting('overloaded', 60_000))).toBe('wait')
    expect(decideWait({ onLimit: 'stop' }, resting('network', 60_001))).toBe('stop')
    expect(decideWait({ onLimit: 'stop', maxWaitMs: 1000 }, resting('rate_limit', 1001))).toBe('stop')
  })
})
