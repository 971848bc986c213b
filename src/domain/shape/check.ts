import { isMoment } from '../clock.js'
import { fieldsOf, type Fields, type Shape, type ValueOf } from './shape.js'

type Check = (value: unknown) => boolean

/** Checks that have been made, since each is asked for with every line of a journal. */
const known = new WeakMap<Shape, Check>()

/** Whether a value is of a shape. What it has besides, a later version has added: that is no fault. */
export function isShaped<Of extends Shape>(shape: Of, value: unknown): value is ValueOf<Of> {
  return checkOf(shape)(value)
}

function checkOf(shape: Shape): Check {
  const made = known.get(shape)
  if (made) return made
  const check = makeCheck(shape)
  known.set(shape, check)
  return check
}

function makeCheck(shape: Shape): Check {
  switch (shape.kind) {
    case 'text':
    case 'name':
      return (value) => typeof value === 'string'
    case 'number':
      return (value) => typeof value === 'number'
    case 'moment':
      return isMoment
    case 'flag':
      return (value) => typeof value === 'boolean'
    case 'one_of': {
      const values = new Set<unknown>(shape.values)
      return (value) => values.has(value)
    }
    case 'list': {
      const each = checkOf(shape.each)
      return (value) => Array.isArray(value) && value.every(each)
    }
    case 'or_null': {
      const each = checkOf(shape.each)
      return (value) => value === null || each(value)
    }
    case 'map': {
      const each = checkOf(shape.each)
      return (value) => isObject(value) && Object.values(value).every(each)
    }
    case 'object':
      return checkFields(shape.fields)
    case 'union': {
      const variants = new Map<unknown, Check>(
        Object.entries(shape.variants).map(([type, { fields }]) => [type, checkFields(fields)]),
      )
      return (value) => isObject(value) && variants.get(value.type)?.(value) === true
    }
  }
}

function checkFields(fields: Fields): Check {
  const checks = Object.entries(fields).map(([key, shape]) => {
    return { key, check: checkOf(shape), isOptional: shape.optional === true }
  })
  return (value) => {
    if (!isObject(value)) return false
    for (const { key, check, isOptional } of checks) {
      const field = value[key]
      if (field === undefined ? !isOptional : !check(field)) return false
    }
    return true
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The position of the first part of a value that doesn't match its shape, such as `failure.kind`; undefined if
 * everything does.
 */
export function misshapen(shape: Shape, value: unknown): string | undefined {
  if (isShaped(shape, value)) return undefined
  const inside = partsOf(shape, value).flatMap(([key, part, inner]) => {
    if (part === undefined && inner.optional) return []
    const where = misshapen(inner, part)
    return where === undefined ? [] : [where === '' ? key : `${key}.${where}`]
  })
  return inside[0] ?? ''
}

function partsOf(shape: Shape, value: unknown): readonly (readonly [key: string, part: unknown, of: Shape])[] {
  if (shape.kind === 'list' && Array.isArray(value)) {
    return value.map((part, index) => [String(index), part, shape.each] as const)
  }
  if (!isObject(value)) return []
  if (shape.kind === 'map') return Object.entries(value).map(([key, part]) => [key, part, shape.each] as const)
  return Object.entries(fieldsOf(shape, value)).map(([key, inner]) => [key, value[key], inner] as const)
}
