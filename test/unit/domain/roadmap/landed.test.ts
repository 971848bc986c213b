import { expect, it } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { countLanded, judgeLanded } from '../../../../src/domain/roadmap/landed.js'
import { taskStatuses } from '../../../../src/domain/roadmap/task.js'
import { taskOf } from '../../../support/rigs/task.js'

it('a landed task counts as done where the file would have it run, and nowhere else', () => {
  const tasks = taskStatuses.map((status) => taskOf(status, { status }))
  const changed = countLanded(tasks, ({ id }) => id !== 'in_progress').flatMap((task, at) =>
    task === tasks[at] ? [] : task,
  )
  expect(changed.map(({ id, status }) => [id, status])).toEqual([['pending', 'done']])
  expect(countLanded(tasks, () => true).find(({ id }) => id === 'in_progress')?.status).toBe('done')
})

it('a commit with an id counts for the text that it names, or for the id alone if no later commit says more', () => {
  const [a, b] = ['1-aaaa', '1-bbbb']
  const known = { commit: commitId('new'), text: a }
  const before = { commit: commitId('old') }
  expect(judgeLanded([], a)).toEqual({ type: 'none' })
  expect(judgeLanded([known], a)).toEqual({ type: 'same', commit: 'new' })
  expect(judgeLanded([known], b)).toEqual({ type: 'other', commit: 'new' })
  expect(judgeLanded([before], b)).toEqual({ type: 'by_id', commit: 'old' })
  expect(judgeLanded([known, before], b)).toEqual({ type: 'other', commit: 'new' })
  expect(judgeLanded([{ commit: commitId('last'), text: b }, known], a)).toEqual({ type: 'same', commit: 'new' })
})
