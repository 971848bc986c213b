import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { criticalPath } from '../../../../src/report/graph/critical-path.js'
import { dependencyGraph, levelsOf, type GraphTask } from '../../../../src/report/graph/dependencies.js'
import { drawingOf, maxNodes } from '../../../../src/report/graph/drawing.js'
import { layoutGraph } from '../../../../src/report/graph/layout.js'
import { plainLayout } from '../../../../src/report/graph/plain-layout.js'

const size = { width: 100, height: 30 }

function task(id: string, waitsFor: readonly string[] = [], groups: readonly string[] = []): GraphTask {
  return { id: taskId(id), waitsFor, groups }
}

/** Random tasks that wait for earlier tasks and groups, in random groups. */
const graphs = fc
  .array(fc.record({ waits: fc.array(fc.nat(59), { maxLength: 4 }), group: fc.nat(4) }), { maxLength: 60 })
  .map((rows) =>
    rows.map(({ waits, group }, index) => {
      const earlier = waits.filter((other) => other < index).map((other) => `T${other}`)
      return task(`T${index}`, earlier, [`G${group}`])
    }),
  )

describe('the graph of dependencies', () => {
  it('joins what waits for a group at one point, so that it stays small', () => {
    const members = Array.from({ length: 1000 }, (_, index) => task(`A${index}`, [], ['A']))
    const dependents = Array.from({ length: 1000 }, (_, index) => task(`B${index}`, ['A']))
    const graph = dependencyGraph([...members, ...dependents])
    expect(graph).toHaveLength(2001)
    expect(graph.reduce((sum, { parents }) => sum + parents.length, 0)).toBe(2000)
  })

  it('lets a task that waits for its own group wait for the others in it', () => {
    const graph = dependencyGraph([task('last', ['G'], ['G']), task('a', [], ['G']), task('b', [], ['G'])])
    expect(graph.find(({ taskId: id }) => id === 'last')?.parents).toEqual(['task a', 'task b'])
  })

  it('leaves out what is not part of the run, and what would close a cycle', () => {
    const graph = dependencyGraph([task('a', ['b', 'nowhere']), task('b', ['a'])])
    expect(graph.reduce((sum, { parents }) => sum + parents.length, 0)).toBe(1)
  })

  it('takes a task with the name of a group for itself', () => {
    const graph = dependencyGraph([task('x', ['G']), task('G'), task('y', [], ['G'])])
    expect(graph.find(({ taskId: id }) => id === 'x')?.parents).toEqual(['task G'])
  })

  it('puts each task after those that it waits for, in any graph', () => {
    fc.assert(
      fc.property(graphs, (tasks) => {
        const graph = dependencyGraph([...tasks].reverse())
        const place = new Map(graph.map(({ key }, index) => [key, index]))
        for (const { key, parents } of graph)
          for (const parent of parents) expect(place.get(parent)).toBeLessThan(place.get(key)!)
        expect(graph.filter(({ taskId: id }) => id !== undefined)).toHaveLength(tasks.length)
      }),
    )
  })
})

describe('the critical path', () => {
  const timed = (id: string, waitsFor: readonly string[], startedMs?: number, endedMs?: number) => ({
    ...task(id, waitsFor),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(endedMs === undefined ? {} : { endedMs }),
  })

  it('is the chain that took longest, not the one with most tasks', () => {
    const tasks = [
      ...[timed('a', [], 0, 10), timed('b', ['a'], 10, 20), timed('c', ['b'], 20, 30)],
      ...[timed('long', [], 0, 500), timed('end', ['c', 'long'], 500, 510)],
    ]
    expect(criticalPath(tasks, 510)).toEqual(['long', 'end'])
  })

  it('counts what is at work until now, and goes through groups', () => {
    const tasks = [
      { ...timed('a', [], 0, 10), groups: ['G'] },
      { ...timed('b', [], 0), groups: ['G'] },
      timed('c', ['G']),
    ]
    expect(criticalPath(tasks, 100)).toEqual(['b', 'c'])
  })

  it('of tasks that have not run is the longest chain, and there is none without dependencies', () => {
    expect(criticalPath([timed('a', []), timed('b', ['a']), timed('c', ['b']), timed('d', [])], 0)).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(criticalPath([timed('a', [], 0, 10), timed('b', [], 0, 20)], 20)).toEqual([])
  })

  it('of 20,000 tasks in a row is found', () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) => timed(`T${index}`, index > 0 ? [`T${index - 1}`] : []))
    expect(criticalPath(tasks, 0)).toHaveLength(20_000)
  })
})

describe('what is drawn', () => {
  it('is the whole graph without edges that a longer way says, and without tasks that stand alone', () => {
    const drawing = drawingOf([task('a'), task('b', ['a']), task('c', ['a', 'b']), task('alone')])
    expect(drawing.kind).toBe('whole')
    expect(drawing.nodes.map(({ key, parents }) => [key, parents])).toEqual([
      ['task a', []],
      ['task b', ['task a']],
      ['task c', ['task b']],
    ])
    expect(drawing.alone).toEqual(['alone'])
  })

  it('of a larger graph is folded by level and group, and has all tasks', () => {
    const tasks = Array.from({ length: 2000 }, (_, index) =>
      task(`T${index}`, index >= 100 ? [`T${index - 100}`] : [], [`G${index % 10}`]),
    )
    const drawing = drawingOf(tasks)
    expect(drawing.kind).toBe('by_group')
    expect(drawing.nodes).toHaveLength(200)
    expect(drawing.nodes.flatMap((node) => node.tasks)).toHaveLength(2000)
  })

  it('is folded by level where the groups are too many, however deep the graph is', () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) =>
      task(`T${index}`, index > 0 ? [`T${index - 1}`] : [], [`G${index}`]),
    )
    const drawing = drawingOf(tasks)
    expect(drawing.kind).toBe('by_level')
    expect(drawing.nodes.length).toBeLessThanOrEqual(maxNodes)
    expect(drawing.nodes.flatMap((node) => node.tasks)).toHaveLength(20_000)
  })

  it('never has a cycle or an unknown parent, in any graph', () => {
    fc.assert(
      fc.property(graphs, (tasks) => {
        const { nodes } = drawingOf(tasks)
        const known = new Set<string>()
        for (const { key, parents } of nodes) {
          for (const parent of parents) expect(known).toContain(parent)
          known.add(key)
        }
      }),
    )
  })
})

describe.each([
  ['d3-dag', layoutGraph],
  ['the plain one', plainLayout],
])('a layout by %s', (_, layOut) => {
  it('places each node within its size, parents to the left of their children, and joins them', () => {
    fc.assert(
      fc.property(graphs, (tasks) => {
        const { nodes } = drawingOf(tasks)
        const layout = layOut({ nodes, size })
        const levels = levelsOf(nodes)
        const place = new Map(nodes.map(({ key }, index) => [key, layout.places[index]!]))
        for (const { key, parents } of nodes) {
          const [x, y] = place.get(key)!
          expect(x).toBeLessThanOrEqual(layout.width)
          expect(y).toBeLessThanOrEqual(layout.height)
          for (const parent of parents) expect(place.get(parent)![0]).toBeLessThan(x)
        }
        expect(layout.edges).toHaveLength(nodes.reduce((sum, { parents }) => sum + parents.length, 0))
        expect(levels.size).toBe(nodes.length)
      }),
      { numRuns: 30 },
    )
  })
})
