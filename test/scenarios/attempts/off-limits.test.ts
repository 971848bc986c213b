// Paths that an agent's work must not change.
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene, judgements } from '../../support/scenes/gated-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { toldTexts } from '../../support/rigs/records.js'

const action = [
  `echo '{"gates": [], "permissions": "full", "target": "current"}' > autopilot.yaml`,
  'mkdir -p .claude/hooks .codex .autopilot; echo {} > .claude/settings.json; echo {} > .mcp.json; echo > .codex/config.toml',
  'echo > .autopilot/mine; git add -f .autopilot; echo > proof',
].join('; ')

function stage(config: Readonly<Record<string, unknown>> = {}, run = action): Scene {
  const roadmap = `tasks:\n  - { id: a, run: ${JSON.stringify(run)} }\n`
  return gatedScene({ roadmap, gates: ['test ! -e forbidden'], config: { target: 'current', ...config } })
}

const tracked = ({ repo }: Scene) => repo.git('ls-files').split('\n')

test('files that would configure later runs and agents do not land and are reported, and the gates stay as they were', async () => {
  const scene = stage()
  const { code, records } = await scene.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(tracked(scene)).toEqual(['README.md', 'autopilot.yaml', 'proof', 'roadmap.yaml'])
  expect(scene.repo.read('autopilot.yaml')).toContain('forbidden')
  expect(existsSync(join(scene.repo.dir, '.mcp.json'))).toBe(false)
  const told = toldTexts(records())
  expect(told.filter((text) => text.includes('were left out, because they would configure'))).toEqual([
    expect.stringMatching(
      /^a: its changes to \.autopilot\/mine, \.claude\/settings\.json, .*agents_may_configure: true/,
    ),
  ])
  // The next run is judged by the gate, as the first was.
  scene.repo.write('roadmap.yaml', 'tasks:\n  - { id: b, run: echo > forbidden }\n')
  const next = await scene.run(['run', '-i', '1', '--output', 'json'])
  expect(next.code).toBe(1)
  expect(judgements(next.records()).map(({ verdict }) => verdict)).toEqual(['failed', 'failed'])
})

test('if the configuration says that agents may configure, all of it lands except the records of runs', async () => {
  const scene = stage({ agents_may_configure: true })
  const { code, records } = await scene.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(tracked(scene)).toEqual(
    expect.arrayContaining(['.claude/settings.json', '.codex/config.toml', '.mcp.json', 'autopilot.yaml']),
  )
  expect(tracked(scene)).not.toContain('.autopilot/mine')
  const told = toldTexts(records())
  expect(
    told.filter((text) => text.startsWith('a: its change to autopilot.yaml has no effect on this run')),
  ).toHaveLength(1)
})

test('an agent that changed nothing else has changed nothing, and its failure says what was left out', async () => {
  const scene = stage({}, 'echo {} > .mcp.json; echo "x: 1" > settings/real.yaml')
  scene.repo.write('settings/real.yaml', '{"gates": ["test ! -e forbidden"], "base_gates": "skip"}')
  scene.repo.git('rm', '-q', 'autopilot.yaml')
  symlinkSync('settings/real.yaml', join(scene.repo.dir, 'autopilot.yaml'))
  scene.repo.commit()
  const { code, records } = await scene.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const failed = records().find((record) => record.type === 'attempt_failed')
  expect(failed?.failure).toMatchObject({ kind: 'no_change' })
  expect(failed?.failure.message).toMatch(/But its changes to \.mcp\.json, settings\/real\.yaml were left out/)
})
