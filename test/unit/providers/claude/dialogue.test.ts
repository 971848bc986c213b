import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { AgentEvent } from '../../../../src/domain/agent/agent-event.js'
import { claudeDialogue } from '../../../../src/providers/claude/dialogue.js'
import { parseObject } from '../../../../src/providers/adapter/json.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'

const recorded = readFileSync(new URL('../../../fixtures/dialogues/claude/control.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)

/** The recorded lines up to and including the given result, counted from 0; the others after it. */
function upToResult(number: number): readonly [readonly string[], readonly string[]] {
  const results = recorded.flatMap((line, index) => (parseObject(line)?.type === 'result' ? [index] : []))
  return [
    recorded.slice(number === 0 ? 0 : results[number - 1]! + 1, results[number]! + 1),
    recorded.slice(results[number]! + 1),
  ]
}

function stage() {
  const sent: Record<string, unknown>[] = []
  const dialogue = claudeDialogue({
    env: {},
    send: (line) => sent.push(JSON.parse(line) as Record<string, unknown>),
    fail: (why) => expect.fail(why.message),
  })
  const begin = (prompt: string) => {
    const heard: AgentEvent[] = []
    let isOver = false
    const turn = dialogue.turn(
      { assignment: { type: 'work', request: workRequest({ cwd: '/w', prompt }) }, variables: {} },
      (events) => heard.push(...events),
    )
    void turn.over.then(() => (isOver = true))
    return { turn, heard, isOver: () => isOver }
  }
  return { dialogue, sent, begin, feed: (lines: readonly string[]) => lines.forEach((line) => dialogue.receive(line)) }
}

const conversation = 'd5dc5f4c-fe7d-4b78-bdde-112feea76372'

test('a turn is a message, and ends with its result: what is printed between two turns belongs to none', async () => {
  const { dialogue, sent, begin, feed } = stage()
  await dialogue.open()
  const first = begin('Do it.')
  expect(sent).toEqual([{ type: 'user', message: { role: 'user', content: [{ type: 'text', text: 'Do it.' }] } }])
  const [lines] = upToResult(0)
  feed(lines.slice(0, 2))
  await first.turn.taken
  expect(first.isOver()).toBe(false)
  feed(lines.slice(2))
  await first.turn.over
  expect(first.heard.at(-1)).toMatchObject({ type: 'result', failure: { kind: expect.any(String) as string } })
  const count = first.heard.length
  feed(['{"type":"system","subtype":"init","session_id":"late"}'])
  expect(first.heard).toHaveLength(count)
  const second = begin('And this.')
  feed(upToResult(1)[0])
  await second.turn.over
  const result = second.heard.at(-1)
  expect(result).toMatchObject({ type: 'result' })
  expect(result).not.toHaveProperty('failure')
})

test('it serves its own conversation and no other: not a new one, not a review', async () => {
  const { dialogue, begin, feed } = stage()
  const { turn } = begin('Do it.')
  feed(upToResult(0)[0])
  await turn.over
  const request = workRequest({ cwd: '/w' })
  expect(dialogue.fits!({ type: 'work', request, conversation })).toBe(true)
  expect(dialogue.fits!({ type: 'work', request, conversation: 'another' })).toBe(false)
  expect(dialogue.fits!({ type: 'work', request })).toBe(false)
  expect(dialogue.fits!({ type: 'review', request: reviewRequest({ cwd: '/w' }) })).toBe(false)
})

test('an interruption is asked for, and background work that the turn leaves is stopped, task by task', async () => {
  const { sent, begin, feed } = stage()
  const { turn } = begin('Start a server.')
  turn.interrupt()
  expect(sent.at(-1)).toMatchObject({ type: 'control_request', request: { subtype: 'interrupt' } })
  // The third result of the recording comes while a background command runs.
  feed(upToResult(2)[0])
  await turn.over
  let isClean = false
  const cleaned = turn.clean().then(() => (isClean = true))
  const { request_id, request } = sent.at(-1)!
  expect(request).toEqual({ subtype: 'stop_task', task_id: 'bu2bjs4q2' })
  feed(['{"type":"control_response","response":{"subtype":"success","request_id":"of another"}}'])
  await Promise.resolve()
  expect(isClean).toBe(false)
  feed([
    JSON.stringify({ type: 'control_response', response: { subtype: 'error', request_id, error: 'no such task' } }),
  ])
  await cleaned
})

test('a turn that is over is not interrupted any more, since that would hit the next', async () => {
  const { sent, begin, feed } = stage()
  const first = begin('Do it.')
  feed(upToResult(0)[0])
  await first.turn.over
  const second = begin('And this.')
  first.turn.interrupt()
  expect(sent.map(({ type }) => type)).toEqual(['user', 'user'])
  second.turn.interrupt()
  expect(sent.at(-1)).toMatchObject({ type: 'control_request', request: { subtype: 'interrupt' } })
})

test('what it asks for is refused at once: a permission, and whatever nobody has foreseen', () => {
  const { sent, begin, feed } = stage()
  const { heard } = begin('Do it.')
  const ask = (id: string, request: object) => JSON.stringify({ type: 'control_request', request_id: id, request })
  feed([
    ask('r-1', { subtype: 'can_use_tool', tool_name: 'Bash', input: { command: 'rm -r x' }, tool_use_id: 'toolu_1' }),
    ask('r-2', { subtype: 'elicitation', mcp_server_name: 'mine' }),
  ])
  expect(sent.slice(1)).toMatchObject([
    { type: 'control_response', response: { subtype: 'success', request_id: 'r-1', response: { behavior: 'deny' } } },
    { type: 'control_response', response: { subtype: 'error', request_id: 'r-2' } },
  ])
  expect(heard).toMatchObject([{ type: 'denied', tool: 'Bash', target: 'rm -r x', call: 'toolu_1' }])
})

test('a success of no turns is not the end: a conversation whose background work was stopped begins with one', async () => {
  const { begin, feed } = stage()
  const { turn, isOver } = begin('Go on.')
  const result = (turns: number) =>
    JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'done', num_turns: turns })
  feed([result(0)])
  await Promise.resolve()
  expect(isOver()).toBe(false)
  feed(['{"type":"system","subtype":"init","session_id":"s"}', result(1)])
  await turn.over
})
