// Autopilot clean.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { ledgerRefs, statusOf } from '../../support/scenes/past-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { treeBytes } from '../../support/rigs/tree-bytes.js'

const mixed = `tasks:
  - { id: good, run: echo > good }
  - { id: bad, run: 'echo > half; exit 3' }
`

const names = (stage: Scene) => ledgerRefs(stage).map((ref) => ref.replace(/-[0-9a-f]{12}/, ''))
const workspaces = (stage: Scene) => {
  const home = join(stage.repo.home, '.cache', 'autopilot')
  return existsSync(home) ? readdirSync(home).filter((name) => name !== '.seed') : []
}

test('refs of integrated work are deleted; work that did not land stays, is named, and is deleted only with --lost', async () => {
  const stage = scene({ roadmap: mixed })
  await stage.run(['run', '-i', '1'])
  expect(names(stage)).toEqual(['bad/1', 'base', 'good/1'])
  const { code, stdout } = await stage.run(['clean'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Ref +refs\/autopilot\/\S+\/good-\S+\/1 at [0-9a-f]{10}: integrated as [0-9a-f]{10}$/m)
  expect(stdout).toMatch(/^Kept +refs\/autopilot\/\S+\/bad-\S+\/1: was not integrated$/m)
  expect(stdout).toMatch(/^Deleted 1 ref, 0 directories; 1 kept; --lost deletes them, too$/m)
  expect(names(stage)).toEqual(['bad/1', 'base'])
  expect((await stage.run(['clean', '--lost'])).stdout).toMatch(
    /bad-\S+\/1 at .*: not integrated, and lost if deleted$/m,
  )
  expect(names(stage)).toEqual([])
  expect(stage.subjects()).toEqual(['good'])
  expect((await statusOf(stage)).kept).toEqual([])
  expect((await stage.run(['clean'])).stdout).toBe('Nothing to delete\n')
})

test('--dry-run says the same and deletes nothing', async () => {
  const stage = scene({ roadmap: mixed })
  await stage.run(['run', '-i', '1'])
  const bytes = () => treeBytes(stage.repo.dir)
  const before = bytes()
  const said = await stage.run(['clean', '--lost', '--dry-run'])
  expect(said.stdout).toMatch(/^Would delete 3 refs, 0 directories$/m)
  expect(bytes()).toEqual(before)
  const done = await stage.run(['clean', '--lost'])
  expect(done.stdout.replace('Deleted', 'Would delete')).toBe(said.stdout)
})

test('only the named run is cleaned, and an unknown one ends with 2', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n' })
  await stage.run(['run', '--only', 'a'])
  const { run } = await statusOf(stage)
  await stage.run(['run', '--only', 'b'])
  expect((await stage.run(['clean', run!])).code).toBe(0)
  expect(names(stage)).toEqual(['b/1', 'base'])
  expect((await stage.run(['clean', run!])).stdout).toBe('Nothing to delete\n')
  const { code, stderr } = await stage.run(['clean', '20200101-000000-aaaa'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no run 20200101-000000-aaaa')])
})

test('during a run it does nothing and ends with 4', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const running = stage.start(['run'])
  const agent = await agents.next()
  for (const args of [['clean'], ['clean', '--lost'], ['clean', '--dry-run']]) {
    const { code, stdout, stderr } = await stage.run(args)
    expect([code, stdout, stderr]).toEqual([4, '', expect.stringContaining(`process ${running.pid} `)])
  }
  await agent.write('a.txt', 'a')
  await agent.exit(0)
  expect((await running.ended).code).toBe(0)
  expect((await stage.run(['clean'])).code).toBe(0)
  expect(names(stage)).toEqual([])
})

test('workspaces of a killed run are removed if they hold no work; those of running attempts stay', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']), files: { 'autopilot.yaml': 'agents: 2\n' } })
  const running = stage.start(['run', '--output', 'json'])
  const agent = await agents.next()
  const { workspace } = await running.saw('attempt_started')
  await agent.write('a.txt', 'half')
  running.kill('SIGKILL')
  await running.ended
  await agent.exit(0)
  const { code, stdout } = await stage.run(['clean'])
  expect(code).toBe(0)
  expect(stdout).toContain(`${workspace}: a attempt 1 was not collected`)
  expect(existsSync(join(workspace, 'a.txt'))).toBe(true)
  expect(readdirSync(join(workspace, '..'))).toEqual(['.owner', basename(workspace)])
  const notes = join(stage.repo.dir, '.git', 'autopilot', 'workspaces', (await statusOf(stage)).run!)
  // By them a resumed run takes the workspace up.
  expect(existsSync(notes)).toBe(true)
  await stage.run(['clean', '--lost'])
  expect([workspaces(stage), existsSync(notes)]).toEqual([[], false])
})

test('a workspace that was kept because it could not be collected stays, even if its journal is unreadable', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: nest, run: git init -q inner && echo > inner/f }\n' })
  await stage.run(['run', '-i', '1'])
  const { run, keptWorkspaces } = await statusOf(stage)
  const { path } = keptWorkspaces[0]!
  expect((await stage.run(['clean'])).stdout).toMatch(/^Kept +\S+-1: nest: /m)
  writeFileSync(join(stage.repo.dir, '.autopilot', 'runs', run!, 'journal.jsonl'), 'x\n')
  expect((await stage.run(['clean'])).stdout).toMatch(/^Kept +\S+-1: its contents are unknown: line 1 /m)
  expect(existsSync(join(path, 'inner', 'f'))).toBe(true)
  expect((await stage.run(['clean', '--lost'])).code).toBe(0)
  expect(existsSync(path)).toBe(false)
})

test('with workspaces elsewhere by configuration, they are found there', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: nest, run: git init -q inner && echo > inner/f }\n' })
  const dir = stage.repo.beside('workspaces')
  stage.repo.write('autopilot.yaml', `workspaces: { dir: ${dir} }\n`)
  await stage.run(['run', '-i', '1'])
  const { keptWorkspaces } = await statusOf(stage)
  expect(keptWorkspaces[0]!.path.startsWith(`${dir}/`)).toBe(true)
  await stage.run(['clean', '--lost'])
  expect(readdirSync(dir)).toEqual(['.seed'])
  expect((await statusOf(stage)).keptWorkspaces).toEqual([])
})

test('where there is no repository it ends with 4', async () => {
  const stage = scene()
  const { code, stderr } = await stage.run(['clean'], { cwd: stage.repo.home })
  expect([code, stderr]).toEqual([4, expect.stringContaining('is not in a git repository')])
})
