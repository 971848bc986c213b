import { expect, test, vi } from 'vitest'
import { only, setStage, type Stage } from './stage.js'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { calling, endless, roadmap, shell } from './scripts.js'

const bothClis = [{ agent: 'claude' }, { agent: 'codex' }] as const

const runATool = calling(shell(endless))

/** Resolves when the tool's own process exists, so that its end can be seen, too. */
async function toolRuns(stage: Stage): Promise<void> {
  const isThere = () => stage.processes().some(({ command }) => command === endless)
  await vi.waitUntil(isThere, { timeout: 30_000, interval: 20 })
}

test.each(bothClis)(
  'an answer to $agent that breaks off half-way is a network failure, which costs the task no attempt',
  async ({ agent }) => {
    const stage = await setStage({ roadmap, script: () => ({ type: 'cut' }) })
    const running = stage.start('-p', agent, '-i', '1')
    const { failure, counted, willRetry } = await running.saw('attempt_failed')
    expect([failure.kind, counted, willRetry]).toEqual(['network', false, true])
    await running.saw('provider_cooled_down')
    running.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    await stage.quiet()
  },
)

test.each(bothClis)('$agent is ended by the time limit if its server is silent', async ({ agent }) => {
  const stage = await setStage({ roadmap, script: () => ({ type: 'silence' }) })
  const { code, records } = await stage.run('-p', agent, '-i', '1', '--timeout', '5s')
  expect(stage.server.turns).not.toEqual([])
  expect(only(records(), 'task_failed').failure.kind).toBe('timeout')
  expect(code).toBe(1)
  await stage.quiet()
})

test.each(bothClis)('a killed $agent is a crash, never a success', async ({ agent }) => {
  const script = ({ results }: Turn): Answer =>
    results === 0 ? { type: 'write', path: 'hello.txt', content: 'hello\n' } : { type: 'silence' }
  const stage = await setStage({ roadmap, script })
  const running = stage.start('-p', agent, '-i', '1')
  const { pid } = await running.saw('agent_spawned')
  await running.saw('agent_reported', ({ event }) => event.type === 'tool_ended')
  process.kill(pid, 'SIGKILL')
  const { code, records } = await running.ended
  expect(only(records(), 'task_failed').failure).toMatchObject({
    kind: 'crash',
    message: expect.stringContaining('SIGKILL') as unknown,
  })
  expect(only(records(), 'commit_kept').ref).toMatch(/^refs\/autopilot\//)
  expect(code).toBe(1)
  await stage.quiet()
})

test.each(bothClis)('the processes of a tool that a killed $agent was running are ended, too', async ({ agent }) => {
  const stage = await setStage({ roadmap, script: runATool, config: "allow: ['Bash(tail:*)']\n" })
  const running = stage.start('-p', agent, '-i', '1')
  const { pid } = await running.saw('agent_spawned')
  await toolRuns(stage)
  process.kill(pid, 'SIGKILL')
  const { code, records } = await running.ended
  expect(only(records(), 'task_failed').failure.kind).toBe('crash')
  expect(code).toBe(1)
  await stage.quiet()
})

test.each(bothClis)('what a tool of $agent leaves in the background ends with the attempt', async ({ agent }) => {
  // In a session of its own, and without the sandbox that would end it: only its environment tells whose it is.
  const command = `echo hello > hello.txt; setsid ${endless} > /dev/null 2>&1 &`
  const script = async ({ results }: Turn): Promise<Answer> => {
    if (results === 0) return { type: 'shell', command }
    await toolRuns(stage)
    return { type: 'text', text: 'Done.' }
  }
  const stage = await setStage({ roadmap, script, config: "env: { IS_SANDBOX: '1' }\n" })
  const { code } = await stage.run('-p', agent, '--permissions', 'full')
  expect(stage.scene.landed('hello.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})
