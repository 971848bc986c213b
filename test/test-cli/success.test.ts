import { expect, test } from 'vitest'
import type { Script, Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, setStage } from './stage.js'

/** Writes a file named after the task, then says so. */
function writeAFile({ cli, task, results }: Turn): Answer {
  return results === 0
    ? { type: 'write', path: `${task}.txt`, content: `by ${cli}\n` }
    : { type: 'text', text: `Wrote ${task}.txt.` }
}

/** Like `writeAFile`, but nobody gets an answer before so many tasks have asked. */
function writeOnceAllAsked(tasks: number): Script {
  const waiting: (() => void)[] = []
  return async (turn) => {
    if (turn.request === 1) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (waiting.length === tasks) for (const go of waiting) go()
      })
    }
    return writeAFile(turn)
  }
}

const ids = ['one', 'two', 'three', 'four', 'five']
const fiveTasks = `tasks:\n${ids.map((id) => `  - { id: ${id} }\n`).join('')}`

test.each([{ agent: 'claude' }, { agent: 'codex' }])(
  'five $agent agents work at once in one HOME',
  async ({ agent }) => {
    const stage = await setStage({ roadmap: fiveTasks, script: writeOnceAllAsked(5) })
    const { code, records } = await stage.run('-a', '5', '-p', agent)
    expect(code).toBe(0)
    for (const id of ids) expect(stage.scene.landed(`${id}.txt`)).toBe(`by ${agent}`)
    expect(stage.scene.subjects()).toHaveLength(5)
    expect(new Set(all(records(), 'agent_finished').map(({ sessionId }) => sessionId)).size).toBe(5)
    expect(all(records(), 'attempt_failed')).toEqual([])
    await stage.quiet()
  },
)

test('claude and codex work side by side in one run, each within its cap', async () => {
  const stage = await setStage({ roadmap: fiveTasks, script: writeOnceAllAsked(5) })
  const { code, records } = await stage.run('-a', '5', '-p', 'claude=2', '-p', 'codex')
  expect(code).toBe(0)
  const written = ids.map((id) => stage.scene.landed(`${id}.txt`))
  expect(written.sort()).toEqual(['by claude', 'by claude', 'by codex', 'by codex', 'by codex'])
  const finished = all(records(), 'agent_finished')
  expect(finished.filter(({ usage }) => usage.costUsd !== undefined)).toHaveLength(2)
  const agents = stage.scene.repo.git(
    'log',
    '--format=%(trailers:key=Autopilot-Agent,valueonly)',
    'main..autopilot/main',
  )
  expect(agents.split('\n').filter(Boolean).sort()).toEqual(['claude', 'claude', 'codex', 'codex', 'codex'])
  await stage.quiet()
})
