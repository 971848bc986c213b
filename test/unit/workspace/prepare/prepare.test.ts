import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { openBerths } from '../../../../src/workspace/lease/berths.js'
import { Workspaces } from '../../../../src/workspace/lease/workspaces.js'
import { berthOptions } from '../../../support/rigs/berth-options.js'
import { treeBytes } from '../../../support/rigs/tree-bytes.js'
import { createGitRepo } from '../../../support/scenes/git-repo.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

let rig: Rig

afterEach(() => rig.repo.remove())

const files = {
  'README.md': 'hello\n',
  'src/a.txt': 'a\n',
  'src/run.sh': '#!/bin/sh\n',
  '.gitignore': '*.log\nbuilt/\n',
}

async function rigOf(options: RigOptions = {}): Promise<Rig> {
  rig = await createRig({ files, ...options })
  return rig
}

/** The work tree without its `.git`. */
function content({ root }: Agent): Record<string, string> {
  return treeBytes(root, (path) => path === '.git')
}

describe('a workspace that is used again', () => {
  it('is the same directory, as good as new after a dirty attempt', async () => {
    const { leased, workspaces, repo } = await rigOf()
    const first = await leased(1)
    const pristine = content(first)
    const outside = repo.beside('outside')
    first.write('untracked.txt', 'x')
    first.write('deep/er/untracked.txt', 'x')
    first.write('ignored.log', 'x')
    first.write('built/out', 'x')
    first.write('README.md', 'changed\n')
    chmodSync(join(first.root, 'src/run.sh'), 0o755)
    first.git('add', '-f', 'ignored.log')
    first.git('commit', '-qm', 'mine')
    mkdirSync(outside)
    renameSync(join(first.root, 'src'), join(outside, 'src'))
    symlinkSync(join(outside, 'src'), join(first.root, 'src'))
    await rig.candidate(first)
    workspaces.release(first.workspace)
    const second = await leased(2)
    expect(second.root).toBe(first.root)
    expect(content(second)).toEqual(pristine)
    expect(readdirSync(second.root).sort()).toEqual(['.git', '.gitignore', 'README.md', 'src'])
    expect(second.git('status', '--porcelain', '--ignored')).toBe('')
    expect(existsSync(join(outside, 'src/a.txt'))).toBe(true)
  })

  it('is cleaned even if the attempt was never collected', async () => {
    const { leased, workspaces } = await rigOf()
    const first = await leased(1)
    const pristine = content(first)
    first.write('src/a.txt', 'changed\n')
    first.write('new', 'x')
    workspaces.release(first.workspace)
    expect(content(await leased(2))).toEqual(pristine)
  })

  it('is not used again once it held a repository, even an ignored one', async () => {
    const { leased, workspaces } = await rigOf()
    const first = await leased(1)
    first.git('init', '-q', 'built/dependency')
    workspaces.release(first.workspace)
    const second = await leased(2)
    expect(second.root).not.toBe(first.root)
    expect(existsSync(first.root)).toBe(false)
  })

  it("is not used again, nor anything removed, when a link to the user's tree is in its place", async () => {
    const { leased, workspaces, repo } = await rigOf()
    const before = treeBytes(repo.dir, (path) => path.startsWith('.git'))
    const first = await leased(1)
    renameSync(first.root, repo.beside('moved'))
    symlinkSync(repo.dir, first.root)
    workspaces.release(first.workspace)
    const second = await leased(2)
    expect(second.root).not.toBe(first.root)
    const kept = await workspaces.removeAll()
    expect(kept.map(({ root }) => root)).toEqual([first.root])
    expect(lstatSync(first.root).isSymbolicLink()).toBe(true)
    expect(treeBytes(repo.dir, (path) => path.startsWith('.git'))).toEqual(before)
  })

  it('stands at the commit asked for, and follows the target while it waits', async () => {
    const { workspaces, repo, repository, base } = await rigOf()
    repo.write('later.txt', 'x')
    const later = repo.commit('later')
    const workspace = value(await workspaces.prepare(base))
    expect(existsSync(join(workspace.root, 'later.txt'))).toBe(false)
    value(await workspaces.refresh(workspace, later))
    expect(existsSync(join(workspace.root, 'later.txt'))).toBe(true)
    value(await workspaces.lease(workspace, { taskId: taskId('T1'), attempt: 1 }))
    expect(repo.gitIn(workspace.root, 'rev-parse', 'HEAD')).toBe(later)
    expect(repo.gitIn(workspace.root, 'status', '--porcelain')).toBe('')
    expect(repository.head.commit).toBe(base)
  })
})

describe('the pool of workspaces', () => {
  it('gives as many at once as asked for, each its own', async () => {
    const { workspaces, base } = await rigOf()
    const prepared = await Promise.all([1, 2, 3, 4].map(() => workspaces.prepare(base)))
    expect(new Set(prepared.map((one) => value(one).root)).size).toBe(4)
  })

  it('refuses to hand one workspace to two attempts', async () => {
    const { leased, workspaces } = await rigOf()
    const { workspace } = await leased()
    await expect(workspaces.lease(workspace, { taskId: taskId('T2'), attempt: 1 })).rejects.toThrow('is leased')
  })

  it('removes everything at the end but what is kept, and names that', async () => {
    const { leased, workspaces, dir, repo } = await rigOf()
    const [first, second] = [await leased(1), await leased(2)]
    workspaces.release(first.workspace)
    expect(await workspaces.keep(second.workspace, 'holds a repository')).toBe(true)
    expect(await workspaces.removeAll()).toEqual([{ root: second.root, reason: 'holds a repository' }])
    expect(readdirSync(dir)).toEqual(['.owner', basename(second.root)])
    expect(existsSync(join(repo.dir, '.git/autopilot/workspaces/run1'))).toBe(false)
    expect(second.git('log', '--format=%s')).toBe('first')
  })

  it('keeps none that no longer exists', async () => {
    const { leased, workspaces } = await rigOf()
    const [first, second] = [await leased(1), await leased(2)]
    rmSync(first.root, { recursive: true })
    rmSync(second.root, { recursive: true })
    expect(await workspaces.keep(first.workspace, 'it was removed')).toBe(false)
    expect(await workspaces.removeAll()).toEqual([])
  })

  it('leaves nothing behind when nothing is kept', async () => {
    const { leased, workspaces, dir } = await rigOf()
    await leased()
    expect(await workspaces.removeAll()).toEqual([])
    expect(existsSync(dir)).toBe(false)
  })

  it('is found and removed even where the run had it before it was resumed under shorter names', async () => {
    const { leased, workspaces, repository, base, repo, dir } = await rigOf()
    const { workspace } = await leased()
    await workspaces.keep(workspace, 'its work is not collected', { adoptable: true })
    await workspaces.removeAll()
    // As in an earlier version: a directory with the run's name, and no file in it that names the owner.
    const former = repo.beside('former')
    renameSync(dir, former)
    rmSync(join(former, '.owner'))
    const root = join(former, basename(workspace.root))
    const now = (places: { readonly former?: readonly string[] }) =>
      new Workspaces({
        ...{ repository, name: 'run1', copy: [], keep: [], numberedTo: 1 },
        berths: openBerths({ ...berthOptions(repository, repo.beside('short')), ...places }),
        runSetup: () => Promise.reject(new Error('no setup was asked for')),
        keeper: () => Promise.reject(new Error('there is no setup')),
      })
    expect(await now({}).adopt(root, base)).toMatchObject({ ok: false, error: { kind: 'collect' } })
    const resumed = now({ former: [former] })
    expect(value(await resumed.adopt(root, base)).root).toBe(root)
    expect(dirname(value(await resumed.prepare(base)).root)).toBe(join(repo.beside('short'), '1'))
    expect(await resumed.removeAll()).toEqual([])
    expect([former, repo.beside('short')].map((one) => existsSync(one))).toEqual([false, false])
  })

  it('refuses a directory inside the repository that it works on', async () => {
    const { repository, base, repo } = await rigOf()
    const workspaces = new Workspaces({
      repository,
      berths: openBerths(berthOptions(repository, join(repo.dir, 'cache'))),
      name: 'run1',
      copy: [],
      keep: [],
      runSetup: () => Promise.reject(new Error('no setup was asked for')),
      keeper: () => Promise.reject(new Error('there is no setup')),
    })
    expect(await workspaces.prepare(base)).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
  })
})

describe('copied paths', () => {
  it('are in every workspace, new or used, and never committed', async () => {
    const repo = createGitRepo({ files })
    repo.write('.env', 'SECRET=1\n')
    repo.write('config/local/a.txt', 'x\n')
    await rigOf({ repo, copy: ['.env', 'config/local', 'not-there'] })
    const first = await rig.leased(1)
    expect(first.git('status', '--porcelain')).toBe('')
    expect([first.read('.env'), first.read('config/local/a.txt')]).toEqual(['SECRET=1\n', 'x\n'])
    expect(value(await rig.collect(first)).type).toBe('unchanged')
    first.write('.env', 'SECRET=2\n')
    first.write('work', 'x')
    expect(await rig.candidate(first)).toMatchObject({ changedPaths: ['work'], leftOut: [] })
    expect(repo.git('cat-file', '--batch-all-objects', '--batch')).not.toContain('SECRET')
    rig.workspaces.release(first.workspace)
    const second = await rig.leased(2)
    expect(second.root).toBe(first.root)
    expect(second.read('.env')).toBe('SECRET=1\n')
  })

  it('stay out of the candidate and are named when the agent committed them by force', async () => {
    const repo = createGitRepo({ files })
    repo.write('.env', 'SECRET=1\n')
    await rigOf({ repo, copy: ['.env'] })
    const agent = await rig.leased()
    agent.write('work', 'x')
    agent.git('add', '-f', '.env', 'work')
    agent.git('commit', '-qm', 'all')
    const candidate = await rig.candidate(agent)
    expect(candidate).toMatchObject({ changedPaths: ['work'], leftOut: ['.env'] })
    expect(repo.git('ls-tree', '--name-only', candidate.commit).split('\n')).not.toContain('.env')
  })

  it.each(['../outside', '/etc/hostname', '.git/config', 'leaves', 'behind/file'])('refuse %s', async (path) => {
    const repo = createGitRepo({ files })
    symlinkSync('/etc/hostname', join(repo.dir, 'leaves'))
    symlinkSync(repo.home, join(repo.dir, 'behind'))
    await rigOf({ repo, copy: [path] })
    const prepared = await rig.workspaces.prepare(rig.base)
    expect(prepared).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
    expect(readdirSync(rig.dir)).toEqual(['.owner'])
  })

  it('are not written through a tracked link', async () => {
    const repo = createGitRepo({ files })
    repo.write('config/.env', 'x')
    await rigOf({ repo, copy: ['config/.env'] })
    const outside = repo.beside('outside')
    mkdirSync(outside)
    const other = createGitRepo({ files: {} })
    symlinkSync(outside, join(other.dir, 'config'))
    const linked = other.commit('link')
    repo.git('fetch', '-q', other.dir, linked)
    other.remove()
    expect(await rig.workspaces.prepare(linked)).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
    expect(readdirSync(outside)).toEqual([])
  })
})

describe('setup', () => {
  const setup = 'echo x >> built-by-setup.log; mkdir built; git init -q built/dep; git rev-parse HEAD > built/head'

  it('runs in a git directory of its own, and what is kept of what it made stays', async () => {
    await rigOf({ setup, keep: ['built', './built-by-setup.log'] })
    const first = await rig.leased(1)
    expect(first.read('built/head').trim()).toBe(rig.base)
    first.write('other.log', 'x')
    first.write('work', 'x')
    expect((await rig.candidate(first)).changedPaths).toEqual(['work'])
    rig.workspaces.release(first.workspace)
    const second = await rig.leased(2)
    expect(second.root).toBe(first.root)
    expect(second.read('built-by-setup.log')).toBe('x\n')
    expect([second.has('built/dep/.git'), second.has('other.log'), second.has('work')]).toEqual([true, false, false])
  })

  it("does not count what it left as the agent's work, unless the agent changed it", async () => {
    await rigOf({ setup: 'echo lock > lock.txt; echo gen > gen.txt; echo changed > README.md' })
    const first = await rig.leased(1)
    expect(value(await rig.collect(first)).type).toBe('unchanged')
    first.git('add', '-A')
    first.git('commit', '-qm', 'everything')
    first.write('gen.txt', 'mine\n')
    const candidate = await rig.candidate(first)
    expect(candidate.changedPaths).toEqual(['gen.txt'])
    expect(rig.repo.git('show', `${candidate.commit}:README.md`)).toBe('hello')
    rig.workspaces.release(first.workspace)
    const second = await rig.leased(2)
    expect(second.root).toBe(first.root)
    expect([second.read('gen.txt'), second.read('README.md')]).toEqual(['gen\n', 'changed\n'])
    expect(value(await rig.collect(second)).type).toBe('unchanged')
  })

  it('fails the preparation when it leaves a repository that is not ignored', async () => {
    await rigOf({ setup: 'git init -q vendor' })
    const prepared = await rig.workspaces.prepare(rig.base)
    expect(prepared).toMatchObject({ ok: false, error: { kind: 'infrastructure', paths: ['vendor'] } })
  })
})
