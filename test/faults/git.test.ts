import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createIntegrator } from '../../src/workspace/integrate.js'
import { mergeTrees } from '../../src/workspace/merge.js'
import { moveTarget } from '../../src/workspace/move-target.js'
import { openTarget } from '../../src/workspace/target.js'
import { commitOn } from '../support/commit-on.js'
import { createGitRepo, gitRepoAt, type GitRepo } from '../support/git-repo.js'
import { gitRepo, openRepo } from '../support/repositories.js'
import { scene } from '../support/rigged-scene.js'
import { createRig, value } from '../support/workspace-rig.js'

/** A clone that follows `origin/main`, as most work trees do. */
function followingClone(): GitRepo {
  const upstream = createGitRepo()
  onTestFinished(upstream.remove)
  const dir = upstream.beside('clone')
  upstream.git('clone', '-q', upstream.dir, dir)
  return gitRepoAt(dir, upstream.home, upstream.beside('.'))
}

/** Plain git as a person would type it; its exit code and what it said on stderr. */
function plainly(repo: GitRepo, ...args: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn('git', ['-C', repo.dir, ...args], { env: repo.env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })))
}

const many = Array.from({ length: 50 }, (_, n) => n)

test('fifty workspaces that are made at once are all there, and no branch is left behind', async () => {
  const repo = followingClone()
  const { workspaces, base } = await createRig({ repo })
  const made = await Promise.all(many.map(() => workspaces.prepare(base)))
  const roots = made.map((each) => value(each).root)
  expect(new Set(roots).size).toBe(50)
  expect(roots.filter((root) => !existsSync(join(root, 'README.md')))).toEqual([])
  expect(repo.git('branch', '--format=%(refname:short)')).toBe('main')
  await workspaces.removeAll()

  // The control: worktrees write to one configuration file, and some of fifty find it locked.
  const control = followingClone()
  const added = await Promise.all(
    many.map((n) => plainly(control, 'worktree', 'add', '-q', '-b', `w${n}`, control.beside(`w${n}`), 'origin/main')),
  )
  const failed = added.filter(({ code }) => code !== 0)
  expect(failed.map(({ said }) => said).join('')).toContain('could not lock config file')
})

test('a locked configuration file of the repository stops no run, and is left alone', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n' })
  const lock = join(stage.repo.dir, '.git/config.lock')
  writeFileSync(lock, '')
  expect((await stage.run(['run', '-a', '2'])).code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['a', 'b'])
  expect(existsSync(lock)).toBe(true)

  const control = await plainly(stage.repo, 'config', 'some.key', 'value')
  expect(control).toMatchObject({ code: 255, said: expect.stringContaining('could not lock config file') as string })
})

test('an index.lock that somebody left stops no run on a branch of its own, and is never deleted', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const lock = join(stage.repo.dir, '.git/index.lock')
  writeFileSync(lock, '')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
  expect(existsSync(lock)).toBe(true)

  const control = await plainly(stage.repo, 'add', '-A')
  expect(control).toMatchObject({ code: 128, said: expect.stringContaining('index.lock') as string })
})

test('git gc beside agents that finish takes nothing of their work', async () => {
  const ids = Array.from({ length: 8 }, (_, n) => `t${n}`)
  const tasks = ids.map((id) => `  - { id: ${id}, run: "echo ${id} > ${id}; git add ${id}; git commit -qm ${id}" }\n`)
  const stage = scene({ roadmap: `tasks:\n${tasks.join('')}` })
  let collections = 0
  const running = stage.start(['run', '-a', '4'])
  const run = { over: false }
  void running.ended.then(() => (run.over = true))
  while (!run.over) {
    const { code } = await plainly(stage.repo, 'gc', '-q')
    if (code === 0) collections++
  }
  expect((await running.ended).code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(ids)
  expect(collections).toBeGreaterThan(0)
  const { status, stderr } = spawnSync('git', ['-C', stage.repo.dir, 'fsck', '--full'], { env: stage.repo.env })
  expect([status, stderr.toString()]).toEqual([0, ''])
})

test('of twenty that move the target at once one wins, and a commit of somebody else is never overwritten', async () => {
  const repo = gitRepo()
  const repository = await openRepo(repo)
  const { base, ...target } = value(await openTarget(repository, { runId: 'r1' }))
  const rivals = many.slice(0, 20).map((n) => commitOn(repo, base, { [`${n}.txt`]: 'x' }))
  // Each believes that the target still stands where all of them began.
  const moves = await Promise.all(
    rivals.map((commit) => moveTarget(repository, { ...target, base, tip: base }, commit)),
  )
  const won = rivals.filter((_, n) => value(moves[n]!).type === 'moved')
  expect(won).toEqual([repo.git('rev-parse', target.ref)])

  // The control: without the commit that is to be replaced, each one succeeds and all but the last are lost.
  for (const commit of rivals.slice(0, 3)) repo.git('update-ref', target.ref, commit)
  expect(repo.git('log', '--format=%H', `${base}..${target.ref}`)).toBe(rivals[2])
})

test('a commit that is not there is an error of its own, not a conflict', async () => {
  const repo = gitRepo({ files: { 'a.txt': 'a\n' } })
  const repository = await openRepo(repo)
  const target = value(await openTarget(repository, { runId: 'r1' }))
  const missing = '1234567890123456789012345678901234567890'
  const merged = await mergeTrees(repository, target.tip, missing)
  expect(merged.ok).toBe(false)
  const landed = await createIntegrator(repository, target)({ candidate: missing, base: target.base, message: 'x' })
  expect(landed.ok || landed.error.kind).toBe('infrastructure')

  // The control: git ends with the same code for both, so the code alone does not tell them apart.
  const ends = (...commits: string[]) => plainly(repo, 'merge-tree', '--write-tree', ...commits)
  const clashing = ['1\n', '2\n'].map((content) => commitOn(repo, target.base, { 'a.txt': content }))
  expect([(await ends(target.tip, missing)).code, (await ends(...clashing)).code]).toEqual([1, 1])
})
