import type { JsonSchemaObject } from '../json-schema.js'
import type { Fields, Shape, Variants } from './shape.js'

/** The JSON Schema of what others may read of a shape, and the parts that it refers to, by the name of each. */
export interface ShapeSchema {
  readonly schema: JsonSchemaObject
  readonly parts: Readonly<Record<string, JsonSchemaObject>>
}

/**
 * Describes the public part of a value. As for who reads a journal back, more fields than are known are fine, and so are
 * types of a union that only a later version knows.
 */
export function schemaOfShape(shape: Shape): ShapeSchema {
  const parts: Record<string, JsonSchemaObject> = {}
  return { schema: schemaOf(shape, parts), parts }
}

type Parts = Record<string, JsonSchemaObject>

function schemaOf(shape: Shape, parts: Parts): JsonSchemaObject {
  const about = shape.about === undefined ? {} : { description: shape.about }
  if (shape.title === undefined) return { ...about, ...plainSchema(shape, parts) }
  const name = partName(shape.title)
  if (!Object.hasOwn(parts, name)) {
    // It may refer to itself.
    parts[name] = {}
    parts[name] = plainSchema(shape, parts)
  }
  return { ...about, $ref: `#/$defs/${name}` }
}

function partName(title: string): string {
  return title.replaceAll(' ', '-')
}

function plainSchema(shape: Shape, parts: Parts): JsonSchemaObject {
  switch (shape.kind) {
    case 'text':
    case 'name':
      return { type: 'string' }
    case 'number':
    case 'moment':
      return { type: 'number' }
    case 'flag':
      return { type: 'boolean' }
    case 'one_of':
      return { enum: shape.values }
    case 'list':
      return { type: 'array', items: schemaOf(shape.each, parts) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.each, parts) }
    case 'or_null':
      return { anyOf: [schemaOf(shape.each, parts), { type: 'null' }] }
    case 'object':
      return objectSchema(shape.fields, parts)
    case 'union':
      return unionSchema(shape.variants, parts)
  }
}

function objectSchema(fields: Fields, parts: Parts): JsonSchemaObject {
  const shown = Object.entries(fields).filter(([, { own }]) => own !== true)
  return {
    type: 'object',
    required: shown.flatMap(([key, { optional }]) => (optional ? [] : [key])),
    properties: Object.fromEntries(shown.map(([key, field]) => [key, schemaOf(field, parts)])),
  }
}

/** By its type; one that is not known here may have any fields. */
function unionSchema(variants: Variants, parts: Parts): JsonSchemaObject {
  const shown = Object.entries(variants).filter(([, { own }]) => own !== true)
  return {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string', examples: shown.map(([type]) => type) } },
    allOf: shown.map(([type, { about, fields }]) => ({
      if: { required: ['type'], properties: { type: { const: type } } },
      then: { description: about, ...objectSchema(fields, parts) },
    })),
  }
}
