import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

const files = { 'README.md': 'hello\n', 'package-lock.json': '1\n', 'src/a.txt': 'a\n', '.gitignore': 'deps/\nbuilt\n' }

async function rigOf(options: RigOptions): Promise<Rig> {
  const rig = await createRig({ files, ...options })
  onTestFinished(() => rig.repo.remove())
  return rig
}

/** Each run of this setup adds a line. */
const setup = 'mkdir -p deps; echo run >> deps/runs'

/** A commit of the user's on top of all others, with this change. */
function later({ repo }: Rig, path: string, content = 'new\n'): string {
  repo.write(path, content)
  return repo.commit(path)
}

/** Prepares a used workspace at another commit; returns how often setup has run in it since it was new. */
async function runsAt(rig: Rig, commit: string, spoil: (agent: Agent) => void = () => undefined): Promise<number> {
  const first = await rig.leased()
  spoil(first)
  rig.workspaces.release(first.workspace)
  const again = value(await rig.workspaces.prepare(commitId(commit)))
  expect([again.root, again.commit]).toEqual([first.root, commit])
  return readFileSync(join(again.root, 'deps/runs'), 'utf8').split('\n').length - 1
}

it('what is kept survives an attempt, and setup runs once', async () => {
  const rig = await rigOf({ setup, keep: ['deps'] })
  expect(await runsAt(rig, rig.base)).toBe(1)
  expect(await runsAt(rig, later(rig, 'src/a.txt'))).toBe(1)
})

it('what is not kept is removed, and setup runs again', async () => {
  const rig = await rigOf({ setup: `${setup}; touch built; echo >> $HOME/all`, keep: ['deps'] })
  expect(await runsAt(rig, rig.base)).toBe(2)
  expect(readFileSync(join(rig.repo.home, 'all'), 'utf8')).toBe('\n\n')
})

it.each(['package-lock.json', 'deep/er/Cargo.lock', 'requirements-dev.txt'])(
  'setup runs again in what is kept when %s has changed',
  async (path) => {
    const rig = await rigOf({ setup, keep: ['deps'] })
    expect(await runsAt(rig, later(rig, path))).toBe(2)
    // From then on the new state counts.
    expect(await runsAt(rig, rig.repo.git('rev-parse', 'HEAD'))).toBe(2)
  },
)

const inputs = ['tools/*.sh', 'schema', '**/go.mod', '[ab].txt']
it.each([
  ['tools/a.sh', 2],
  ['schema/deep/one.sql', 2],
  ['deep/go.mod', 2],
  ['a.txt', 2],
  ['tools/deep/a.sh', 1],
  ['package-lock.json', 1],
  ['c.txt', 1],
] as const)('with inputs of its own, after a change of %s setup has run %i times', async (path, runs) => {
  const rig = await rigOf({ setup: { run: setup, inputs }, keep: ['deps'] })
  expect(await runsAt(rig, later(rig, path))).toBe(runs)
})

it('without inputs of its own a manifest counts if the tree has no lock file of its kind, and only there', async () => {
  const runsAfter = async (path: string, files: Readonly<Record<string, string>>) => {
    const rig = await rigOf({ setup, keep: ['deps'], files })
    return runsAt(rig, later(rig, path))
  }
  expect(await runsAfter('package.json', { 'package.json': '{}' })).toBe(2)
  expect(await runsAfter('sub/package.json', { 'package-lock.json': '{}' })).toBe(1)
  expect(await runsAfter('package.json', { 'Cargo.lock': '' })).toBe(2)
})

it('setup runs again when an agent removed what it had made', async () => {
  const rig = await rigOf({ setup, keep: ['deps'] })
  expect(await runsAt(rig, rig.base, ({ root }) => rmSync(join(root, 'deps'), { recursive: true }))).toBe(1)
  expect(existsSync(join(rig.first(), 'deps/runs'))).toBe(true)
})

it('a link that an agent put in the place of what is kept is not followed', async () => {
  const rig = await rigOf({ setup, keep: ['deps', 'a/b'] })
  const outside = rig.repo.beside('outside')
  mkdirSync(outside)
  symlinkSync('nowhere', join(outside, 'b'))
  const runs = await runsAt(rig, rig.base, ({ root }) => {
    rmSync(join(root, 'deps'), { recursive: true })
    symlinkSync(outside, join(root, 'deps'))
    symlinkSync(outside, join(root, 'a'))
  })
  expect(runs).toBe(1)
  expect(lstatSync(join(rig.first(), 'deps')).isDirectory()).toBe(true)
  expect(existsSync(join(outside, 'runs'))).toBe(false)
  expect(lstatSync(join(outside, 'b')).isSymbolicLink()).toBe(true)
})

it('a prepared workspace is set up again when the target moves on with other inputs, and only then', async () => {
  const rig = await rigOf({ setup, keep: ['deps'] })
  const workspace = value(await rig.workspaces.prepare(rig.base))
  const runs = () => readFileSync(join(workspace.root, 'deps/runs'), 'utf8')
  value(await rig.workspaces.refresh(workspace, commitId(later(rig, 'src/a.txt'))))
  expect(runs()).toBe('run\n')
  value(await rig.workspaces.refresh(workspace, commitId(later(rig, 'package-lock.json'))))
  expect(runs()).toBe('run\nrun\n')
})

it('files of the commit that setup changes are changed again after the target has moved on', async () => {
  const rig = await rigOf({ setup: 'echo generated >> README.md' })
  const workspace = value(await rig.workspaces.prepare(rig.base))
  value(await rig.workspaces.refresh(workspace, commitId(later(rig, 'src/a.txt'))))
  expect(readFileSync(join(workspace.root, 'README.md'), 'utf8')).toBe('hello\ngenerated\n')
})

it('a repository in what is kept is no obstacle, but one outside of it is', async () => {
  const rig = await rigOf({ keep: ['deps'] })
  const first = await rig.leased()
  first.git('init', '-q', 'deps/one')
  rig.workspaces.release(first.workspace)
  const second = await rig.leased(2)
  expect([second.root, second.has('deps/one/.git')]).toEqual([first.root, true])
  second.git('init', '-q', 'other')
  rig.workspaces.release(second.workspace)
  expect((await rig.leased(3)).root).not.toBe(first.root)
})

it('what is kept is never committed, not ignored, added by force or committed by the agent itself', async () => {
  const rig = await rigOf({ keep: ['cache'] })
  const agent = await rig.leased()
  agent.write('cache/big', 'SECRET')
  expect(value(await rig.collect(agent)).type).toBe('unchanged')
  expect(rig.repo.git('cat-file', '--batch-all-objects', '--batch')).not.toContain('SECRET')
  agent.write('work', 'x')
  agent.git('add', '-f', '.')
  agent.git('commit', '-qm', 'all of it')
  agent.git('add', '-f', 'cache')
  const { commit, changedPaths } = await rig.candidate(agent)
  expect(changedPaths).toEqual(['work'])
  expect(rig.repo.git('ls-tree', '--name-only', commit).split('\n')).not.toContain('cache')
})

it('a link leads to the user’s own file, is there after each attempt, and is never committed', async () => {
  const rig = await rigOf({ link: ['models', 'data/set.bin', 'not-there'] })
  rig.repo.write('models/one', 'one\n')
  rig.repo.write('data/set.bin', 'bytes')
  const first = await rig.leased()
  expect(first.git('status', '--porcelain')).toBe('')
  expect([first.read('models/one'), first.read('data/set.bin'), first.has('not-there')]).toEqual([
    'one\n',
    'bytes',
    false,
  ])
  first.write('models/two', 'two\n')
  expect(rig.repo.read('models/two')).toBe('two\n')
  first.git('add', '-f', 'models')
  first.write('work', 'x')
  expect((await rig.candidate(first)).changedPaths).toEqual(['work'])
  rmSync(join(first.root, 'models'))
  rig.workspaces.release(first.workspace)
  const second = await rig.leased(2)
  expect([second.root, second.read('models/two')]).toEqual([first.root, 'two\n'])
  await rig.workspaces.removeAll()
  expect(existsSync(first.root)).toBe(false)
  expect([rig.repo.read('models/one'), rig.repo.read('data/set.bin')]).toEqual(['one\n', 'bytes'])
})

it.each(['../outside', '/etc/hostname', '.git', 'sub/.git/config', '.', './', 'leaves', 'behind/file'])(
  'no link is made to %s',
  async (path) => {
    const rig = await rigOf({ link: [path] })
    symlinkSync('/etc/hostname', join(rig.repo.dir, 'leaves'))
    symlinkSync(rig.repo.home, join(rig.repo.dir, 'behind'))
    const prepared = await rig.workspaces.prepare(rig.base)
    expect(prepared).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
  },
)
