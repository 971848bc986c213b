import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { createRig, value, type Agent, type Rig } from '../../../support/rigs/workspace-rig.js'

let rig: Rig

afterEach(() => rig.repo.remove())

const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n', '.gitignore': '*.log\n' }

async function agentOf(more: Record<string, string> = {}): Promise<Agent> {
  rig = await createRig({ files: { ...files, ...more } })
  return rig.leased()
}

function commit(agent: Agent, path: string, message = path): string {
  agent.write(path, `${path}\n`)
  agent.git('add', '-A')
  agent.git('commit', '-qm', message)
  return agent.git('rev-parse', 'HEAD')
}

function makePipe(path: string): void {
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path])
}

function names(commitish: string): string[] {
  return rig.repo.git('ls-tree', '-r', '--name-only', commitish).split('\n')
}

function isKept(oid: string): boolean {
  return rig.repo.git('for-each-ref', '--contains', oid, 'refs/autopilot') !== ''
}

describe('collecting what the agent committed', () => {
  it("puts the work tree on top of the agent's commits, and keeps those", async () => {
    const agent = await agentOf()
    const mine = commit(agent, 'committed.txt')
    agent.write('uncommitted.txt', 'x')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['committed.txt', 'uncommitted.txt'])
    expect(rig.repo.git('log', '--format=%s', `${rig.base}..${agent.ref}`)).toBe('T1: work\ncommitted.txt')
    expect(rig.repo.git('rev-parse', `${agent.ref}^`)).toBe(mine)
    expect(candidate.kept).toEqual([])
    rig.repo.git('fsck', '--strict')
  })

  it.each(['with:colon', 'a "quote', 'back\\slash', '"all":of\\them'])(
    'finds them in a workspace whose path contains what separates paths: %s',
    async (dirName) => {
      rig = await createRig({ files, dirName })
      const agent = await rig.leased()
      commit(agent, 'committed.txt')
      const { commit: candidate } = await rig.candidate(agent)
      expect(names(candidate)).toContain('committed.txt')
    },
  )

  it('reads many commits through a pack', async () => {
    const agent = await agentOf()
    for (let index = 0; index < 120; index++) agent.write(`many/${index}`, `${index}`)
    agent.git('add', '-A')
    agent.git('commit', '-qm', 'many')
    agent.git('gc', '-q')
    expect((await rig.candidate(agent)).changes).toBe(120)
    rig.repo.git('fsck', '--strict')
  })

  it('counts commits on a detached HEAD and on another branch that HEAD stands on', async () => {
    const agent = await agentOf()
    agent.git('checkout', '-q', '--detach')
    const detached = commit(agent, 'one')
    agent.git('checkout', '-qb', 'mine')
    const other = commit(agent, 'two')
    const candidate = await rig.candidate(agent)
    expect(names(candidate.commit)).toEqual(expect.arrayContaining(['one', 'two']))
    expect(candidate.kept).toEqual([])
    expect([isKept(detached), isKept(other)]).toEqual([true, true])
  })

  it('keeps what was amended, rebased or reset away', async () => {
    const agent = await agentOf()
    const first = commit(agent, 'one')
    agent.git('commit', '-q', '--amend', '-m', 'better')
    const second = commit(agent, 'two')
    agent.git('reset', '-q', '--hard', 'HEAD~1')
    const candidate = await rig.candidate(agent)
    expect(names(candidate.commit)).not.toContain('two')
    expect(candidate.kept.map(({ ref, what }) => [ref, what])).toEqual([[`${agent.ref}-abandoned`, 'abandoned']])
    expect([isKept(first), isKept(second)]).toEqual([true, true])
  })

  it('is unchanged when the commits undo each other, and keeps them', async () => {
    const agent = await agentOf()
    commit(agent, 'one')
    agent.git('rm', '-q', 'one')
    agent.git('commit', '-qm', 'undo')
    const head = agent.git('rev-parse', 'HEAD')
    expect(value(await rig.collect(agent))).toEqual({
      type: 'unchanged',
      leftOut: [],
      hidden: [],
      ignored: [],
      newIgnored: [],
      kept: [{ ref: agent.ref, commit: head, what: 'commits' }],
    })
    expect(isKept(head)).toBe(true)
  })

  it('keeps stashes and other branches on refs of their own', async () => {
    const agent = await agentOf()
    agent.write('README.md', 'first stash\n')
    agent.git('stash', '-q')
    agent.write('README.md', 'second stash\n')
    agent.write('untracked', 'x')
    agent.git('stash', '-qu')
    agent.git('checkout', '-qb', 'side/idea')
    const side = commit(agent, 'idea')
    agent.git('checkout', '-q', '-')
    agent.write('work', 'x')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['work'])
    expect(candidate.kept.map(({ what, name }) => [what, name])).toEqual([
      ['stash', 'stash@{0}'],
      ['stash', 'stash@{1}'],
      ['branch', 'side/idea'],
    ])
    expect(rig.repo.git('show', `${agent.ref}-stash:README.md`)).toBe('second stash')
    expect(rig.repo.git('show', `${agent.ref}-stash^3:untracked`)).toBe('x')
    expect(rig.repo.git('show', `${agent.ref}-stash-1:README.md`)).toBe('first stash')
    expect(isKept(side)).toBe(true)
  })

  it('keeps an unrelated history, and still takes the work tree', async () => {
    const agent = await agentOf()
    agent.git('checkout', '-q', '--orphan', 'fresh')
    const orphan = commit(agent, 'new')
    const candidate = await rig.candidate(agent)
    expect(names(candidate.commit)).toEqual(['.gitignore', 'README.md', 'new', 'src/a.txt'])
    expect(rig.repo.git('rev-parse', `${candidate.commit}^@`).split('\n')).toEqual([rig.base, orphan])
  })

  it('takes the work tree when the agent deleted its git directory, or began a new one', async () => {
    const agent = await agentOf()
    rmSync(join(agent.root, '.git'), { recursive: true })
    agent.write('new', 'x')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['new'])
    const second = await rig.leased(2)
    rmSync(join(second.root, '.git'), { recursive: true })
    second.git('init', '-q')
    second.git('config', 'user.email', 'x@example.org')
    const own = commit(second, 'other')
    expect((await rig.candidate(second)).changedPaths).toEqual(['new', 'other'].slice(1))
    expect(isKept(own)).toBe(true)
  })
})

describe('files that are ignored', () => {
  it('count when the agent added them by force, committed or only staged', async () => {
    const agent = await agentOf()
    agent.write('committed.log', '1\n')
    agent.git('add', '-f', 'committed.log')
    agent.git('commit', '-qm', 'log')
    agent.write('committed.log', '2\n')
    agent.write('staged.log', '')
    agent.git('add', '-f', 'staged.log')
    agent.write('ignored.log', 'x')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['committed.log', 'staged.log'])
    expect(rig.repo.git('show', `${candidate.commit}:committed.log`)).toBe('2')
  })

  it('stay if the base has them, even if the agent began a new git directory or went back in history', async () => {
    const agent = await agentOf()
    rig.repo.write('kept.log', 'x')
    rig.repo.git('add', '-f', 'kept.log')
    const later = rig.repo.commit('an ignored file')
    rig.workspaces.release(agent.workspace)
    for (const action of ['init', 'reset']) {
      const workspace = value(await rig.workspaces.prepare(later))
      value(await rig.workspaces.lease(workspace, { taskId: taskId('T2'), attempt: 1 }))
      if (action === 'init') rmSync(join(agent.root, '.git'), { recursive: true })
      agent.git(...(action === 'init' ? ['init', '-q'] : ['reset', '-q', 'HEAD~1']))
      agent.write('work', action)
      agent.git('add', '-A')
      const candidate = await rig.candidate(agent, { base: later, ref: `refs/autopilot/run1/t2/${action}` })
      expect(candidate.changedPaths).toEqual(['work'])
      rig.workspaces.release(workspace)
    }
  })

  it('are dropped when the agent only stopped tracking them', async () => {
    const agent = await agentOf({ 'secret.env': 'x\n' })
    agent.write('.gitignore', '*.log\n*.env\n')
    agent.git('rm', '-q', '--cached', 'secret.env')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['.gitignore', 'secret.env'])
    expect(names(candidate.commit)).not.toContain('secret.env')
  })
})

describe('a git directory that was spoiled fails by name', () => {
  const spoiled: readonly (readonly [string, (agent: Agent) => void, string])[] = [
    ['a HEAD of garbage', ({ write }) => write('.git/HEAD', 'garbage\n'), '.git/HEAD'],
    [
      'a ref that is a link',
      ({ root }) => symlinkSync('/etc/passwd', join(root, '.git/refs/heads/evil')),
      '.git/refs/heads/evil',
    ],
    ['packed refs of garbage', ({ write }) => write('.git/packed-refs', '\0\0\0 x\n'), '.git/packed-refs'],
    [
      'a HEAD that is a pipe',
      ({ root }) => {
        rmSync(join(root, '.git/HEAD'))
        makePipe(join(root, '.git/HEAD'))
      },
      '.git/HEAD',
    ],
    [
      'objects behind a link',
      ({ root }) => {
        rmSync(join(root, '.git/objects'), { recursive: true })
        symlinkSync('/etc', join(root, '.git/objects'))
      },
      '.git/objects',
    ],
    [
      'an object that is a pipe',
      ({ root, write }) => {
        write('.git/objects/aa/x', '')
        makePipe(join(root, '.git/objects/aa/y'))
      },
      '.git/objects/aa/y',
    ],
    [
      'a giant HEAD',
      ({ root, write }) => {
        write('.git/HEAD', '')
        truncateSync(join(root, '.git/HEAD'), 2 ** 33)
      },
      '.git/HEAD',
    ],
    ['a torn index', ({ root }) => writeFileSync(join(root, '.git/index'), 'DIRC'), '.git/index'],
    ['a pipe in place of an ignore file', ({ root }) => makePipe(join(root, 'src/.gitignore')), 'src/.gitignore'],
    [
      'a git directory that is a file',
      ({ root }) => {
        rmSync(join(root, '.git'), { recursive: true })
        writeFileSync(join(root, '.git'), 'gitdir: /tmp\n')
      },
      '.git',
    ],
  ]
  it.each(spoiled)('%s', async (_name, action, path) => {
    const agent = await agentOf()
    action(agent)
    expect(await rig.refused(agent)).toEqual({ kind: 'collect', paths: [path] })
  })

  it('a commit with a missing object', async () => {
    const agent = await agentOf()
    commit(agent, 'one')
    const blob = agent.git('rev-parse', 'HEAD:one')
    rmSync(join(agent.root, '.git/objects', blob.slice(0, 2), blob.slice(2)), { force: true })
    expect((await rig.refused(agent)).kind).toBe('collect')
    expect(rig.repo.git('for-each-ref', 'refs/autopilot')).toBe('')
  })
})
