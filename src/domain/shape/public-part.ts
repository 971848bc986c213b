import { fieldsOf, type Shape } from './shape.js'

/** What of a value others may read: without the fields that are autopilot's own, and without those that no shape knows. */
export function publicPart(shape: Shape, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (shape.kind === 'or_null') return publicPart(shape.each, value)
  if (shape.kind === 'list' && Array.isArray(value)) return value.map((one) => publicPart(shape.each, one))
  if (shape.kind !== 'map') return publicFields(shape, value)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, publicPart(shape.each, part)]))
}

/** The same of an object, in the order in which its fields are documented. */
export function publicFields(shape: Shape, value: object): object {
  const parts: Record<string, unknown> = {}
  if (shape.kind === 'union') parts.type = (value as { readonly type: string }).type
  for (const [key, field] of Object.entries(fieldsOf(shape, value))) {
    const part = (value as Readonly<Record<string, unknown>>)[key]
    if (part !== undefined && !field.own) parts[key] = publicPart(field, part)
  }
  return parts
}
