import * as z from 'zod/mini'
import type { JsonSchema } from '../domain/json-schema.js'

/** The JSON Schemas of what zod cannot describe itself: what it reads is not what it gives. */
const described = new WeakMap<object, () => JsonSchema>()

/** A reader of zod's with the JSON Schema of what it reads. */
export function describedAs<Type extends z.core.$ZodType>(reader: Type, schema: () => JsonSchema): Type {
  described.set(reader, schema)
  return reader
}

/** The JSON Schema of what a reader accepts, as far as a schema can tell. */
export function jsonSchemaOf(reader: z.core.$ZodType): JsonSchema {
  const own = described.get(reader)
  if (own) return own()
  const { ...schema }: Record<string, unknown> = z.toJSONSchema(reader, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const schemaOf = described.get(zodSchema)
      if (!schemaOf) return
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key)
      Object.assign(jsonSchema, schemaOf())
    },
  })
  // The whole has it, not each part.
  delete schema.$schema
  return schema
}

/** What one of several readers accepts. */
export function eitherOf(...readers: readonly z.core.$ZodType[]): () => JsonSchema {
  return () => ({ anyOf: readers.map(jsonSchemaOf) })
}

/** A text in place of a map: the command, and nothing else. */
export function textOr(reader: z.core.$ZodType): () => JsonSchema {
  return () => ({ anyOf: [{ type: 'string', pattern: '\\S' }, jsonSchemaOf(reader)] })
}
