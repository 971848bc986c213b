import type { TaskId } from '../../../domain/brand.js'
import { fieldOf, joinPath, readText } from './field.js'
import { addProblem, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, scalarText, type SourceNode } from '../../syntax/source-node.js'
import type { FoundTask } from './walk.js'

/** A found task under the id that it is addressed by. */
export interface NamedTask extends FoundTask {
  readonly id: TaskId
  readonly title: string
}

/**
 * Gives each task its id: as written (numbers keep their digits), else a slug of the title, made unique. A task with
 * neither id nor title is left out with E033.
 */
export function nameTasks(reading: Reading, tasks: readonly FoundTask[]): NamedTask[] {
  const taken = new Map(tasks.flatMap(({ node }) => ownId(entryOf(node, 'id')?.value) ?? []).map((id) => [id, 1]))
  return withoutStaleArchive(tasks).flatMap((task) => {
    const { node, path } = task
    const idNode = entryOf(node, 'id')?.value
    const title = readText(fieldOf(reading, node, path, 'title', 'name', 'goal', 'subject'))?.trim()
    const id = ownId(idNode)
    if (idNode && id !== undefined) checkId(reading, id, idNode, joinPath(path, 'id'))
    if (id !== undefined && (title === undefined || title === '')) {
      addProblem(reading, 'W034', node.start, `task "${id}" has no title`, {
        help: 'say in a few words what to do',
        path,
      })
    }
    if (id !== undefined) return [{ ...task, id, title: title === undefined || title === '' ? id : title }]
    if (title !== undefined && title !== '') return [{ ...task, id: uniqueSlug(title, taken), title }]
    const help = 'give the task an id and a title'
    addProblem(reading, 'E033', node.start, 'a task needs an id or a title', { help, path })
    return []
  })
}

/** What the archive repeats, or wraps without naming, is history: nothing can depend on it. */
function withoutStaleArchive(tasks: readonly FoundTask[]): FoundTask[] {
  const seen = new Set<TaskId>()
  return tasks.filter(({ node, archived }) => {
    const id = ownId(entryOf(node, 'id')?.value)
    const stale = archived && (id === undefined || seen.has(id))
    if (id !== undefined) seen.add(id)
    return !stale
  })
}

/** The id as written; an id that is there but empty, or no scalar, is an id too, and a wrong one. */
function ownId(node: SourceNode | undefined): TaskId | undefined {
  if (!node || (node.kind === 'scalar' && node.value === null)) return undefined
  return (scalarText(node)?.trim() ?? '') as TaskId
}

function checkId(reading: Reading, id: TaskId, node: SourceNode, path: string): void {
  const wrong = idFault(id)
  const help = 'use a short id of letters, digits, dots and hyphens'
  if (wrong !== undefined) addProblem(reading, 'E035', node.start, `the id ${wrong}`, { help, path })
  if (/[\u200b-\u200d\u2060\ufeff\u00ad]/.test(id)) {
    addProblem(reading, 'W074', node.start, 'the id contains invisible characters', { help, path })
  }
}

function idFault(id: TaskId): string | undefined {
  if (id === '') return 'is empty or not a string'
  if (id.length > 200) return `has ${id.length} characters; the maximum is 200`
  // Bidi controls can make one id look like another.
  return /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(id) ? 'contains control characters' : undefined
}

function uniqueSlug(title: string, taken: Map<string, number>): TaskId {
  const words = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
  const slug = words.slice(0, 60).replace(/(?:-|[\ud800-\udbff])$/, '')
  const base = slug === '' ? 'task' : slug
  let count = taken.get(base) ?? 1
  let id = taken.has(base) ? `${base}-${++count}` : base
  while (taken.has(id)) id = `${base}-${++count}`
  // The count is kept with the base, so that a thousand tasks of one title do not search from 2 each time.
  taken.set(base, count).set(id, taken.get(id) ?? 1)
  return id as TaskId
}
