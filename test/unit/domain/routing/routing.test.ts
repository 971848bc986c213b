import { describe, expect, it } from 'vitest'
import {
  formatProviderModel,
  parseProviderModel,
  type ProviderModel,
} from '../../../../src/domain/agent/provider-model.js'
import {
  choose,
  tiersFor,
  type ProviderLoad,
  type RoutePolicy,
  type RouteRequest,
} from '../../../../src/domain/routing/routing.js'
import { complexityOf } from '../../../../src/domain/roadmap/task.js'

const policy: RoutePolicy = {
  routes: { complex: [parseProviderModel('claude:opus'), parseProviderModel('gemini')] },
  usable: ['claude', 'codex', 'extra'],
  providers: [{ provider: 'codex' }, { provider: 'claude', model: 'haiku' }],
  ordered: true,
}

/** The tiers as text: tiers by `>`, equals by `|`. */
function tiers(request: Partial<RouteRequest>, more: Partial<RoutePolicy> = {}): string {
  const found = tiersFor({ complexity: 'moderate', ...request }, { ...policy, ...more })
  return found.map((tier) => tier.map(formatProviderModel).join('|')).join(' > ')
}

describe('tiers', () => {
  it('follow the order of the providers, one by one if the order was chosen, all equal if not', () => {
    expect(tiers({})).toBe('codex > claude:haiku')
    expect(tiers({}, { ordered: false })).toBe('codex|claude:haiku')
    expect(tiers({}, { providers: [] })).toBe('')
  })

  it('begin with the usable part of the route, and continue with the providers that are not on it', () => {
    expect(tiers({ complexity: 'complex' })).toBe('claude:opus > codex')
    expect(tiers({ complexity: 'complex' }, { usable: ['codex'] })).toBe('codex > claude:haiku')
    expect(tiers({ complexity: 'complex' }, { ordered: false, providers: [{ provider: 'claude' }] })).toBe(
      'claude:opus',
    )
  })

  it('are only what the task asks for', () => {
    expect(tiers({ providers: ['claude'], complexity: 'complex' })).toBe('claude:haiku')
    expect(tiers({ providers: ['claude'], model: 'opus' })).toBe('claude:opus')
    expect(tiers({ providers: ['extra'] })).toBe('extra')
    expect(tiers({ providers: ['extra'], model: 'm' })).toBe('extra:m')
    expect(tiers({ providers: ['gemini'] })).toBe('')
  })

  it('are those that the task names, in its order, as far as they are usable', () => {
    expect(tiers({ providers: ['codex', 'claude'] })).toBe('codex > claude:haiku')
    expect(tiers({ providers: ['gemini', 'extra', 'codex'], model: 'm' })).toBe('extra:m > codex:m')
  })

  it('take the model that the task asks for', () => {
    expect(tiers({ model: 'm', complexity: 'complex' })).toBe('claude:m > codex:m')
  })

  it('are exactly the one that a conversation began with, whatever routes and models say', () => {
    expect(tiers({ exactly: { provider: 'claude' }, complexity: 'complex' })).toBe('claude')
    expect(tiers({ exactly: { provider: 'claude', model: 'opus' } })).toBe('claude:opus')
    expect(tiers({ exactly: { provider: 'gemini' } })).toBe('')
  })

  it('of a run command are only that, whatever is usable', () => {
    expect(tiers({ providers: ['command'] }, { usable: [], providers: [] })).toBe('command')
  })
})

describe('choosing', () => {
  const [a, b, c]: [ProviderModel, ProviderModel, ProviderModel] = [
    { provider: 'a' },
    { provider: 'b' },
    { provider: 'c' },
  ]
  const chosen = (from: ProviderModel[][], loads: Record<string, Partial<ProviderLoad>>) =>
    choose(from, ({ provider }) => ({ busy: 0, available: true, ...loads[provider] }))?.provider

  it('takes the first tier that has one available, however busy it is', () => {
    expect(chosen([[a], [b]], { a: { busy: 9 } })).toBe('a')
    expect(chosen([[a], [b]], { a: { available: false } })).toBe('b')
    expect(chosen([[a], []], { a: { available: false } })).toBeUndefined()
    expect(chosen([], {})).toBeUndefined()
  })

  it('takes the least busy of a tier, and the first of equals', () => {
    expect(chosen([[a, b, c]], { a: { busy: 2 }, b: { busy: 1 }, c: { busy: 1 } })).toBe('b')
    expect(chosen([[a, b, c]], { a: { busy: 0, available: false }, b: { busy: 2 }, c: { busy: 1 } })).toBe('c')
  })
})

describe('a provider and its model', () => {
  it.each([
    ['claude', { provider: 'claude' }],
    ['claude:opus', { provider: 'claude', model: 'opus' }],
    ['opencode:local/qwen:7b', { provider: 'opencode', model: 'local/qwen:7b' }],
  ])('are written and read as %s', (text, offer) => {
    expect(parseProviderModel(text)).toEqual(offer)
    expect(formatProviderModel(offer)).toBe(text)
  })
})

describe('complexity', () => {
  it('maps the scale of roadmaps to three classes', () => {
    expect([undefined, 1, 3, 3.5, 4, 6, 7, 10].map(complexityOf)).toEqual([
      ...(['moderate', 'simple', 'simple', 'moderate', 'moderate', 'moderate', 'complex', 'complex'] as const),
    ])
  })
})
