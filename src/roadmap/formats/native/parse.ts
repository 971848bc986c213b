import type { TaskId } from '../../../domain/brand.js'
import { plural } from '../../../domain/text.js'
import { nearest } from '../../../domain/nearest.js'
import { compareProblems, type Problem } from '../../../domain/roadmap/problem.js'
import type { Group, Task } from '../../../domain/roadmap/task.js'
import { checkRoadmap } from '../check.js'
import { decode, type Decoded, type Encoding } from '../../syntax/decode.js'
import { refuseForeign } from './foreign.js'
import { readJson } from '../../syntax/read-json.js'
import { readDefaults, readTask } from './read-task.js'
import { readYaml } from '../../syntax/read-yaml.js'
import { addProblem, createSource, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, isNull, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'
import type { ParsedRoadmap, ParseOptions, StatusValue } from '../contract.js'
import { locateStatus } from './status-value.js'
import { nameTasks, type NamedTask } from './task-id.js'
import { maxTasks, walkRoadmap, type Walked } from './walk.js'
import { doneWord, statusWords } from '../../../domain/roadmap/status-word.js'

/** Reads a native or WeatherVane roadmap from the bytes of a YAML or JSON file. Touches no disk, never throws. */
export function parseNative(bytes: Uint8Array, options: ParseOptions): ParsedRoadmap {
  const decoded = decode(bytes, options.file)
  if (!decoded.ok) return nothingRead([decoded.error])
  const reading: Reading = { source: createSource(options.file, decoded.value.text), problems: [] }
  const format = formatOf(options.file, decoded.value.text)
  const root = readRoot(reading, format)
  if (!root) return nothingRead(reading.problems, decoded.value.encoding)
  return readRoadmap(reading, root, options, format, decoded.value)
}

function nothingRead(problems: readonly Problem[], encoding: Encoding = { bom: false, eol: '\n' }): ParsedRoadmap {
  return { problems: [...problems].sort(compareProblems), values: new Map(), encoding }
}

type Format = 'yaml' | 'json'

/** By the name, or if that says nothing, by the first character. */
function formatOf(file: string, text: string): Format {
  if (/\.jsonc?$/i.test(file)) return 'json'
  if (/\.ya?ml$/i.test(file)) return 'yaml'
  return /^\s*[[{]/.test(text) ? 'json' : 'yaml'
}

function readRoot(reading: Reading, format: Format): SourceNode | undefined {
  const { text, file } = reading.source
  const extension = /\.(md|markdown|txt|jsonl|org|toml)$/i.exec(file)?.[1]
  if (extension !== undefined) {
    refuseName(reading, extension)
    return undefined
  }
  const conflict = /^<{7} /m.exec(text)
  if (conflict && /^>{7}(?: |\r?$)/m.test(text)) {
    const help = 'resolve the conflict with git, then try again'
    addProblem(reading, 'E009', conflict.index, 'unresolved merge conflict', { help })
    return undefined
  }
  const empty = text.trim() === ''
  const root = empty ? undefined : format === 'json' ? readJson(reading, text) : readYaml(reading, text)
  if (reading.problems.some(({ severity }) => severity === 'error')) return undefined
  if (root && !isNull(root)) return root
  addProblem(reading, 'E002', 0, `${file} has no tasks`, { help: example })
  return undefined
}

const example = 'a minimal roadmap: tasks: [{ id: login, title: Add the login form }]'

function refuseName(reading: Reading, extension: string): void {
  const { text } = reading.source
  const workflow = text.startsWith('---') && /^tracker:/m.test(text)
  const unknown = /^toml$/i.test(extension) ? 'a roadmap is not written in TOML' : 'unknown format'
  const what = workflow ? 'this is a WORKFLOW.md of an orchestrator, not a roadmap' : unknown
  addProblem(reading, workflow ? 'E004' : 'E005', 0, what, { help: formats })
}

const formats = 'roadmaps are YAML or JSON with tasks:, epics: or milestones:'

function readRoadmap(
  reading: Reading,
  root: SourceNode,
  options: ParseOptions,
  format: Format,
  { encoding }: Decoded,
): ParsedRoadmap {
  if (!hasShape(reading, root)) return nothingRead(reading.problems, encoding)
  const words = statusWords(options.statuses ?? {})
  const warned = new Set<string>()
  const walked = walkRoadmap(reading, words, root, warned)
  if (!hasTasks(reading, root, walked)) return nothingRead(reading.problems, encoding)
  const { providers } = options
  const defaults = readDefaults(reading, root, warned, providers)
  const taskReading = { reading, words, warned, defaults, ...(providers === undefined ? {} : { providers }) }
  const named = nameTasks(reading, walked.tasks)
  const tasks = named.map((task) => readTask(taskReading, task))
  const checked = checkRoadmap(tasks, walked.groups, numericIds(named))
  const manner = { source: reading.source, format, encoding, done: doneWord(statusTexts(named)) }
  return {
    roadmap: { file: options.file, tasks, groups: walked.groups },
    graph: checked.graph,
    problems: [...reading.problems, ...checked.problems].sort(compareProblems),
    values: locate(named, tasks, (node, { status }) => locateStatus(manner, node, status)),
    encoding,
  }
}

/** Two tasks with one id can't be told apart, so neither is written. */
function locate(
  named: readonly NamedTask[],
  tasks: readonly Task[],
  place: (node: MapNode, task: Task) => StatusValue,
): Map<TaskId, StatusValue> {
  const values = new Map<TaskId, StatusValue>()
  for (const [index, task] of tasks.entries()) {
    const node = named[index]?.node
    if (values.has(task.id)) values.set(task.id, { kind: 'shared', status: task.status, line: task.position.line })
    else if (node) values.set(task.id, place(node, task))
  }
  return values
}

function numericIds(named: readonly NamedTask[]): Set<TaskId> {
  return new Set(
    named.flatMap(({ node, id }) => {
      const value = entryOf(node, 'id')?.value
      return value?.kind === 'scalar' && typeof value.value === 'number' ? [id] : []
    }),
  )
}

function statusTexts(named: readonly NamedTask[]): string[] {
  return named.flatMap(({ node }) => scalarText(entryOf(node, 'status')?.value) ?? [])
}

/** Whether this can be a roadmap at all: a map with one of the lists, or a bare list of tasks. */
function hasShape(reading: Reading, root: SourceNode): boolean {
  if (root.kind === 'scalar') {
    addProblem(reading, 'E030', root.start, 'expected a map or a list, found a single value', { help: formats })
    return false
  }
  if (refuseForeign(reading, root)) return false
  const names = ['tasks', 'epics', 'milestones', 'archive']
  if (root.kind === 'list' || names.some((name) => root.entries.has(name))) return true
  const close = [...root.entries.values()].find(({ key }) => nearest(key, names) !== undefined)
  const help = close === undefined ? formats : `"${close.key}": did you mean ${nearest(close.key, names) ?? ''}?`
  addProblem(reading, 'E005', close?.keyStart ?? root.start, 'unknown format', { help })
  return false
}

function hasTasks(reading: Reading, root: SourceNode, { tasks, groups }: Walked): boolean {
  if (tasks.length > maxTasks) {
    const help = `a roadmap may have ${maxTasks}: move finished tasks to another file`
    addProblem(reading, 'E008', root.start, `too many tasks: ${tasks.length}`, { help })
  }
  if (tasks.length > 0) return tasks.length <= maxTasks
  // A list that couldn't be read has already said why.
  if (reading.problems.some(({ severity }) => severity === 'error')) return false
  if (groups.length === 0) addProblem(reading, 'E002', root.start, 'there are no tasks', { help: example })
  else noneBelow(reading, root, groups)
  return false
}

function noneBelow(reading: Reading, root: SourceNode, groups: readonly Group[]): void {
  const kind = groups[0]?.kind ?? 'epic'
  const count = groups.filter((group) => group.kind === kind).length
  const list = root.kind === 'map' ? entryOf(root, `${kind}s`)?.value : undefined
  const first = list?.kind === 'list' ? list.items[0] : undefined
  const keys = first?.kind === 'map' ? [...first.entries.keys()].join(', ') : ''
  const looked = '(looked in epics[].tasks, .milestones[].tasks, .milestones[].sets[].tasks)'
  const text = `found ${plural(count, kind)} but no tasks ${looked}`
  addProblem(reading, 'E003', root.start, text, { help: `the first ${kind} has: ${keys}` })
}
