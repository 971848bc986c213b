import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterOutcome,
  batchSize,
  compareQueued,
  emptyQueue,
  nextStep,
} from '../../../../src/domain/landing/merge-queue.js'
import { learn, prefixesToJudge, searchOf } from '../../../../src/domain/landing/prefix-search.js'
import { playMergeQueue, type Contender, type GameRules } from '../../../support/games/merge-queue-game.js'

const good: Contender = { priority: 0, bad: false, comesAt: 0 }
const bad: Contender = { ...good, bad: true }
const contenders = (count: number, ...bads: number[]) =>
  Array.from({ length: count }, (_, number) => (bads.includes(number) ? bad : good))

/** All come at once and are judged together, however many. */
const together = { judges: 1, maxTogether: 100, failureRate: 0.001 }

describe('the size of a batch', () => {
  it.each([
    [0.1, 16, 7],
    [0.2, 16, 3],
    [0.01, 16, 16],
    [0.01, 100, 69],
    [1, 16, 1],
    [0.1, 1, 1],
  ])('is ln 2 over the failure rate: at %d, at most %d, it is %d', (failureRate, maxTogether, size) => {
    expect(batchSize({ failureRate, maxTogether })).toBe(size)
  })

  it('grows with what lands and shrinks with what a gate refuses', () => {
    const land = { contenders: contenders(40), judges: 1, maxTogether: 16 }
    expect(playMergeQueue(land).landings).toEqual([7, 10, 16, 7])
    expect(playMergeQueue({ ...land, contenders: contenders(6, 0, 1, 2) }).landings.at(-1)).toBeLessThanOrEqual(3)
  })
})

describe('the prefixes to judge', () => {
  it.each([
    [8, 1, [8]],
    [8, 2, [4, 8]],
    [8, 4, [2, 4, 6, 8]],
    [5, 4, [2, 3, 4, 5]],
    [2, 4, [1, 2]],
  ])('of %d fresh candidates with %d judges are %j', (size, judges, prefixes) => {
    expect(prefixesToJudge(searchOf(size, judges))).toEqual(prefixes)
  })

  it.each([
    [8, 1, [4]],
    [9, 2, [3, 6]],
    [2, 4, [1]],
    [1, 4, []],
  ])('of %d candidates that failed together, with %d judges, are %j', (size, judges, prefixes) => {
    const failing = learn(searchOf(size, judges), [{ prefix: size, verdict: 'failed' }])
    expect(prefixesToJudge(failing)).toEqual(prefixes)
  })
})

describe('the merge queue', () => {
  it('lands a batch that passes with one run, at once', () => {
    expect(playMergeQueue({ contenders: contenders(16), ...together })).toMatchObject({ runs: 1, landings: [16] })
  })

  it('finds one bad candidate among eight by halving, and judges its tree once more before it leaves', () => {
    const played = playMergeQueue({ contenders: contenders(8, 5), ...together })
    // 8 fail, 4 pass, 6 fail, 5 pass: the sixth is it. Once more, and the two behind it.
    expect(played).toMatchObject({
      runs: 6,
      reruns: 1,
      landings: [4, 1, 2],
      evicted: [5],
      landed: [0, 1, 2, 3, 4, 6, 7],
    })
  })

  it('lands a candidate whose gate failed by chance, after one more run', () => {
    const played = playMergeQueue({ contenders: contenders(1), ...together, failsByChance: (run) => run === 1 })
    expect(played).toMatchObject({ runs: 2, reruns: 1, landed: [0], evicted: [] })
  })

  it('evicts the later of two candidates that fail together', () => {
    expect(playMergeQueue({ contenders: contenders(4), failTogether: [[1, 3]], ...together })).toMatchObject({
      landed: [0, 1, 2],
      evicted: [3],
    })
  })

  it('puts off a candidate that conflicts with an earlier one, and does not blame it if that one leaves', () => {
    const rules: GameRules = { contenders: contenders(3, 0), conflicts: [[0, 1]], ...together }
    expect(playMergeQueue(rules)).toMatchObject({ evicted: [0], conflicted: [], landed: [1, 2] })
    expect(playMergeQueue({ ...rules, contenders: contenders(3) })).toMatchObject({ conflicted: [1], landed: [0, 2] })
  })

  it('blames nobody for what could not be judged, and continues with the others', () => {
    const rules: GameRules = { contenders: contenders(3, 1), ...together }
    expect(playMergeQueue({ ...rules, errs: (run) => run === 1 })).toMatchObject({ givenUp: [0, 1, 2], evicted: [] })
    // All fail, then the first two could not be judged.
    expect(playMergeQueue({ ...rules, errs: (run) => run === 2 })).toMatchObject({ givenUp: [0, 1], landed: [2] })
  })

  it('judges candidates again if somebody else has moved the tip under them', () => {
    const played = playMergeQueue({ contenders: contenders(3), ...together, movedBefore: (landing) => landing === 1 })
    expect(played).toMatchObject({ runs: 2, landings: [3], landed: [0, 1, 2] })
  })

  it('takes the more urgent candidate first, and of equals the one that came first', () => {
    const urgent = { ...good, priority: -1 }
    expect(playMergeQueue({ contenders: [good, good, urgent], ...together }).landed).toEqual([2, 0, 1])
  })

  it('does nothing until a candidate comes', () => {
    const queue = emptyQueue(16)
    expect(nextStep(queue)).toEqual({ type: 'idle' })
    const candidate = { number: 1, priority: 0 }
    const came = afterOutcome(queue, { type: 'came', candidate })
    expect(nextStep(came)).toEqual({ type: 'build', candidates: [candidate] })
  })
})

const pair = (count: number) => fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([a, b]) => a !== b)
const nth = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }).map((list) => new Set(list))

const world: fc.Arbitrary<GameRules & { readonly chance: number }> = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc
    .record({
      contenders: fc.array(
        fc.record(
          {
            priority: fc.nat(2),
            bad: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
            comesAt: fc.nat(30),
            unwantedAt: fc.nat(60),
          },
          { requiredKeys: ['priority', 'bad', 'comesAt'] },
        ),
        { minLength: count, maxLength: count },
      ),
      failTogether: count > 1 ? fc.array(pair(count), { maxLength: 3 }) : fc.constant([]),
      conflicts: count > 1 ? fc.array(pair(count), { maxLength: 4 }) : fc.constant([]),
      chance: nth,
      errs: nth,
      moved: nth,
      judges: fc.integer({ min: 1, max: 5 }),
      maxTogether: fc.integer({ min: 1, max: 20 }),
    })
    .map(({ chance, errs, moved, ...rules }) => ({
      ...rules,
      chance: chance.size,
      failsByChance: (run) => chance.has(run),
      errs: (run) => errs.has(run),
      movedBefore: (landing) => moved.has(landing),
    })),
)

const runs = { numRuns: 2000 }

describe('whatever the candidates and the gates do', () => {
  it('every candidate lands, or leaves for a reason, once, also one that nobody wants any more; and the queue comes to rest', () => {
    fc.assert(
      fc.property(world, (rules) => {
        const { landed, evicted, conflicted, givenUp, withdrawn } = playMergeQueue(rules)
        const all = [...landed, ...evicted, ...conflicted, ...givenUp, ...withdrawn].sort((a, b) => a - b)
        expect(all).toEqual(rules.contenders.map((_, number) => number))
        for (const number of withdrawn) expect(rules.contenders[number]!.unwantedAt).toBeDefined()
      }),
      runs,
    )
  })

  it('the target only ever moves to a tree whose last verdict is passed', () => {
    fc.assert(
      fc.property(world, (rules) => {
        for (const head of playMergeQueue(rules).heads) expect(head).toBe('passed')
      }),
      runs,
    )
  })

  it('no tree is judged twice, except once more before an eviction', () => {
    fc.assert(
      fc.property(world, (rules) => {
        const { judged, reruns } = playMergeQueue(rules)
        const twice = [...judged.values()].filter((times) => times > 1)
        expect(twice.every((times) => times === 2)).toBe(true)
        expect(twice.length).toBeLessThanOrEqual(reruns)
      }),
      runs,
    )
  })

  it('no candidate lands before an earlier one, unless that was put off or came during the judgement', () => {
    fc.assert(
      fc.property(world, (rules) => {
        const all = rules.contenders.map((each) => ({ ...each, comesAt: 0 }))
        const { passedOver, putOff } = playMergeQueue({ ...rules, contenders: all })
        for (const number of passedOver.flat()) expect(putOff).toContain(number)
      }),
      runs,
    )
  })

  it('only failing candidates are evicted: the bad ones, and the later of pairs that fail together', () => {
    fc.assert(
      fc.property(world, (rules) => {
        const { evicted, landed } = playMergeQueue(rules)
        const { contenders: all, failTogether = [] } = rules
        for (const number of landed) expect(all[number]!.bad).toBe(false)
        for (const number of evicted) {
          const partners = failTogether.flatMap((two) => (two.includes(number) ? two : []))
          expect(all[number]!.bad || partners.some((partner) => landed.includes(partner))).toBe(true)
        }
      }),
      runs,
    )
  })

  it('the order is total', () => {
    const queued = fc.record({ number: fc.nat(9), priority: fc.nat(3) })
    fc.assert(
      fc.property(queued, queued, (a, b) => {
        expect(compareQueued(a, b) + compareQueued(b, a)).toBe(0)
        expect(compareQueued(a, b) === 0).toBe(a.number === b.number && a.priority === b.priority)
      }),
    )
  })
})
