import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createGitRepo, type GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo } from '../../../support/scenes/repositories.js'
import { createRig, value, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

const local = ['-c', 'protocol.file.allow=always'] as const

let rig: Rig

afterEach(() => rig.repo.remove())

interface Made {
  readonly rig: Rig
  /** The submodule's own repository, where it was cloned from. */
  readonly inner: GitRepo
  /** Its commits: the recorded one, and a later one on its main branch. */
  readonly recorded: string
  readonly later: string
}

/** A repository with the submodule `deps/lib`, populated in the user's own work tree. */
async function withSubmodule(
  options: RigOptions = {},
  prepare: (repo: GitRepo) => void = () => undefined,
): Promise<Made> {
  const inner = gitRepo({ files: { 'lib.c': 'one\n', '.gitignore': '*.o\n', 'sub dir/x': 'x\n' } })
  const recorded = inner.git('rev-parse', 'HEAD')
  inner.git('tag', 'v1')
  inner.write('lib.c', 'two\n')
  const later = inner.commit('second')
  const repo = createGitRepo({ files: { 'README.md': 'hello\n' } })
  repo.git(...local, 'submodule', '--quiet', 'add', '--name', 'the lib', inner.dir, 'deps/lib')
  repo.gitIn(join(repo.dir, 'deps/lib'), 'checkout', '-q', recorded)
  repo.commit('with a submodule')
  prepare(repo)
  rig = await createRig({ ...options, repo })
  return { rig, inner, recorded, later }
}

const recordedIn = (commit: string) => rig.repo.git('rev-parse', `${commit}:deps/lib`)

/** The user's copy as it was before: autopilot must not change any object, ref or file of it. */
const usersCopy = () => rig.repo.gitIn(join(rig.repo.dir, 'deps/lib'), 'count-objects', '-v')

describe('a submodule of which the user has a copy', () => {
  it('is there with its files, its tags and remote-tracking branches, and no remote; untouched, it is no change', async () => {
    const { recorded, later } = await withSubmodule()
    const before = usersCopy()
    const agent = await rig.leased()
    const inside = (...args: string[]) => rig.repo.gitIn(join(agent.root, 'deps/lib'), ...args)
    expect([agent.read('deps/lib/lib.c'), agent.read('deps/lib/sub dir/x')]).toEqual(['one\n', 'x\n'])
    expect([inside('rev-parse', 'HEAD'), inside('describe', '--tags'), inside('remote')]).toEqual([recorded, 'v1', ''])
    expect([inside('rev-parse', 'origin/main'), inside('status', '--porcelain')]).toEqual([later, ''])
    expect([agent.git('status', '--porcelain'), agent.git('submodule', 'status')]).toEqual([
      '',
      expect.stringContaining(`${recorded} deps/lib (v1)`),
    ])
    agent.write('deps/lib/built.o', 'ignored')
    expect(value(await rig.collect(agent))).toMatchObject({ type: 'unchanged', kept: [] })
    expect(usersCopy()).toBe(before)
  })

  it('leaves work beside it as it is, and the workspace is used again like any other', async () => {
    await withSubmodule()
    const first = await rig.leased(1)
    first.write('new.txt', 'new\n')
    first.write('deps/lib/built.o', 'ignored')
    const { commit, changedPaths } = await rig.candidate(first)
    expect([changedPaths, recordedIn(commit)]).toEqual([['new.txt'], recordedIn(rig.base)])
    rig.workspaces.release(first.workspace)
    const second = await rig.leased(2)
    expect(second.root).toBe(first.root)
    expect([second.has('new.txt'), second.has('deps/lib/built.o'), second.read('deps/lib/lib.c')]).toEqual([
      false,
      false,
      'one\n',
    ])
    expect(second.git('status', '--porcelain')).toBe('')
  })

  it('follows the commit that a workspace is brought to', async () => {
    const { later } = await withSubmodule()
    const agent = await rig.leased(1)
    agent.git('update-index', '--cacheinfo', `160000,${later},deps/lib`)
    const { commit } = await rig.candidate(agent)
    const workspace = value(await rig.workspaces.prepare(rig.base))
    value(await rig.workspaces.refresh(workspace, commit))
    expect(readFileSync(join(workspace.root, 'deps/lib/lib.c'), 'utf8')).toBe('two\n')
    expect(rig.repo.gitIn(join(workspace.root, 'deps/lib'), 'rev-parse', 'HEAD')).toBe(later)
  })

  it('contains its own submodules, too', async () => {
    const innermost = gitRepo({ files: { deep: 'deep\n' } })
    const middle = gitRepo()
    middle.git(...local, 'submodule', '--quiet', 'add', innermost.dir, 'in')
    middle.commit('with one')
    const repo = createGitRepo()
    repo.git(...local, 'submodule', '--quiet', 'add', middle.dir, 'lib')
    repo.git(...local, 'submodule', '--quiet', 'update', '--init', '--recursive')
    repo.commit('with two')
    rig = await createRig({ repo })
    const agent = await rig.leased()
    expect([agent.read('lib/in/deep'), agent.git('status', '--porcelain')]).toEqual(['deep\n', ''])
    expect(value(await rig.collect(agent)).type).toBe('unchanged')
    agent.write('lib/in/deep', 'edited\n')
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: ['lib/in/deep'] })
  })

  it('exists even if only .git/modules has it, but not if the recorded commit is missing', async () => {
    await withSubmodule({}, (repo) => repo.git('submodule', '--quiet', 'deinit', '-f', '--all'))
    expect((await rig.leased()).read('deps/lib/lib.c')).toBe('one\n')
    expect(rig.repository.submodules).toMatchObject([{ path: 'deps/lib' }])
    rmSync(join(rig.repo.dir, '.git/modules'), { recursive: true })
    rig = await createRig({ repo: rig.repo, dirName: 'others' })
    expect(rig.repository.submodules).toMatchObject([{ lacks: 'you have no copy of it here' }])
    expect((await rig.leased()).has('deps/lib/lib.c')).toBe(false)
  })
})

describe('a submodule that an agent moves', () => {
  const ways: Readonly<Record<string, (inside: Rig['repo']['git'], git: Rig['repo']['git'], later: string) => void>> = {
    'its work tree': (inside, _git, later) => inside('checkout', '-q', later),
    'a remote-tracking branch': (inside, git) => {
      inside('checkout', '-q', 'origin/main')
      git('add', 'deps/lib')
    },
    'a commit of the repository': (inside, git, later) => {
      inside('checkout', '-q', later)
      git('commit', '-qam', 'bump')
    },
    'only the index': (_inside, git, later) => git('update-index', '--cacheinfo', `160000,${later},deps/lib`),
    'only a commit': (_inside, git, later) => {
      git('update-index', '--cacheinfo', `160000,${later},deps/lib`)
      git('commit', '-qm', 'bump')
    },
  }
  it.each(Object.entries(ways))('to a commit that the copy has lands as that commit: by %s', async (_name, action) => {
    const { later } = await withSubmodule()
    const agent = await rig.leased()
    action((...args) => rig.repo.gitIn(join(agent.root, 'deps/lib'), ...args), agent.git, later)
    const { commit, changedPaths } = await rig.candidate(agent)
    expect([changedPaths, recordedIn(commit)]).toEqual([['deps/lib'], later])
  })

  it('and in which it changes a file fails by the name of the file', async () => {
    const { later } = await withSubmodule()
    const agent = await rig.leased()
    rig.repo.gitIn(join(agent.root, 'deps/lib'), 'checkout', '-q', later)
    agent.write('deps/lib/new.c', 'new\n')
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: ['deps/lib/new.c'] })
  })

  it('and in which it commits fails by name, with what to do, which works', async () => {
    await withSubmodule()
    const agent = await rig.leased()
    const inside = (...args: string[]) => rig.repo.gitIn(join(agent.root, 'deps/lib'), ...args)
    agent.write('deps/lib/lib.c', 'mine\n')
    inside('commit', '-qam', 'mine')
    const commit = inside('rev-parse', 'HEAD')
    const collected = await rig.collect(agent)
    if (collected.ok) throw new Error('was collected')
    expect(collected.error).toMatchObject({ kind: 'collect', paths: ['deps/lib'] })
    const [, command = ''] = /\(git ([^)]+)\)/.exec(collected.error.message) ?? []
    rig.repo.git(...local, ...command.split(' '))
    expect(rig.repo.gitIn(join(rig.repo.dir, 'deps/lib'), 'rev-parse', 'FETCH_HEAD')).toBe(commit)
    // Moved back, the commit would be lost as well.
    inside('checkout', '-q', '-b', 'side')
    inside('checkout', '-q', 'v1')
    rig = await createRig({ repo: rig.repo, dirName: 'others' })
    expect(usersCopy()).toBeTruthy()
  })

  it('fails if a commit is on a branch of it alone, or in no copy at all', async () => {
    await withSubmodule()
    const first = await rig.leased(1)
    const inside = (...args: string[]) => rig.repo.gitIn(join(first.root, 'deps/lib'), ...args)
    inside('commit', '-q', '--allow-empty', '-m', 'mine')
    inside('branch', 'side')
    inside('checkout', '-q', 'v1')
    expect(await rig.refused(first)).toEqual({ kind: 'collect', paths: ['deps/lib'] })
    const second = await rig.leased(2)
    second.git('update-index', '--cacheinfo', `160000,${'1'.repeat(40)},deps/lib`)
    expect(await rig.refused(second)).toEqual({ kind: 'collect', paths: ['deps/lib'] })
  })
})

describe('what an agent does inside a submodule fails by name', () => {
  const actions: Readonly<Record<string, readonly [(root: string, git: Rig['repo']['git']) => unknown, string]>> = {
    'an edit': [(root) => writeFileSync(join(root, 'deps/lib/lib.c'), 'edited\n'), 'deps/lib/lib.c'],
    'a new file': [(root) => writeFileSync(join(root, 'deps/lib/new'), 'new\n'), 'deps/lib/new'],
    'a deleted file': [(root) => rmSync(join(root, 'deps/lib/lib.c')), 'deps/lib/lib.c'],
    'a repository inside it': [(_root, git) => git('init', '-q', 'deps/lib/more'), 'deps/lib/more'],
    'another git directory': [
      (root, git) => {
        rmSync(join(root, 'deps/lib/.git'))
        git('init', '-q', 'deps/lib')
      },
      'deps/lib',
    ],
    'its removal': [(root) => rmSync(join(root, 'deps/lib'), { recursive: true }), 'deps/lib'],
    'its removal by git': [(_root, git) => git('rm', '-q', 'deps/lib'), 'deps/lib'],
  }
  it.each(Object.entries(actions))('%s', async (_name, [action, path]) => {
    await withSubmodule()
    const before = usersCopy()
    const agent = await rig.leased()
    action(agent.root, agent.git)
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: [path] })
    expect(usersCopy()).toBe(before)
  })
})

describe('a submodule that setup populates', () => {
  const setup = 'git -c protocol.file.allow=always submodule --quiet update --init'
  const withoutCopy = (repo: GitRepo) => {
    repo.git('submodule', '--quiet', 'deinit', '-f', '--all')
    rmSync(join(repo.dir, '.git/modules'), { recursive: true })
  }

  it('is taken over: used again without setup, without a remote, bumped to what its remote-tracking branches have', async () => {
    const count = 'echo >>"$HOME/ran"'
    const { later } = await withSubmodule({ setup: `${count}; ${setup}` }, withoutCopy)
    const first = await rig.leased(1)
    const inside = (...args: string[]) => rig.repo.gitIn(join(first.root, 'deps/lib'), ...args)
    expect([first.read('deps/lib/lib.c'), inside('remote'), first.git('status', '--porcelain')]).toEqual([
      'one\n',
      '',
      '',
    ])
    expect(value(await rig.collect(first)).type).toBe('unchanged')
    rig.workspaces.release(first.workspace)
    const second = await rig.leased(2)
    expect([second.root, readFileSync(join(rig.repo.home, 'ran'), 'utf8')]).toEqual([first.root, '\n'])
    inside('checkout', '-q', 'origin/main')
    const { commit } = await rig.candidate(second)
    expect(recordedIn(commit)).toBe(later)
    rig.workspaces.release(second.workspace)
    const third = await rig.leased(3)
    third.write('deps/lib/lib.c', 'edited\n')
    expect(await rig.refused(third)).toEqual({ kind: 'collect', paths: ['deps/lib/lib.c'] })
    // Kept for a person: its git still works when the run is over.
    await rig.workspaces.keep(third.workspace, 'edited')
    await rig.workspaces.removeAll()
    inside('commit', '-qam', 'edited')
    expect(inside('log', '--format=%s')).toBe('edited\nfirst')
  })

  it('what setup builds in a submodule is nobody’s work', async () => {
    await withSubmodule({ setup: 'echo built >deps/lib/built; echo patched >deps/lib/lib.c' })
    const agent = await rig.leased()
    agent.write('deps/lib/built', 'built again\n')
    expect(value(await rig.collect(agent)).type).toBe('unchanged')
    agent.write('deps/lib/lib.c', 'edited\n')
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: ['deps/lib/lib.c'] })
  })

  it('a submodule that is neither copied nor populated stays empty', async () => {
    await withSubmodule({ setup: 'true' }, withoutCopy)
    const agent = await rig.leased()
    expect([existsSync(join(agent.root, 'deps/lib')), agent.has('deps/lib/lib.c')]).toEqual([true, false])
    agent.write('new', 'new\n')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['new'])
  })
})
