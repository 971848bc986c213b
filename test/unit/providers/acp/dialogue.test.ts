import { expect, test } from 'vitest'
import { AcpDialogue } from '../../../../src/providers/acp/dialogue.js'
import { commonAgent } from '../../../../src/providers/acp/common-agent.js'
import { parseObject, type JsonObject } from '../../../../src/providers/adapter/json.js'
import { introduction, sessionId } from '../../../support/fakes/acp-agent.js'
import { workRequest } from '../../../support/rigs/requests.js'

/** A dialogue with an agent that answers each request at once: `session/prompt` when the test says so. */
async function stage() {
  const sent: JsonObject[] = []
  const answers = new Map<unknown, JsonObject>([
    ['initialize', introduction],
    ['session/new', { sessionId }],
  ])
  const dialogue: AcpDialogue = new AcpDialogue(commonAgent('mine'), {
    env: {},
    send(line) {
      const message = parseObject(line) ?? {}
      sent.push(message)
      const result = answers.get(message.method)
      if (result) queueMicrotask(() => dialogue.receive(JSON.stringify({ jsonrpc: '2.0', id: message.id, result })))
    },
    fail: (why) => expect.fail(why.message),
  })
  await dialogue.open()
  const begin = (prompt: string) =>
    dialogue.turn(
      { assignment: { type: 'work', request: workRequest({ cwd: '/w', prompt }) }, variables: {} },
      () => undefined,
    )
  const endPrompt = () => {
    const { id } = sent.findLast(({ method }) => method === 'session/prompt') ?? {}
    dialogue.receive(JSON.stringify({ jsonrpc: '2.0', id, result: { stopReason: 'end_turn' } }))
  }
  return { begin, endPrompt, methods: () => sent.map(({ method }) => method) }
}

test('a turn is canceled while it is at work, and one that is over is not, since that would hit the next', async () => {
  const { begin, endPrompt, methods } = await stage()
  const first = begin('Do it.')
  await first.taken
  endPrompt()
  await first.over
  const second = begin('And this.')
  first.interrupt()
  await second.taken
  second.interrupt()
  endPrompt()
  await second.over
  // Messages keep their order, so nothing that was sent before it is still to come.
  await begin('And that.').taken
  expect(methods()).toEqual([
    ...['initialize', 'session/new', 'session/prompt'],
    ...['session/new', 'session/prompt', 'session/cancel'],
    ...['session/new', 'session/prompt'],
  ])
})
