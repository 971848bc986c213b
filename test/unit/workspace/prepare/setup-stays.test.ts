import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

const files = { 'package.json': '{}', 'package-lock.json': '1\n', 'src/a.txt': 'a\n', '.gitignore': 'deps/\n*.log\n' }

/** Each run of this setup makes `deps` and says so in the user's home. */
const script = 'test ! -e deps; mkdir deps; echo one > deps/one; cat src/a.txt > deps/a; echo run >> $HOME/runs'
const inputs = ['package-lock.json']
const once = { run: script, inputs }

async function rigOf(options: RigOptions): Promise<Rig> {
  const rig = await createRig({ files, ...options })
  onTestFinished(() => rig.repo.remove())
  return rig
}

function runs({ repo }: Rig): number {
  return fs.readFileSync(join(repo.home, 'runs'), 'utf8').trim().split('\n').length
}

/** A commit of the user's on top of all others, with this change. */
function later({ repo }: Rig, path: string, content = 'new\n'): string {
  repo.write(path, content)
  repo.git('add', '-f', path)
  return repo.commit(path)
}

/** A used workspace, prepared at another commit. */
async function usedAgain(rig: Rig, commit: string, use: (agent: Agent) => void = () => undefined): Promise<string> {
  const first = await rig.leased()
  use(first)
  rig.workspaces.release(first.workspace)
  const again = value(await rig.workspaces.prepare(commitId(commit)))
  expect([again.root, again.commit]).toEqual([first.root, commit])
  return again.root
}

it('what setup made stays, and setup is paid once, while its inputs are the same', async () => {
  const rig = await rigOf({ setup: once })
  const root = await usedAgain(rig, later(rig, 'src/a.txt'), (agent) => agent.write('junk.log', 'x'))
  expect([runs(rig), fs.readdirSync(join(root, 'deps')), fs.existsSync(join(root, 'junk.log'))]).toEqual([
    1,
    ['a', 'one'],
    false,
  ])
})

it.each<[string, (agent: Agent) => void]>([
  [
    'changed what it made, and set the times back',
    ({ root }) => {
      const path = join(root, 'deps/one')
      const { atime, mtime } = fs.statSync(path)
      fs.writeFileSync(path, 'ONE\n')
      fs.utimesSync(path, atime, mtime)
    },
  ],
  ['removed some of it', ({ root }) => fs.rmSync(join(root, 'deps/one'))],
  ['removed all of it', ({ root }) => fs.rmSync(join(root, 'deps'), { recursive: true })],
  [
    'put a link to something alike in its place',
    ({ root }) => {
      fs.cpSync(join(root, 'deps'), join(root, '../alike'), { recursive: true })
      fs.rmSync(join(root, 'deps'), { recursive: true })
      fs.symlinkSync('../alike', join(root, 'deps'))
    },
  ],
])('setup runs again, in a clean place, when somebody %s', async (_, use) => {
  const rig = await rigOf({ setup: once })
  const root = await usedAgain(rig, rig.base, use)
  expect(runs(rig)).toBe(2)
  expect(fs.readFileSync(join(root, 'deps/one'), 'utf8')).toBe('one\n')
})

it('what somebody leaves in it is removed before the next use, and costs no setup', async () => {
  const rig = await rigOf({ setup: once })
  const root = await usedAgain(rig, rig.base, (agent) => {
    agent.write('deps/.cache/x', '')
    agent.git('init', '-q', 'deps/repository')
  })
  expect([runs(rig), fs.readdirSync(join(root, 'deps'))]).toEqual([1, ['a', 'one']])
})

it.each([
  ['a declared input', { run: script, inputs: ['src'] }, 'src/a.txt', 2],
  ['anything else beside declared inputs', once, 'other.txt', 1],
  ['any file of the tree, with a command that nobody knows', script, 'other.txt', 2],
  ['what git ignores', once, '.gitignore', 2],
  ['a file of the commit in what it made', once, 'deps/tracked', 2],
  ['a file of the commit in its place', once, 'deps', 2],
] as const)('after a change of %s setup has run as often as it must', async (_, setup, path, expected) => {
  const rig = await rigOf({
    setup: typeof setup === 'string' ? `rm -rf deps; ${setup}` : { ...setup, run: `rm -rf deps; ${script}` },
  })
  const commit = later(rig, path, path === '.gitignore' ? 'deps/\n' : 'new\n')
  await usedAgain(rig, commit)
  expect(runs(rig)).toBe(expected)
  // The new state counts from then on.
  rig.workspaces.release(value(await rig.workspaces.prepare(commitId(commit))))
})

it('a known installer reads manifests and lock files, unless the project has a script of its own', async () => {
  const after = async (manifest: string, path: string) => {
    const rig = await rigOf({ setup: 'npm ci', files: { ...files, 'package.json': manifest } })
    const program = join(rig.repo.home, 'bin/npm')
    fs.mkdirSync(join(rig.repo.home, 'bin'))
    fs.writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    await usedAgain(rig, later(rig, path))
    return runs(rig)
  }
  expect(await after('{}', 'src/a.txt')).toBe(1)
  expect(await after('{}', 'package-lock.json')).toBe(2)
  expect(await after('{"scripts":{"prepare":"make"}}', 'src/a.txt')).toBe(2)
})

it.each([
  ['leaves a file that git does not ignore', `${script}; touch left`],
  ['changes a file of the commit', `${script}; echo >> src/a.txt`],
  ['changes what was copied from the user', `${script}; echo >> .env`],
])('a setup that %s runs before each use, and is reported once more', async (_, run) => {
  const rig = await rigOf({ setup: { run, inputs }, copy: ['.env'] })
  rig.repo.write('.env', 'A=1\n')
  const root = await usedAgain(rig, rig.base)
  expect(runs(rig)).toBe(2)
  expect(fs.readFileSync(join(root, 'deps/one'), 'utf8')).toBe('one\n')
  expect(rig.notKept()).toHaveLength(2)
})

it('what is copied into what setup made is copied again, and is no touch', async () => {
  const rig = await rigOf({
    setup: { run: `mkdir -p deps; echo > deps/x; echo run >> $HOME/runs`, inputs },
    copy: ['deps/local'],
  })
  rig.repo.write('deps/local', 'mine')
  const root = await usedAgain(rig, rig.base, (agent) => agent.write('deps/local', 'theirs'))
  expect([runs(rig), fs.readFileSync(join(root, 'deps/local'), 'utf8')]).toEqual([1, 'mine'])
})

it('with keep: none setup runs before each use', async () => {
  const rig = await rigOf({ setup: once, keep: [] })
  await usedAgain(rig, rig.base)
  expect(runs(rig)).toBe(2)
})

it('a setup that failed is paid again', async () => {
  const rig = await rigOf({ setup: { run: `${script}; test -e $HOME/fine`, inputs } })
  await expect(rig.workspaces.prepare(rig.base)).rejects.toThrow()
  fs.writeFileSync(join(rig.repo.home, 'fine'), '')
  await usedAgain(rig, rig.base)
  expect(runs(rig)).toBe(2)
})

it('of several free workspaces, the one is taken that is set up for the commit', async () => {
  const rig = await rigOf({ setup: script })
  const other = later(rig, 'other.txt')
  const [first, second] = [
    value(await rig.workspaces.prepare(rig.base)),
    value(await rig.workspaces.prepare(commitId(other))),
  ]
  for (const one of [first, second]) rig.workspaces.release(one)
  expect(value(await rig.workspaces.prepare(commitId(other))).root).toBe(second.root)
  expect(value(await rig.workspaces.prepare(rig.base)).root).toBe(first.root)
  expect(runs(rig)).toBe(2)
})

it('a prepared workspace that nobody has used is set up again when its inputs change, and only then', async () => {
  const rig = await rigOf({ setup: once })
  const workspace = value(await rig.workspaces.prepare(rig.base))
  value(await rig.workspaces.refresh(workspace, commitId(later(rig, 'src/a.txt'))))
  expect(runs(rig)).toBe(1)
  value(await rig.workspaces.refresh(workspace, commitId(later(rig, 'package-lock.json', '2\n'))))
  expect(runs(rig)).toBe(2)
})

it('places that are made ready go to whoever comes next', async () => {
  const rig = await rigOf({ setup: once })
  const ready = rig.workspaces.makeReady(rig.base, 2)
  const places = await Promise.all([rig.workspaces.prepare(rig.base), rig.workspaces.prepare(rig.base)])
  await ready
  expect(new Set(places.map((place) => value(place).root)).size).toBe(2)
  await rig.workspaces.makeReady(rig.base, 2)
  expect(runs(rig)).toBe(2)
})

it('an agent that changes the ignore rules brings in nothing that setup made, even in a place that is used again', async () => {
  const rig = await rigOf({ setup: once })
  await usedAgain(rig, rig.base)
  rig.workspaces.release(value(await rig.workspaces.prepare(rig.base)))
  const agent = await rig.leased(2)
  agent.write('.gitignore', '')
  agent.write('deps/mine', 'x')
  expect((await rig.candidate(agent)).changedPaths).toEqual(['.gitignore', 'deps/mine'])
})

it('what cannot be kept, because its name is no text, is not taken to be there: another place is set up', async () => {
  const rig = await rigOf({ setup: { run: `${script}; echo > "$(printf '\\377').log"`, inputs } })
  const first = await rig.leased()
  rig.workspaces.release(first.workspace)
  const again = value(await rig.workspaces.prepare(rig.base))
  expect([runs(rig), fs.readdirSync(again.root, 'latin1').includes('\xff.log')]).toEqual([2, true])
})
