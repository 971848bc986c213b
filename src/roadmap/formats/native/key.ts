import { nearest } from '../../../domain/nearest.js'
import { correctionOf, meaningOf, type KeyMeaning } from './key-meaning.js'
import { meansRun } from '../../../domain/roadmap/run-key.js'
import { addProblem, type Reading } from '../../../domain/roadmap/source.js'
import { isNull, type MapEntry, type MapNode } from '../../syntax/source-node.js'

/** Keys with a meaning, or keys of real roadmaps that are kept as they are. One list for each level. */
const keys = {
  root: [
    '$schema',
    'version',
    'name',
    'title',
    'description',
    'defaults',
    'tasks',
    'epics',
    'milestones',
    'archive',
    'metadata',
  ],
  defaults: ['provider', 'model', 'effort', 'timeout', 'max_attempts', 'budget', 'verify', 'gates'],
  verify: ['run', 'name', 'cwd', 'timeout', 'exclusive'],
  group: [
    'id',
    'title',
    'name',
    'status',
    'description',
    'domain',
    'priority',
    'tasks',
    'milestones',
    'sets',
    'blocked_by',
    'dependencies',
    'depends_on',
    'needs',
    'requires',
    'after',
    'depends',
    'deps',
    'created_by',
    'created_at',
    'original_task',
    'bypass_pattern',
    'concerns',
    'metadata',
    'epic',
    'epic_id',
    'milestone_id',
    'owner',
    'notes',
    'labels',
    'tags',
    'type',
    'blocked_reason',
    'exit_criteria',
    'acceptance',
  ],
  task: [
    'id',
    'title',
    'name',
    'goal',
    'subject',
    'status',
    'completed',
    'passes',
    'description',
    'details',
    'body',
    'prompt',
    'dependencies',
    'depends_on',
    'dependsOn',
    'blockedBy',
    'blocked_by',
    'needs',
    'requires',
    'after',
    'depends',
    'deps',
    'parallel_group',
    'priority',
    'complexity',
    'complexity_score',
    'estimate_hours',
    'effort_hours',
    'estimated_effort_hours',
    'estimated_minutes',
    'business_value',
    'exit_criteria',
    'acceptance',
    'acceptance_criteria',
    'acceptanceCriteria',
    'verify',
    'gates',
    'files',
    'touches',
    'write_scope',
    'modified_files',
    'context_files',
    'provider',
    'model',
    'effort',
    'run',
    'expects',
    'timeout',
    'max_attempts',
    'attempts',
    'budget',
    'execution_mode',
    'domain',
    'type',
    'labels',
    'tags',
    'owner',
    'assignee',
    'notes',
    'blocked_reason',
    'metadata',
    'epic',
    'epic_id',
    'milestone_id',
    'set_id',
    'original_epic',
    'original_task',
    'original_task_id',
    'bypass_pattern',
    'required_tools',
    'work_process_phases',
    'evidence_path',
    'evidenceDir',
    'evidence_enforcement',
    'kpi',
    'critic',
    'created_by',
    'created_at',
    'concerns',
  ],
} as const satisfies Record<string, readonly string[]>

/** Where in a roadmap a map stands. */
export type Level = keyof typeof keys

/** The known keys of a level. */
export type KeyOf<In extends Level> = (typeof keys)[In][number]

export function keysOf(level: Level): readonly string[] {
  return keys[level]
}

const known = new Map<Level, ReadonlySet<string>>(
  (Object.keys(keys) as Level[]).map((level) => [level, new Set<string>(keys[level])]),
)

/**
 * Warns about keys without meaning here (W060), once for each distinct key of a file; `seen` remembers them. A key
 * that was meant to say something about order or checks, and doesn't, is an error (E060) each time.
 */
export function checkKeys(reading: Reading, map: MapNode, level: Level, path: string, seen: Set<string>): void {
  const names = known.get(level)
  for (const { key, keyStart, merged } of map.entries.values()) {
    if (merged || names?.has(key) === true || isForeign(key)) continue
    const refused = level === 'verify' ? undefined : refusalOf(key, level)
    if (refused !== undefined) addProblem(reading, 'E060', keyStart, `unknown key "${key}"`, { help: refused, path })
    if (refused !== undefined || means(key, level) || seen.has(key)) continue
    seen.add(key)
    const near = names?.has('run') === true && meansRun(key) ? 'run' : nearKey(key, names ?? [], seen)
    const help = near === undefined ? 'autopilot keeps it, but does not use it' : `did you mean ${near}?`
    addProblem(reading, 'W060', keyStart, `unknown key "${key}"`, { help, path })
  }
}

/** How many suggestions are worth their time. */
const maxHints = 100

function nearKey(key: string, names: Iterable<string>, seen: ReadonlySet<string>): string | undefined {
  return seen.size <= maxHints ? nearest(key, names) : undefined
}

/** Other tools keep their own data under such names. */
function isForeign(key: string): boolean {
  return /^x[-_]/.test(key)
}

/** What keys of each level can mean; other meanings would have no effect there. */
const levels: Readonly<Record<Level, readonly KeyMeaning[]>> = {
  root: [],
  defaults: ['verify'],
  verify: [],
  group: ['dependency', 'named_dependency'],
  task: ['dependency', 'named_dependency', 'verify'],
}

function means(key: string, level: Level): boolean {
  const meaning = meaningOf(key)
  return meaning !== undefined && levels[level].includes(meaning)
}

/** What to do about a key that seems to be about order or checks; undefined if it isn't, or if it is understood. */
function refusalOf(key: string, level: Level): string | undefined {
  const meaning = meaningOf(key)
  if (meaning === undefined) return level === 'root' ? undefined : correctionOf(key)
  // What a whole file requires says nothing about the order of its tasks.
  if (levels[level].includes(meaning) || (level === 'root' && meaning !== 'verify')) return undefined
  return meaning === 'verify'
    ? 'put verify into a task, or under defaults: at the root for tasks without their own'
    : 'put dependencies into a task, or into the epic, milestone or set around it'
}

/** The entries of a map with this meaning, in any spelling and in file order, without empty ones. */
export function entriesMeaning(map: MapNode, level: Level, wanted: readonly KeyMeaning[]): readonly MapEntry[] {
  const found: MapEntry[] = []
  for (const entry of map.entries.values()) {
    if (isPlain(entry.key, level)) continue
    const meaning = isForeign(entry.key) ? undefined : meaningOf(entry.key)
    if (meaning !== undefined && wanted.includes(meaning) && !isNull(entry.value)) found.push(entry)
  }
  return found
}

/** Known, and about something else: that is true of nearly all keys, and there are many. */
function isPlain(key: string, level: Level): boolean {
  return plain.get(level)?.has(key) === true
}

const plain = new Map<Level, ReadonlySet<string>>(
  [...known].map(([level, names]) => [level, new Set([...names].filter((key) => meaningOf(key) === undefined))]),
)
