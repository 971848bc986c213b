import type { Dependency, Group } from '../../../domain/roadmap/task.js'
import { readDependencies } from './dependency.js'
import { fieldOf, joinPath, readPriority, readText } from './field.js'
import { checkKeys } from './key.js'
import { addProblem, positionAt, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, isNull, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'
import { readStatus } from './status-word.js'
import { type StatusWords } from '../../../domain/roadmap/status-word.js'

/** A task as found in the file, with what it has from the groups around it; its own fields are not read yet. */
export interface FoundTask {
  readonly node: MapNode
  readonly path: string
  /** Ids of the groups around it, outermost first. */
  readonly groups: readonly string[]
  readonly inherited: Inherited
  /** Stands in the archive of finished tasks: never open, whatever its status says. */
  readonly archived: boolean
}

/** What tasks have from the groups around them. */
export interface Inherited {
  readonly priority?: number
  readonly dependencies: readonly Dependency[]
}

/** All that a file holds, in reading order: epics depth first, then root milestones, root tasks, archive. */
export interface Walked {
  readonly tasks: readonly FoundTask[]
  readonly groups: readonly Group[]
}

/** More tasks than this are refused. */
export const maxTasks = 20_000

interface Around {
  readonly groups: readonly string[]
  readonly inherited: Inherited
}

interface Walk {
  readonly reading: Reading
  readonly words: StatusWords
  readonly seenKeys: Set<string>
  readonly tasks: FoundTask[]
  readonly groups: Group[]
}

const outside: Around = { groups: [], inherited: { dependencies: [] } }

/** Finds all tasks and groups of a native or WeatherVane roadmap, given its root (a map, or a bare list of tasks). */
export function walkRoadmap(reading: Reading, words: StatusWords, root: SourceNode, seenKeys: Set<string>): Walked {
  const walk: Walk = { reading, words, seenKeys, tasks: [], groups: [] }
  if (root.kind === 'map') {
    checkKeys(reading, root, 'root', '', seenKeys)
    eachGroup(walk, root, 'epics', '', outside)
    eachGroup(walk, root, 'milestones', '', outside)
    eachTask(walk, entryOf(root, 'tasks')?.value, 'tasks', outside)
    for (const [index, item] of listOf(walk, entryOf(root, 'archive')?.value, 'archive').entries())
      archived(walk, item, index)
  } else {
    eachTask(walk, root, '', outside)
  }
  return walk
}

const kinds = { epics: 'epic', milestones: 'milestone', sets: 'set' } as const

function eachGroup(walk: Walk, parent: MapNode, name: keyof typeof kinds, path: string, around: Around): void {
  const listPath = joinPath(path, name)
  for (const [index, node] of listOf(walk, entryOf(parent, name)?.value, listPath).entries()) {
    const place = `${listPath}[${index}]`
    if (node.kind === 'map') oneGroup(walk, node, kinds[name], place, around)
    else if (isNull(node))
      addProblem(walk.reading, 'E032', node.start, 'empty list item', { help: 'remove it', path: place })
    else
      addProblem(walk.reading, 'E032', node.start, `${article[name]} must be a map`, {
        help: 'write id, title, tasks',
        path: place,
      })
  }
}

const article = { epics: 'an epic', milestones: 'a milestone', sets: 'a set' } as const

function oneGroup(walk: Walk, node: MapNode, kind: Group['kind'], path: string, around: Around): void {
  const { reading, words, seenKeys } = walk
  checkKeys(reading, node, 'group', path, seenKeys)
  const title = readText(fieldOf(reading, node, path, 'title', 'name'))
  const id = scalarText(entryOf(node, 'id')?.value)?.trim() ?? title ?? path
  const status = entryOf(node, 'status')?.value
  const parent = around.groups.at(-1)
  walk.groups.push({
    id,
    kind,
    title: title ?? id,
    status: status ? readStatus(reading, words, status, joinPath(path, 'status')) : 'pending',
    ...(parent === undefined ? {} : { parent }),
    position: positionAt(reading.source, node.start),
  })
  const within = { groups: [...around.groups, id], inherited: inherit(reading, node, path, around.inherited) }
  eachTask(walk, entryOf(node, 'tasks')?.value, joinPath(path, 'tasks'), within)
  if (kind === 'epic') eachGroup(walk, node, 'milestones', path, within)
  if (kind !== 'set') eachGroup(walk, node, 'sets', path, within)
}

function inherit(reading: Reading, node: MapNode, path: string, outer: Inherited): Inherited {
  const priority = readPriority(fieldOf(reading, node, path, 'priority')) ?? outer.priority
  const dependencies = [...outer.dependencies, ...readDependencies(reading, node, path, 'group')]
  return { ...(priority === undefined ? {} : { priority }), dependencies }
}

function eachTask(walk: Walk, list: SourceNode | undefined, path: string, around: Around): void {
  for (const [index, node] of listOf(walk, list, path).entries())
    oneTask(walk, node, `${path}[${index}]`, around, false)
}

function oneTask(walk: Walk, node: SourceNode, path: string, { groups, inherited }: Around, archive: boolean): void {
  const common = { path, groups, inherited, archived: archive }
  if (node.kind === 'map') walk.tasks.push({ ...common, node })
  else if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.trim() !== '') {
    addProblem(walk.reading, 'W032', node.start, 'a task that is only a string: used as its title', {
      help: 'write it as a map with id and title, so that it can have a status',
      path,
    })
    walk.tasks.push({ ...common, node: titled(node) })
  } else {
    const text = isNull(node) ? 'empty list item' : 'a task must be a map'
    addProblem(walk.reading, 'E032', node.start, text, { help: 'write id and title, or remove it', path })
  }
}

/** A map that has only a title. Its text serves as the whole task, so no status can be written into it: shared. */
function titled(node: SourceNode): MapNode {
  const { start, end, size } = node
  const title = { key: 'title', keyStart: start, keyEnd: start, value: node, merged: false }
  return {
    kind: 'map',
    start,
    end,
    size,
    shared: true,
    entries: new Map([['title', title]]),
    flow: true,
    merges: false,
  }
}

/** An archived task stands in a wrapper that names its epic and milestone, or by itself. */
function archived(walk: Walk, item: SourceNode, index: number): void {
  const path = `archive[${index}]`
  if (item.kind !== 'map') return
  const inner = entryOf(item, 'task')?.value
  // Old tools left wrappers whose task is gone.
  if (inner && isNull(inner)) return
  const groups = ['epic', 'milestone', 'set'].flatMap((name) => scalarText(entryOf(item, name)?.value) ?? [])
  if (inner) oneTask(walk, inner, `${path}.task`, { ...outside, groups }, true)
  else oneTask(walk, item, path, outside, true)
}

function listOf(walk: Walk, node: SourceNode | undefined, path: string): readonly SourceNode[] {
  if (!node || isNull(node)) return []
  if (node.kind === 'list') return node.items
  const name = path.replace(/^.*\./, '')
  const help =
    node.kind === 'map'
      ? `write a list instead of a map of id to value: "- id: ${[...node.entries.keys()][0] ?? 'a'}"`
      : `write "${name}:" and below it a list: "- id: a"`
  addProblem(walk.reading, 'E031', node.start, `${name} must be a list`, { help, path })
  return []
}
