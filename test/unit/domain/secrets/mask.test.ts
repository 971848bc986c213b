import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { createMask, noMask } from '../../../../src/domain/secrets/mask.js'
import { maskValue } from '../../../../src/domain/secrets/mask-value.js'
import { eventShape, type RunEvent } from '../../../../src/domain/run/event.js'
import { map, name, names, object, text, texts, union, variant } from '../../../../src/domain/shape/shape.js'
import { formsOf } from '../../../../src/domain/secrets/secret-forms.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

const encoder = new TextEncoder()
const secret = 'ghp_R4nd0mT0ken/with+odd=chars'

/** Few letters, so that secrets overlap, repeat themselves and begin inside each other. */
const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"'), minLength: 8, maxLength: 14 })
const secrets = fc.array(letters, { minLength: 1, maxLength: 4 })
/** Text that is full of them, and of what is nearly one. */
const textWith = (values: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...values),
        fc.constantFrom(...values).map((value) => value.slice(0, -1)),
        fc.constantFrom(...values).map((value) => value.slice(3)),
        fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'x', ' ', '\n'), maxLength: 5 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''))
const samples = secrets.chain((values) => fc.tuple(fc.constant(values), textWith(values)))

/** What passes if the bytes are cut at these places. */
function streamed(values: readonly string[], bytes: Uint8Array, cuts: readonly number[]) {
  const stream = createMask(values).stream()
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const passed: number[] = []
  let maxHeld = 0
  for (const [index, place] of places.slice(1).entries()) {
    passed.push(...stream.push(bytes.slice(places[index], place)))
    maxHeld = Math.max(maxHeld, heldAfter(values, bytes.subarray(0, place)))
  }
  passed.push(...stream.end())
  return { text: new TextDecoder().decode(new Uint8Array(passed)), maxHeld }
}

/** How much a stream of its own passes only at its end. */
function heldAfter(values: readonly string[], bytes: Uint8Array): number {
  const stream = createMask(values).stream()
  stream.push(bytes)
  return stream.end().length
}

describe('a mask', () => {
  it('leaves no secret in a text, in any of its forms', () => {
    fc.assert(
      fc.property(samples, ([values, text]) => {
        const shown = createMask(values).text(text)
        for (const form of values.flatMap(formsOf)) expect(shown).not.toContain(form)
      }),
      { numRuns: 300 },
    )
  })

  it('lets through the same from a stream as from the whole text, wherever the stream is cut', () => {
    fc.assert(
      fc.property(samples, fc.array(fc.nat(), { maxLength: 30 }), ([values, text], cuts) => {
        expect(streamed(values, encoder.encode(text), cuts).text).toBe(createMask(values).text(text))
      }),
      { numRuns: 300 },
    )
  })

  it('holds back less than the longest form of a secret, and nothing that cannot be the beginning of one', () => {
    fc.assert(
      fc.property(samples, fc.array(fc.nat(), { maxLength: 10 }), ([values, text], cuts) => {
        const longest = Math.max(...values.flatMap(formsOf).map((form) => encoder.encode(form).length))
        expect(streamed(values, encoder.encode(text), cuts).maxHeld).toBeLessThan(longest)
      }),
    )
    expect(heldAfter([secret], encoder.encode('a line of its own.\n'))).toBe(0)
    expect(heldAfter([secret], encoder.encode('so far it is ghp_R4nd'))).toBe(8)
  })

  it('leaves everything else as it is, byte for byte', () => {
    const mask = createMask([secret])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }), (bytes, text) => {
        const stream = mask.stream()
        expect([...stream.push(bytes), ...stream.end()]).toEqual([...bytes])
        expect(mask.text(text)).toBe(text)
      }),
    )
  })

  it.each([
    ['as it is', secret],
    ['in base64', btoa(secret)],
    ['in base64 behind a user, as in a header', btoa(`user:${secret}`)],
    ['in base64 for URLs', btoa(secret).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')],
    ['in hex', Buffer.from(secret).toString('hex')],
    ['in hex with capitals', Buffer.from(secret).toString('hex').toUpperCase()],
    ['in a URL', encodeURIComponent(secret)],
    ['in a URL in lower case', encodeURIComponent(secret).toLowerCase().replace('ghp_r4nd0mt0ken', 'ghp_R4nd0mT0ken')],
    ['in JSON', JSON.stringify(`"${secret}\t"`)],
  ])('knows a secret %s', (_, text) => {
    const shown = createMask([secret, `"${secret}\t"`]).text(`before ${text} after`)
    expect(shown).toMatch(/^before .{0,7}\*\*\*.{0,7} after$/)
  })

  const long = `${secret}-${'0123456789abcdef'.repeat(6)}`
  const rows = (text: string, columns: number, brk: string) => text.match(new RegExp(`.{1,${columns}}`, 'g'))!.join(brk)

  it.each([
    ['base64', rows(btoa(long), 76, '\n')],
    ['base64 with a user before it', rows(btoa(`somebody:${long}`), 76, '\n')],
    ['openssl, with other ends of lines', rows(btoa(long), 64, '\r\n')],
    ['base64, indented', rows(btoa(long), 76, '\n    ')],
    ['base64, in JSON', JSON.stringify(rows(btoa(long), 76, '\n'))],
    ['base64, in JSON in JSON', JSON.stringify(JSON.stringify(rows(btoa(long), 76, '\r\n')))],
    ['base64 for URLs', rows(Buffer.from(long).toString('base64url'), 76, '\n')],
    ['xxd -p', rows(Buffer.from(long).toString('hex'), 60, '\n')],
  ])('knows a long secret that %s breaks into lines', (_, text) => {
    const shown = createMask([long]).text(`before ${text} after`)
    expect(shown).toMatch(/^before \W*.{0,14}\*\*\*.{0,7} after$/)
    expect(streamed([long], encoder.encode(`before ${text} after`), [40, 90, 91, 140]).text).toBe(shown)
  })

  it('lets the same through from lines in base64 however they are cut', () => {
    const pieces = fc.constantFrom('\n', '\r\n', '\\n', '\\', 'n', ' ', 'abcd', ...rows(btoa(long), 20, ' ').split(' '))
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 20 }), (parts, cuts) => {
        const text = parts.join('')
        expect(streamed([long], encoder.encode(text), cuts).text).toBe(createMask([long]).text(text))
      }),
    )
  })

  it('leaves lines alone that are not secret, whatever they are put together with', () => {
    const text = `${btoa(long).slice(0, 40)}\n${btoa(long).slice(41)}\n`
    expect(createMask([`${long}x`]).text(text)).toBe(text)
  })

  it('knows each line of a key, and a text that was put on one line', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ\n-----END KEY-----\n'
    const mask = createMask([key])
    expect(mask.text('    MIIEvQIBADANBgkqhkiG9w0BAQEFAASC')).toBe('    ***')
    expect(mask.text(JSON.stringify({ key }))).toBe('{"key":"***"}')
    expect(mask.text(key.replaceAll('\n', ' ').trim())).toBe('***')
  })

  it('knows the beginning of a secret that was cut off, and leaves other cut texts alone', () => {
    const mask = createMask([secret])
    expect(mask.text('the token is ghp_R4nd0…')).toBe('the token is ***…')
    expect(mask.text('the token is ghp…')).toBe('the token is ghp…')
    expect(mask.text('the token is ghp_R4nd0')).toBe('the token is ghp_R4nd0')
  })

  it('leaves out values that occur in ordinary text by chance', () => {
    expect(createMask(['short', ''])).toBe(noMask)
  })
})

describe('data with secrets', () => {
  it('has them masked in its texts, and keeps its names', () => {
    const shape = object({
      taskId: name(),
      taskIds: names(),
      title: text(),
      nested: object({ message: text(), list: texts() }),
      byName: map(text()),
      kind: union({ password: variant('', { why: text(), what: name() }) }),
    })
    const data = {
      taskId: 'password',
      taskIds: ['password'],
      title: 'the password',
      nested: { message: 'password!', list: ['a password', 'none'] },
      byName: { password: 'password' },
      kind: { type: 'password', why: 'password', what: 'password' },
    } as const
    expect(maskValue(shape, data, createMask(['password']))).toEqual({
      taskId: 'password',
      taskIds: ['password'],
      title: 'the ***',
      nested: { message: '***!', list: ['a ***', 'none'] },
      byName: { password: '***' },
      kind: { type: 'password', why: '***', what: 'password' },
    })
    expect(maskValue(shape, data, noMask)).toBe(data)
  })

  it('has everything masked that no shape knows', () => {
    const data = { id: 'password', more: { code: ['password', 1, null, true] } }
    const masked = maskValue(object({ id: name() }), data, createMask(['password']))
    expect(masked).toEqual({ id: 'password', more: { code: ['***', 1, null, true] } })
  })

  it('has the command lines masked that an agent left running', () => {
    const left: RunEvent = { type: 'leftovers_ended', taskId: taskId('T1'), attempt: 1, what: ['curl -H password'] }
    expect(maskValue(eventShape, left, createMask(['password']))).toEqual({ ...left, what: ['curl -H ***'] })
  })

  it('gives the fold the same, even if a task, a branch or a slot has the name of a secret', () => {
    const [id, title] = [taskId('password'), 'a password']
    const planned = { slots: [id], tasks: [{ id, title, state: 'pending' as const }] }
    const start = { ...runStarted(), ...planned }
    const now = { version: '1', permissions: 'edit', maxAttempts: 3 } as const
    const of = { taskId: id, attempt: 1 }
    const events: readonly RunEvent[] = [
      { type: 'task_queued', ...of },
      { type: 'attempt_started', ...of, slot: id, agent: { provider: id }, workspace: id },
      { type: 'agent_exited', ...of, slot: id, exit: { type: 'code', code: 0 }, durationMs: 1 },
      { type: 'run_stopping', reason: 'time_limit', why: 'full', next: 'again' },
      { type: 'run_resumed', ...now, ...planned, failed: [id], retried: [] },
    ]
    const mask = createMask([id, 'time_limit'])
    const after = (change: (event: RunEvent) => RunEvent) =>
      stateAfter(
        change(start) as typeof start,
        events.map((event, index) => [index, change(event)] as const),
      )
    const masked = after((event) => maskValue(eventShape, event, mask))
    const plain = after((event) => event)
    expect(masked.tasks.get(id)).toEqual({ ...plain.tasks.get(id)!, title: 'a ***' })
    expect([...masked.slots]).toEqual([...plain.slots])
    expect(masked.stopping).toEqual(plain.stopping)
  })
})
