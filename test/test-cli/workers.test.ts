import { expect, test } from 'vitest'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, setStage } from './stage.js'

/** Writes `hello.txt`; told in a repair round that a gate is red, `better.txt`, too. */
function workAndRepair({ about, results }: Turn): Answer {
  const files = about === 'repair' ? ['hello.txt', 'better.txt'] : ['hello.txt']
  const next = files[results]
  return next === undefined ? { type: 'text', text: 'Done.' } : { type: 'write', path: next, content: 'by an agent\n' }
}

test.each([{ agent: 'claude' }, { agent: 'codex' }])(
  '$agent on a worker does a task and its repair round in one process, and is gone with the run',
  async ({ agent }) => {
    const stage = await setStage({
      roadmap: 'tasks:\n  - { id: hello, title: Say hello }\n',
      script: workAndRepair,
      config: 'gates: [test -f better.txt]\n',
    })
    const { code, records, stderr } = await stage.run('--workers', '-a', '1', '-p', agent, '-i', '1')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stage.scene.landed('better.txt')).toBe('by an agent')
    const spawned = all(records(), 'agent_spawned')
    expect(spawned).toHaveLength(2)
    expect(new Set(spawned.map(({ pid }) => pid)).size).toBe(1)
    const [first, second] = all(records(), 'agent_finished')
    expect(second!.sessionId).toBe(first!.sessionId)
    // Each turn counts its own.
    expect(second!.usage.outputTokens).toBeLessThanOrEqual(2 * first!.usage.outputTokens)
    await stage.quiet()
  },
)

test('with --one-shot, a worker starts claude anew for each turn', async () => {
  const stage = await setStage({
    roadmap: 'tasks:\n  - { id: hello, title: Say hello }\n',
    script: workAndRepair,
    config: 'gates: [test -f better.txt]\none_shot: on\n',
  })
  const { code, records } = await stage.run('--workers', '-a', '1', '-p', 'claude', '-i', '1')
  expect(code).toBe(0)
  expect(new Set(all(records(), 'agent_spawned').map(({ pid }) => pid)).size).toBe(2)
  await stage.quiet()
})
