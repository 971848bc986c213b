import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { buildGraph } from '../../../../src/domain/roadmap/graph.js'
import { isPersonsHold, type HoldReason } from '../../../../src/domain/roadmap/hold.js'
import {
  planRun,
  startOrder,
  topologicalOrder,
  type RunPlan,
  type Selection,
} from '../../../../src/domain/roadmap/plan.js'
import { statusRuns, statusSatisfies, type Group, type Task } from '../../../../src/domain/roadmap/task.js'
import { acyclicTasks, groupOf, taskOf } from '../../../support/rigs/task.js'

function plan(tasks: readonly Task[], selection: Selection = {}, groups: readonly Group[] = []): RunPlan {
  return planRun(buildGraph(tasks, groups), groups, selection)
}

/** Each held task with its reason. */
function holdsOf({ tasks }: RunPlan) {
  return Object.fromEntries(tasks.flatMap(({ id, hold }) => (hold ? [[id, hold]] : [])))
}

const file = [
  taskOf('A'),
  taskOf('B', { after: ['A'], groups: ['epic'] }),
  taskOf('C', { groups: ['epic'] }),
  taskOf('D', { after: ['C'] }),
  taskOf('E', { status: 'done' }),
]

describe('what is selected', () => {
  it('is everything by default', () => {
    for (const selection of [{}, { only: [] }]) {
      const { tasks, runnable, unknown } = plan(file, selection, [groupOf('epic')])
      expect(tasks.map(({ id, state }) => `${id} ${state}`)).toEqual([
        'A pending',
        'B pending',
        'C pending',
        'D pending',
        'E done',
      ])
      expect(runnable).toEqual(['A', 'B', 'C', 'D'])
      expect(unknown).toEqual([])
    }
  })

  it('by id or group is exactly that, and a task that waits for another one is held and names it', () => {
    const chosen = plan(file, { only: ['epic', 'D', 'ghost'] }, [groupOf('epic')])
    expect(chosen.tasks.map(({ id }) => id)).toEqual(['B', 'C', 'D'])
    expect(chosen.runnable).toEqual(['C', 'D'])
    expect(holdsOf(chosen)).toEqual({ B: { type: 'not_selected', taskIds: ['A'] } })
    expect(chosen.unknown).toEqual(['ghost'])
  })

  it('by a limit is that many of the first tasks that may start, each after what it depends on', () => {
    const tasks = [
      taskOf('last', { after: ['first'] }),
      taskOf('held', { executionMode: 'manual' }),
      taskOf('first'),
      taskOf('more'),
    ]
    expect(plan(tasks, { limit: 2 }).runnable).toEqual(['last', 'first'])
    expect(plan(tasks, { limit: 1 }).runnable).toEqual(['first'])
    expect(holdsOf(plan(tasks, { limit: 1 }))).toEqual({ held: { type: 'manual' } })
  })

  it('may include done tasks, which count as done', () => {
    expect(plan(file, { only: ['E'] }).tasks).toEqual([{ id: 'E', title: 'E', state: 'done' }])
  })
})

describe('a limit', () => {
  it('takes the tasks that would start first, not those that stand first in the file', () => {
    const tasks = [
      taskOf('usual'),
      taskOf('behind', { after: ['chain'], priority: 0 }),
      taskOf('chain'),
      taskOf('urgent', { priority: 0 }),
    ]
    const limited = (limit: number) => plan(tasks, { limit }).runnable
    expect(limited(1)).toEqual(['urgent'])
    expect(limited(2)).toEqual(['chain', 'urgent'])
    expect(limited(3)).toEqual(['behind', 'chain', 'urgent'])
  })
})

describe('what is held', () => {
  it('has its reason', () => {
    const groups = [groupOf('paused', { status: 'on_hold' }), groupOf('inner', { parent: 'paused' })]
    const tasks = [
      taskOf('blocked', { status: 'blocked' }),
      taskOf('manual', { executionMode: 'manual' }),
      taskOf('lost', { after: ['ghost', 'spirit'] }),
      taskOf('gated', { verify: [{ run: 'make test' }] }),
      taskOf('told', { verify: [{ text: 'look at it' }] }),
      taskOf('below', { groups: ['paused', 'inner'] }),
      taskOf('finished', { status: 'done', after: ['ghost'], executionMode: 'manual', groups: ['paused'] }),
      taskOf('after', { after: ['manual', 'told', 'gated'] }),
      taskOf('later', { after: ['after'] }),
    ]
    const { runnable, ...rest } = plan(tasks, { isolation: 'none' }, groups)
    expect(holdsOf({ runnable, ...rest })).toEqual({
      blocked: { type: 'status', status: 'blocked' },
      manual: { type: 'manual' },
      lost: { type: 'unresolved', refs: ['ghost', 'spirit'] },
      gated: { type: 'verify' },
      below: { type: 'status', status: 'on_hold', group: 'paused' },
      after: { type: 'dependency', taskIds: ['manual', 'gated'], byPerson: false },
      later: { type: 'dependency', taskIds: ['after'], byPerson: false },
    })
    expect(runnable).toEqual(['told'])
  })

  it('names every dependency that will not be done, however far away the cause is', () => {
    const tasks = [
      taskOf('manual', { executionMode: 'manual' }),
      taskOf('end', { after: ['manual', 'far'] }),
      taskOf('far', { after: ['near'] }),
      taskOf('near', { after: ['manual'] }),
    ]
    expect(holdsOf(plan(tasks)).end).toEqual({ type: 'dependency', taskIds: ['manual', 'far'], byPerson: true })
    const selection = { only: ['end', 'far', 'manual'] }
    expect(holdsOf(plan(tasks, selection))).toEqual({
      manual: { type: 'manual' },
      // That `near` is not selected is a nearer cause than the hold of its dependency.
      far: { type: 'not_selected', taskIds: ['near'] },
      end: { type: 'not_selected', taskIds: ['far'] },
    })
  })

  it('is exactly what the rules hold, each task for its reason, and nothing is dropped silently', () => {
    const names = fc.array(
      fc.nat(13).map((number) => `T${number}`),
      { minLength: 1, maxLength: 9 },
    )
    const selections = fc.record({ only: names, limit: fc.integer({ min: 1, max: 8 }) }, { requiredKeys: [] })
    fc.assert(
      fc.property(acyclicTasks, selections, (tasks, selection) => {
        const planned = plan(tasks, { ...selection, isolation: 'none' })
        const chosen = tasks.filter(({ id }) => selection.only?.includes(id) ?? true)
        const byId = new Map(tasks.map((task) => [task.id, task]))
        const needsOf = ({ dependencies }: Task) =>
          [...new Set(dependencies.map(({ ref }) => byId.get(taskId(ref))!))].filter(
            ({ status }) => !statusSatisfies(status),
          )
        const reasonOf = (task: Task): HoldReason | undefined => {
          if (!statusRuns(task.status)) return { type: 'status', status: task.status }
          if (task.verify.length > 0) return { type: 'verify' }
          if (!chosen.includes(task)) return { type: 'not_selected', taskIds: [] }
          const missing = needsOf(task).filter((other) => reasonOf(other) !== undefined)
          const left = missing.filter((other) => reasonOf(other)?.type === 'not_selected')
          const ids = (some: readonly Task[]) => some.map(({ id }) => id)
          if (left.length > 0) return { type: 'not_selected', taskIds: ids(left) }
          const byPerson = missing.every((other) => isPersonsHold(reasonOf(other)!))
          return missing.length > 0 ? { type: 'dependency', taskIds: ids(missing), byPerson } : undefined
        }
        const open = chosen.filter(({ status }) => !statusSatisfies(status))
        const able = open.filter((task) => reasonOf(task) === undefined).map(({ id }) => id)
        const held = open.flatMap((task): [string, HoldReason][] => {
          const reason = reasonOf(task)
          return reason ? [[task.id, reason]] : []
        })

        expect(Object.entries(holdsOf(planned))).toEqual(held)
        expect(planned.runnable).toHaveLength(Math.min(selection.limit ?? Infinity, able.length))
        // In file order, and complete except for what a limit leaves for another run.
        const left = able.filter((id) => !planned.runnable.includes(id))
        expect(planned.tasks.map(({ id }) => id)).toEqual(chosen.map(({ id }) => id).filter((id) => !left.includes(id)))
        for (const id of planned.runnable) {
          expect(able).toContain(id)
          const needs = needsOf(byId.get(id)!).map((other) => other.id)
          expect(planned.runnable).toEqual(expect.arrayContaining(needs))
        }
      }),
    )
  })
})

describe('orders', () => {
  it('put each task after what it depends on, else keep the order of the file', () => {
    expect(topologicalOrder(buildGraph(file, [groupOf('epic')]))).toEqual(['A', 'B', 'C', 'D', 'E'])
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const order = topologicalOrder(buildGraph(tasks, []))
        expect([...order].sort()).toEqual(tasks.map(({ id }) => id).sort())
        for (const { id, dependencies } of tasks) {
          for (const { ref } of dependencies) expect(order.indexOf(taskId(ref))).toBeLessThan(order.indexOf(id))
        }
      }),
    )
  })

  it('of starting always take the best ranked of the ready tasks', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const graph = buildGraph(tasks, [])
        const { runnable } = planRun(graph, [])
        const order = startOrder(graph, runnable).map(({ id }) => id)
        expect([...order].sort()).toEqual([...runnable].sort())
        const key = (id: string) => [
          graph.tasks.get(taskId(id))!.priority,
          -graph.chain.get(taskId(id))!,
          graph.order.get(taskId(id))!,
        ]
        const started = new Set<string>()
        for (const id of order) {
          const ready = runnable.filter(
            (other) =>
              !started.has(other) &&
              graph.dependencies.get(other)!.every((one) => !runnable.includes(one) || started.has(one)),
          )
          const [best] = ready.map((other) => ({ other, key: key(other) })).sort((a, b) => compareKeys(a.key, b.key))
          expect(id).toBe(best?.other)
          started.add(id)
        }
      }),
    )
  })

  it('of 20,000 ready tasks are by rank, too', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => taskOf(`T${index}`, { priority: (index * 7) % 5 }))
    const order = startOrder(
      buildGraph(many, []),
      many.map(({ id }) => id),
    )
    const byPriority = [0, 1, 2, 3, 4].flatMap((priority) => many.filter((task) => task.priority === priority))
    expect(order.map(({ id }) => id)).toEqual(byPriority.map(({ id }) => id))
  })
})

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, index) => value !== b[index])
  return place < 0 ? 0 : a[place]! - b[place]!
}
