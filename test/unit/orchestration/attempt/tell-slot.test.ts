import { expect, test } from 'vitest'
import { noBaseline } from '../../../../src/domain/accounts/counted.js'
import { createSlotLeftovers } from '../../../../src/orchestration/agent/slot-leftovers.js'
import { withSlotTold } from '../../../../src/orchestration/attempt/tell-slot.js'
import type { HeldTurn } from '../../../../src/orchestration/attempt/turn.js'
import { defer } from '../../../support/fakes/agent-connection.js'

const conversation = { sessionId: 's', used: noBaseline }

function turnOn(slot: string, more: Partial<HeldTurn> = {}): HeldTurn {
  return {
    slot: { agent: { id: slot, provider: 'claude' }, release: () => undefined },
    prompt: 'Go.\n',
    ...more,
  }
}

test('a conversation that continues on another slot is told the new values; on its own slot, or when it begins, it is told nothing', () => {
  const settings = {
    numbering: { templates: { DATABASE_URL: 'app_{{slot}}', LOG: '{{task}}' }, ports: [20000, 20010, 20020] },
  }
  const told = {}
  expect(withSlotTold(settings, told, turnOn('slot-2')).prompt).toBe('Go.\n')
  expect(withSlotTold(settings, told, turnOn('slot-2', { resumes: conversation })).prompt).toBe('Go.\n')
  const { prompt } = withSlotTold(settings, told, turnOn('slot-3', { resumes: conversation }))
  expect(prompt).toContain('Go.\n\n## Your environment has changed\n')
  expect(prompt).toContain('From now on, AUTOPILOT_SLOT is 3, AUTOPILOT_PORT is 20020.')
  expect(prompt).toContain('so they have changed, too: DATABASE_URL.')
  expect(withSlotTold(settings, told, turnOn('slot-3', { resumes: conversation })).prompt).toBe('Go.\n')
  expect(withSlotTold(settings, told, turnOn('slot-1')).prompt).toBe('Go.\n')
})

test('a conversation of an earlier run, whose slot is unknown, is told its values', () => {
  expect(withSlotTold({}, {}, turnOn('slot-1', { resumes: conversation })).prompt).toContain('AUTOPILOT_SLOT is 1')
})

test('an agent begins once nothing is left of the previous one on its slot; on another slot it begins at once', async () => {
  const leftovers = createSlotLeftovers()
  const left = defer<undefined>()
  const order: string[] = []
  leftovers.began(
    'slot-1',
    left.promise.then(() => order.push('gone')),
  )
  const next = leftovers.over('slot-1').then(() => order.push('begun'))
  await leftovers.over('slot-2')
  expect(order).toEqual([])
  left.resolve(undefined)
  await next
  expect(order).toEqual(['gone', 'begun'])
  await leftovers.over('slot-1')
})
