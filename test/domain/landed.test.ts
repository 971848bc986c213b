import { expect, it } from 'vitest'
import { countLanded } from '../../src/domain/landed.js'
import { taskStatuses } from '../../src/domain/task.js'
import { taskOf } from '../support/task.js'

it('what has landed counts as done where the file would have it run, and nowhere else', () => {
  const tasks = taskStatuses.map((status) => taskOf(status, { status }))
  const changed = countLanded(tasks, (id) => id !== 'in_progress').flatMap((task, at) =>
    task === tasks[at] ? [] : task,
  )
  expect(changed.map(({ id, status }) => [id, status])).toEqual([['pending', 'done']])
  expect(countLanded(tasks, () => true).find(({ id }) => id === 'in_progress')?.status).toBe('done')
})
