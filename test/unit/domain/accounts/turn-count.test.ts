import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addUsage, noUsage, withCost, type Usage } from '../../../../src/domain/agent/agent-event.js'
import { addCounted, costByRate } from '../../../../src/domain/run/agent-spending.js'
import { noBaseline, type Baseline } from '../../../../src/domain/accounts/counted.js'
import { countTurn, type Pricing, type TurnUse } from '../../../../src/domain/accounts/turn-count.js'

/** A cent for each input, so that sums are exact and an estimate is right. */
const pricing: Pricing = { byPrice: () => undefined, byRate: ({ inputTokens }) => inputTokens }
const blind: Pricing = { byPrice: () => undefined, byRate: () => undefined }

interface Turn {
  /** Inputs before and after the total that it reports. */
  readonly before: number
  readonly after: number
  readonly tells: boolean
  readonly ends: 'itself' | 'TERM' | 'KILL' | 'unseen_saved' | 'unseen_lost'
}

const turns = fc.array(
  fc.record<Turn>({
    before: fc.integer({ min: 1, max: 1000 }),
    after: fc.nat(1000),
    tells: fc.boolean(),
    ends: fc.constantFrom('itself', 'TERM', 'KILL'),
  }),
  { minLength: 1, maxLength: 8 },
)

const spent = (inputTokens: number): Usage => ({
  inputTokens,
  cachedInputTokens: 0,
  outputTokens: 0,
  costUsd: inputTokens,
})

/** A CLI as recorded: its totals continue from what it saved, at its end but not when it is killed. */
function play(course: readonly Turn[], prices: Pricing): { readonly counted: Usage; readonly real: number } {
  let saved = 0
  let real = 0
  let counted: Usage = noUsage
  let baseline: Baseline = noBaseline
  for (const { before, after, tells, ends } of course) {
    // A turn that ends by itself reports its total last.
    const rest = ends === 'itself' ? 0 : after
    const told = tells || ends === 'itself'
    const reported = withCost(spent(before + rest), undefined)
    const use: TurnUse = {
      total: told ? spent(saved + before) : noUsage,
      reported,
      unsettled: told ? withCost(spent(rest), undefined) : reported,
      answered: true,
      count: ends === 'KILL' ? 'lost' : ends.startsWith('unseen') ? 'unseen' : 'saved',
    }
    const turn = countTurn(use, baseline, prices)
    counted = addCounted(counted, turn)
    baseline = turn.after
    real += before + rest
    if (ends !== 'KILL' && ends !== 'unseen_lost') saved += before + rest
  }
  return { counted, real }
}

describe('the count of what the turns of a conversation used', () => {
  it('is what they used, whatever ended each of them, with nothing counted twice', () => {
    fc.assert(
      fc.property(turns, (course) => {
        const { counted, real } = play(course, pricing)
        expect(counted.inputTokens).toBe(real)
        expect(counted.costUsd).toBe(real)
      }),
    )
  })

  it('is what they used even if nobody saw whether the CLI could save its own count', () => {
    const unseen = fc.constantFrom<Turn['ends']>('unseen_saved', 'unseen_lost')
    fc.assert(
      fc.property(turns, unseen, fc.nat(7), (course, ends, at) => {
        const { counted, real } = play(
          course.map((turn, index) => (index === at % course.length ? { ...turn, ends } : { ...turn, ends: 'itself' })),
          pricing,
        )
        expect(counted).toMatchObject({ inputTokens: real, costUsd: real })
      }),
    )
  })

  it('holds an estimate at the end of a turn that TERM ended, until the next total replaces it', () => {
    const course: readonly Turn[] = [
      { before: 100, after: 0, tells: true, ends: 'itself' },
      { before: 200, after: 0, tells: false, ends: 'TERM' },
      { before: 50, after: 0, tells: true, ends: 'itself' },
    ]
    expect(play(course, blind).counted).toMatchObject({ inputTokens: 350, costUsd: 350 })
  })

  it('lacks the cost of a killed turn that nothing reports, and says so', () => {
    const use: TurnUse = {
      ...{ total: noUsage, answered: true, count: 'lost' },
      ...{ reported: withCost(spent(70), undefined), unsettled: withCost(spent(70), undefined) },
    }
    const turn = countTurn(use, { total: spent(100) }, blind)
    expect(turn).toEqual({
      usage: { inputTokens: 70, cachedInputTokens: 0, outputTokens: 0 },
      estimated: true,
      unknown: ['usd'],
      after: { total: spent(100) },
    })
  })

  it('is unknown, not 0, where a total has no cost or no tokens', () => {
    const use: TurnUse = { total: noUsage, reported: noUsage, unsettled: noUsage, answered: true, count: 'saved' }
    expect(countTurn(use, noBaseline, blind).unknown).toEqual(['usd', 'tokens'])
    expect(countTurn({ ...use, total: withCost(noUsage, 1) }, noBaseline, blind).unknown).toEqual(['tokens'])
    expect(countTurn({ ...use, total: withCost(spent(5), undefined) }, noBaseline, blind).unknown).toEqual(['usd'])
    expect(countTurn({ ...use, answered: false }, noBaseline, blind).unknown).toBeUndefined()
  })

  it('is the sum of the calls, and no estimate, where the CLI tells the cost of each and no total', () => {
    const use: TurnUse = { total: noUsage, reported: spent(7), unsettled: spent(7), answered: true, count: 'saved' }
    const first = countTurn(use, noBaseline, blind)
    expect([first.usage, first.estimated, first.unknown]).toEqual([spent(7), undefined, undefined])
    const second = countTurn({ ...use, reported: spent(3), unsettled: spent(3) }, first.after, blind)
    expect(addCounted(first.usage, second)).toEqual(spent(10))
  })

  it('takes a cost that one total lacked from the next', () => {
    const silent: TurnUse = {
      ...{ total: withCost(spent(5), undefined), answered: true, count: 'saved' },
      ...{ reported: noUsage, unsettled: noUsage },
    }
    const first = countTurn(silent, noBaseline, blind)
    const second = countTurn({ ...silent, total: spent(9) }, first.after, blind)
    expect(addCounted(addCounted(noUsage, first), second)).toEqual(spent(9))
    expect(second.replaces).toEqual([{ usage: noUsage, unknown: ['usd'] }])
  })
})

describe('the rate of a model', () => {
  it('weighs kinds of tokens by their prices', () => {
    const usage = { inputTokens: 1000, cachedInputTokens: 900, outputTokens: 10 }
    expect(costByRate(usage, { usd: 1, weight: 100 + 90 + 50 })).toBeCloseTo(1)
    expect(costByRate(addUsage(usage, usage), undefined)).toBeUndefined()
  })
})
