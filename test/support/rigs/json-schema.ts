import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { parseDocument } from 'yaml'
import type { JsonSchema } from '../../../src/domain/json-schema.js'
import { createSource, type Reading } from '../../../src/domain/roadmap/source.js'
import { decode } from '../../../src/roadmap/syntax/decode.js'
import { readJson } from '../../../src/roadmap/syntax/read-json.js'
import { readYaml } from '../../../src/roadmap/syntax/read-yaml.js'
import type { SourceNode } from '../../../src/roadmap/syntax/source-node.js'

// The schema itself is checked, too. YAML has numbers that JSON has not (.nan).
const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  strictNumbers: false,
})
const compiled = new Map<string, ValidateFunction>()

/** What a JSON Schema says against a value, a line each. */
export function complaintsOf(schema: JsonSchema, value: unknown): readonly string[] {
  const text = JSON.stringify(schema)
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as object)
  compiled.set(text, validate)
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`)
}

/** What a configuration says, as plain data. */
export function configData(bytes: Uint8Array | string): unknown {
  const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const source = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  return parseDocument(source, { logLevel: 'silent' }).toJS({ maxAliasCount: 100 }) ?? {}
}

/** What a roadmap says, as plain data. */
export function roadmapData(bytes: Uint8Array | string, file = 'roadmap.yaml'): unknown {
  const decoded = decode(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, file)
  if (!decoded.ok) return undefined
  const { text } = decoded.value
  const reading: Reading = { source: createSource(file, text), problems: [] }
  const isJson = file.endsWith('.json') || (!file.includes('.') && /^\s*[[{]/.test(text))
  const root = isJson ? readJson(reading, text) : readYaml(reading, text)
  return root && dataOf(root)
}

function dataOf(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(dataOf)
  const entries = [...node.entries.values()].map(({ key, value }) => [key, dataOf(value)] as const)
  return Object.fromEntries(entries)
}
