import { configSchema } from '../../config/config-schema.js'
import { noConfig, type Config } from '../../config/config.js'
import { selectableProviders } from '../../config/known-providers.js'
import type { JsonSchema } from '../../domain/json-schema.js'
import { commandProvider } from '../../domain/routing/routing.js'
import { roadmapSchema } from '../../roadmap/formats/native/schema.js'
import { eventsSchema } from './events-schema.js'

/** What there are JSON Schemas of. */
export const schemaNames = ['roadmap', 'config', 'events'] as const
export type SchemaName = (typeof schemaNames)[number]

/** Each schema; that of roadmaps knows the words and the agent CLIs of a configuration. */
export function schemaFor(name: SchemaName, { file }: Pick<Config, 'file'> = noConfig): JsonSchema {
  switch (name) {
    case 'config':
      return configSchema()
    case 'events':
      return eventsSchema()
    case 'roadmap':
      return roadmapSchema({
        statuses: Object.keys(file.statuses),
        providers: [...selectableProviders(file), commandProvider],
      })
  }
}

/** As it stands in a file. */
export function schemaText(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}
