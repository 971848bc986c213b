import { expect, test } from 'vitest'
import { noEvidence } from '../../../src/domain/agent/attempt.js'
import { providers } from '../../../src/providers/index.js'
import { readReviewAnswer, reviewSchema } from '../../../src/providers/review-answer.js'
import { evidenceOf, readStream } from '../../support/rigs/recorded-stream.js'

const approval = { verdict: 'approve', reasons: [] } as const
const rejection = { verdict: 'reject', reasons: [' a.ts:1 is wrong ', ''] }

test('the answer is read where the CLI puts it, and nowhere else', () => {
  const [structured, text] = [{ ...noEvidence, answer: JSON.stringify(approval) }, JSON.stringify(rejection)]
  const { claude, codex } = providers
  expect(readReviewAnswer(claude.review!.answer(structured))).toEqual({ ok: true, value: approval })
  expect(readReviewAnswer(claude.review!.answer({ ...noEvidence, finalText: text })).ok).toBe(false)
  expect(readReviewAnswer(codex.review!.answer(structured)).ok).toBe(false)
  expect(readReviewAnswer(codex.review!.answer({ ...noEvidence, finalText: text }))).toEqual({
    ok: true,
    value: { verdict: 'reject', reasons: ['a.ts:1 is wrong'] },
  })
})

test.each([
  '',
  'I approve.',
  'I approve:\n```json\n{"verdict":"approve","reasons":[]}\n```',
  '```json\n{"verdict":"approve","reasons":[]}\n```\nBut look at a.ts.',
  '```json\n{"verdict":"approve","reasons":[]}\n```\n```json\n{"verdict":"reject","reasons":["no"]}\n```',
  '```js\n{"verdict":"approve","reasons":[]}\n```',
  '{"verdict":"approve"}',
  '{"verdict":"APPROVE","reasons":[]}',
  '{"verdict":"approve","reasons":"none"}',
  '{"verdict":"approve","reasons":[],"by":"me"}',
  '{"verdict":"reject","reasons":[]}',
  '{"verdict":"reject","reasons":[" "]}',
  '[{"verdict":"approve","reasons":[]}]',
])('%j is neither approval nor rejection', (finalText) => {
  expect(readReviewAnswer(finalText).ok).toBe(false)
})

test.each([
  '```json\n{"verdict":"approve","reasons":[]}\n```',
  '\ufeff```\r\n{\r\n  "verdict": "approve",\r\n  "reasons": []\r\n}\r\n```\n',
  ' {"verdict":"approve","reasons":[]} ',
])('%j is an approval: one clean code fence around it changes nothing', (finalText) => {
  const read = readReviewAnswer(finalText)
  expect(read).toEqual({ ok: true, value: approval })
})

test('the schema asks for what is read', () => {
  const schema = JSON.parse(reviewSchema) as { required: string[]; properties: object }
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
  expect(schema.required).toEqual(Object.keys(schema.properties))
})

test.each(['claude', 'codex'] as const)('the recorded review of %s is read as what was answered', (name) => {
  const read = readReviewAnswer(providers[name].review!.answer(evidenceOf(providers[name], readStream(name, 'review'))))
  expect(read).toEqual({ ok: true, value: { verdict: 'reject', reasons: ['not good'] } })
})

test('what claude says instead of answering to the schema is no answer, even if it looks like one', () => {
  const evidence = evidenceOf(providers.claude, readStream('claude', 'review-text'))
  expect(evidence.finalText).toBe(JSON.stringify(approval))
  expect(readReviewAnswer(providers.claude.review!.answer(evidence)).ok).toBe(false)
})
