import fc from 'fast-check'
import { expect, test } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { filledIn, madeOfNumbers, maskTemplates } from '../../../../src/domain/secrets/env-template.js'
import { createMask, noMask } from '../../../../src/domain/secrets/mask.js'
import { fillPlaceholders, placeholdersIn } from '../../../../src/domain/secrets/placeholder.js'
import { nameOfTask, slotId, slotNumber, variablesOf } from '../../../../src/domain/agent/work-number.js'

const decoder = new TextDecoder()

test('a placeholder, even with spaces in it, becomes its value; what is not one of the names stays as it is', () => {
  const ports = [20000, 20010, 20020, 20040]
  const templates = {
    URL: 'http://localhost:{{port}}/',
    DB: 'app_{{slot}}',
    DIR: '/tmp/{{ task }}/{{slot}}',
    FORMAT: '{{json .}} {{slots}} {slot}',
  }
  expect(filledIn({ templates, ports }, { number: 3, taskId: taskId('api') })).toEqual({
    ...{ URL: 'http://localhost:20020/', DB: 'app_3', DIR: '/tmp/api/3', FORMAT: '{{json .}} {{slots}} {slot}' },
  })
  expect(filledIn({ templates, ports }, { number: 4 })).toMatchObject({ DIR: '/tmp/base/4' })
  expect([placeholdersIn('{{slot}}{{task}}{{slot}}'), placeholdersIn('{{ slots }}')]).toEqual([['slot', 'task'], []])
  expect(madeOfNumbers(templates)).toEqual(['URL', 'DB', 'DIR'])
})

test('a filled-in value is never read as a placeholder again, nor as a pattern', () => {
  const hostile = fc.constantFrom('{{slot}}', '$&', '$1', '{{', 'a')
  fc.assert(
    fc.property(hostile, (task) => {
      expect(fillPlaceholders('<{{task}}|{{slot}}>', { slot: '7', port: '', task })).toBe(`<${task}|7>`)
    }),
  )
})

test('a task’s name leads out of no directory, and two ids have two names', () => {
  expect(nameOfTask(taskId('API-1_b'))).toBe('API-1_b')
  fc.assert(
    fc.property(fc.string({ maxLength: 30, unit: 'binary' }), (id) => {
      expect(nameOfTask(taskId(id))).toMatch(/^[A-Za-z0-9][\w-]*$/)
    }),
  )
  expect(nameOfTask(taskId('../etc'))).not.toBe(nameOfTask(taskId('..-etc')))
})

test('the variables are the number and the task’s id, without control characters; no task, no variable', () => {
  expect(variablesOf({ number: 2, taskId: taskId('1.2 a\u0000b') }, [])).toEqual({
    ...{ AUTOPILOT_SLOT: '2', AUTOPILOT_TASK: '1.2 ab' },
  })
  expect(variablesOf({ number: 2 }, [1, 20010])).toEqual({ AUTOPILOT_SLOT: '2', AUTOPILOT_PORT: '20010' })
  expect(slotNumber(slotId(12))).toBe(12)
})

test('a secret with a placeholder is masked with every number, and with the task of whoever prints it', () => {
  const templates = {
    DB_PASSWORD: 'hunter{{slot}}',
    URL: 'postgres://app:passwd-{{slot}}-x@localhost/app_{{slot}}',
    TASK_TOKEN: 'tok-{{task}}-{{slot}}',
    MINE: 'mine-{{slot}}-mine',
    PLAIN: 'plainvalue-{{slot}}',
  }
  const lower = createMask(['longsecret'])
  const masks = maskTemplates(lower, { templates, names: ['MINE'], numbers: 3, ports: [] })
  const said = 'hunter1 hunter2x hunter12 passwd-3-x mine-2-mine plainvalue-2 longsecret'
  // Too short by itself, as any secret is.
  expect(masks.mask.text(said)).toBe('hunter1 hunter2x hunter12 *** *** plainvalue-2 ***')
  expect(masks.mask.text('tok-api-1')).toBe('tok-api-1')
  expect(masks.at({ number: 1, taskId: taskId('api') }).text('tok-api-1 passwd-2-x longsecret')).toBe('*** *** ***')
})

test('secrets with placeholders are masked in streams, wherever they are cut, beside other secrets', () => {
  const masks = maskTemplates(createMask(['longsecret']), {
    ...{ templates: { DB_PASSWORD: 'longsecret-of-{{slot}}' }, names: [], numbers: 2, ports: [] },
  })
  const said = new TextEncoder().encode('a longsecret-of-1 b longsecret-of-2 c longsecret d longsec')
  fc.assert(
    fc.property(fc.array(fc.nat(said.length), { maxLength: 6 }), (cuts) => {
      const stream = masks.mask.stream()
      const at = [0, ...cuts.sort((a, b) => a - b), said.length]
      const parts = at.slice(1).map((end, index) => stream.push(said.subarray(at[index], end)))
      const shown = [...parts, stream.end()].map((part) => decoder.decode(part)).join('')
      expect(shown).toBe('a *** b *** c *** d longsec')
    }),
  )
})

test('without a secret among them, the mask stays as it is', () => {
  const masks = maskTemplates(noMask, { templates: { PORT_FILE: 'p{{slot}}' }, names: [], numbers: 9, ports: [] })
  expect([masks.mask, masks.at({ number: 1 })]).toEqual([noMask, noMask])
})
