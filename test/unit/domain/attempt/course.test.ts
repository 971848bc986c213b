import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureKinds } from '../../../../src/domain/agent/failure.js'
import { isFinished, type Begun, type Course, type State } from '../../../../src/domain/attempt/course.js'
import { CourseGame, type World } from '../../../support/games/course-game.js'

const kinds = fc.constantFrom(...failureKinds.filter((kind) => kind !== 'canceled'))

function worldOf(kind: typeof kinds, by: readonly World['verdicts'][number]['by'][]): fc.Arbitrary<World> {
  return fc.record({
    agents: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: kind }), {
      minLength: 1,
      maxLength: 8,
    }),
    verdicts: fc.array(
      fc.record({
        by: fc.constantFrom(...by),
        kind: fc.oneof({ weight: 3, arbitrary: fc.constant('gate_failed' as const) }, { weight: 2, arbitrary: kind }),
        base: fc.constantFrom('own', 'own', 'repair', 'judge_again', 'over'),
      }),
      { maxLength: 8 },
    ),
    slots: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat(6) }),
  })
}

const world = worldOf(kinds, ['judge', 'review', 'land', 'nobody', 'nothing_changed', 'refused'])

/** As the journal has it: what is being judged, reviewed or kept out is judged again. */
function told(course: Course): unknown {
  const { state, sessionId, ...rest } = course as Begun
  // The journal names the conversation of an agent at work; its driver learns it at the end.
  const conversation = state.type === 'working' ? undefined : sessionId
  return { ...rest, conversation, state: toldState(state) }
}

function toldState(state: State): unknown {
  if (isFinished(state)) return 'finished'
  if (state.type === 'unfinished') return state.reason
  if (state.type === 'repairing') return 'well'
  if (state.type === 'collecting') return state.failure ?? 'well'
  if (state.type === 'queued') return state.lost
  return state.type
}

describe('the course of an attempt', () => {
  it('brings a task to one end, whatever happens on the way, and counts no attempt twice', () => {
    fc.assert(
      fc.property(world, (facts) => {
        const game = new CourseGame(facts)
        game.finish()
        expect(new Set(game.spent).size).toBe(game.spent.length)
        expect(game.spent.length).toBeLessThanOrEqual(3)
        expect(game.landed).toBeLessThanOrEqual(1)
        if (game.landed > 0) expect(game.ended).toBe('done')
      }),
      { numRuns: 500 },
    )
  })

  it('can be read whole from the journal at every moment', () => {
    fc.assert(
      fc.property(world, (facts) => {
        const game = new CourseGame(facts)
        const isOver = () => game.ended !== undefined
        while (!isOver()) {
          game.play()
          const { state } = game.course
          if (isOver()) break
          if ('agent' in game.course && state.type !== 'ended')
            expect(told(game.progress.course!)).toEqual(told(game.course))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('comes to an end from any prefix of a journal', () => {
    fc.assert(
      fc.property(world, fc.nat(60), fc.nat(60), (facts, steps, kept) => {
        const game = new CourseGame(facts)
        for (let left = steps; left > 0; left--) game.play()
        game.resume(Math.min(kept, game.records.length))
        game.finish()
        expect(game.landed).toBeLessThanOrEqual(1)
        expect(new Set(game.spent).size).toBe(game.spent.length)
      }),
      { numRuns: 500 },
    )
  })

  it('comes to the same end by the same turns, interrupted or not, if the interruptions lose nothing', () => {
    const plain = fc.constantFrom('crash', 'timeout', 'turn_limit', 'unfinished', 'auth', 'gate_failed', 'conflict')
    const moments = fc.array(fc.boolean(), { maxLength: 80 })
    fc.assert(
      fc.property(worldOf(plain, ['judge', 'review', 'land', 'nobody']), moments, (facts, interrupted) => {
        const lasting = { ...facts, slots: 1000, verdicts: facts.verdicts.filter(({ base }) => base !== 'judge_again') }
        const whole = new CourseGame(lasting)
        whole.finish()
        const game = new CourseGame(lasting)
        for (const isInterrupted of interrupted) {
          game.play()
          if (isInterrupted && !game.ended && mayBeInterrupted(game.course.state)) game.resume()
        }
        game.finish()
        const outcome = ({ ended, spent, landed, agents }: CourseGame) => ({ ended, spent, landed, agents })
        expect(outcome(game)).toEqual(outcome(whole))
      }),
      { numRuns: 500 },
    )
  })

  it('comes to its end soon once its task is canceled, lands nothing more, and goes on from there when it is named', () => {
    fc.assert(
      fc.property(world, fc.nat(40), (facts, steps) => {
        const game = new CourseGame(facts)
        for (let step = 0; step < steps; step++) game.play()
        const before = { landed: game.landed, ended: game.ended }
        game.cancel()
        const from = game.steps.length
        game.finish()
        expect(game.landed).toBe(before.landed)
        // One whose agent had nothing to change was about to be done.
        const ends = before.landed > 0 ? ['done'] : ['held', ...(game.hasChangedNothing ? ['done'] : [])]
        expect(before.ended ? [before.ended] : ends).toContain(game.ended)
        // An agent that runs is ended, its work collected, and that is all.
        expect(game.steps.length - from).toBeLessThanOrEqual(5)
        const { kept } = game
        game.resume()
        game.finish()
        expect(game.kept.length).toBeGreaterThanOrEqual(kept.length)
        expect(game.landed).toBeLessThanOrEqual(1)
      }),
      { numRuns: 500 },
    )
  })
})

/** An agent that had not ended well ends with the run; the next attempt begins, and that one is not counted. */
function mayBeInterrupted(state: State): boolean {
  return state.type !== 'unfinished' && !(state.type === 'collecting' && state.failure) && state.type !== 'ended'
}
