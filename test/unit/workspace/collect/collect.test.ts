import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createGitRepo, gitRepoAt } from '../../../support/scenes/git-repo.js'
import { userBytes } from '../../../support/rigs/tree-bytes.js'
import { createRig, value, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

let rigs: Rig[] = []

afterEach(() => {
  for (const { repo } of rigs) repo.remove()
  rigs = []
})

async function rigOf(options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig(options)
  rigs.push(rig)
  return rig
}

const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n', 'src/b.txt': 'b\n', '.gitignore': '*.log\n' }

/** `mode path` of each file of a commit. */
function listing({ repo }: Rig, commit: string): string[] {
  return repo
    .git('ls-tree', '-r', commit)
    .split('\n')
    .map((line) => line.replace(/ \w+ \w+\t/, ' '))
}

function show({ repo }: Rig, commit: string, path: string): string {
  return repo.git('show', `${commit}:${path}`)
}

describe('collecting uncommitted work', () => {
  it('makes one commit on the base that the ref keeps, with additions, changes and deletions', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    agent.write('new.txt', 'new\n')
    agent.write('src/a.txt', 'changed\n')
    rmSync(join(agent.root, 'src/b.txt'))
    const candidate = await rig.candidate(agent, { message: 'T1: do it\n\nAutopilot-Task: T1' })
    expect(candidate.changedPaths).toEqual(['new.txt', 'src/a.txt', 'src/b.txt'])
    expect(candidate.changes).toBe(3)
    expect(candidate.kept).toEqual([])
    expect(rig.repo.git('rev-parse', agent.ref, `${agent.ref}^@`, `${agent.ref}^{tree}`).split('\n')).toEqual([
      candidate.commit,
      rig.base,
      candidate.tree,
    ])
    expect(listing(rig, agent.ref)).toEqual([
      '100644 .gitignore',
      '100644 README.md',
      '100644 new.txt',
      '100644 src/a.txt',
    ])
    expect(rig.repo.git('log', '-1', '--format=%an <%ae> %(trailers:key=Autopilot-Task,valueonly)', agent.ref)).toBe(
      'Ada <ada@example.org> T1',
    )
    rig.repo.git('fsck', '--strict')
  })

  it('finds nothing to commit in an untouched workspace, and makes no ref', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    agent.git('status')
    agent.write('out.log', 'ignored\n')
    expect(value(await rig.collect(agent))).toEqual({
      type: 'unchanged',
      kept: [],
      leftOut: [],
      hidden: [],
      ignored: [],
      newIgnored: ['out.log'],
    })
    expect(rig.repo.git('for-each-ref', 'refs/autopilot')).toBe('')
  })

  it('keeps modes and symbolic links', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    chmodSync(join(agent.root, 'src/a.txt'), 0o755)
    agent.write('run.sh', '#!/bin/sh\n', 0o755)
    symlinkSync('/etc/hostname', join(agent.root, 'link'))
    const candidate = await rig.candidate(agent)
    expect(listing(rig, candidate.commit)).toEqual(
      expect.arrayContaining(['100755 src/a.txt', '100755 run.sh', '120000 link']),
    )
    expect(show(rig, candidate.commit, 'link')).toBe('/etc/hostname')
  })

  it('never follows a directory that became a link to outside', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    const outside = rig.repo.beside('outside')
    mkdirSync(outside)
    renameSync(join(agent.root, 'src'), join(outside, 'src'))
    symlinkSync(join(outside, 'src'), join(agent.root, 'src'))
    const candidate = await rig.candidate(agent)
    expect(listing(rig, candidate.commit)).toEqual(['100644 .gitignore', '100644 README.md', '120000 src'])
  })

  it('collects an empty work tree and names with a line break or not in UTF-8', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    for (const name of ['README.md', 'src', '.gitignore']) rmSync(join(agent.root, name), { recursive: true })
    const empty = await rig.candidate(agent)
    expect(rig.repo.git('ls-tree', '-r', empty.commit)).toBe('')
    const odd = await rig.leased(2)
    odd.write('a\nb', 'x')
    writeFileSync(Buffer.from(`${odd.root}/caf\xe9`, 'latin1'), 'x')
    const candidate = await rig.candidate(odd)
    expect(candidate.changedPaths).toEqual(['a<U+000A>b', 'caf\ufffd'])
    expect(rig.repo.git('-c', 'core.quotePath=true', 'ls-tree', '--name-only', candidate.commit)).toContain(
      '"caf\\351"',
    )
    expect(rig.repo.git('ls-tree', '-r', '-z', '--name-only', candidate.commit)).toContain('a\nb\0')
  })

  it('stores line endings as the user configured them', async () => {
    const rig = await rigOf({ files, globalConfig: '[core]\n\tautocrlf = true\n' })
    const agent = await rig.leased()
    expect(agent.read('README.md')).toBe('hello\r\n')
    expect(agent.git('status', '--porcelain')).toBe('')
    agent.write('new.txt', 'one\r\ntwo\r\n')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['new.txt'])
    expect(rig.repo.git('cat-file', '-s', `${candidate.commit}:new.txt`)).toBe('8')
  })

  it('works without a configured identity and in a SHA-256 repository', async () => {
    const plain = await rigOf({ files, identity: false })
    const nameless = await plain.leased()
    nameless.write('x', 'x')
    nameless.git('commit', '-q', '-a', '--allow-empty', '-m', 'mine')
    const candidate = await plain.candidate(nameless)
    expect(plain.repo.git('log', '-1', '--format=%an <%ae>', candidate.commit)).toBe('Autopilot <autopilot@localhost>')
    const other = await rigOf({ files, objectFormat: 'sha256' })
    const wide = await other.leased()
    wide.write('x', 'x')
    wide.git('add', 'x')
    wide.git('commit', '-q', '-m', 'mine')
    expect((await other.candidate(wide)).commit).toHaveLength(64)
  })

  it('works from a shallow, detached checkout', async () => {
    const origin = createGitRepo({ files })
    origin.write('README.md', 'second\n')
    origin.commit('second')
    const dir = origin.beside('clone')
    origin.gitIn(origin.home, 'clone', '-q', '--depth=1', `file://${origin.dir}`, dir)
    origin.gitIn(dir, 'checkout', '-q', '--detach')
    const rig = await rigOf({
      repo: { ...gitRepoAt(dir, origin.home, join(origin.home, '..')), remove: origin.remove },
    })
    const agent = await rig.leased()
    expect(agent.git('log', '--format=%s')).toBe('second')
    agent.write('x', 'x')
    agent.git('add', 'x')
    agent.git('commit', '-q', '-m', 'mine')
    const candidate = await rig.candidate(agent)
    expect(rig.repo.git('log', '--format=%s', candidate.commit)).toBe('T1: work\nmine\nsecond')
  })

  it("leaves the user's dirty tree, index and configuration as they are, byte for byte", async () => {
    const repo = createGitRepo({ files })
    repo.write('src/a.txt', 'staged\n')
    repo.git('add', 'src/a.txt')
    repo.write('src/a.txt', 'and changed again\n')
    repo.write('untracked.txt', 'mine\n')
    const rig = await rigOf({ repo })
    const before = userBytes(repo.dir)
    const agent = await rig.leased()
    expect(agent.read('src/a.txt')).toBe('a\n')
    expect(agent.has('untracked.txt')).toBe(false)
    agent.write('src/a.txt', 'work\n')
    agent.git('commit', '-qam', 'mine')
    await rig.candidate(agent)
    await rig.workspaces.removeAll()
    expect(userBytes(repo.dir)).toEqual(before)
  })
})

describe('what is not collected', () => {
  it('leaves the roadmap out and says so, also when the agent committed it', async () => {
    const rig = await rigOf({ files: { ...files, 'roadmap.yaml': 'tasks: []\n' } })
    const agent = await rig.leased()
    agent.write('roadmap.yaml', 'tasks: [x]\n')
    agent.git('commit', '-qam', 'cheat')
    agent.write('work.txt', 'work\n')
    const candidate = await rig.candidate(agent, { leaveOut: ['roadmap.yaml'] })
    expect(candidate.leftOut).toEqual(['roadmap.yaml'])
    expect(candidate.changedPaths).toEqual(['work.txt'])
    expect(show(rig, candidate.commit, 'roadmap.yaml')).toBe('tasks: []')
  })

  it('is unchanged when only the roadmap was changed, deleted or replaced by a directory', async () => {
    const rig = await rigOf({ files: { 'roadmap.yaml': 'tasks: []\n' } })
    const agent = await rig.leased()
    rmSync(join(agent.root, 'roadmap.yaml'))
    agent.write('roadmap.yaml/x', 'x')
    expect(value(await rig.collect(agent, { leaveOut: ['roadmap.yaml'] }))).toMatchObject({
      type: 'unchanged',
      leftOut: ['roadmap.yaml', 'roadmap.yaml/x'],
    })
    agent.write('y', 'y')
    const candidate = await rig.candidate(agent, { leaveOut: ['roadmap.yaml'] })
    expect(listing(rig, candidate.commit)).toEqual(['100644 roadmap.yaml', '100644 y'])
  })
})

describe('what cannot be collected fails by name', () => {
  const nested: readonly (readonly [
    string,
    (agent: { root: string; git: (...args: string[]) => string }) => void,
    string,
  ])[] = [
    ['an untracked repository', ({ git }) => git('init', '-q', 'inner'), 'inner'],
    ['a repository in a tracked directory', ({ git }) => git('init', '-q', 'src'), 'src'],
    [
      'a clone that was added',
      ({ git }) => {
        git('clone', '-q', '.', 'inner')
        git('-c', 'advice.addEmbeddedRepo=false', 'add', 'inner')
        git('commit', '-qm', 'a gitlink')
      },
      'inner',
    ],
  ]
  it.each(nested)('%s', async (_name, action, path) => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    action(agent)
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: [path] })
  })

  it('a new gitlink without a repository behind it', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    agent.git('update-index', '--add', '--cacheinfo', `160000,${rig.base},sub`)
    agent.git('commit', '-qm', 'a gitlink')
    mkdirSync(join(agent.root, 'sub'))
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: ['sub'] })
  })

  it('a submodule that was removed, filled, or made a repository', async () => {
    const repo = createGitRepo({ files })
    repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.git('rev-parse', 'HEAD')},sub`)
    repo.git('commit', '-qm', 'a submodule')
    const rig = await rigOf({ repo })
    const untouched = await rig.leased(1)
    expect(value(await rig.collect(untouched)).type).toBe('unchanged')
    const removed = await rig.leased(2)
    rmSync(join(removed.root, 'sub'), { recursive: true })
    expect(await rig.refused(removed)).toEqual({ kind: 'collect', paths: ['sub'] })
    const filled = await rig.leased(3)
    filled.write('sub/file', 'x')
    expect(await rig.refused(filled)).toEqual({ kind: 'collect', paths: ['sub'] })
    const made = await rig.leased(4)
    made.git('init', '-q', 'sub')
    expect(await rig.refused(made)).toEqual({ kind: 'collect', paths: ['sub'] })
  })

  it('but an ignored repository is no obstacle', async () => {
    const rig = await rigOf({ files: { ...files, '.gitignore': 'node_modules/\n' } })
    const agent = await rig.leased()
    agent.git('init', '-q', 'node_modules/dependency')
    agent.write('x', 'x')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['x'])
  })

  it('a workspace that was replaced by a link', async () => {
    const rig = await rigOf({ files })
    const agent = await rig.leased()
    renameSync(agent.root, `${agent.root}-moved`)
    symlinkSync(rig.repo.dir, agent.root)
    expect((await rig.refused(agent)).kind).toBe('collect')
  })
})
