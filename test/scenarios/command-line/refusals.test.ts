// When a run cannot begin, and what the message says.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const command = 'tasks:\n  - { id: a, run: echo > a }\n'
const agent = 'tasks:\n  - id: a\n'

test('a directory without a repository ends with 4 and says what to do', async () => {
  const stage = scene()
  mkdirSync(stage.repo.beside('plain'))
  stage.repo.write('../plain/roadmap.yaml', command)
  const { code, stderr } = await stage.run(['run'], { cwd: stage.repo.beside('plain') })
  expect(code).toBe(4)
  expect(stderr).toMatch(/git init/)
})

test('a repository without a commit ends with 4', async () => {
  const stage = scene({ files: false })
  stage.repo.write('roadmap.yaml', command)
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(4)
  expect(stderr).toMatch(/commit/)
})

test('on a branch of autopilot’s own it ends with 4', async () => {
  const stage = scene({ roadmap: command })
  stage.repo.git('checkout', '-q', '-b', 'autopilot/main')
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(4)
  expect(stderr).toMatch(/autopilot\/main/)
})

test('a target that is checked out ends with 4, here and in another worktree', async () => {
  const stage = scene({ roadmap: command })
  expect((await stage.run(['run', '--target', 'main'])).code).toBe(4)
  stage.repo.git('worktree', 'add', '-q', '-b', 'side', stage.repo.beside('side'))
  const { code, stderr } = await stage.run(['run', '--target', 'side'])
  expect(code).toBe(4)
  expect(stderr).toContain('side')
})

test('a second run in one repository ends with 4 and names the first', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const first = stage.start(['run'])
  const agent = await agents.next()
  const second = await stage.run(['run'])
  expect(second.code).toBe(4)
  expect(second.stderr).toContain(`process ${first.pid} `)
  expect((await stage.run(['run', '--isolation', 'none'])).code).toBe(4)
  await agent.write('a.txt', 'a')
  await agent.exit(0)
  expect((await first.ended).code).toBe(0)
  expect((await stage.run(['run'])).code).toBe(0)
})

test('refs in tables end run and dry run with 4, and nothing is made', async () => {
  const stage = scene({ roadmap: command })
  stage.repo.git('config', 'extensions.refStorage', 'reftable')
  for (const more of [[], ['--dry-run'], ['--target', 'current']]) {
    const { code, stderr } = await stage.run(['run', ...more])
    expect(code).toBe(4)
    expect(stderr).toContain('git refs migrate --ref-format=files')
  }
  expect(existsSync(join(stage.repo.dir, '.git/autopilot/git'))).toBe(false)
  expect(stage.repo.git('for-each-ref', 'refs/heads')).toContain('refs/heads/main')
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot')).toBe('')
})

test('as JSON, a refusal is an object on stdout', async () => {
  const stage = scene({ roadmap: command })
  const { code, records, stderr } = await stage.run(['run', '--target', 'main', '--output', 'json'])
  expect(code).toBe(4)
  expect(stderr).toBe('')
  expect(records()).toEqual([expect.objectContaining({ type: 'error' })])
})

test('no agent CLI ends with 3 and says how to install and to log in, before anything is made', async () => {
  const stage = scene({ roadmap: agent })
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(3)
  expect(stderr).toContain('npm install -g @anthropic-ai/claude-code')
  expect(stderr).toContain('claude auth login')
  expect(stderr).toContain('npm install -g @openai/codex')
  expect(stderr).toContain('codex login')
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})

test.skipIf(process.getuid?.() !== 0)('what a CLI refuses names that CLI once', async () => {
  const stage = scene({ roadmap: agent })
  fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stderr } = await stage.run(['run', '-p', 'claude', '--permissions', 'full'])
  expect(code).toBe(3)
  expect(stderr).toMatch(/^ +claude refuses full permissions/m)
})

test('tasks that are commands need no agent CLI, even beside held ones that would', async () => {
  const stage = scene({ roadmap: `${command}  - { id: b, status: blocked }\n` })
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stderr).not.toMatch(/claude|codex/)
})

test('--target makes and continues a branch of that name', async () => {
  const stage = scene({ roadmap: command })
  expect((await stage.run(['run', '--target', 'results'])).code).toBe(0)
  expect(stage.subjects('results')).toEqual(['a'])
})
