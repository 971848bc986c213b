import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocument, type Document } from 'yaml'
import * as z from 'zod/mini'
import type { JsonSchema } from '../domain/json-schema.js'
import { nearest } from '../domain/nearest.js'
import type { Problem } from '../domain/roadmap/problem.js'
import { meansRun } from '../domain/roadmap/run-key.js'
import { err, ok, type Result } from '../domain/result.js'
import type { Position } from '../domain/roadmap/task.js'
import { readTextIfThere } from '../platform/files/read-text.js'
import { createSource, positionAt, type Source } from '../domain/roadmap/source.js'
import { settingRows, type FileSettings, type RunSettings } from './settings.js'
import { furnitureKeys, furnitureOf, noFurniture, setupKeys } from './furniture-config.js'
import { expected } from './chosen.js'
import { jsonSchemaOf } from './json-form.js'
import { gateKeys, gateList, gatesOf } from './gate-config.js'
import { configName, findConfig } from './config-name.js'
import { budgetKeys, moneyKeys, moneyOf, noMoney, priceKeys } from './money-config.js'
import { customProviderKeys, customProviders, customProvidersOf } from './custom-provider-config.js'
import { unknownProvidersIn } from './known-providers.js'
import { scalar, scalarOrMap } from './scalar.js'
import { numberVariables } from '../domain/agent/work-number.js'
import { notify, notifyKeys, notifyOf } from './notify-config.js'
import { placeholdersIn } from '../domain/secrets/placeholder.js'
import { onOff, portRange, providerModel, reads } from './value.js'
import { readMeaning, statusPattern } from '../domain/roadmap/status-word.js'

export interface Config {
  readonly run: Partial<RunSettings>
  readonly file: FileSettings
  /** Where a value is, or what is around it; for problems that are found later. */
  readonly place: (path: Path) => Position
}

type Path = readonly (string | number)[]

const noSecrets = { files: [], names: [] }

export const noConfig: Config = {
  run: {},
  file: {
    routes: {},
    gates: [],
    reviews: [],
    ...noMoney,
    allow: [],
    customProviders: {},
    agentsMayConfigure: false,
    env: {},
    envTemplates: {},
    ...noFurniture,
    secrets: noSecrets,
    statuses: {},
  },
  place: () => ({ file: configName, line: 1, column: 1 }),
}

const texts = z.array(z.string())
const routes = z.array(scalar(providerModel))

const variable = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'expected a single value, or nothing to pass on your own variable',
})

const variableName = z
  .string()
  .check(z.refine((name) => !numberVariables.some((own) => own === name), 'autopilot itself sets this variable'))

const meaning = reads({ kind: 'pattern', pattern: statusPattern(), about: 'a status' }, readMeaning)

/** Settings that only the configuration file has. */
const fileSchema = z.strictObject({
  ...moneyKeys,
  gates: z.optional(gateList),
  routes: z.optional(
    z.strictObject({ simple: z.optional(routes), moderate: z.optional(routes), complex: z.optional(routes) }),
  ),
  // Each becomes a separate argument.
  allow: z.optional(z.array(z.string().check(z.regex(/^[^-\s]/, 'it is not the name of a tool')))),
  custom_providers: z.optional(customProviders),
  agents_may_configure: z.optional(scalar(onOff)),
  env: z.optional(z.record(variableName, variable)),
  ports: z.optional(scalar(portRange)),
  ...furnitureKeys,
  notify: z.optional(notify),
  prompt: z.optional(z.string()),
  secrets: z.optional(z.strictObject({ files: z.optional(texts), names: z.optional(texts) })),
  statuses: z.optional(z.record(z.string(), scalar(meaning))),
  workspaces: z.optional(z.strictObject({ dir: z.optional(z.string()) })),
})

/** The settings that also have flags, each under its key. */
const runKeys = Object.fromEntries(
  settingRows.flatMap(([, { key, read, each, isMap }]) => {
    if (key === undefined) return []
    const single = isMap ? scalarOrMap(read) : scalar(read)
    return [[key, z.optional(each ? z.array(scalar(each)) : single)] as const]
  }),
)

const schema = z.extend(fileSchema, runKeys)

/** Keys that have no flag. */
export type FileKey = keyof typeof fileSchema.shape

/** What may stand in a configuration, as far as a schema can tell. */
export function configFormat(): JsonSchema {
  return jsonSchemaOf(schema)
}

/**
 * Reads the configuration of a directory; a missing file is an empty one. Errors have positions. A variable under
 * `env:` without a value is passed on from `parentEnv`.
 */
export async function readConfig(
  directory: string,
  parentEnv: Readonly<Record<string, string | undefined>>,
): Promise<Result<Config, Problem[]>> {
  const configName = await findConfig(directory)
  if (!configName.ok) return configName
  const name = configName.value
  if (name === undefined) return ok(noConfig)
  const path = join(directory, name)
  const text = await readTextIfThere(path)
  if (!text.ok) return err([problemAt(name, 'E101', `cannot read ${name}: ${text.error}`)])
  if (text.value !== undefined) return parseConfig(text.value, parentEnv, name)
  const isLink = await readlink(path).then(
    () => true,
    () => false,
  )
  return isLink ? err([problemAt(name, 'E101', `${name} is a link to a file that does not exist`)]) : ok(noConfig)
}

/** More parser errors than this are not shown. */
const maxErrors = 20

export function parseConfig(
  text: string,
  parentEnv: Readonly<Record<string, string | undefined>>,
  name: string = configName,
): Result<Config, Problem[]> {
  // The parser treats a lone carriage return as a character.
  const source = createSource(name, text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'))
  const document = parseDocument(source.text, { prettyErrors: false, logLevel: 'error' })
  const [first] = document.errors
  // After the parser lost its way, everything else is an echo.
  const told = first?.code === 'UNEXPECTED_TOKEN' ? [first] : document.errors.slice(0, maxErrors)
  const broken = told.map(({ pos, message }) => problemIn(source, pos[0], 'E102', message.split('\n')[0] ?? ''))
  if (broken.length > 0) return err(broken)
  let data: unknown
  try {
    data = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    return err([problemAt(name, 'E102', error instanceof Error ? error.message : 'not readable')])
  }
  const parsed = schema.safeParse(data, { error: expected })
  const issues = parsed.success ? [] : parsed.error.issues
  const unknown = unknownProvidersIn(data).map(({ path, why }) =>
    at(path, document, source, 'E104', `${path.join('.')}: ${why}`),
  )
  const problems = [...issues.flatMap((issue) => problemsOf(issue, document, source)), ...unknown]
  if (!parsed.success || problems.length > 0) return err(problems.sort(byPosition))
  return ok({ ...settingsOf(parsed.data, parentEnv), place: (path) => placeOf(path, document, source) })
}

function byPosition({ position: a }: Problem, { position: b }: Problem): number {
  return a.line - b.line || a.column - b.column
}

function settingsOf(
  data: z.infer<typeof fileSchema> & Readonly<Record<string, unknown>>,
  parentEnv: Readonly<Record<string, string | undefined>>,
): Omit<Config, 'place'> {
  const { budgets, prices, gates, routes: routed, allow, env, ports } = data
  const { agents_may_configure: agentsMayConfigure = false, setup, copy, keep, link } = data
  const { notify: notified, prompt, secrets, statuses, workspaces } = data
  const run = settingRows.flatMap(([name, { key = '' }]) =>
    data[key] === undefined ? [] : [[name, data[key]] as const],
  )
  return {
    run: Object.fromEntries(run),
    file: {
      routes: Object.fromEntries(Object.entries(routed ?? {}).filter(([, value]) => value !== undefined)),
      ...gatesOf(gates ?? []),
      ...moneyOf({ budgets, prices }),
      allow: allow ?? [],
      customProviders: customProvidersOf(data.custom_providers),
      agentsMayConfigure,
      ...environmentOf(env ?? {}, parentEnv),
      ...furnitureOf({ setup, copy, keep, link }),
      secrets: { files: secrets?.files ?? [], names: secrets?.names ?? [] },
      statuses: statuses ?? {},
      ...(notified === undefined ? {} : { notify: notifyOf(notified, parentEnv) }),
      ...(ports === undefined ? {} : { ports }),
      ...(prompt === undefined ? {} : { prompt }),
      ...(workspaces?.dir === undefined ? {} : { workspacesDir: workspaces.dir }),
    },
  }
}

function environmentOf(
  env: Readonly<Record<string, string | number | boolean | null>>,
  parentEnv: Readonly<Record<string, string | undefined>>,
): Pick<FileSettings, 'env' | 'envTemplates'> {
  const set = Object.entries(env).flatMap(([name, value]): [string, string][] => {
    const text = value === null ? parentEnv[name] : String(value)
    return text === undefined ? [] : [[name, text]]
  })
  // What is passed on belongs to the user, whatever braces it contains.
  const isTemplate = ([name, text]: [string, string]) => env[name] !== null && placeholdersIn(text).length > 0
  return {
    env: Object.fromEntries(set.filter((one) => !isTemplate(one))),
    envTemplates: Object.fromEntries(set.filter(isTemplate)),
  }
}

function problemsOf(issue: z.core.$ZodIssue, document: Document, source: Source): Problem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = knownKeys(path, document)
      const guess = known.includes('run') && meansRun(key) ? 'run' : nearest(key, known)
      const help = guess === undefined ? `known keys: ${known.join(', ')}` : `did you mean ${guess}?`
      return { ...at([...path, key], document, source, 'E103', `unknown key ${[...path, key].join('.')}`), help }
    })
  }
  const name = path.length === 0 ? 'the configuration' : path.join('.')
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return [at(path, document, source, 'E104', `${name}: ${message}`)]
}

function knownKeys(path: Path, document: Document): readonly string[] {
  const [section] = path
  if (section === undefined) return Object.keys(schema.shape)
  if (section === 'budgets') return budgetKeys
  if (section === 'prices') return priceKeys
  if (section === 'setup') return setupKeys
  if (section === 'custom_providers') return customProviderKeys
  if (section === 'notify') return notifyKeys
  if (section === 'secrets') return ['files', 'names']
  if (section === 'gates') return gateKeys(document.getIn([...path, 'review']) !== undefined)
  return section === 'routes' ? ['simple', 'moderate', 'complex'] : ['dir']
}

function at(path: Path, document: Document, source: Source, code: string, text: string): Problem {
  return { severity: 'error', code, text, position: placeOf(path, document, source) }
}

/** A missing value has no position: use the nearest existing thing around it. */
function placeOf(path: Path, document: Document, source: Source): Position {
  const around = path.map((_, end) => path.slice(0, path.length - end))
  const node: unknown = around.map((part) => document.getIn(part, true)).find(Boolean) ?? document.contents
  const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as [number] | null) : null
  return positionAt(source, range?.[0] ?? 0)
}

function problemIn(source: Source, offset: number, code: string, text: string): Problem {
  return { severity: 'error', code, text, position: positionAt(source, offset) }
}

function problemAt(file: string, code: string, text: string): Problem {
  return { severity: 'error', code, text, position: { file, line: 1, column: 1 } }
}
