import { jsonSchemaDialect, type JsonSchemaObject } from '../../domain/json-schema.js'
import { eventFamilies, stampFields } from '../../domain/run/event.js'
import { schemaOfShape } from '../../domain/shape/json-schema.js'
import { union, type Variants } from '../../domain/shape/shape.js'
import { printedLines } from '../../ui/printed.js'

/** The JSON Schema of a line of `--output json`: an event of a run, or what a command prints besides. */
export function eventsSchema(): JsonSchemaObject {
  const events = Object.values<Variants>(eventFamilies).flatMap((family) => Object.entries(family))
  const stamped = events.map(
    ([type, event]) => [type, { ...event, fields: { ...stampFields, ...event.fields } }] as const,
  )
  const { schema, parts } = schemaOfShape(union({ ...Object.fromEntries(stamped), ...printedLines }))
  return { $schema: jsonSchemaDialect, title: 'A line of autopilot --output json', ...schema, $defs: parts }
}
