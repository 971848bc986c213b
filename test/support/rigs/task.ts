import fc from 'fast-check'
import { taskId } from '../brands.js'
import type { Dependency, Group, Position, Task } from '../../../src/domain/roadmap/task.js'

/** Somewhere in a roadmap; no test of the domain reads it. */
const somewhere: Position = { file: 'roadmap.yaml', line: 1, column: 1 }

export function dependencyOn(ref: string): Dependency {
  return { ref, position: somewhere }
}

type Wishes = Partial<Omit<Task, 'id' | 'dependencies'>> & { readonly after?: readonly string[] }

/** A pending task that waits for those in `after`. */
export function taskOf(id: string, { after = [], ...more }: Wishes = {}): Task {
  return {
    ...{
      id: taskId(id),
      title: id,
      status: 'pending',
      description: '',
      priority: 2,
      complexity: 'moderate',
      expects: 'change',
    },
    ...{ exitCriteria: [], contextFiles: [], verify: [], executionMode: 'autonomous', groups: [] },
    ...{ position: somewhere, path: id, dependencies: after.map(dependencyOn) },
    ...more,
  }
}

export function groupOf(id: string, more: Partial<Group> = {}): Group {
  return { id, kind: 'epic', title: id, status: 'pending', position: somewhere, ...more }
}

/** Tasks T0, T1, … in a random file order, without cycles. Most are open. */
export const acyclicTasks: fc.Arbitrary<readonly Task[]> = fc
  .array(
    fc.record({
      after: fc.array(fc.nat(1000), { maxLength: 3 }),
      status: fc.constantFrom('pending', 'pending', 'pending', 'done', 'blocked', 'skipped' as const),
      priority: fc.nat(3),
      verify: fc.constantFrom([], [], [], [{ run: 'make test' }]),
    }),
    { minLength: 1, maxLength: 14, size: 'max' },
  )
  .map((drafts) =>
    drafts.map(({ after, ...more }, index) =>
      taskOf(`T${index}`, { ...more, after: index === 0 ? [] : after.map((number) => `T${number % index}`) }),
    ),
  )
  .chain((tasks) => fc.shuffledSubarray([...tasks], { minLength: tasks.length }))
