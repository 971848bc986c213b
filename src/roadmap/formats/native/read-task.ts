import { isTooLong, shorterCommand } from '../../../domain/roadmap/command-length.js'
import { failingHelp, whyUnfailing } from '../../../domain/landing/unfailing.js'
import {
  complexityOf,
  defaultPriority,
  statusSatisfies,
  type Dependency,
  type Task,
  type TaskStatus,
  type VerifyEntry,
} from '../../../domain/roadmap/task.js'
import { meansRun } from '../../../domain/roadmap/run-key.js'
import { cleanLine } from '../../../domain/text.js'
import { readDependencies } from './dependency.js'
import {
  fieldOf,
  joinPath,
  looseText,
  readBudget,
  readComplexity,
  readDuration,
  readEstimate,
  readMaxAttempts,
  readPriority,
  readProviders,
  readText,
  readTexts,
  readWord,
  type Field,
} from './field.js'
import { checkKeys, entriesMeaning, type Level } from './key.js'
import { addProblem, positionAt, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, isNull, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'
import { readStatus } from './status-word.js'
import type { NamedTask } from './task-id.js'
import { type StatusWords } from '../../../domain/roadmap/status-word.js'

/** What tasks may take from `defaults:` at the root. Times in ms. */
export type TaskOptions = Pick<Task, 'providers' | 'model' | 'timeoutMs' | 'maxAttempts' | 'budget'> & {
  readonly verify?: readonly VerifyEntry[]
}

/** What reading tasks needs and remembers from one to the next. */
export interface TaskReading {
  readonly reading: Reading
  readonly words: StatusWords
  readonly defaults: TaskOptions
  /** The names of all providers; absent if any name is fine. */
  readonly providers?: readonly string[]
  /** Unknown keys and unsupported features that were already warned about: once per file is enough. */
  readonly warned: Set<string>
}

/** Reads `defaults:`, if the root has any. */
export function readDefaults(
  reading: Reading,
  root: SourceNode,
  warned: Set<string>,
  providers?: readonly string[],
): TaskOptions {
  const defaults = root.kind === 'map' ? entryOf(root, 'defaults')?.value : undefined
  if (!defaults || isNull(defaults)) return {}
  if (defaults.kind === 'map') {
    checkKeys(reading, defaults, 'defaults', 'defaults', warned)
    warnNotHonoured(reading, defaults, 'defaults', warned)
    return readRunOptions(reading, defaults, 'defaults', 'defaults', warned, providers)
  }
  addProblem(reading, 'E061', defaults.start, 'defaults must be a map', { help: 'such as: defaults: { timeout: 30m }' })
  return {}
}

/** Reads one task: its own fields, what it inherits, and the defaults. */
export function readTask({ reading, words, defaults, warned, providers }: TaskReading, named: NamedTask): Task {
  const { node, path, inherited } = named
  checkKeys(reading, node, 'task', path, warned)
  warnNotHonoured(reading, node, path, warned)
  const field = (...names: string[]) => fieldOf(reading, node, path, ...names)
  const prompt = readText(field('prompt'))
  const runField = field('run')
  const run = readText(runField)
  if (runField && run !== undefined) checkLength(runField.reading, run, runField.node, runField.path)
  const estimateMs =
    readEstimate(field('estimate_hours', 'effort_hours', 'estimated_effort_hours'), hourMs) ??
    readEstimate(field('estimated_minutes'), minuteMs)
  return {
    id: named.id,
    title: cleanLine(named.title, 500),
    status: ownStatus(reading, words, named),
    description: readDescription(reading, node),
    ...(prompt === undefined ? {} : { prompt }),
    dependencies: allDependencies(reading, named),
    priority: readPriority(field('priority')) ?? inherited.priority ?? defaultPriority,
    complexity: complexityOf(readComplexity(field('complexity', 'complexity_score'))),
    exitCriteria: criteriaNames.flatMap((name) => readTexts(field(name))),
    contextFiles: readTexts(field('context_files')),
    verify: [],
    ...(run === undefined ? {} : { run }),
    expects: readWord(field('expects'), ['change', 'no_change']) ?? 'change',
    executionMode: readWord(field('execution_mode'), ['autonomous', 'manual']) ?? 'autonomous',
    groups: named.groups,
    ...(estimateMs === undefined ? {} : { estimateMs }),
    position: positionAt(reading.source, node.start),
    path,
    ...defaults,
    ...readRunOptions(reading, node, path, 'task', warned, providers),
  }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const criteriaNames = ['exit_criteria', 'acceptance', 'acceptance_criteria', 'acceptanceCriteria'] as const

function readRunOptions(
  reading: Reading,
  node: MapNode,
  path: string,
  level: Level,
  warned: Set<string>,
  providers?: readonly string[],
): TaskOptions {
  const field = (...names: string[]) => fieldOf(reading, node, path, ...names)
  const asked = readProviders(field('provider'), providers)
  const model = readText(field('model'))
  const timeoutMs = readDuration(field('timeout'))
  const maxAttempts = readMaxAttempts(field('max_attempts', 'attempts'))
  const budget = readBudget(field('budget'))
  const verify = entriesMeaning(node, level, ['verify']).flatMap(({ key }) => field(key) ?? [])
  return {
    ...(asked === undefined ? {} : { providers: asked }),
    ...(model === undefined ? {} : { model }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(budget === undefined ? {} : { budget }),
    ...(verify.length === 0 ? {} : { verify: verify.flatMap((one) => readVerify(one, warned)) }),
  }
}

function ownStatus(reading: Reading, words: StatusWords, { node, path, archived }: NamedTask): TaskStatus {
  const status = statusInFile(reading, words, node, path)
  return archived && !statusSatisfies(status) ? 'done' : status
}

function statusInFile(reading: Reading, words: StatusWords, node: MapNode, path: string): TaskStatus {
  const status = entryOf(node, 'status')?.value
  if (status) return readStatus(reading, words, status, joinPath(path, 'status'))
  const flag = fieldOf(reading, node, path, 'completed', 'passes')
  if (!flag) return 'pending'
  if (flag.node.kind === 'scalar' && typeof flag.node.value === 'boolean') return flag.node.value ? 'done' : 'pending'
  addProblem(reading, 'E042', flag.node.start, `${flag.name} must be true or false`, { path: flag.path })
  return 'pending'
}

/** If a task has both spellings, both go to the prompt. */
function readDescription(reading: Reading, node: MapNode): string {
  const parts = ['description', 'details', 'body'].flatMap((name) => {
    const value = entryOf(node, name)?.value
    return value ? [looseText(reading, value).trimEnd()] : []
  })
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A group's dependency applies to its tasks, but a task inside the group doesn't wait for itself. */
function allDependencies(reading: Reading, { id, node, path, inherited }: NamedTask): Dependency[] {
  const own = readDependencies(reading, node, path, 'task')
  const refs = new Set([id, ...own.map(({ ref }) => ref)])
  return [...own, ...inherited.dependencies.filter(({ ref }) => !refs.has(ref))]
}

/** A text, `{run}`, or a list of them; an entry without a command is text for the agent (W063). */
function readVerify({ reading, name, node, path }: Field, warned: Set<string>): VerifyEntry[] {
  const items = node.kind === 'list' ? node.items : [node]
  return items.flatMap((item, index): VerifyEntry[] => {
    const run = item.kind === 'map' ? scalarText(entryOf(item, 'run')?.value) : scalarText(item)
    const place = node.kind === 'list' ? `${path}[${index}]` : path
    if (run !== undefined) checkLength(reading, run, item, place)
    const unfailing = run === undefined ? undefined : whyUnfailing(run)
    if (unfailing !== undefined)
      addProblem(reading, 'W067', item.start, `${name} cannot fail: ${unfailing}`, { help: failingHelp, path: place })
    if (run !== undefined && run.trim() !== '') return [{ run, ...readGateFields(reading, item, place, warned) }]
    const text = looseText(reading, item).trim()
    const misspelt = item.kind === 'map' ? [...item.entries.keys()].find(meansRun) : undefined
    const help =
      misspelt === undefined ? 'give the command as a string, or under run:' : `${misspelt}: did you mean run?`
    addProblem(reading, 'W063', item.start, `${name} without a command: kept as text, never run`, {
      help,
      path: place,
    })
    return text === '' ? [] : [{ text }]
  })
}

/** A command that no process can run would fail only after the work is done. */
function checkLength(reading: Reading, command: string, node: SourceNode, path: string): void {
  if (isTooLong(command))
    addProblem(reading, 'E061', node.start, 'the command is too long', { help: shorterCommand, path })
}

function readGateFields(
  reading: Reading,
  item: SourceNode,
  path: string,
  warned: Set<string>,
): Omit<VerifyEntry, 'run' | 'text'> {
  if (item.kind !== 'map') return {}
  checkKeys(reading, item, 'verify', path, warned)
  const name = readText(fieldOf(reading, item, path, 'name'))
  const cwd = fieldOf(reading, item, path, 'cwd')
  const timeoutMs = readDuration(fieldOf(reading, item, path, 'timeout'))
  const exclusive = readWord(fieldOf(reading, item, path, 'exclusive'), ['true', 'false'])
  if (cwd?.node.kind === 'scalar') checkFiles(cwd)
  const directory = readText(cwd)
  return {
    ...(name === undefined ? {} : { name }),
    ...(directory === undefined ? {} : { cwd: directory }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(exclusive === 'true' ? { exclusive: true } : {}),
  }
}

/** Features of the format that this version ignores; each is reported once per file. */
const notHonoured = {
  parallel_group: 'tasks of all groups may run together',
  files: 'tasks that name the same files may run together',
  touches: 'tasks that name the same files may run together',
  write_scope: 'tasks that name the same files may run together',
  modified_files: 'tasks that name the same files may run together',
  effort: 'the CLI decides how hard its model thinks',
} as const

const fileLists: ReadonlySet<string> = new Set(['files', 'touches', 'write_scope', 'modified_files'])

function warnNotHonoured(reading: Reading, node: MapNode, path: string, warned: Set<string>): void {
  for (const [name, consequence] of Object.entries(notHonoured)) {
    const field = fieldOf(reading, node, path, name)
    if (!field) continue
    if (fileLists.has(name)) checkFiles(field)
    if (warned.has(consequence)) continue
    warned.add(consequence)
    const text = `${name} has no effect yet: ${consequence}`
    addProblem(reading, 'W066', field.node.start, text, { path: field.path })
  }
}

function checkFiles(field: Field): void {
  for (const file of readTexts(field)) {
    if (!/^(?:[/\\~]|[A-Za-z]:[/\\])/.test(file) && !file.split(/[/\\]/).includes('..')) continue
    const { reading, node, name, path } = field
    const help = 'write paths from the root of the repository, without ".."'
    addProblem(reading, 'E062', node.start, `${name} must stay inside the repository: ${file}`, { help, path })
  }
}
