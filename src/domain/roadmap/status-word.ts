import { anyCase } from '../json-schema.js'
import { nearest } from '../nearest.js'
import { err, ok, type Result } from '../result.js'
import { taskStatuses, type TaskStatus } from './task.js'

/** Words that roadmaps use, in their normal form. Source: every word seen in 61 versions of real roadmaps. */
const aliases: Readonly<Record<TaskStatus, readonly string[]>> = {
  pending: [
    'todo',
    'to_do',
    'open',
    'planned',
    'backlog',
    'ready',
    'queued',
    'new',
    'not_started',
    'draft',
    'needs_improvement',
  ],
  in_progress: ['active', 'doing', 'started', 'wip', 'inprogress', 'hooked'],
  needs_review: ['review', 'in_review', 'human_review'],
  done: ['complete', 'completed', 'closed', 'merged', 'passed', 'true'],
  skipped: [],
  canceled: ['cancelled', 'tombstone', 'duplicate', 'wontfix', 'deleted'],
  blocked: [],
  failed: ['error', 'retry'],
  on_hold: ['deferred', 'paused', 'frozen', 'pinned', 'future'],
}

const known: ReadonlyMap<string, TaskStatus> = new Map(
  taskStatuses.flatMap((status) => [status, ...aliases[status]].map((word) => [word, status] as const)),
)

/** Words of the configuration (`statuses:`), in their normal form, on top of the known ones. */
export type StatusWords = ReadonlyMap<string, TaskStatus>

/** Reads the configuration's extra words; one that maps to an unknown status is left out, so it stays unknown. */
export function statusWords(extra: Readonly<Record<string, string>>): StatusWords {
  return new Map(
    Object.entries(extra).flatMap(([word, meaning]) => {
      const status = known.get(normal(meaning))
      return status === undefined ? [] : [[normal(word), status] as const]
    }),
  )
}

/** The status that a word of the configuration stands for; the error says what is accepted. */
export function readMeaning(word: string): Result<TaskStatus, string> {
  const status = known.get(normal(word))
  if (status !== undefined) return ok(status)
  const near = nearest(normal(word), known.keys())
  return err(`'${word}' is not a status; ${near === undefined ? '' : `did you mean ${near}? `}${knownWords}`)
}

/** Case does not matter, nor do spaces and hyphens. */
function normal(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
}

/** What the known words match, and further ones, in any spelling; for JSON Schemas. */
export function statusPattern(more: readonly string[] = []): string {
  const words = [...known.keys(), ...more.map(normal)]
  return `^\\s*(?:${words
    .map((word) =>
      word
        .split('_')
        .map((part) => anyCase([part]))
        .join('(?:_|[\\s-]+)'),
    )
    .join('|')})\\s*$`
}

export const knownWords = `known words: ${taskStatuses.join(', ')}`

/** The word for done that this file uses, as it spells it, among the three that say so plainly; else `done`. */
export function doneWord(words: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const word of words) {
    if (/^(?:done|completed?)$/i.test(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  let best = 'done'
  for (const [word, count] of counts) if (count > (counts.get(best) ?? 0)) best = word
  return best
}

/** The status that a word of a roadmap stands for, empty for `pending`; the error says what is accepted. */
export function statusOf(text: string, words: StatusWords): Result<TaskStatus, string> {
  const word = normal(text)
  const status = word === '' ? 'pending' : (words.get(word) ?? known.get(word))
  if (status !== undefined) return ok(status)
  const near = nearest(word, [...known.keys(), ...words.keys()])
  const hint = near === undefined ? '' : `did you mean ${near}? `
  return err(`${hint}${knownWords}; other words can be mapped by statuses: in autopilot.yaml`)
}
