import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Turn } from '../model-server.js'
import type { Answer } from '../protocol.js'
import { all, only, setStage } from '../stage.js'

const roadmap = 'tasks:\n  - { id: hello, title: Say hello }\n'
const done: Answer = { type: 'text', text: 'Done.' }
const hello: Answer = { type: 'write', path: 'hello.txt', content: 'hello\n' }
const shell = (command: string): Answer => ({ type: 'shell', command })
/** Without a model it first asks one which to use, by a request that the server does not know. */
const run = ['-p', 'gemini:gemini-2.5-pro', '-i', '1']

test('gemini edits and runs what allow: permits; a part that is not permitted, and a redirection, are refused', async () => {
  let outside = ''
  const script = ({ results }: Turn): Answer =>
    [
      hello,
      shell('tail -n 1 README.md'),
      shell('tail README.md && touch chained'),
      shell(`tail README.md > ${outside}`),
    ][results] ?? done
  const stage = await setStage({ roadmap, script, config: "allow: ['Bash(tail:*)']\n" })
  outside = stage.scene.repo.beside('outside.txt')
  const { code, records } = await stage.run(...run)
  expect(code).toBe(0)
  expect(stage.scene.landed('hello.txt')).toBe('hello')
  const denied = all(records(), 'agent_reported').flatMap(({ event }) =>
    event.type === 'denied' ? [event.target] : [],
  )
  expect(denied).toEqual(['tail README.md && touch chained', `tail README.md > ${outside}`])
  expect(existsSync(outside)).toBe(false)
  expect(stage.server.turns[2]!.said).toContain('hello')
  const { usage, text } = only(records(), 'agent_finished')
  expect([usage.inputTokens, usage.outputTokens, text]).toEqual([5000, 250, 'Done.'])
  await stage.quiet()
})

test('a used-up allowance of gemini rests until it is back, and stops a run that shall not wait', async () => {
  const stage = await setStage({ roadmap, script: () => ({ type: 'refusal', refusal: 'usage_limit' }) })
  const { code, records } = await stage.run('-p', 'gemini:gemini-2.5-pro', '--on-limit', 'stop')
  expect(only(records(), 'provider_cooled_down').failure.kind).toBe('usage_limit')
  expect(code).toBe(75)
  await stage.quiet()
})
