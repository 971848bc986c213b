import { expect, test } from 'vitest'
import type { RunRecord } from '../../src/domain/run/event.js'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, only, readStdout, setStage, type Stage } from './stage.js'

const roadmap = 'tasks:\n  - { id: hello, title: Say hello }\n'
/** As root, claude works with full permissions only if it is told that the machine is a sandbox. */
const sandbox = "env: { IS_SANDBOX: '1' }\n"
const on = `${sandbox}background: on\n`
const full = ['-p', 'claude', '-i', '1', '--permissions', 'full']

const first: Answer = { type: 'write', path: 'first.txt', content: 'first\n' }
const says = (text: string): Answer => ({ type: 'text', text })
const inForeground = (command: string): Answer => ({ type: 'shell', command })
const inBackground = (command: string): Answer => ({ type: 'shell', command, background: true })

/** 13 s are longer than an agent may linger after its last word. claude refuses a bare `sleep`. */
const late = (s: number) => `for i in $(seq ${s}); do sleep 1; done; echo late > late.txt`
const server = 'node -e "setInterval(()=>{},1000)"'

/** The results that claude itself printed; `turn`: in another turn than the first, by the name of its file. */
function resultsIn(stage: Stage, records: readonly RunRecord[], turn = '') {
  const lines = readStdout(stage, records, 'hello', turn).trim().split('\n')
  const events = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  return events.filter(({ type }) => type === 'result')
}

test('claude, as autopilot starts it, refuses background work and does it in the foreground before the turn ends', async () => {
  const steps = [first, inBackground(late(3)), inForeground(late(3))]
  const script = ({ results }: Turn): Answer => steps[results] ?? says('Done.')
  const stage = await setStage({ roadmap, script, config: sandbox })
  const { code, records } = await stage.run(...full)
  expect(code).toBe(0)
  expect(stage.server.turns[2]!.said.match(/"is_error":true/g)).toHaveLength(1)
  expect(stage.server.turns[2]!.said).toContain('run_in_background')
  expect([stage.scene.landed('first.txt'), stage.scene.landed('late.txt')]).toEqual(['first', 'late'])
  expect(resultsIn(stage, records())).toHaveLength(1)
  await stage.quiet()
})

test('with background: on, claude takes a second turn once its background command has finished, and all of the work lands', async () => {
  const steps = [first, inBackground(late(13))]
  const script = ({ results }: Turn): Answer => steps[results] ?? says('Done.')
  const stage = await setStage({ roadmap, script, config: on })
  const { code, records } = await stage.run(...full)
  expect(code).toBe(0)
  expect([stage.scene.landed('first.txt'), stage.scene.landed('late.txt')]).toEqual(['first', 'late'])
  expect(resultsIn(stage, records())).toHaveLength(2)
  expect(all(records(), 'attempt_started')).toHaveLength(1)
  expect(all(records(), 'finishing_started')).toEqual([])
  await stage.quiet()
})

test('a server that claude leaves running is ended when its time is up; the conversation continues, and a line says what was ended', async () => {
  const script = ({ about, results }: Turn): Answer => {
    if (about === 'finish') return results === 2 ? inForeground('echo late > late.txt') : says('Done.')
    return [first, inBackground(server)][results] ?? says('The server runs.')
  }
  const stage = await setStage({ roadmap, script, config: on })
  const { code, stderr } = await stage.scene.run(['run', ...full, '--background-timeout', '3s'])
  expect(stderr).toMatch(
    /^.*hello “Say hello” integrated as \w+ in .* \(ended what its agent left running: Runs a command\)$/m,
  )
  expect(code).toBe(0)
  expect([stage.scene.landed('first.txt'), stage.scene.landed('late.txt')]).toEqual(['first', 'late'])
  expect(stage.scene.subjects()).toHaveLength(1)
  await stage.quiet()
})

test('a success without a turn, with which a resumed claude begins, is not taken for its last result', async () => {
  const script = ({ about, results }: Turn): Answer => {
    if (about === 'finish') return results === 1 ? inForeground(late(13)) : says('Done.')
    return results === 0 ? inBackground(server) : says('The server runs.')
  }
  const stage = await setStage({ roadmap, script, config: on })
  const { code, records } = await stage.run(...full, '--background-timeout', '1s')
  expect(resultsIn(stage, records(), '-finish1')).toMatchObject([
    { subtype: 'success', num_turns: 0 },
    { subtype: 'success', num_turns: expect.any(Number) as number },
  ])
  expect(code).toBe(0)
  expect(stage.scene.landed('late.txt')).toBe('late')
  expect(only(records(), 'finishing_started')).toMatchObject({ turn: 1, reason: { kind: 'unfinished' } })
  expect(new Set(all(records(), 'agent_finished').map(({ sessionId }) => sessionId)).size).toBe(1)
  await stage.quiet()
})
