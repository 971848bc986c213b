import type { Dependency } from '../../../domain/roadmap/task.js'
import { addProblem, positionAt, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, isNull, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'
import { joinPath } from './field.js'
import { entriesMeaning, type Level } from './key.js'
import { meaningOf } from './key-meaning.js'

/** The dependencies of a task or a group, under every name they go by, without repeats, in file order. */
export function readDependencies(reading: Reading, map: MapNode, path: string, level: Level): Dependency[] {
  const dependencies = new Map<string, Dependency>()
  for (const { key, value } of entriesMeaning(map, level, ['dependency', 'named_dependency'])) {
    const named = meaningOf(key) === 'named_dependency' ? { under: key } : {}
    for (const dependency of readValue(reading, value, joinPath(path, key))) {
      const earlier = dependencies.get(dependency.ref)
      if (earlier?.under === undefined) dependencies.set(dependency.ref, { ...dependency, ...earlier, ...named })
    }
  }
  return [...dependencies.values()]
}

/** A list of ids, one id, or a map with `depends_on`. */
function readValue(reading: Reading, node: SourceNode, path: string): Dependency[] {
  if (isNull(node)) return []
  if (node.kind === 'scalar' && typeof node.value === 'string') return readRef(reading, node, path)
  if (node.kind === 'list') return node.items.flatMap((item, index) => readRef(reading, item, `${path}[${index}]`))
  const inner = node.kind === 'map' ? entryOf(node, 'depends_on')?.value : undefined
  if (inner && inner.kind !== 'map') return readValue(reading, inner, `${path}.depends_on`)
  return refuse(reading, node, path)
}

function readRef(reading: Reading, node: SourceNode, path: string): Dependency[] {
  const text = scalarText(node)
  if (text === undefined || (node.kind === 'scalar' && typeof node.value === 'boolean'))
    return refuse(reading, node, path)
  const ref = text.trim()
  return ref === '' ? [] : [{ ref, position: positionAt(reading.source, node.start) }]
}

function refuse(reading: Reading, node: SourceNode, path: string): [] {
  const help = 'write a list of ids: [a, b], one id as a string, or {depends_on: [a, b]}'
  addProblem(reading, 'E056', node.start, 'dependencies have the wrong form', { help, path })
  return []
}
