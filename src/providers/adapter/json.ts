import type { EpochMs } from '../../domain/brand.js'
import { isMoment } from '../../domain/clock.js'

/**
 * Reading of JSON that others wrote. Each field is taken on its own, so that a CLI's next version that renames or drops
 * one costs that field and not the whole line.
 */
export type JsonObject = Readonly<Record<string, unknown>>

/** The object on this line; undefined for everything else. */
export function parseObject(line: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(line))
  } catch {
    return undefined
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  return asObject(valueAt(object, key))
}

export function stringAt(object: JsonObject | undefined, key: string): string | undefined {
  const value = valueAt(object, key)
  return typeof value === 'string' ? value : undefined
}

/** The first of these fields that is a string. */
export function firstStringAt(object: JsonObject | undefined, keys: readonly string[]): string | undefined {
  return keys.map((key) => stringAt(object, key)).find((value) => value !== undefined)
}

/** A finite number of at least 0, which is all that the CLIs count. */
export function numberAt(object: JsonObject | undefined, key: string): number | undefined {
  const value = valueAt(object, key)
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** A moment, which the CLI gives in epoch ms, or in so many ms each. */
export function momentAt(object: JsonObject | undefined, key: string, unitMs = 1): EpochMs | undefined {
  const value = numberAt(object, key)
  const moment = value === undefined ? undefined : Math.round(value * unitMs)
  return isMoment(moment) ? moment : undefined
}

/** The objects in the array at `key`; other elements are left out. */
export function objectsAt(object: JsonObject | undefined, key: string): readonly JsonObject[] {
  const value = valueAt(object, key)
  return Array.isArray(value) ? value.map(asObject).filter((element) => element !== undefined) : []
}

function valueAt(object: JsonObject | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined
}
