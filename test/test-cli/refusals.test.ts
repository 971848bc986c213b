import { expect, test } from 'vitest'
import { hurried } from '../support/scenes/hurried.js'
import { all, only, setStage } from './stage.js'
import type { Turn } from './model-server.js'
import { resetsInSeconds, type Answer } from './protocol.js'

const roadmap = 'tasks:\n  - { id: hello, title: Say hello }\n'
const bothClis = [{ agent: 'claude' }, { agent: 'codex' }] as const
const refuse = (refusal: Extract<Answer, { type: 'refusal' }>['refusal']) => (): Answer => ({
  type: 'refusal',
  refusal,
})

/** An agent's words in its second turn. */
const done: Answer = { type: 'text', text: 'Done.' }

test.each([
  {
    agent: 'claude',
    command: 'git commit --allow-empty -m mine',
    told: /1 tool call was refused: Bash `git commit --allow-empty -m mine`/,
  },
  { agent: 'codex', command: 'touch .git/mine', told: /changed nothing/ },
])(
  '$agent has changed nothing when it was denied its tool, even if it exits with 0',
  async ({ agent, command, told }) => {
    const script = ({ results }: Turn): Answer => (results === 0 ? { type: 'shell', command } : done)
    const stage = await setStage({ roadmap, script })
    const { code, records } = await stage.run('-p', agent, '-i', '1')
    expect(only(records(), 'agent_exited').exit).toEqual({ type: 'code', code: 0 })
    expect(only(records(), 'task_failed').failure).toMatchObject({
      kind: 'no_change',
      message: expect.stringMatching(told) as unknown,
    })
    expect(code).toBe(1)
    await stage.quiet()
  },
)

test.each(bothClis)(
  'a key that the server refuses three times in a row stops $agent for the run',
  async ({ agent }) => {
    const stage = await setStage({ roadmap, script: refuse('unauthorized') })
    Object.assign(stage.scene.env, hurried(stage.scene))
    const { code, records } = await stage.run('-p', agent)
    expect(all(records(), 'attempt_failed').map(({ failure }) => failure.kind)).toEqual(['auth', 'auth', 'auth'])
    expect(only(records(), 'provider_stopped')).toMatchObject({ provider: agent, failure: { kind: 'auth' } })
    expect(only(records(), 'task_held').reason.type).toBe('unservable')
    // Of its own accord claude asks eleven times, for three minutes.
    expect(stage.server.turns.length).toBeLessThanOrEqual(18)
    expect(code).toBe(1)
    await stage.quiet()
  },
)

test('a task moves from claude, whose key is refused, to codex, and loses no attempt', async () => {
  const script = ({ cli, results }: Turn): Answer => {
    if (cli === 'claude') return { type: 'refusal', refusal: 'unauthorized' }
    return results === 0 ? { type: 'write', path: 'hello.txt', content: 'hello\n' } : done
  }
  const stage = await setStage({ roadmap, script })
  const { code, records } = await stage.run('-p', 'claude', '-p', 'codex', '-i', '1')
  expect(all(records(), 'attempt_started').map(({ agent }) => agent.provider)).toEqual(['claude', 'codex'])
  expect(stage.scene.landed('hello.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})

test.each(bothClis)(
  '$agent cools down until a used-up allowance is back, and a run that may not wait stops',
  async ({ agent }) => {
    const stage = await setStage({ roadmap, script: refuse('usage_limit') })
    // The server reports it only to subscriptions, which have a token and no key.
    delete stage.scene.env.ANTHROPIC_API_KEY
    stage.scene.env.CLAUDE_CODE_OAUTH_TOKEN = 'sk-ant-oat-test'
    const before = Date.now()
    const { code, records } = await stage.run('-p', agent, '--on-limit', 'stop')
    const { failure, until } = only(records(), 'provider_cooled_down')
    expect(failure.kind).toBe('usage_limit')
    // The server names the second; a later request gets a later one.
    expect(until).toBeGreaterThan(before + (resetsInSeconds - 60) * 1000)
    expect(until).toBeLessThan(Date.now() + (resetsInSeconds + 60) * 1000)
    expect(all(records(), 'task_failed')).toEqual([])
    expect(code).toBe(75)
    await stage.quiet()
  },
)

test.each(bothClis)('a short overload costs $agent no attempt', async ({ agent }) => {
  const script = ({ request, results }: Turn): Answer => {
    if (request <= 2) return { type: 'refusal', refusal: 'overloaded' }
    return results === 0 ? { type: 'write', path: 'hello.txt', content: 'hello\n' } : done
  }
  const stage = await setStage({ roadmap, script })
  const { code, records } = await stage.run('-p', agent)
  expect(all(records(), 'attempt_started')).toHaveLength(1)
  expect(all(records(), 'agent_reported').some(({ event }) => event.type === 'retrying')).toBe(agent === 'claude')
  expect(stage.scene.landed('hello.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})

test.each(bothClis)('$agent cools down after a lasting overload, before the next attempt', async ({ agent }) => {
  const stage = await setStage({ roadmap, script: refuse('overloaded') })
  const running = stage.start('-p', agent, '-i', '2')
  const { failure, at, until } = await running.saw('provider_cooled_down')
  expect(failure.kind).toBe('overloaded')
  expect(until).toBeGreaterThan(at)
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  await stage.quiet()
})
