import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochMs } from '../../../support/brands.js'
import type { AgentEvent } from '../../../../src/domain/agent/agent-event.js'
import {
  applyAgentEvent,
  isFinal,
  judgeProcess,
  noEvidence,
  unfinishedWork,
} from '../../../../src/domain/agent/attempt.js'
import type { BackgroundChange } from '../../../../src/domain/agent/background.js'

const begin: AgentEvent = { type: 'session', sessionId: 's' }
const success: AgentEvent = { type: 'result', turns: 2 }
const told = (change: BackgroundChange): AgentEvent => ({ type: 'background', change })
const started = (id: string) => told({ type: 'started', id, what: `work ${id}` })
const ended = (id: string, through: boolean) => told({ type: 'ended', id, through })
const from = (...events: AgentEvent[]) => events.reduce(applyAgentEvent, noEvidence)
const zero = { type: 'code', code: 0 } as const
const judged = (...events: AgentEvent[]) => judgeProcess(zero, from(...events), undefined)?.kind

describe('the end of a turn', () => {
  it('is final when nothing runs in the background', () => {
    expect(isFinal(from(begin, success))).toBe(true)
    expect(isFinal(from(begin))).toBe(false)
  })

  it('is not final while background work lives, nor once another turn has begun', () => {
    expect(isFinal(from(begin, started('a'), success))).toBe(false)
    expect(isFinal(from(begin, started('a'), success, ended('a', true)))).toBe(true)
    expect(isFinal(from(begin, started('a'), success, ended('a', true), begin))).toBe(false)
  })

  it('is not final without a turn of its own', () => {
    expect(isFinal(from(begin, { type: 'result', turns: 0 }))).toBe(false)
    expect(isFinal(from(begin, { type: 'result', turns: 0 }, success))).toBe(true)
  })

  it('is not final before the wake-up that the agent planned', () => {
    const planned: AgentEvent[] = [begin, told({ type: 'wake_up_scheduled', at: epochMs(5) }), success]
    expect(isFinal(from(...planned))).toBe(false)
    expect(isFinal(from(...planned, told({ type: 'wake_up_came', at: epochMs(5) }), begin, success))).toBe(true)
  })
})

describe('a process that ended with success and exit code 0', () => {
  it.each<[string, AgentEvent[], string | undefined]>([
    [
      'whose work was through, and dealt with',
      [begin, started('a'), success, ended('a', true), begin, success],
      undefined,
    ],
    ['whose work failed by itself', [begin, started('a'), ended('a', true), success], undefined],
    ['that left work running', [begin, started('a'), success], 'unfinished'],
    ['whose work was stopped after its result', [begin, started('a'), success, ended('a', false)], 'unfinished'],
    ['whose work was stopped, with no turn after', [begin, started('a'), ended('a', false), success], 'unfinished'],
    [
      'whose work was stopped, with a turn after',
      [begin, started('a'), success, ended('a', false), begin, success],
      undefined,
    ],
    [
      'which stopped its work itself',
      [begin, started('a'), told({ type: 'unwanted', id: 'a' }), ended('a', false), success],
      undefined,
    ],
    [
      'of which an earlier process had left work',
      [ended('old', false), begin, { type: 'result', turns: 0 }, begin, success],
      undefined,
    ],
    ['which says that it waits', [begin, { type: 'result', waitsFor: 'background_requested' }], 'unfinished'],
    ['whose wake-up never came', [begin, told({ type: 'wake_up_scheduled', at: epochMs(5) }), success], 'unfinished'],
    ['in the middle of a second turn', [begin, started('a'), success, ended('a', true), begin], 'crash'],
  ])('%s', (_, events, kind) => {
    expect(judged(...events)).toBe(kind)
  })

  it('is distinguished from a failed one, whatever it left', () => {
    const failed: AgentEvent = { type: 'result', failure: { kind: 'overloaded', message: 'no' } }
    expect(judged(begin, started('a'), failed)).toBe('overloaded')
  })
})

it('background work that never ended and had to be ended is unfinished, even if the CLI calls it finished', () => {
  const end = judgeProcess(zero, from(begin, started('a'), success, ended('a', true)), 'background_timeout')
  expect(end).toMatchObject({ kind: 'unfinished', detail: 'background work' })
})

it('a stream that reports more and more work does not fill the memory', () => {
  const many = Array.from({ length: 3_000 }, (_, number) => started(String(number)))
  expect(from(...many).background.live.size).toBe(1_000)
})

describe('whatever a stream reports', () => {
  const ids = fc.constantFrom('a', 'b', 'c')
  const event = fc.oneof<fc.Arbitrary<AgentEvent>[]>(
    ids.map(started),
    fc.tuple(ids, fc.boolean()).map(([id, through]) => ended(id, through)),
    ids.map((id) => told({ type: 'unwanted', id })),
    fc.array(ids).map((list) => told({ type: 'listed', tasks: list.map((id) => ({ id, what: id })) })),
    fc.constant(begin),
    fc.constant(success),
  )

  it('an end is good only when nothing runs, and when each stop was asked for or dealt with', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const evidence = from(...events)
        const isGood = judgeProcess(zero, evidence, undefined) === undefined
        if (!isGood) return
        expect(evidence.background.live.size).toBe(0)
        expect(unfinishedWork(evidence)).toEqual([])
        // What came after the last stop that nobody asked for: a turn that began and ended.
        const live = new Set<string>()
        let since: AgentEvent[] | undefined
        const wanted = new Set<string>()
        for (const one of events) {
          const change = one.type === 'background' ? one.change : undefined
          if (change?.type === 'started') live.add(change.id)
          if (change?.type === 'unwanted') wanted.add(change.id)
          if (change?.type === 'listed') {
            live.clear()
            change.tasks.forEach(({ id }) => live.add(id))
          }
          if (change?.type === 'ended' && live.delete(change.id) && !change.through && !wanted.has(change.id))
            since = []
          else since?.push(one)
        }
        if (!since) return
        const turn = since.findIndex(({ type }) => type === 'session')
        expect(turn).toBeGreaterThanOrEqual(0)
        expect(since.slice(turn).some(({ type }) => type === 'result')).toBe(true)
      }),
    )
  })
})
