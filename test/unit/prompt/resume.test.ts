import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { renderResume } from '../../../src/prompt/resume.js'

test('an agent that was stopped is told where its work stands, and nothing that it knows', () => {
  const prompt = renderResume({ taskId: taskId('T1'), directory: 'as_left', left: [], conflicts: [] })
  expect(prompt).toMatch(/^# Interrupted\n\nTask T1\.\n/)
  expect(prompt).toContain('as it was at that moment')
  expect(prompt).not.toContain('Another agent')
})

test('another agent is told the task first, then what was done, with conflicts and the note on those without markers', () => {
  const briefing = { prompt: '# Task\n\nTask T1.\n', diff: '+one\n+two' }
  const prompt = renderResume({
    taskId: taskId('T1'),
    directory: 'restored',
    left: [],
    conflicts: ['a.txt'],
    note: 'NOTE',
    briefing,
  })
  expect(prompt).toMatch(/^# Task\n\nTask T1\.\n\n# Interrupted\n/)
  expect(prompt).toContain('\n- a.txt\n')
  expect(prompt).toContain('NOTE lists the others.')
  expect(prompt).toContain('\n    +one\n    +two\n')
  expect(prompt).toContain('then delete that file.')
  expect(prompt).not.toContain('You were stopped')
})

test('a changed text is given whole, to the agent of the conversation and to another', () => {
  const common = {
    taskId: taskId('a'),
    directory: 'as_left',
    left: [],
    conflicts: [],
    reworded: 'Do two.\n\nNow.',
  } as const
  const own = renderResume(common)
  expect(own).toMatch(/You were stopped in the middle of this task.*The task has changed since/)
  expect(own).toContain('\n> Do two.\n>\n> Now.\n')
  expect(renderResume({ ...common, hadFinished: true })).toContain('You had finished this task')
  const other = renderResume({ ...common, briefing: { prompt: 'Do two.', diff: '' } })
  expect(other).toMatch(/^Do two\.\n[^]*Another agent worked on an earlier version of this task/)
  for (const text of [own, other]) expect(text).not.toContain('have not changed')
})
