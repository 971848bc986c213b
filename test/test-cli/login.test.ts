import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { roadmap } from './scripts.js'
import { setStage, type Stage } from './stage.js'

interface Found {
  readonly type: string
  readonly check: string
  readonly text: string
}

/** What `autopilot doctor` says of a CLI's login, where no key is in the environment. */
async function loginOf({ scene, server }: Stage, cli: 'claude' | 'codex'): Promise<string | undefined> {
  for (const key of ['ANTHROPIC_API_KEY', 'CODEX_API_KEY']) Reflect.deleteProperty(scene.env, key)
  const { stdout } = await scene.run(['doctor', '--output', 'json', '-p', cli])
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Found)
  // It has asked nobody but the CLI itself.
  expect(server.turns).toEqual([])
  return lines.filter(({ check }) => check === cli).at(-1)?.text
}

const nothing = { roadmap, script: () => ({ type: 'silence' }) as const }

test.each(['claude', 'codex'] as const)('%s says that nobody is logged in, and doctor understands it', async (cli) => {
  expect(await loginOf(await setStage(nothing), cli)).toBe('not logged in')
})

test('codex says that somebody is logged in, and doctor understands it', async () => {
  const stage = await setStage(nothing)
  const { env, repo } = stage.scene
  execFileSync('codex', ['login', '--with-api-key'], { cwd: repo.dir, env, input: 'sk-test\n', stdio: 'pipe' })
  expect(await loginOf(stage, 'codex')).toBe('logged in')
})
