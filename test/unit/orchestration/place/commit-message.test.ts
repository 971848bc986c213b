import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runId, taskId } from '../../../support/brands.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import type { Task } from '../../../../src/domain/roadmap/task.js'
import { commitMessage } from '../../../../src/orchestration/place/commit-message.js'

const task = (id: string, title: string) => ({ id, title }) as Task
const facts = {
  runId: runId('20260102-030405-abcd'),
  id: { taskId: taskId('login'), attempt: 2 },
  agent: { provider: 'claude', model: 'opus' },
  mask: noMask,
}

test('a commit has the title as its subject and names task, run, attempt and agent', () => {
  expect(commitMessage({ ...facts, task: task('login', 'Add the login') })).toBe(
    'Add the login\n\nAutopilot-Task: login\nAutopilot-Run: 20260102-030405-abcd\nAutopilot-Attempt: 2\nAutopilot-Agent: claude:opus\n',
  )
})

test('a commit names the text that its work was done by, without the template, if the text is known', () => {
  const message = commitMessage({ ...facts, task: task('login', 'Add the login'), text: '1-0123456789abcdef+0000' })
  expect(message).toMatch(/^Autopilot-Task: login\nAutopilot-Text: 1-0123456789abcdef\nAutopilot-Run: /m)
})

test('no title and no id of a roadmap can add a line or a control character to the message', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, title) => {
      const lines = commitMessage({ ...facts, task: task(id, `${title}\nAutopilot-Task: other\r\n\u001b[2J`) }).split(
        '\n',
      )
      expect(lines).toHaveLength(7)
      expect(lines[0]).not.toBe('')
      expect(lines[1]).toBe('')

      expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    }),
  )
})
