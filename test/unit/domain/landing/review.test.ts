import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId, treeId } from '../../../support/brands.js'
import {
  formatProviderModel,
  parseProviderModel,
  type ProviderModel,
} from '../../../../src/domain/agent/provider-model.js'
import { nextReviewer, reviewersFor, reviewKey, type Review } from '../../../../src/domain/landing/review.js'

const names = ['claude', 'codex', 'gemini', 'command']
const reviewer = fc.record(
  { provider: fc.constantFrom('claude', 'codex', 'gemini'), model: fc.constantFrom('big', 'small') },
  { requiredKeys: ['provider'] },
)
const situation = fc.record({
  reviewers: fc.array(reviewer, { minLength: 1, maxLength: 4 }),
  author: fc.constantFrom(...names),
  usable: fc.uniqueArray(fc.constantFrom(...names)),
})

/** As text, in order. */
function candidates(reviewers: readonly string[], author: string, usable: readonly string[]): string {
  const found = reviewersFor({ reviewers: reviewers.map(parseProviderModel) }, author, usable)
  return found.map(formatProviderModel).join(' > ')
}

describe('the possible reviewers', () => {
  it('are those that the review names, then the other usable ones with their default models', () => {
    expect(candidates(['codex:o9'], 'claude', ['claude', 'codex', 'gemini'])).toBe('codex:o9 > gemini')
    expect(candidates(['gemini', 'codex'], 'claude', ['claude', 'codex', 'gemini'])).toBe('gemini > codex')
    expect(candidates(['claude:opus'], 'claude', ['claude', 'codex'])).toBe('codex')
    expect(candidates(['claude:opus', 'codex'], 'command', ['codex', 'claude'])).toBe('claude:opus > codex')
  })

  it('are the author’s own provider only when nothing else is usable, with the model that the review names', () => {
    expect(candidates(['claude:opus'], 'claude', ['claude'])).toBe('claude:opus')
    expect(candidates(['codex'], 'claude', ['claude', 'command'])).toBe('claude')
    expect(candidates(['codex'], 'claude', ['command'])).toBe('')
  })

  it('are usable, never a command, never the author while another is usable, and never nobody without need', () => {
    fc.assert(
      fc.property(situation, ({ reviewers, author, usable }) => {
        const found = reviewersFor({ reviewers }, author, usable)
        const agents = usable.filter((name) => name !== 'command')
        const others = agents.filter((name) => name !== author)
        expect(new Set(found.map(({ provider }) => provider))).toEqual(new Set(others.length > 0 ? others : agents))
        const isNamed = (one: ProviderModel) =>
          reviewers.some((wanted) => formatProviderModel(wanted) === formatProviderModel(one))
        for (const one of found) if (one.model !== undefined) expect(isNamed(one)).toBe(true)
      }),
    )
  })
})

describe('the next reviewer', () => {
  it('is the one that was asked least, so that another provider has its turn before one is asked again', () => {
    fc.assert(
      fc.property(situation, fc.nat(5), ({ reviewers, author, usable }, rounds) => {
        const found = reviewersFor({ reviewers }, author, usable)
        const tried: ProviderModel[] = []
        for (let round = 0; round < rounds; round++) {
          const next = nextReviewer(found, tried)
          if (!next) break
          tried.push(next)
        }
        expect(tried).toHaveLength(found.length === 0 ? 0 : rounds)
        const counts = [...new Set(found.map(({ provider }) => provider))].map(
          (name) => tried.filter(({ provider }) => provider === name).length,
        )
        if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        if (tried[0]) expect(tried[0]).toEqual(found[0])
      }),
    )
  })

  it('is another model of the provider before the same one again', () => {
    const models = ['claude:opus', 'claude:sonnet'].map(parseProviderModel)
    expect(nextReviewer(models, [models[0]!])).toEqual(models[1])
  })
})

it('a verdict holds for one tree, task, list of criteria and reviewer', () => {
  const review: Review = { name: 'r', reviewers: [], criteria: ['a'], timeoutMs: 1 }
  const codex = { provider: 'codex' }
  const key = reviewKey(treeId('t'), taskId('T1'), review, codex)
  expect(reviewKey(treeId('t'), taskId('T1'), { ...review, name: 'other', timeoutMs: 2 }, codex)).toBe(key)
  const others = [
    reviewKey(treeId('u'), taskId('T1'), review, codex),
    reviewKey(treeId('t'), taskId('T2'), review, codex),
    reviewKey(treeId('t'), taskId('T1'), { ...review, criteria: ['a', 'b'] }, codex),
    reviewKey(treeId('t'), taskId('T1'), review, { provider: 'claude' }),
  ]
  expect(new Set([key, ...others]).size).toBe(5)
})
