import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { renderRepair } from '../../../src/prompt/repair.js'

const context = {
  taskId: taskId('T1'),
  round: 1,
  rounds: 2,
  reason: 'The gate test failed. (gate_failed)',
  conflicts: [],
}

test('a conversation that continues is told the reason and what has become of the directory, but not the task again', () => {
  const text = renderRepair(context)
  expect(text).toContain('Task T1.\n')
  expect(text).toContain('repair round 1 of 2')
  expect(text).toContain('The gate test failed. (gate_failed)')
  expect(text).not.toMatch(/conflict marker|As a diff/)
})

test('files in conflict are named, with what to do', () => {
  const text = renderRepair({ ...context, conflicts: ['a.ts', 'b c.ts'] })
  expect(text).toContain('- a.ts\n- b c.ts\n')
  expect(text).toContain('Leave no conflict marker in any file.')
  expect(text).not.toContain('delete that file')
  const noted = renderRepair({ ...context, conflicts: ['a.ts'], note: 'NOTE.txt' })
  expect(noted).toContain('- Decide every conflict that NOTE.txt lists, then delete that file.\n')
})

test('an agent that does not know the work gets the task before it and the diff, which cannot be taken for a heading', () => {
  const text = renderRepair({ ...context, briefing: { prompt: '# Do it\n\nTask T1.\n', diff: '+# not a heading' } })
  expect(text.startsWith('# Do it\n\nTask T1.\n\n# Repair\n')).toBe(true)
  expect(text.match(/^Task T1\.$/gm)).toHaveLength(1)
  expect(text).toContain('\n    +# not a heading\n')
})
