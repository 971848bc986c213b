import { anyCase, jsonSchemaDialect, type JsonSchema, type JsonSchemaObject } from '../../../domain/json-schema.js'
import { statusPattern } from '../../../domain/roadmap/status-word.js'
import { taskStatuses } from '../../../domain/roadmap/task.js'
import { numberWords } from './field.js'
import { unclearKeys } from './key-meaning.js'
import { keysOf, type KeyOf, type Level } from './key.js'
import { keyNotes } from './key-note.js'

/** What the roadmaps of one repository may have besides: its words for statuses, and its agent CLIs. */
export interface SchemaOptions {
  readonly statuses: readonly string[]
  readonly providers: readonly string[]
}

type Properties<In extends Level> = Readonly<Partial<Record<KeyOf<In>, JsonSchemaObject>>>

/**
 * The JSON Schema of a native roadmap. What the reader accepts is valid; of what it refuses, as much as a schema can tell
 * is not. Unknown keys are valid, as the reader only warns about them.
 */
export function roadmapSchema(options: SchemaOptions): JsonSchemaObject {
  return {
    $schema: jsonSchemaDialect,
    title: 'Roadmap of autopilot',
    if: { type: 'array' },
    then: { items: ref('taskOrTitle') },
    else: ref('root'),
    $defs: {
      root: {
        type: 'object',
        anyOf: ['tasks', 'epics', 'milestones', 'archive'].map((name) => ({ required: [name] })),
        properties: level('root', rootKeys, ['verify', 'gates']),
      },
      taskOrTitle: { if: { type: 'string' }, then: { pattern: '\\S' }, else: ref('task') },
      task: {
        type: 'object',
        anyOf: ['id', 'title', 'name', 'goal', 'subject'].map((name) => ({ required: [name] })),
        ...unlessThere(['status'], { completed: { type: ['boolean', 'null'] } }),
        properties: level('task', { ...groupKeys, ...taskKeys, ...runKeys }, unclearKeys),
      },
      epic: group({ ...groupKeys, tasks, milestones: listOf('milestone'), sets: listOf('set') }),
      milestone: group({ ...groupKeys, tasks, sets: listOf('set') }),
      set: group({ ...groupKeys, tasks }),
      defaults: { type: 'object', properties: level('defaults', runKeys) },
      status: status(options.statuses),
      provider: { enum: options.providers },
      dependencies: {
        anyOf: [...idList, { type: 'object', required: ['depends_on'], properties: { depends_on: { anyOf: idList } } }],
      },
      gate,
    },
  }
}

function ref(name: string): JsonSchemaObject {
  return { $ref: `#/$defs/${name}` }
}

function orNull(...schemas: readonly JsonSchemaObject[]): JsonSchemaObject {
  return { anyOf: [...schemas, { type: 'null' }] }
}

function listOf(name: string): JsonSchemaObject {
  return { type: ['array', 'null'], items: ref(name) }
}

function unlessThere(names: readonly string[], keys: JsonSchemaObject): JsonSchemaObject {
  return { if: { not: { required: names } }, then: { properties: keys } }
}

/** All keys of a level, so that editors offer them, and those that are refused there. */
function level(where: Level, known: Readonly<Record<string, JsonSchemaObject>>, refused: readonly string[] = []) {
  const notes: Readonly<Record<string, string>> = keyNotes[where]
  const all = keysOf(where).map((key): [string, JsonSchema] => [
    key,
    { ...(Object.hasOwn(notes, key) ? { description: notes[key] } : {}), ...known[key] },
  ])
  return Object.fromEntries([...all, ...refused.map((key): [string, JsonSchema] => [key, false])])
}

function group(known: Readonly<Record<string, JsonSchemaObject>>): JsonSchemaObject {
  return { type: 'object', properties: level('group', known, ['verify', 'gates', ...unclearKeys]) }
}

/** Any single value: a number is read as its text. */
const text: JsonSchemaObject = { type: ['string', 'number', 'boolean', 'null'] }

const tasks = listOf('taskOrTitle')

const rootKeys = {
  tasks,
  epics: listOf('epic'),
  milestones: listOf('milestone'),
  archive: { type: ['array', 'null'] },
  defaults: orNull(ref('defaults')),
} satisfies Properties<'root'>

function wordsIn(words: readonly string[]): JsonSchemaObject[] {
  return [{ enum: words }, { type: 'string', pattern: `^(?:${anyCase(words).replaceAll('_', '[_\\s-]')})$` }]
}

const idList: readonly JsonSchemaObject[] = [
  { type: ['string', 'null'] },
  { type: 'array', items: { type: ['string', 'number'] } },
]

const priority = orNull(
  ...wordsIn(numberWords.priority),
  { type: 'integer', minimum: 0, maximum: 1_000_000 },
  { type: 'string', pattern: '^\\d{1,7}$' },
)

const dependencies = ref('dependencies')

/** What groups and tasks have in common. */
const groupKeys = {
  title: text,
  status: ref('status'),
  priority,
  dependencies,
  depends_on: dependencies,
  dependsOn: dependencies,
  blockedBy: dependencies,
  blocked_by: dependencies,
  needs: dependencies,
  requires: dependencies,
  after: dependencies,
  depends: dependencies,
  deps: dependencies,
} satisfies Properties<'task'>

/** Paths from the root of the repository. */
const files: JsonSchemaObject = { pattern: inside(), items: { pattern: inside() } }

function inside(): string {
  return '^(?!\\s*[/\\\\~])(?!\\s*[A-Za-z]:[/\\\\])(?!(?:[\\s\\S]*[/\\\\])?\\.\\.(?:[/\\\\]|$))'
}

const duration = orNull(
  { type: 'integer', minimum: 1 },
  { type: 'string', pattern: '^(?=.*[1-9])(?:\\d+|(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+)$' },
)

/** Only an entry with a command is a gate; the rest is text for the agent. */
const gate: JsonSchemaObject = {
  if: {
    type: 'object',
    required: ['run'],
    properties: { run: { type: ['string', 'number', 'boolean'], pattern: '\\S' } },
  },
  then: {
    properties: level('verify', {
      name: text,
      cwd: { ...text, pattern: inside() },
      timeout: duration,
      exclusive: orNull({ type: 'boolean' }, { type: 'string', pattern: `^(?:${anyCase(['true', 'false'])})$` }),
    }),
  },
}

const gates: JsonSchemaObject = { if: { type: 'array' }, then: { items: ref('gate') }, else: ref('gate') }

const usd: readonly JsonSchemaObject[] = [
  { type: 'number', exclusiveMinimum: 0 },
  { type: 'string', pattern: '^(?=.*[1-9])\\$?\\d{1,9}(?:\\.\\d{1,9})?$' },
]
const tokens: readonly JsonSchemaObject[] = [
  { type: 'integer', minimum: 1 },
  { type: 'string', pattern: '^(?=.*[1-9])\\d{1,15}$' },
]

/** What a task may say of how it runs, or the defaults for all. */
const runKeys = {
  provider: orNull(ref('provider'), { type: 'array', items: ref('provider') }),
  model: text,
  timeout: duration,
  max_attempts: orNull(
    { type: 'integer', minimum: 1, maximum: 20 },
    { type: 'string', pattern: '^(?:0?[1-9]|1\\d|20)$' },
  ),
  budget: orNull(...usd, {
    type: 'object',
    minProperties: 1,
    additionalProperties: false,
    properties: { usd: { anyOf: usd }, tokens: { anyOf: tokens } },
  }),
  verify: gates,
  gates,
} satisfies Properties<'defaults'>

const taskKeys = {
  id: {
    type: ['string', 'number', 'boolean', 'null'],
    pattern: '^\\s*(?=\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]{1,200}\\s*$',
  },
  prompt: text,
  complexity: orNull(
    ...wordsIn(numberWords.complexity),
    { type: 'number', minimum: 1, maximum: 10 },
    { type: 'string', pattern: '^\\d+(?:\\.\\d+)?$' },
  ),
  run: text,
  expects: orNull(...wordsIn(['change', 'no_change'])),
  execution_mode: orNull(...wordsIn(['autonomous', 'manual'])),
  files,
  touches: files,
  write_scope: files,
  modified_files: files,
} satisfies Properties<'task'>

function status(more: readonly string[]): JsonSchemaObject {
  return orNull({ enum: [...taskStatuses, ...more] }, { type: 'string', pattern: statusPattern(['', ...more]) })
}
