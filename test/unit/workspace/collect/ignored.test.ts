import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { keepIgnored } from '../../../../src/workspace/collect/ignored.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

let rigs: Rig[] = []

afterEach(() => {
  for (const { repo } of rigs) repo.remove()
  rigs = []
})

async function rigOf(options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig({ files: { 'README.md': 'hello\n', '.gitignore': 'dist/\n*.env\n' }, ...options })
  rigs.push(rig)
  return rig
}

test('files that the agent’s tools wrote and git ignores are named, but not other ignored files, files outside or deleted ones', async () => {
  const rig = await rigOf()
  const agent = await rig.leased()
  agent.write('dist/a.js', 'a')
  agent.write('dist/by-a-build.js', 'b')
  agent.write('forced.env', 'f')
  agent.git('add', '-f', 'forced.env')
  agent.write('src/new.ts', 'n')
  agent.write('*.env', 'a name, not a pattern')
  const at = (path: string) => join(agent.root, path)
  const wrote = [at('dist/a.js'), 'dist/a.js', at('src/new.ts'), at('forced.env'), at('dist/gone.js'), '*.env']
  const more = ['/etc/passwd', '../outside', agent.root, at('dist'), 'a\0b']
  const candidate = await rig.candidate(agent, { wrote: [...wrote, ...more] })
  expect(candidate.changedPaths).toEqual(['forced.env', 'src/new.ts'])
  expect(candidate.ignored).toEqual(['*.env', 'dist/a.js'])
})

test('if nothing changed, all new ignored files are named, except what setup or the configuration brought', async () => {
  const rig = await rigOf({
    files: { 'README.md': 'hello\n', '.gitignore': 'dist/\nmade/\ncache/\n*.env\n' },
    setup: 'mkdir made cache && echo 1 > made/by-setup && echo 1 > cache/x',
    keep: ['cache'],
    copy: ['own.env'],
  })
  const agent = await rig.leased()
  for (const path of ['dist/a.js', 'dist/b/c.js', 'made/more', 'cache/more', 'own.env', 'new.env'])
    agent.write(path, 'x')
  const collected = value(await rig.collect(agent))
  expect(collected).toMatchObject({ type: 'unchanged', ignored: [], newIgnored: ['dist', 'new.env'] })
})

test('copies are private, only of regular files inside the workspace, and limited in size', async () => {
  const rig = await rigOf()
  const agent = await rig.leased()
  agent.write('dist/deep/a.js', 'a')
  agent.write('dist/large.js', Buffer.alloc(11 * 1024 * 1024))
  agent.write('dist/z.js', 'z')
  symlinkSync('/etc', join(agent.root, 'dist/out'))
  symlinkSync('/etc/hostname', join(agent.root, 'dist/link'))
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(agent.root, 'dist/pipe')])
  const to = rig.repo.beside('copies')
  const paths = ['dist/deep/a.js', 'dist/large.js', 'dist/out/hostname', 'dist/link', 'dist/pipe', 'dist/z.js']
  expect(await keepIgnored(agent.root, paths, to)).toBe(2)
  expect(readFileSync(join(to, 'dist/deep/a.js'), 'utf8')).toBe('a')
  expect(statSync(join(to, 'dist/z.js')).mode & 0o777).toBe(0o600)
  expect(existsSync(join(to, 'dist/out'))).toBe(false)
})

const withModules = {
  files: { 'README.md': 'hello\n', '.gitignore': 'node_modules/\n*.env\n', 'web/.gitignore': 'built/\n' },
  setup:
    'mkdir -p node_modules/.bin web/built && echo 1 > node_modules/a && echo 1 > node_modules/.bin/b && echo 1 > web/built/c',
  copy: ['own.env'],
}

test.each([
  ['rewrites the rules', (agent: Agent) => agent.write('.gitignore', '!*.env\n'), ['.gitignore']],
  [
    'removes the package that had them',
    (agent: Agent) => rmSync(join(agent.root, 'web/.gitignore')),
    ['web/.gitignore'],
  ],
])('what setup and copy: brought is not the work of an agent that %s', async (_, action, changed) => {
  const rig = await rigOf(withModules)
  rig.repo.write('own.env', 'SECRET=1\n')
  const agent = await rig.leased()
  action(agent)
  agent.git('add', '-A')
  const candidate = await rig.candidate(agent)
  expect(candidate.changedPaths).toEqual(changed)
  expect(candidate.leftOut).toContain(changed[0] === '.gitignore' ? 'node_modules' : 'web/built')
})

test('what an agent changed or made where setup had made something is its work, and so is what it adds by force', async () => {
  const rig = await rigOf(withModules)
  const agent = await rig.leased()
  agent.write('.gitignore', '')
  agent.write('node_modules/a', 'changed')
  agent.write('node_modules/new', 'new')
  expect((await rig.candidate(agent)).changedPaths).toEqual(['.gitignore', 'node_modules/a', 'node_modules/new'])
  const other = await rig.leased(2)
  other.git('add', '-f', 'node_modules/a')
  expect((await rig.candidate(other)).changedPaths).toEqual(['node_modules/a'])
})
