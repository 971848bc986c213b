import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { commitId, runId } from '../support/brands.js'
import { holdOffGc } from '../../src/workspace/repository/hold-off-gc.js'
import { mergeTrees } from '../../src/workspace/land/merge.js'
import { moveTarget } from '../../src/workspace/land/move-target.js'
import { openTarget } from '../../src/workspace/land/target.js'
import { commitOn } from '../support/scenes/commit-on.js'
import { gatedScene } from '../support/scenes/gated-scene.js'
import { createGitRepo, gitRepoAt, type GitRepo } from '../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../support/scenes/repositories.js'
import { rig, riggedRoadmap, scene } from '../support/scenes/rigged-scene.js'
import type { Scene } from '../support/scenes/scene.js'
import { createRig, value } from '../support/rigs/workspace-rig.js'
import { ungatedQueue } from '../support/rigs/ungated-queue.js'

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

test('fifty workspaces that are made at once all exist, and no branch is left behind', async () => {
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

/** A run whose second task has passed its gate alone and is merged with the first: that commit is on no ref yet. */
async function mergedAndWaiting() {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a', 'b']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '-a', '2'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  for (const agent of [a, b]) await agent.write(`${agent.name}.txt`, agent.name)
  await a.exit(0)
  await (await agents.next('gate')).exit(0)
  await b.exit(0)
  const gate = await agents.next('gate')
  const commit = await gate.git('rev-parse', 'HEAD')
  expect(stage.repo.git('for-each-ref', '--contains', commit)).toBe('')
  return { stage, running, gate, commit }
}

const pruned = ['gc', '-q', '--prune=now'] as const

test('git gc prunes nothing while a run is at work, where it would prune what waits for its gates', async () => {
  const { stage, running, gate, commit } = await mergedAndWaiting()
  const refused = await plainly(stage.repo, ...pruned)
  expect(refused.code).toBe(128)
  expect(refused.said).toContain(`gc is already running on machine '${hostname()}' pid ${running.pid}`)
  await gate.exit(0)
  expect((await running.ended).code).toBe(0)
  expect(stage.repo.git('rev-parse', 'autopilot/main')).toBe(commit)
  expect((await plainly(stage.repo, ...pruned)).code).toBe(0)
  expect((await plainly(stage.repo, 'fsck', '--full', '--strict')).code).toBe(0)

  // The control: a forced gc does prune it.
  const control = await mergedAndWaiting()
  expect((await plainly(control.stage.repo, 'cat-file', '-e', control.commit)).code).toBe(0)
  expect((await plainly(control.stage.repo, ...pruned, '--force')).code).toBe(0)
  expect((await plainly(control.stage.repo, 'cat-file', '-e', control.commit)).code).not.toBe(0)
  control.running.kill('SIGINT')
  expect((await control.running.ended).code).toBe(130)
})

test('the user’s own gc never counts as dead while it lives, and a killed run blocks no gc', async () => {
  const repo = gitRepo()
  const [file, ours] = [join(repo.dir, '.git/gc.pid'), `${process.pid} ${hostname()}`]
  mkdirSync(join(repo.dir, '.git/autopilot'))
  for (const living of [`${process.ppid} ${hostname()}`, '1 elsewhere.example']) {
    writeFileSync(file, living)
    const release = await holdOffGc(join(repo.dir, '.git'))
    expect(readFileSync(file, 'utf8')).toBe(living)
    await release()
    expect(readFileSync(file, 'utf8')).toBe(living)
  }
  writeFileSync(file, `999999999 ${hostname()}`)
  expect((await plainly(repo, 'gc', '-q')).code).toBe(0)
  writeFileSync(file, `999999999 ${hostname()}`)
  const release = await holdOffGc(join(repo.dir, '.git'))
  expect(readFileSync(file, 'utf8')).toBe(ours)
  await release()
  expect(existsSync(file)).toBe(false)
})

test('of twenty moves of the target at once one wins, and a commit of somebody else is never overwritten', async () => {
  const repo = gitRepo()
  const repository = await openRepo(repo)
  const { base, ...target } = value(await openTarget(repository, { runId: runId('r1') }))
  const rivals = many.slice(0, 20).map((n) => commitOn(repo, base, { [`${n}.txt`]: 'x' }))
  // Each believes that the target is still where all of them began.
  const moves = await Promise.all(
    rivals.map((commit) => moveTarget(repository, { ...target, base, tip: base }, commit)),
  )
  const won = rivals.filter((_, n) => value(moves[n]!).type === 'moved')
  expect(won).toEqual([repo.git('rev-parse', target.ref)])

  // The control: without the commit that is to be replaced, each one succeeds and all but the last are lost.
  for (const commit of rivals.slice(0, 3)) repo.git('update-ref', target.ref, commit)
  expect(repo.git('log', '--format=%H', `${base}..${target.ref}`)).toBe(rivals[2])
})

test('without a gate, two changes that pass alone and fail together both land', async () => {
  const build = '! { test -e renamed && test -e called; }'
  const roadmap = 'tasks:\n  - { id: a, run: "touch renamed" }\n  - { id: b, run: "touch called" }\n'
  const [plain, gated] = [gatedScene({ roadmap }), gatedScene({ roadmap, gates: [build] })]
  const passes = ({ repo }: Scene) => {
    const place = repo.beside('checkout')
    repo.git('worktree', 'add', '-q', '--detach', place, 'autopilot/main')
    return spawnSync('sh', ['-c', build], { cwd: place }).status === 0
  }
  const codes = [await plain.run(['run', '-a', '2']), await gated.run(['run', '-a', '2', '-i', '1'])].map(
    ({ code }) => code,
  )
  expect(codes).toEqual([0, 1])
  expect([plain, gated].map((stage) => stage.subjects().length)).toEqual([2, 1])
  expect([plain, gated].map(passes)).toEqual([false, true])
})

test('a commit that does not exist is an error of its own, not a conflict', async () => {
  const repo = gitRepo({ files: { 'a.txt': 'a\n' } })
  const repository = await openRepo(repo)
  const target = value(await openTarget(repository, { runId: runId('r1') }))
  const missing = '1234567890123456789012345678901234567890'
  const merged = await mergeTrees(repository, target.tip, commitId(missing))
  expect(merged.ok).toBe(false)
  const landed = await ungatedQueue(
    repository,
    target,
  )({ candidate: commitId(missing), base: target.base, message: 'x' })
  expect(landed.ok || landed.error.kind).toBe('infrastructure')

  // The control: git ends with the same code for both, so the code alone does not tell them apart.
  const ends = (...commits: string[]) => plainly(repo, 'merge-tree', '--write-tree', ...commits)
  const clashing = ['1\n', '2\n'].map((content) => commitOn(repo, target.base, { 'a.txt': content }))
  expect([(await ends(target.tip, missing)).code, (await ends(...clashing)).code]).toEqual([1, 1])
})
