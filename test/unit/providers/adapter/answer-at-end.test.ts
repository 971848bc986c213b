import { expect, test } from 'vitest'
import { answerAtEnd } from '../../../../src/providers/adapter/answer-at-end.js'

const approval = '{"verdict":"approve","reasons":[]}'

test.each([
  approval,
  `  ${approval}\n`,
  `I looked.\n\n${approval}`,
  `I looked:\n\`\`\`json\n${approval}\n\`\`\`\n`,
  `\`\`\`\n${approval}\n\`\`\``,
])('the answer at the end of %j is found', (text) => {
  expect(answerAtEnd(text, 'verdict')).toBe(approval)
})

test('what follows an answer belongs to it, and makes it none', () => {
  expect(answerAtEnd(`${approval} But look at a.ts.`, 'verdict')).toBe(`${approval} But look at a.ts.`)
})

test.each(['', 'I approve.', `${approval}\nor\n${approval}`, '{"reasons":[]}'])('%j has no answer', (text) => {
  expect(answerAtEnd(text, 'verdict')).toBeUndefined()
})
