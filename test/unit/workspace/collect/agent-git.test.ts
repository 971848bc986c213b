import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { CommitId } from '../../../../src/domain/brand.js'
import type { Result } from '../../../../src/domain/result.js'
import { formatGitFailure, type GitFailure } from '../../../../src/platform/git/git-failure.js'
import { findAgentUnderWay } from '../../../../src/workspace/collect/agent-under-way.js'
import { newMarkers } from '../../../../src/workspace/repair/conflict-markers.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

let rig: Rig

afterEach(() => rig.repo.remove())

const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n', 'docs/guide.md': 'guide\n', '.gitignore': '*.log\n' }

async function agentOf(options: RigOptions = {}): Promise<Agent> {
  rig = await createRig({ files, ...options })
  return rig.leased()
}

/** A workspace at the third commit: the second changed a.txt, the third added later.txt. */
async function agentWithHistory(): Promise<{ agent: Agent; base: CommitId }> {
  rig = await createRig({ files })
  rig.repo.write('src/a.txt', 'second\n')
  rig.repo.commit('second')
  rig.repo.write('later.txt', 'third\n')
  const base = rig.repo.commit('third')
  const workspace = value(await rig.workspaces.prepare(base))
  value(await rig.workspaces.lease(workspace, { taskId: taskId('T1'), attempt: 1 }))
  const first = await rig.leased(2)
  rig.workspaces.release(first.workspace)
  return { agent: { ...agentLike(first, workspace.root), workspace }, base }
}

function agentLike(agent: Agent, root: string): Agent {
  return {
    ...agent,
    root,
    write: (path, content) => writeFileSync(join(root, path), content),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    git: (...args) => rig.repo.gitIn(root, ...args),
  }
}

/** Commits what there is, then git ends with a conflict. */
function stopsWithOurs(agent: Agent, ...args: string[]): void {
  agent.git('commit', '-qam', 'ours')
  stops(agent, ...args)
}

/** git that ends with a conflict. */
function stops(agent: Agent, ...args: string[]): void {
  expect(() => agent.git(...args)).toThrow()
}

function names(commit: string): string[] {
  return rig.repo.git('ls-tree', '-r', '--name-only', commit).split('\n')
}

function show(commit: string, path: string): string {
  return rig.repo.git('show', `${commit}:${path}`)
}

describe('a sparse checkout of the agent', () => {
  it.each([
    ['of whole directories', ['set', 'src']],
    ['by patterns', ['set', '--no-cone', '/src/']],
    ['with a sparse index', ['set', '--cone', '--sparse-index', 'src']],
  ])('deletes nothing that it left out, %s', async (_, args) => {
    const agent = await agentOf()
    agent.git('sparse-checkout', ...args)
    agent.write('src/new', 'new\n')
    expect(agent.has('docs/guide.md')).toBe(false)
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['src/new'])
    expect(show(candidate.commit, 'docs/guide.md')).toBe('guide')
  })

  it('leaves what the agent committed outside of it as it was committed', async () => {
    const agent = await agentOf()
    agent.write('docs/guide.md', 'better\n')
    agent.git('commit', '-qam', 'docs')
    agent.git('sparse-checkout', 'set', 'src')
    agent.write('src/new', 'new\n')
    agent.git('add', '-A')
    agent.git('commit', '-qm', 'new')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['docs/guide.md', 'src/new'])
    expect(show(candidate.commit, 'docs/guide.md')).toBe('better')
  })

  it('keeps no file that the agent deleted inside of it', async () => {
    const agent = await agentOf()
    agent.git('sparse-checkout', 'set', 'src')
    rmSync(join(agent.root, 'src/a.txt'))
    expect((await rig.candidate(agent)).changedPaths).toEqual(['src/a.txt'])
  })

  it('that setup made counts, too: nothing is deleted, and a file that is written outside of it is kept', async () => {
    const agent = await agentOf({ setup: 'git sparse-checkout set src' })
    expect(agent.has('docs/guide.md')).toBe(false)
    expect(agent.git('status', '--porcelain')).toBe('')
    expect(value(await rig.collect(agent)).type).toBe('unchanged')
    agent.write('src/new', 'new\n')
    agent.write('docs/guide.md', 'written\n')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['docs/guide.md', 'src/new'])
  })
})

describe('an agent that stood on an older commit', () => {
  it.each([
    ['checked out', (agent: Agent) => agent.git('checkout', '-q', 'HEAD~2')],
    ['reset to', (agent: Agent) => agent.git('reset', '-q', '--hard', 'HEAD~2')],
    [
      'found by a bisect that is left standing',
      (agent: Agent) => {
        agent.git('bisect', 'start')
        agent.git('checkout', '-q', 'HEAD~2')
      },
    ],
  ])('reverts nothing that came since, if the commit was %s', async (_, action) => {
    const { agent, base } = await agentWithHistory()
    action(agent)
    agent.write('fix.txt', 'fix\n')
    const candidate = await rig.candidate(agent, { base })
    expect(candidate.changedPaths).toEqual(['fix.txt'])
    expect(names(candidate.commit)).toEqual(expect.arrayContaining(['fix.txt', 'later.txt']))
    expect(show(candidate.commit, 'src/a.txt')).toBe('second')
    expect(rig.repo.git('rev-parse', `${candidate.commit}^1`)).toBe(base)
    rig.repo.git('fsck', '--strict')
  })

  it('brings what it committed on a branch from there', async () => {
    const { agent, base } = await agentWithHistory()
    agent.git('checkout', '-qb', 'fix', 'HEAD~2')
    agent.write('fix.txt', 'fix\n')
    agent.git('add', '-A')
    agent.git('commit', '-qm', 'fix')
    const own = agent.git('rev-parse', 'HEAD')
    agent.write('more.txt', 'more\n')
    const candidate = await rig.candidate(agent, { base })
    expect(candidate.changedPaths).toEqual(['fix.txt', 'more.txt'])
    expect(rig.repo.git('for-each-ref', '--contains', own, 'refs/autopilot')).not.toBe('')
  })

  it('has changed nothing if it changed nothing there', async () => {
    const { agent, base } = await agentWithHistory()
    agent.git('checkout', '-q', 'HEAD~2')
    expect(value(await rig.collect(agent, { base })).type).toBe('unchanged')
  })

  it('fails by name where git cannot bring its change onto the base', async () => {
    const { agent, base } = await agentWithHistory()
    agent.git('checkout', '-q', 'HEAD~2')
    agent.write('src/a.txt', 'other\n')
    const collected = await rig.collect(agent, { base })
    expect(collected).toMatchObject({ ok: false, error: { kind: 'collect', paths: ['src/a.txt'] } })
  })

  it('keeps its files if only its HEAD went back', async () => {
    const { agent, base } = await agentWithHistory()
    agent.git('reset', '-q', '--soft', 'HEAD~2')
    agent.write('src/a.txt', 'edited\n')
    const candidate = await rig.candidate(agent, { base })
    expect(candidate.changedPaths).toEqual(['src/a.txt'])
    expect(show(candidate.commit, 'src/a.txt')).toBe('edited')
  })
})

describe('what was only staged', () => {
  it('counts as a mode if core.fileMode is off', async () => {
    rig = await createRig({ files })
    rig.repo.git('config', 'core.fileMode', 'false')
    rig = await createRig({ repo: rig.repo })
    const agent = await rig.leased()
    agent.git('update-index', '--chmod=+x', 'src/a.txt')
    const candidate = await rig.candidate(agent)
    expect(rig.repo.git('ls-tree', candidate.commit, 'src/a.txt')).toMatch(/^100755/)
  })

  it('counts as content if lines were renormalized', async () => {
    const agent = await agentOf({ files: { ...files, 'dos.txt': 'a\r\nb\r\n' } })
    agent.write('.gitattributes', '*.txt text\n')
    agent.git('add', '--renormalize', '.')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['.gitattributes', 'dos.txt'])
    expect(rig.repo.git('cat-file', '-s', `${candidate.commit}:dos.txt`)).toBe('4')
    rig.repo.git('fsck', '--strict')
  })

  it('gives way to the file if that was changed since', async () => {
    const agent = await agentOf()
    agent.write('src/a.txt', 'staged\n')
    agent.git('add', 'src/a.txt')
    agent.write('src/a.txt', 'later\n')
    expect(show((await rig.candidate(agent)).commit, 'src/a.txt')).toBe('later')
  })

  it('fails by name if its content does not exist', async () => {
    const agent = await agentOf()
    const blob = '1234567890123456789012345678901234567890'
    agent.git('update-index', '--cacheinfo', `100644,${blob},src/a.txt`)
    expect(await rig.refused(agent)).toMatchObject({ kind: 'collect' })
  })
})

describe("settings of the user's that change what lies in a git directory", () => {
  it.each([
    ['a split index', '[core]\n\tsplitIndex = true\n'],
    ['many files', '[feature]\n\tmanyFiles = true\n'],
    ['version 4 of the index', '[index]\n\tversion = 4\n'],
    ['an index without a checksum', '[index]\n\tskipHash = true\n'],
    ['an untracked cache', '[core]\n\tuntrackedCache = true\n'],
    ['a file system monitor', '[core]\n\tfsmonitor = true\n'],
  ])('lose nothing of what was staged and committed: %s', async (_, globalConfig) => {
    const agent = await agentOf({ globalConfig })
    agent.write('forced.log', '1')
    agent.git('add', '-f', 'forced.log')
    agent.git('commit', '-qm', 'forced')
    agent.write('src/new', 'new\n')
    agent.git('add', '-A')
    agent.git('status')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['forced.log', 'src/new'])
    expect(agent.git('config', 'core.fsmonitor')).toBe('false')
  })

  it('an index that the agent split itself is read with its parts', async () => {
    const agent = await agentOf()
    agent.git('config', 'core.splitIndex', 'true')
    agent.git('update-index', '--split-index')
    agent.write('forced.log', '1')
    agent.git('add', '-f', 'forced.log')
    expect(execFileSync('ls', [join(agent.root, '.git')], { encoding: 'utf8' })).toMatch(/sharedindex/)
    expect((await rig.candidate(agent)).changedPaths).toEqual(['forced.log'])
  })
})

describe('what the agent hid by rules of its own', () => {
  it('does not land, and is reported', async () => {
    const agent = await agentOf()
    agent.write('.git/info/exclude', '/scratch/\n*.tmp\nsrc/a.txt\n')
    agent.write('scratch/notes', 'x')
    agent.write('src/x.tmp', 'x')
    agent.write('src/a.txt', 'tracked, so it counts\n')
    agent.write('forced.tmp', 'x')
    agent.git('add', '-f', 'forced.tmp')
    const candidate = await rig.candidate(agent)
    expect(candidate.changedPaths).toEqual(['forced.tmp', 'src/a.txt'])
    expect(candidate.hidden).toEqual(['scratch/notes', 'src/x.tmp'])
  })

  it('is reported even if nothing else changed', async () => {
    const agent = await agentOf()
    agent.write('.git/info/exclude', 'hidden\n')
    agent.write('hidden', 'x')
    expect(value(await rig.collect(agent))).toMatchObject({ type: 'unchanged', hidden: ['hidden'] })
  })
})

describe('marker lines that the base does not have', () => {
  const conflict = '<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\n'

  it.each([
    ['all of them', conflict],
    ['an end alone', 'both\n>>>>>>> other\n'],
    ['with another line end', conflict.replaceAll('\n', '\r\n')],
    ['of a base', '||||||| parent of 1234567 (one)\n'],
  ])('are found: %s', async (_, text) => {
    const agent = await agentOf()
    agent.write('src/new', text)
    const { tree } = await rig.candidate(agent)
    expect(value(asResult(await newMarkers(rig.repository, tree, rig.base)))).toEqual(['src/new'])
  })

  it('are not those that were there before, even under another name, nor what only looks like them', async () => {
    const agent = await agentOf({ files: { ...files, 'fixture.txt': conflict } })
    agent.git('mv', 'fixture.txt', 'moved.txt')
    agent.write('moved.txt', `more\n${conflict}`)
    agent.write('title.rst', 'A title\n=======\n')
    agent.write('shell.sh', 'cat <<<<<<<\n  <<<<<<< indented\n')
    const { tree } = await rig.candidate(agent)
    expect(value(asResult(await newMarkers(rig.repository, tree, rig.base)))).toEqual([])
  })

  it('are not those of a file for which the base sets another size, whatever the agent sets', async () => {
    const agent = await agentOf({ files: { ...files, '.gitattributes': 'docs/* conflict-marker-size=32\n' } })
    agent.write('docs/merging.md', conflict)
    agent.write('docs/wide.md', `${'<'.repeat(32)} HEAD\n`)
    agent.write('src/.gitattributes', '* conflict-marker-size=32\n')
    agent.write('src/new', conflict)
    const { tree } = await rig.candidate(agent)
    expect(value(asResult(await newMarkers(rig.repository, tree, rig.base)))).toEqual(['docs/wide.md', 'src/new'])
  })
})

function asResult<Value>(result: Result<Value, GitFailure>) {
  return result.ok ? result : { ok: false as const, error: { message: formatGitFailure(result.error) } }
}

describe('an operation that git is in the middle of', () => {
  /** Branch `other` and the agent's own branch say different things in a.txt. */
  async function twoSides(): Promise<Agent> {
    const agent = await agentOf()
    agent.git('checkout', '-qb', 'other')
    agent.write('src/a.txt', 'theirs\n')
    agent.git('commit', '-qam', 'theirs')
    agent.git('checkout', '-q', '-')
    agent.write('src/a.txt', 'ours\n')
    return agent
  }

  const ours = (agent: Agent) => agent.git('commit', '-qam', 'ours')
  const patch = (agent: Agent) =>
    agent.write('.git/other.patch', agent.git('format-patch', '-1', '--stdout', 'other') + '\n')

  const operations: [string, (agent: Agent) => void, RegExp][] = [
    ['a merge', (agent) => stopsWithOurs(agent, 'merge', 'other'), /^a merge is unfinished.*src\/a\.txt/],
    ['a rebase', (agent) => stopsWithOurs(agent, 'rebase', 'other'), /^a rebase is unfinished.*src\/a\.txt/],
    [
      'a rebase of the older kind',
      (agent) => stopsWithOurs(agent, 'rebase', '--apply', 'other'),
      /^a rebase, or git am is unfinished/,
    ],
    ['a cherry-pick', (agent) => stopsWithOurs(agent, 'cherry-pick', 'other'), /^a cherry-pick is unfinished/],
    [
      'a revert',
      (agent) => {
        ours(agent)
        agent.write('src/a.txt', 'later\n')
        agent.git('commit', '-qam', 'later')
        stops(agent, 'revert', '--no-edit', 'HEAD~1')
      },
      /^a revert is unfinished.*src\/a\.txt/,
    ],
    [
      'a stash pop',
      (agent) => {
        agent.git('stash', '-q')
        agent.write('src/a.txt', 'meanwhile\n')
        agent.git('commit', '-qam', 'meanwhile')
        stops(agent, 'stash', 'pop')
      },
      /stash.*src\/a\.txt/,
    ],
    [
      'git am',
      (agent) => {
        patch(agent)
        stopsWithOurs(agent, 'am', '.git/other.patch')
      },
      /^git am is unfinished/,
    ],
    [
      'git am with a merge',
      (agent) => {
        patch(agent)
        stopsWithOurs(agent, 'am', '-3', '.git/other.patch')
      },
      /^git am is unfinished.*src\/a\.txt/,
    ],
    [
      'apply --3way',
      (agent) => {
        patch(agent)
        stopsWithOurs(agent, 'apply', '--3way', '.git/other.patch')
      },
      /apply --3way.*src\/a\.txt/,
    ],
  ]

  it.each(operations)('is seen: %s', async (_, action, words) => {
    const agent = await twoSides()
    action(agent)
    expect(value(await findAgentUnderWay(rig.repository, agent.workspace))).toMatch(words)
    // The work can be collected all the same, so that nothing is lost.
    expect((await rig.collect(agent)).ok).toBe(true)
  })

  it('is not seen any more once it has ended, nor after a revert without a commit or a bisect', async () => {
    const agent = await twoSides()
    ours(agent)
    stops(agent, 'merge', 'other')
    agent.write('src/a.txt', 'both\n')
    agent.git('commit', '-qam', 'merged')
    const look = async () => value(await findAgentUnderWay(rig.repository, agent.workspace))
    expect(await look()).toBeUndefined()
    agent.git('revert', '--no-commit', '-m', '1', 'HEAD')
    expect(await look()).toBeUndefined()
    agent.git('reset', '-q', '--hard')
    agent.git('bisect', 'start', 'HEAD', 'HEAD~1')
    expect(await look()).toBeUndefined()
    expect((await rig.candidate(agent)).changedPaths).toEqual(['src/a.txt'])
  })
})
