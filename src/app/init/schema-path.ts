import type { SchemaName } from '../schema/schemas.js'

/** Where the schemas are that editors read; nobody else needs them. */
export function schemaPath(name: SchemaName): string {
  return `.autopilot/schema/${name}.json`
}
