import { jsonSchemaDialect, type JsonSchema } from '../domain/json-schema.js'
import { configFormat } from './config.js'
import { fileKeys } from './file-keys.js'
import { settingRows } from './settings.js'

/** The JSON Schema of `autopilot.yaml`, with what each key is for. */
export function configSchema(): JsonSchema {
  const format = configFormat()
  if (typeof format === 'boolean') return format
  const properties = Object.entries(format.properties as Readonly<Record<string, object>>)
  return {
    $schema: jsonSchemaDialect,
    title: 'autopilot.yaml',
    description: 'The configuration of autopilot, at the root of the repository. Every key is optional.',
    ...format,
    properties: Object.fromEntries(
      properties.map(([key, property]) => [key, { description: abouts.get(key), ...property }]),
    ),
  }
}

const abouts: ReadonlyMap<string, string> = new Map([
  ...settingRows.flatMap(([, { key, help }]) => (key === undefined ? [] : [[key, help] as const])),
  ...Object.entries(fileKeys).map(([key, { about }]) => [key, about] as const),
])
