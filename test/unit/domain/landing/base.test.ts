import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitId, taskId } from '../../../support/brands.js'
import {
  afterBaseEvent,
  baseAt,
  nextDecisions,
  type BaseDecision,
  type BaseEvent,
} from '../../../../src/domain/landing/base.js'
import { playBase, type BaseGameRules, type Brought, type Player } from '../../../support/games/base-game.js'

const agent = (brings: readonly Brought[] = ['good'], more: Partial<Player> = {}): Player => ({
  ...{ priority: 0, isAgent: true, rounds: 2, slots: true, brings },
  ...more,
})
const command = (...brings: readonly Brought[]) => agent(brings, { isAgent: false })

/** The base is red, its verdict comes at once, and everybody acts in the order of the file. */
const red = (players: readonly Player[], more: Partial<BaseGameRules> = {}): BaseGameRules => ({
  ...{ players, slots: 5, isRed: true, judgedAfter: 0, workWaits: false, beginFirst: true, choose: () => 0 },
  ...more,
})

describe('while the base is red', () => {
  it('nothing more begins: of forty running attempts all end, and only the first in order is repaired', () => {
    const players = Array.from({ length: 40 }, () => agent())
    // All five slots are taken before the verdict comes.
    const played = playBase(red(players, { judgedAfter: 5 }))
    expect(played).toMatchObject({ over: true, landed: [], failed: [], mending: [0, 0] })
    expect(played.left).toHaveLength(5)
    expect(played.notBegun).toHaveLength(35)
    expect(played.turns.reduce((sum, turns) => sum + turns)).toBe(7)
  })

  it('the first in order may mend it; then the others land without another turn, and the rest begin', () => {
    const players = [agent(['good', 'mends']), agent(), agent(), agent()]
    const played = playBase(red(players, { slots: 3, judgedAfter: 3 }))
    expect(played).toMatchObject({ over: false, failed: [], left: [], mending: [0], turns: [2, 1, 1, 1] })
    expect(played.landed).toHaveLength(4)
  })

  it('any running attempt may mend it', () => {
    const played = playBase(red([agent(), agent(['mends'])], { judgedAfter: 2, choose: () => 1 }))
    expect(played).toMatchObject({ landed: [1, 0], turns: [1, 1], mending: [] })
  })

  it('the first in order is first by priority, then by its place in the file, not by its arrival', () => {
    const urgent = agent(['good', 'mends'], { priority: -1 })
    expect(playBase(red([agent(), agent(), urgent], { judgedAfter: 3 }))).toMatchObject({
      mending: [2],
      landed: [2, 0, 1],
    })
  })

  it('neither a command nor an attempt that can get no slot can mend it: the next in order does', () => {
    const players = [command('good'), agent(['good'], { slots: false }), agent(['good', 'mends'])]
    expect(playBase(red(players, { judgedAfter: 3 }))).toMatchObject({ mending: [2], over: false, failed: [] })
  })

  it('when the first fails by itself, the next in order takes its place', () => {
    const players = [agent(['good', 'crash']), agent(['good', 'mends'])]
    expect(playBase(red(players, { judgedAfter: 2 }))).toMatchObject({ mending: [0, 1], failed: [0], landed: [1] })
  })

  it('an attempt that also fails a gate of its own is repaired for that, and then waits', () => {
    const players = [agent(['good'], { rounds: 0 }), agent(['bad', 'good'])]
    expect(playBase(red(players, { judgedAfter: 2 }))).toMatchObject({
      turns: [1, 2],
      mending: [],
      failed: [],
      left: [0, 1],
    })
  })

  it('waiting work is judged first when the run is resumed, and costs no turn while the base stays red', () => {
    const before = { before: 'finished', rounds: 0 } as const
    const players = [agent(['good'], before), agent(['good'], before), agent()]
    expect(playBase(red(players, { workWaits: true }))).toMatchObject({ over: true, left: [0, 1], turns: [1, 1, 0] })
    const mended = playBase(red(players, { workWaits: true, isRed: false, judgedAfter: 9 }))
    expect(mended).toMatchObject({ over: false, landed: [0, 1, 2] })
  })

  it('an interrupted conversation continues once all waiting work has been judged', () => {
    const players = [agent(['good'], { before: 'finished', rounds: 0 }), agent(['mends'], { before: 'interrupted' })]
    expect(playBase(red(players, { workWaits: true }))).toMatchObject({ over: false, landed: [1, 0], turns: [1, 1] })
  })

  it('a commit from outside may mend it', () => {
    const players = [agent(), agent()]
    const rules = red(players, { judgedAfter: 2, movedAfter: 5 })
    expect(playBase(rules)).toMatchObject({ over: false, failed: [] })
  })
})

describe('without a verdict that the base is red', () => {
  it('a refused attempt pays for the refusal, even if the base passes, and none waits for a verdict once some work has passed', () => {
    const never = 5000
    const players = [agent(['bad'], { rounds: 1 }), agent(['good'])]
    const rules = red(players, { isRed: false, judgedAfter: never, choose: () => 1 })
    expect(playBase(rules)).toMatchObject({ landed: [1], failed: [0], turns: [2, 1] })
    expect(playBase({ ...rules, judgedAfter: 0 })).toMatchObject({ landed: [1], failed: [0], turns: [2, 1] })
  })
})

describe('an attempt that is refused while the base is being judged', () => {
  const atWork = {
    taskId: taskId('a'),
    attempt: 1,
    priority: 0,
    order: 0,
    isAgent: true,
    doing: { type: 'working' },
  } as const
  const keptOut: BaseEvent = {
    type: 'kept_out',
    taskId: taskId('a'),
    by: { gates: ['g'], on: 'tip' },
    repair: 'possible',
  }
  const begun: readonly BaseEvent[] = [
    { type: 'began', attempt: atWork },
    { type: 'judging', tip: commitId('tip') },
    keptOut,
  ]
  const decided = (...more: readonly BaseEvent[]) =>
    nextDecisions([...begun, ...more].reduce(afterBaseEvent, baseAt(commitId('tip'), false))).decisions.get(taskId('a'))

  it.each<[what: string, event: BaseEvent, decision: BaseDecision | undefined]>([
    ['waits for another task', { type: 'ended', taskId: taskId('b') }, undefined],
    ['waits no longer once some work has passed alone', { type: 'passed' }, 'own'],
    ['is judged again when some work has landed', { type: 'moved', to: commitId('next'), passed: true }, 'judge_again'],
    [
      'is judged again when another hand moved the target',
      { type: 'moved', to: commitId('next'), passed: false },
      'judge_again',
    ],
    ['is to blame when the base is not red', { type: 'judged', tip: commitId('tip'), red: [] }, 'own'],
    ['is to blame when the base is red elsewhere', { type: 'judged', tip: commitId('tip'), red: ['h'] }, 'own'],
    ['mends it when it is red', { type: 'judged', tip: commitId('tip'), red: ['g', 'h'] }, 'repair'],
  ])('%s', (_, event, decision) => {
    expect(decided(event)).toBe(decision)
  })
})

const brought = fc.constantFrom<Brought>('mends', 'good', 'good', 'good', 'bad', 'crash')
const players = fc.array(
  fc.record({
    priority: fc.nat(2),
    isAgent: fc.boolean(),
    rounds: fc.nat(3),
    slots: fc.boolean(),
    brings: fc.array(brought, { minLength: 1, maxLength: 4 }),
    before: fc.option(fc.constantFrom('finished' as const, 'interrupted' as const), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 12 },
)
const games = fc
  .record({
    players,
    ...{ slots: fc.integer({ min: 1, max: 5 }), isRed: fc.boolean(), judgedAfter: fc.nat(20), workWaits: fc.boolean() },
    ...{ movedAfter: fc.option(fc.nat(30), { nil: undefined }), movedToRed: fc.boolean() },
    picks: fc.array(fc.nat(11), { minLength: 1 }),
  })
  .map(({ picks, players: all, movedAfter, ...rest }): BaseGameRules => {
    const clean = all.map(({ before, ...player }): Player => (before === undefined ? player : { ...player, before }))
    const moved = movedAfter === undefined ? {} : { movedAfter }
    return { ...rest, ...moved, players: clean, choose: (step) => picks[step % picks.length]! }
  })

/** Games in which nobody else moves the target. */
const alone = games.map((rules): BaseGameRules => {
  const mine = { ...rules }
  delete mine.movedAfter
  return mine
})

describe('over random runs', () => {
  it('no attempt waits forever, is blamed for the base, or is judged again on the same base', () => {
    fc.assert(
      fc.property(games, (rules) => {
        expect(playBase(rules).wrong).toEqual([])
      }),
      { numRuns: 3000 },
    )
  })

  it('every attempt lands, fails by its own fault, waits on its ref or has not begun, once each', () => {
    fc.assert(
      fc.property(games, (rules) => {
        const { landed, failed, left, notBegun } = playBase(rules)
        const all = [...landed, ...failed, ...left, ...notBegun].sort((a, b) => a - b)
        expect(all).toEqual(rules.players.map((_, id) => id))
      }),
      { numRuns: 2000 },
    )
  })

  it('one attempt is repaired for the sake of the base, and another only once that one has failed by itself', () => {
    fc.assert(
      fc.property(alone, (rules) => {
        const all = rules.players.map((player) => ({ ...player, slots: true }))
        const { mending, failed, turns } = playBase({ ...rules, players: all, isRed: true })
        const who = [...new Set(mending)]
        expect(failed).toEqual(expect.arrayContaining(who.slice(0, -1)))
        all.forEach(({ rounds }, id) => expect(turns[id]!).toBeLessThanOrEqual(1 + rounds))
      }),
      { numRuns: 3000 },
    )
  })

  it('the run ends early only if the base is red; otherwise all work lands that can', () => {
    fc.assert(
      fc.property(alone, (rules) => {
        const played = playBase({ ...rules, isRed: false })
        expect([played.over, played.left, played.notBegun, played.mending]).toEqual([false, [], [], []])
      }),
      { numRuns: 1000 },
    )
  })
})
