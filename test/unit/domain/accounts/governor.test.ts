import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { later } from '../../../../src/domain/clock.js'
import { epochMs, monotonicMs } from '../../../support/brands.js'
import { failure, failureKinds, type FailureKind, isAccountTrouble } from '../../../../src/domain/agent/failure.js'
import {
  answeredOnce,
  decideWait,
  endedWell,
  judgeAccount,
  noTrouble,
  type AccountVerdict,
  type FailedAgent,
  type Trouble,
} from '../../../../src/domain/accounts/governor.js'

const now = epochMs(Date.parse('2026-11-24T10:00:00Z'))

type Facts = Partial<Omit<FailedAgent, 'now' | 'nowMs' | 'startedMs'>> & { readonly startedMs?: number }

/** The end of an agent that failed `nowMs` into the run, and was started a moment before that. */
function failed(
  kind: FailureKind,
  { nowMs, startedMs = nowMs - 1, ...more }: Facts & { readonly nowMs: number },
): FailedAgent {
  return {
    ...{ now: later(now, nowMs), nowMs: monotonicMs(nowMs), startedMs: monotonicMs(startedMs) },
    ...{ failure: failure(kind, 'it failed'), answered: false, goesFirst: false, ended: true, jitter: 1, zone: 'UTC' },
    ...more,
  }
}

/** A limit that passes at the time that the CLI gave in a field, ms from now, if it gave one. */
function limited(kind: FailureKind, message: string, retryAfter?: number) {
  return failure(kind, message, retryAfter === undefined ? {} : { retryAt: later(now, retryAfter) })
}

/** The verdicts on these failures, one after the other. */
function verdicts(...agents: readonly FailedAgent[]): readonly AccountVerdict[] {
  let known: Trouble = noTrouble
  return agents.map((agent) => {
    const { trouble, verdict } = judgeAccount(known, agent)
    known = trouble
    return verdict
  })
}

function coolDownMs(verdict: AccountVerdict | undefined, from: number): number | undefined {
  return verdict?.type === 'cool_down' ? verdict.until - now - from : undefined
}

const limits: readonly FailureKind[] = ['rate_limit', 'overloaded', 'network', 'usage_limit']

describe('an account whose agent failed', () => {
  it('cools down after what passes, is stopped after what was refused, and stays in use after the task’s own failure', () => {
    for (const kind of failureKinds) {
      const [verdict] = verdicts(failed(kind, { nowMs: 5000 }))
      const expected = new Map<FailureKind, string>([
        ...[...limits, 'auth' as const, 'spawn' as const].map((one): [FailureKind, string] => [one, 'cool_down']),
        ['usage', 'stop'],
        ['model', 'stop_model'],
      ])
      expect([kind, verdict?.type]).toEqual([kind, expected.get(kind) ?? 'none'])
    }
  })

  it('cools down until the time that the CLI gave, in a field or else in words, if that is still to come', () => {
    const at = { nowMs: 0 }
    const words = 'You hit your limit, resets 11am (UTC)'
    const until = (message: string, retryAfter?: number) => {
      const said = limited('usage_limit', message, retryAfter)
      return coolDownMs(verdicts(failed('usage_limit', { ...at, failure: said }))[0], 0)
    }
    expect(until('', 90_000)).toBe(90_000)
    expect(until(words, 90_000)).toBe(90_000)
    expect(until(words)).toBe(3_600_000)
    expect(until('', -1)).toBe(60_000)
    expect(until('', 40 * 86_400_000)).toBe(60_000)
  })

  it('backs off without such a time: twice as long after each limit in a row, up to five minutes, or an hour for an allowance', () => {
    const row = (kind: FailureKind) =>
      verdicts(...Array.from({ length: 9 }, (_, n) => failed(kind, { nowMs: n * 10_000_000, answered: true }))).map(
        (verdict, n) => coolDownMs(verdict, n * 10_000_000)! / 1000,
      )
    expect(row('rate_limit')).toEqual([15, 30, 60, 120, 240, 300, 300, 300, 300])
    expect(row('usage_limit')).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  })

  it('begins again with the shortest cool-down once an agent has ended well', () => {
    const first = judgeAccount(noTrouble, failed('rate_limit', { nowMs: 1 })).trouble
    const second = judgeAccount(endedWell(first), failed('rate_limit', { nowMs: 100_000 })).verdict
    expect(coolDownMs(second, 100_000)).toBe(15_000)
  })

  it('cools down for at least a second, and for any jitter at most for the whole span', () => {
    fc.assert(
      fc.property(fc.constantFrom(...limits), fc.double({ min: 0, max: 1, noNaN: true }), (kind, jitter) => {
        const span = kind === 'usage_limit' ? 60_000 : 15_000
        const coolDown = coolDownMs(verdicts(failed(kind, { nowMs: 0, jitter }))[0], 0)!
        expect(coolDown).toBe(Math.max(1000, Math.round(jitter * span)))
      }),
    )
  })

  it('learns nothing from agents that started before its cool-down, except a later time', () => {
    const longer = limited('rate_limit', '', 60_000)
    const [first, same, more, next] = verdicts(
      failed('rate_limit', { nowMs: 10_000, startedMs: 0 }),
      failed('rate_limit', { nowMs: 11_000, startedMs: 5000 }),
      failed('rate_limit', { nowMs: 12_000, startedMs: 9000, failure: longer }),
      failed('rate_limit', { nowMs: 80_000, startedMs: 70_000 }),
    )
    expect([coolDownMs(first, 10_000), same?.type, coolDownMs(more, 0)]).toEqual([15_000, 'none', 60_000])
    expect(coolDownMs(next, 80_000)).toBe(30_000)
  })
})

describe('the breaker', () => {
  const starts = (kind: FailureKind, count: number, everyMs: number, more: Facts = {}) =>
    verdicts(
      ...Array.from({ length: count }, (_, n) => {
        const nowMs = 100_000 + n * everyMs
        return failed(kind, { nowMs, startedMs: nowMs - 10, ...more })
      }),
    )

  it.each<FailureKind>(['crash', 'network'])('stops a provider at the fifth start within a minute: %s', (kind) => {
    const types = starts(kind, 5, 14_000).map(({ type }) => type)
    expect(types.slice(0, 4)).not.toContain('stop')
    expect(types[4]).toBe('stop')
  })

  it('says that there were five, and why', () => {
    expect(starts('crash', 5, 1)[4]).toMatchObject({
      failure: { kind: 'crash', message: '5 starts within a minute failed in the same way: it failed' },
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
  ])('tolerates failures %s', (_, [kind, count, everyMs, more]) => {
    expect(starts(kind, count, everyMs, more).map(({ type }) => type)).not.toContain('stop')
  })

  it('tolerates failures that differ, and starts counting again when an agent has ended well', () => {
    const mixed = Array.from({ length: 8 }, (_, n) => failed(n % 2 === 0 ? 'crash' : 'network', { nowMs: n }))
    expect(verdicts(...mixed).map(({ type }) => type)).not.toContain('stop')
    let known: Trouble = noTrouble
    for (let n = 0; n < 20; n++) {
      const { trouble, verdict } = judgeAccount(known, failed('crash', { nowMs: n }))
      expect(verdict.type).toBe('none')
      known = n % 4 === 3 ? endedWell(trouble) : trouble
    }
  })
})

describe('a login that is refused', () => {
  const loggedOut = failure('auth', 'Not logged in', { loggedOut: true })
  const answered = (trouble: Trouble) => answeredOnce(trouble)
  /** Each refused agent started after the previous cool-down, and went first. */
  const inARow = (count: number, more: Facts = {}) =>
    verdicts(
      ...Array.from({ length: count }, (_, n) => failed('auth', { nowMs: n * 1_000_000, goesFirst: n > 0, ...more })),
    )

  it('cools the account down for half a minute, then for two minutes, and stops it at the third refusal in a row', () => {
    const [first, second, third] = inARow(3)
    expect([coolDownMs(first, 0), coolDownMs(second, 1_000_000)]).toEqual([30_000, 120_000])
    expect(third).toMatchObject({
      type: 'stop',
      failure: { kind: 'auth', message: /^refused 3 times in a row/ as never },
    })
  })

  it('cools the account down for at least half of that, whatever the jitter', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
        const [first, second] = inARow(2, { jitter }).map((verdict, n) => coolDownMs(verdict, n * 1_000_000)!)
        expect([first, second]).toEqual([Math.round(15_000 + 15_000 * jitter), Math.round(60_000 + 60_000 * jitter)])
      }),
    )
  })

  it('counts as one with the refusals of all agents that had a slot when the cool-down began, however many', () => {
    const agents = [0, 1, 500, 29_000].map((startedMs) => failed('auth', { nowMs: 40_000, startedMs }))
    const [first, ...others] = verdicts(failed('auth', { nowMs: 2, startedMs: 0 }), ...agents, ...agents)
    expect(first?.type).toBe('cool_down')
    expect(others.map(({ type }) => type)).toEqual(others.map(() => 'none'))
  })

  it('is counted from the start again when a model has answered in between', () => {
    let known: Trouble = noTrouble
    for (let n = 0; n < 20; n++) {
      const { trouble, verdict } = judgeAccount(known, failed('auth', { nowMs: n * 1_000_000, goesFirst: true }))
      expect(verdict.type).toBe('cool_down')
      known = n % 2 === 1 ? answered(trouble) : trouble
    }
  })

  it('stops the account at once when the first agent, alone, finds that there is no login, and nobody got an answer', () => {
    const none = { failure: loggedOut }
    expect(inARow(2, none).map(({ type }) => type)).toEqual(['cool_down', 'stop'])
    const once = judgeAccount(noTrouble, failed('auth', { nowMs: 0, ...none })).trouble
    const alone = { nowMs: 1_000_000, goesFirst: true }
    const types = [
      judgeAccount(answered(once), failed('auth', { ...alone, ...none })),
      judgeAccount(once, failed('auth', alone)),
      judgeAccount(once, failed('auth', { ...alone, ...none, goesFirst: false })),
    ].map(({ verdict }) => verdict.type)
    expect(types).toEqual(['cool_down', 'cool_down', 'cool_down'])
  })

  it('does not shorten the cool-down of an allowance', () => {
    const given = limited('usage_limit', '', 3_600_000)
    const [first, second] = verdicts(
      failed('usage_limit', { nowMs: 0, startedMs: -10, failure: given }),
      failed('auth', { nowMs: 5, startedMs: -10 }),
    )
    expect([coolDownMs(first, 0), second?.type]).toEqual([3_600_000, 'none'])
  })

  it('stops the account only after refusals without an answer between them, whatever happens', () => {
    const step = fc.record({
      ...{ act: fc.constantFrom('refused', 'answered', 'well', 'limited'), after: fc.nat(200_000) },
      ...{ tookMs: fc.nat(100_000), goesFirst: fc.boolean(), isNone: fc.boolean() },
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let [known, nowMs, refusals, hasAnswered]: [Trouble, number, number, boolean] = [noTrouble, 0, 0, false]
        for (const { act, after, tookMs, goesFirst, isNone } of steps) {
          nowMs += after
          if (act === 'answered') [known, refusals, hasAnswered] = [answered(known), 0, true]
          else if (act === 'well') known = endedWell(known)
          else {
            const kind = act === 'refused' ? 'auth' : 'rate_limit'
            const said = isNone && kind === 'auth' ? loggedOut : failure(kind, '')
            const at = { nowMs, startedMs: nowMs - tookMs, goesFirst, failure: said }
            const { trouble, verdict } = judgeAccount(known, failed(kind, at))
            known = trouble
            if (kind === 'auth') refusals++
            if (verdict.type !== 'stop') continue
            expect(kind).toBe('auth')
            expect(refusals >= 3 || (isNone && goesFirst && !hasAnswered)).toBe(true)
            return
          }
        }
      }),
    )
  })
})

describe('a CLI that cannot be started', () => {
  /** Each next one goes first at the end of the cool-down. */
  function untilOver(change: (trouble: Trouble) => Trouble = (trouble) => trouble) {
    const seen: [AccountVerdict['type'], number | undefined][] = []
    let [known, nowMs]: [Trouble, number] = [noTrouble, 0]
    for (let n = 0; n < 30; n++) {
      const { trouble, verdict } = judgeAccount(
        known,
        failed('spawn', { nowMs, startedMs: nowMs - 1, goesFirst: n > 0 }),
      )
      known = change(trouble)
      seen.push([verdict.type, coolDownMs(verdict, nowMs)])
      if (verdict.type === 'stop') return seen
      nowMs = ('until' in verdict ? verdict.until - now : nowMs) + 2
    }
    return seen
  }

  it('cools the account down twice as long each time, for two minutes in all; then its version is asked for, and it is stopped', () => {
    const seen = untilOver()
    const coolDowns = seen.flatMap(([type, ms]) => (type === 'cool_down' ? [ms!] : []))
    expect(coolDowns).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 57_000])
    expect(coolDowns.reduce((sum, ms) => sum + ms)).toBe(120_000)
    expect(seen.slice(7).map(([type]) => type)).toEqual(['ask', 'stop'])
  })

  it('begins again with a second when it has run in between', () => {
    const coolDowns = [endedWell, answeredOnce].map((ran) => untilOver(ran).slice(0, 3))
    expect(coolDowns.flat().map(([, ms]) => ms)).toEqual([1000, 1000, 1000, 1000, 1000, 1000])
    const first = judgeAccount(noTrouble, failed('spawn', { nowMs: 0 })).trouble
    const ran = judgeAccount(first, failed('no_change', { nowMs: 9000 })).trouble
    expect(coolDownMs(judgeAccount(ran, failed('spawn', { nowMs: 20_000 })).verdict, 20_000)).toBe(1000)
  })

  it('counts once, however many slots find it missing at the same time, and even if it is reported twice', () => {
    const same = Array.from({ length: 20 }, (_, n) => failed('spawn', { nowMs: n, startedMs: n - 1 }))
    const types = verdicts(...same.flatMap((one) => [{ ...one, ended: false }, one])).map(({ type }) => type)
    expect(types).toEqual(['cool_down', ...types.slice(1).map(() => 'none')])
  })
})

describe('a model or arguments that the CLI refuses', () => {
  it('stop the account if the process did nothing, and cost the task an attempt if it did something', () => {
    for (const [kind, type] of [
      ['model', 'stop_model'],
      ['usage', 'stop'],
    ] as const) {
      expect(verdicts(failed(kind, { nowMs: 0 }))[0]?.type).toBe(type)
      expect(verdicts(failed(kind, { nowMs: 0, answered: true }))[0]?.type).toBe('none')
    }
  })
})

describe('any account, whatever happens to its agents', () => {
  const kind = fc.constantFrom(...failureKinds)
  const agent = fc.record({
    ...{ kind, after: fc.nat(200_000), tookMs: fc.nat(200_000), jitter: fc.double({ min: 0, max: 1, noNaN: true }) },
    ...{ answered: fc.boolean(), ended: fc.boolean(), goesFirst: fc.boolean() },
    retryAfter: fc.option(fc.integer({ min: -100_000, max: 10 ** 12 }), { nil: undefined }),
  })

  it('cools down until a time to come that is within reach, and is stopped only for its own failures', () => {
    fc.assert(
      fc.property(fc.array(agent, { maxLength: 40 }), (agents) => {
        let known: Trouble = noTrouble
        let nowMs = 0
        for (const { after, tookMs, retryAfter, kind: of, ...rest } of agents) {
          nowMs += after
          const at = later(now, nowMs)
          const said = limited(of, '', retryAfter === undefined ? undefined : nowMs + retryAfter)
          const facts = { ...rest, failure: said, nowMs, startedMs: nowMs - tookMs }
          const { trouble, verdict } = judgeAccount(known, failed(of, facts))
          known = trouble
          if (verdict.type === 'cool_down') {
            expect(verdict.until).toBeGreaterThan(at)
            expect(verdict.until - at).toBeLessThanOrEqual(32 * 86_400_000)
            expect(isAccountTrouble(of)).toBe(true)
          }
          if (verdict.type === 'stop') expect(isAccountTrouble(of) || of === 'crash' || of === 'usage').toBe(true)
          if (known.failedStarts.length > 0) expect(known.failedStarts.length).toBeLessThanOrEqual(agents.length)
        }
      }),
    )
  })
})

describe('a run whose accounts all cool down', () => {
  const coolingDown = (kind: FailureKind, waitMs: number) => ({
    kind,
    sinceMs: monotonicMs(1000),
    untilMs: monotonicMs(1000 + waitMs),
  })

  it('waits as long as it takes, or as long as it may', () => {
    expect(decideWait({ onLimit: 'wait' }, coolingDown('usage_limit', 10 ** 9))).toBe('wait')
    expect(decideWait({ onLimit: 'wait', maxWaitMs: 60_000 }, coolingDown('usage_limit', 60_000))).toBe('wait')
    expect(decideWait({ onLimit: 'wait', maxWaitMs: 60_000 }, coolingDown('rate_limit', 60_001))).toBe('stop')
  })

  it('waits for the short cool-downs of a login or a missing CLI even if it is to stop, but not beyond --max-wait', () => {
    for (const kind of ['auth', 'spawn'] as const) {
      expect(decideWait({ onLimit: 'stop' }, coolingDown(kind, 150_000))).toBe('wait')
      expect(decideWait({ onLimit: 'stop', maxWaitMs: 10_000 }, coolingDown(kind, 10_001))).toBe('stop')
    }
  })

  it('stops at a used-up allowance if it is to stop, and waits a minute for what passes', () => {
    expect(decideWait({ onLimit: 'stop' }, coolingDown('usage_limit', 1))).toBe('stop')
    expect(decideWait({ onLimit: 'stop' }, coolingDown('overloaded', 60_000))).toBe('wait')
    expect(decideWait({ onLimit: 'stop' }, coolingDown('network', 60_001))).toBe('stop')
    expect(decideWait({ onLimit: 'stop', maxWaitMs: 1000 }, coolingDown('rate_limit', 1001))).toBe('stop')
  })
})
