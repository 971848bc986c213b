import { expect, test } from 'vitest'
import { all, setStage } from './stage.js'
import { roadmap, workAndRepair } from './scripts.js'

test.each([{ agent: 'claude' }, { agent: 'codex' }])(
  '$agent on a worker does a task and its repair round in one process, and is gone with the run',
  async ({ agent }) => {
    const stage = await setStage({
      roadmap,
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
    roadmap,
    script: workAndRepair,
    config: 'gates: [test -f better.txt]\none_shot: on\n',
  })
  const { code, records } = await stage.run('--workers', '-a', '1', '-p', 'claude', '-i', '1')
  expect(code).toBe(0)
  expect(new Set(all(records(), 'agent_spawned').map(({ pid }) => pid)).size).toBe(2)
  await stage.quiet()
})
