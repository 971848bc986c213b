import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { isShaped, misshapen } from '../../../src/domain/shape/check.js'
import { publicPart } from '../../../src/domain/shape/public-part.js'
import {
  flag,
  list,
  map,
  mark,
  name,
  number,
  object,
  oneOf,
  optional,
  orNull,
  own,
  text,
  union,
  variant,
  type ValueOf,
} from '../../../src/domain/shape/shape.js'

const shape = object({
  id: name(),
  count: number(),
  isOn: flag(),
  word: oneOf(['one', 'two']),
  note: optional(text()),
  once: mark(),
  inner: own(optional(number())),
  none: orNull(text()),
  byName: map(number()),
  list: list(union({ left: variant('', { why: text() }), right: variant('', { deep: object({ n: number() }) }) })),
})
type Value = ValueOf<typeof shape>

const whole = {
  ...{ id: 'a', count: 1, isOn: false, word: 'one', note: 'n', once: true, inner: 3, none: null, byName: { x: 1 } },
  list: [
    { type: 'left', why: 'w' },
    { type: 'right', deep: { n: 2 } },
  ],
} as const satisfies Value

describe('a shape', () => {
  it('gives the type of its values', () => {
    expectTypeOf<Value['word']>().toEqualTypeOf<'one' | 'two'>()
    expectTypeOf<Value['once']>().toEqualTypeOf<true | undefined>()
    expectTypeOf<Value['none']>().toEqualTypeOf<string | null>()
    expectTypeOf<Extract<Value['list'][number], { type: 'left' }>['why']>().toEqualTypeOf<string>()
    // @ts-expect-error a field that is not optional is missing
    const lacking: Value = { ...whole, id: undefined }
    expect(isShaped(shape, lacking)).toBe(false)
  })

  it.each<readonly [what: string, change: object, where: string]>([
    ['a text where a number belongs', { count: '1' }, 'count'],
    ['a word that is not one of them', { word: 'three' }, 'word'],
    ['something besides true in a mark', { once: false }, 'once'],
    ['null in an optional field', { note: null }, 'note'],
    ['a member of another type', { list: [{ type: 'left', why: 'w' }, { type: 'up' }] }, 'list.1'],
    ['a hole far inside', { list: [{ type: 'right', deep: {} }] }, 'list.0.deep.n'],
    ['a wrong value under a name', { byName: { x: 1, y: 'z' } }, 'byName.y'],
    ['a list where an object belongs', { byName: [] }, 'byName'],
  ])('finds %s, and says where', (_what, change, where) => {
    expect(isShaped(shape, whole)).toBe(true)
    expect(misshapen(shape, whole)).toBeUndefined()
    expect(isShaped(shape, { ...whole, ...change })).toBe(false)
    expect(misshapen(shape, { ...whole, ...change })).toBe(where)
  })

  it('ignores what else a value has', () => {
    expect(isShaped(shape, { ...whole, more: {} })).toBe(true)
  })

  it('says where a value is wrong, exactly if it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.jsonValue(), (key, value) => {
        const changed = { ...whole, [key]: value }
        expect(misshapen(shape, changed) === undefined).toBe(isShaped(shape, changed))
      }),
    )
  })

  it('leaves out for others what is marked as its own, and what no shape knows', () => {
    const { inner, ...others } = whole
    expect(publicPart(shape, { ...whole, more: inner })).toEqual(others)
  })
})
