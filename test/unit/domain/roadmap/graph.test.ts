import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { buildGraph, type TaskGraph } from '../../../../src/domain/roadmap/graph.js'
import { statusSatisfies, type Task } from '../../../../src/domain/roadmap/task.js'
import { acyclicTasks, groupOf, taskOf } from '../../../support/rigs/task.js'

/** Each cycle as `A>B`, each step a task that waits for the next, turned so that the smallest id is first. */
function cyclesOf(graph: TaskGraph): readonly string[] {
  return graph.cycles.map((steps) => {
    steps.forEach((step, index) => expect(step.next).toBe(steps[(index + 1) % steps.length]?.task))
    const ids = steps.map(({ task }) => task.id)
    const first = ids.indexOf([...ids].sort()[0]!)
    return [...ids.slice(first), ...ids.slice(0, first)].join('>')
  })
}

describe('dependencies', () => {
  it('are the written ones, without repeats, and are known from both ends', () => {
    const graph = buildGraph([taskOf('C', { after: ['B', 'A', 'B'] }), taskOf('A'), taskOf('B', { after: ['A'] })], [])
    expect(graph.dependencies.get(taskId('C'))).toEqual(['B', 'A'])
    expect(graph.dependents.get(taskId('A'))).toEqual(['C', 'B'])
    expect(graph.dependents.get(taskId('C'))).toBeUndefined()
    expect([...graph.order]).toEqual([
      ['C', 0],
      ['A', 1],
      ['B', 2],
    ])
  })

  it('on a group are on all tasks below it at any depth, except the task itself', () => {
    const tasks = [
      taskOf('one', { groups: ['epic', 'milestone'] }),
      taskOf('two', { groups: ['epic'] }),
      taskOf('last', { groups: ['epic'], after: ['epic'] }),
      taskOf('outside', { after: ['milestone', 'two'] }),
    ]
    const graph = buildGraph(tasks, [groupOf('epic'), groupOf('milestone', { parent: 'epic' })])
    expect(graph.dependencies.get(taskId('last'))).toEqual(['one', 'two'])
    expect(graph.dependencies.get(taskId('outside'))).toEqual(['one', 'two'])
    expect(graph.cycles).toEqual([])
  })

  it('on a group without tasks are none, and on a name of both a task and a group are on the task', () => {
    const tasks = [taskOf('x'), taskOf('below', { groups: ['x'] }), taskOf('A', { after: ['empty', 'x'] })]
    const graph = buildGraph(tasks, [groupOf('empty'), groupOf('x')])
    expect(graph.dependencies.get(taskId('A'))).toEqual(['x'])
    expect(graph.unresolved).toEqual([])
  })

  it('on what does not exist are named, each of them', () => {
    const graph = buildGraph([taskOf('A', { after: ['ghost', 'B', 'spirit'] }), taskOf('B')], [])
    expect(graph.unresolved.map(({ task, dependency }) => [task.id, dependency.ref])).toEqual([
      ['A', 'ghost'],
      ['A', 'spirit'],
    ])
    expect(graph.dependencies.get(taskId('A'))).toEqual(['B'])
  })

  it('of the first task with an id count if there are two', () => {
    const graph = buildGraph([taskOf('A', { title: 'first' }), taskOf('B'), taskOf('A', { after: ['B'] })], [])
    expect(graph.tasks.get(taskId('A'))?.title).toBe('first')
    expect(graph.dependencies.get(taskId('A'))).toEqual([])
    expect(graph.order.get(taskId('A'))).toBe(0)
  })
})

describe('cycles', () => {
  it('are reported whole, also of one task', () => {
    const tasks = [
      taskOf('in', { after: ['A'] }),
      taskOf('A', { after: ['B'] }),
      taskOf('B', { after: ['C'] }),
      taskOf('C', { after: ['A'] }),
      taskOf('self', { after: ['self'] }),
    ]
    expect(cyclesOf(buildGraph(tasks, []))).toEqual(['A>B>C', 'self'])
  })

  it('through groups name the group as it was written', () => {
    const tasks = [
      taskOf('A', { groups: ['first'], after: ['second'] }),
      taskOf('B', { groups: ['second'], after: ['A'] }),
    ]
    const graph = buildGraph(tasks, [groupOf('first'), groupOf('second')])
    expect(cyclesOf(graph)).toEqual(['A>B'])
    expect(graph.cycles[0]?.map(({ dependency }) => dependency.ref).sort()).toEqual(['A', 'second'])
  })

  it('through a done task are none', () => {
    const tasks = [taskOf('A', { after: ['B'] }), taskOf('B', { after: ['A'], status: 'done' })]
    expect(buildGraph(tasks, []).cycles).toEqual([])
    expect(buildGraph([taskOf('A', { after: ['A'], status: 'skipped' })], []).cycles).toEqual([])
  })

  it('are found exactly if removing what waits for nothing does not empty the graph', () => {
    const anyTasks = fc
      .array(fc.record({ after: fc.array(fc.nat(7), { maxLength: 2 }), done: fc.nat(5) }), { maxLength: 8 })
      .map((drafts) =>
        drafts.map(({ after, done }, index) =>
          taskOf(`T${index}`, { after: after.map((to) => `T${to}`), status: done === 0 ? 'done' : 'pending' }),
        ),
      )
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const graph = buildGraph(tasks, [])
        let left = tasks.filter(({ status }) => !statusSatisfies(status))
        for (let before = -1; before !== left.length;) {
          before = left.length
          left = left.filter(({ dependencies }) => dependencies.some(({ ref }) => left.some(({ id }) => id === ref)))
        }
        expect(graph.cycles.length > 0).toBe(left.length > 0)
        cyclesOf(graph)
      }),
    )
  })

  it('are at most twenty, however many there are', () => {
    const all = Array.from({ length: 30 }, (_, index) => `T${index}`)
    expect(
      buildGraph(
        all.map((id) => taskOf(id, { after: [id] })),
        [],
      ).cycles,
    ).toHaveLength(20)
  })

  it('and chains of 20,000 tasks do not overflow the stack', () => {
    const length = 20_000
    const chain = Array.from({ length }, (_, index) =>
      taskOf(`T${index}`, { after: index === 0 ? [] : [`T${index - 1}`] }),
    )
    const graph = buildGraph(chain, [])
    expect(graph.cycles).toEqual([])
    expect(graph.chain.get(taskId('T0'))).toBe(length - 1)
    const closed = buildGraph([taskOf('T0', { after: [`T${length - 1}`] }), ...chain.slice(1)], [])
    expect(closed.cycles.map((steps) => steps.length)).toEqual([length])
  })
})

describe('the longest chain of open dependents', () => {
  it('is what trying all paths gives', () => {
    const longest = (tasks: readonly Task[], id: string): number =>
      tasks
        .filter(({ status, dependencies }) => !statusSatisfies(status) && dependencies.some(({ ref }) => ref === id))
        .reduce((most, dependent) => Math.max(most, 1 + longest(tasks, dependent.id)), 0)
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const { chain, cycles } = buildGraph(tasks, [])
        expect(cycles).toEqual([])
        for (const { id } of tasks) expect([id, chain.get(id)]).toEqual([id, longest(tasks, id)])
      }),
    )
  })
})
