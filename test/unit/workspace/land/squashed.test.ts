import { describe, expect, it } from 'vitest'
import { commitId, runId } from '../../../support/brands.js'
import type { Target } from '../../../../src/workspace/contract.js'
import { findSquashed } from '../../../../src/workspace/land/squashed.js'
import { openTarget } from '../../../../src/workspace/land/target.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

type Files = Readonly<Record<string, string | null>>

const start = { 'a.txt': '1\n2\n3\n4\n5\n6\n7\n8\n9\n', 'b.txt': 'b\n' }
const work = { 'a.txt': start['a.txt'].replace('5', 'five'), 'new.txt': 'new\n' }
const edited = { 'a.txt': start['a.txt'].replace('5', 'FIVE') }

interface Stage {
  readonly repo: GitRepo
  /** The target's commit. */
  readonly tip: string
  /** Commits on the user's branch, each on top of those before. */
  readonly commits: readonly string[]
  readonly open: (runId?: string, branch?: string) => ReturnType<typeof openTarget>
}

/** A target with one task's work, and what the user has committed meanwhile. */
function stage(mine: readonly Files[], theirs: readonly Files[] = [work]): Stage {
  const repo = gitRepo({ files: start })
  const base = repo.git('rev-parse', 'HEAD')
  const message = 'T1\n\nAutopilot-Task: T1\n'
  const tip = theirs.reduce((parent, files) => commitOn(repo, commitId(parent), files, { message }), base)
  repo.git('branch', 'autopilot/main', tip)
  const commits = mine.reduce<string[]>(
    (all, files) => [...all, commitOn(repo, commitId(all.at(-1) ?? base), files)],
    [],
  )
  repo.git('reset', '-q', '--hard', commits.at(-1) ?? base)
  const open = async (run = 'r1', branch?: string) =>
    openTarget(await openRepo(repo), { runId: runId(run), ...(branch === undefined ? {} : { branch }) })
  return { repo, tip, commits, open }
}

async function opened(here: Stage, ...args: Parameters<Stage['open']>): Promise<Target> {
  const target = await here.open(...args)
  if (!target.ok) throw new Error(target.error.message)
  return target.value
}

/** Expects the target to be at HEAD, and its old tip to be kept. */
async function startsOver(here: Stage, by: string): Promise<void> {
  const { repo, tip } = here
  const head = repo.git('rev-parse', 'HEAD')
  const ref = `refs/autopilot/r1/target/${by}`
  expect(await opened(here)).toMatchObject({ tip: head, base: head, restart: { by, tip, ref }, setAside: [tip] })
  expect(repo.git('rev-parse', 'autopilot/main', ref, 'refs/autopilot/r1/base')).toBe([head, tip, head].join('\n'))
}

const elsewhere = { 'b.txt': 'elsewhere\n' }
const squashedOnto = { ...elsewhere, ...work }

describe('a target that HEAD has under another commit', () => {
  it('starts over if a line of it was edited since: a merge would conflict', async () => {
    const here = stage([work, edited])
    await startsOver(here, here.commits[0]!)
  })

  it('starts over if what it brought was taken out since: a merge would bring it back', async () => {
    const here = stage([work, { 'new.txt': null }])
    await startsOver(here, here.commits[0]!)
  })

  it('is recognised by its change alone, as one patch, even if HEAD had moved on before', async () => {
    const here = stage([elsewhere, squashedOnto, edited])
    await startsOver(here, here.commits[1]!)
  })

  it('is recognised as one patch of several commits', async () => {
    const more = { ...work, 'more.txt': 'more\n' }
    const here = stage([elsewhere, { ...elsewhere, ...more }, edited], [work, more])
    await startsOver(here, here.commits[1]!)
  })

  it('stays as it is if nothing of it was changed since: a merge gives what HEAD has', async () => {
    const here = stage([work, elsewhere])
    const target = await opened(here)
    expect(target).not.toHaveProperty('restart')
    expect(here.repo.git('log', '-1', '--format=%P %T', target.tip)).toBe(
      `${here.tip} ${here.commits[1]} ${here.repo.git('rev-parse', 'HEAD^{tree}')}`,
    )
  })

  const further = { ...work, 'further.txt': 'further\n' }
  const binary = (content: string) => ({ ...work, 'bin.dat': `${content}\0` })
  const lineDown = `0\n${start['a.txt']}`
  const others: Readonly<Record<string, { readonly mine: readonly Files[]; readonly theirs?: readonly Files[] }>> = {
    'has one commit more': { mine: [work, edited], theirs: [work, further] },
    'differs by one byte': { mine: [{ ...work, 'new.txt': 'New\n' }, edited] },
    'differs by white space': { mine: [elsewhere, { ...squashedOnto, 'new.txt': 'new \n' }, edited] },
    'differs in a binary file': { mine: [elsewhere, { ...elsewhere, ...binary('1') }, edited], theirs: [binary('2')] },
    'was applied to another place': {
      mine: [{ 'a.txt': lineDown }, { ...work, 'a.txt': lineDown.replace('5', 'five') }, edited],
    },
    'is there in part': { mine: [{ 'a.txt': work['a.txt'] }, edited] },
    'came in two commits': { mine: [elsewhere, { 'a.txt': work['a.txt'] }, { 'new.txt': 'new\n' }, edited] },
  }
  it.each(Object.entries(others))('conflicts as ever if it %s, and nothing moves', async (_, { mine, theirs }) => {
    const here = stage(mine, theirs)
    expect(await here.open()).toMatchObject({ ok: false, error: { code: 'conflict' } })
    expect(here.repo.git('rev-parse', 'autopilot/main')).toBe(here.tip)
    expect(here.repo.git('for-each-ref', 'refs/autopilot')).toBe('')
  })
})

describe('a branch of the user’s own as the target', () => {
  const own = async (message: string) => {
    const here = stage([work, edited])
    here.repo.git(
      'branch',
      'develop',
      commitOn(here.repo, commitId(here.repo.git('rev-parse', 'HEAD~2')), work, { message }),
    )
    return here.open('r1', 'develop')
  }

  it('starts over if all that it has is from runs, and is never set back if a person committed there', async () => {
    expect(await own('T1\n\nAutopilot-Run: r0\n')).toMatchObject({ ok: true, value: { restart: {} } })
    expect(await own('mine\n')).toMatchObject({ ok: false, error: { code: 'conflict' } })
  })
})

it('a submodule at another commit is another change, whatever the user’s configuration hides', async () => {
  const { repo, tip, commits } = stage([elsewhere, squashedOnto])
  repo.git('config', 'diff.ignoreSubmodules', 'all')
  const withLink = (on: string, commit: string) => {
    repo.git('read-tree', on)
    repo.git('update-index', '--add', '--cacheinfo', `160000,${commit.repeat(40)},sub`)
    return repo.git('commit-tree', repo.git('write-tree'), '-p', `${on}^`, '-m', 'linked')
  }
  const found = (ours: string, theirs: string) =>
    findSquashed(
      { gitDir: `${repo.dir}/.git` },
      { tip: commitId(withLink(tip, ours)), head: commitId(withLink(commits[1]!, theirs)), branch: 'autopilot/main' },
    )
  expect(await found('1', '1')).toMatchObject({ ok: true, value: { isEdited: false } })
  expect(await found('1', '2')).toEqual({ ok: true, value: undefined })
})

describe('what a target was before it started over', () => {
  it('counts in later runs on that target, and for no other', async () => {
    const here = stage([work, edited])
    here.repo.git('branch', 'old', here.repo.git('rev-parse', 'HEAD~2'))
    await opened(here)
    here.repo.git(
      'update-ref',
      'refs/heads/autopilot/main',
      commitOn(here.repo, commitId('autopilot/main'), { 'c.txt': 'c\n' }),
    )
    expect((await opened(here, 'r2')).setAside).toEqual([here.tip])
    here.repo.git('switch', '-q', 'old')
    expect(await opened(here, 'r3')).not.toHaveProperty('before')
  })

  it('no longer counts when the commit that has it was reverted', async () => {
    const here = stage([work, edited])
    await opened(here)
    here.repo.git('revert', '-n', 'HEAD')
    here.repo.git('commit', '-qam', 'as before')
    here.repo.git('revert', '--no-edit', here.commits[0]!)
    expect(await opened(here, 'r2')).not.toHaveProperty('before')
  })

  it('does not count at all if that commit was reverted before', async () => {
    const here = stage([work])
    here.repo.git('revert', '--no-edit', 'HEAD')
    const target = await opened(here)
    expect(target).toMatchObject({ tip: here.repo.git('rev-parse', 'HEAD'), restart: { tip: here.tip } })
    expect(target).not.toHaveProperty('before')
  })

  it('counts after a second start', async () => {
    const here = stage([work, edited])
    const { tip } = await opened(here)
    const second = commitOn(here.repo, tip, { 'b.txt': 'second\n' })
    here.repo.git('update-ref', 'refs/heads/autopilot/main', second)
    here.repo.write('b.txt', 'second\n')
    here.repo.commit('squashed again')
    here.repo.write('b.txt', 'edited\n')
    here.repo.commit('edited')
    const { restart, setAside } = await opened(here, 'r2')
    expect([restart?.tip, setAside]).toEqual([second, expect.arrayContaining([here.tip, second])])
  })

  it('is not continued from a remote that still has it', async () => {
    const here = stage([work, edited])
    await opened(here)
    here.repo.git('update-ref', 'refs/remotes/origin/autopilot/main', here.tip)
    const next = commitOn(here.repo, commitId('autopilot/main'), { 'c.txt': 'c\n' })
    here.repo.git('update-ref', 'refs/heads/autopilot/main', next)
    expect((await opened(here, 'r2')).tip).toBe(next)
    // The control: a commit more over there is somebody's work.
    here.repo.git(
      'update-ref',
      'refs/remotes/origin/autopilot/main',
      commitOn(here.repo, commitId(here.tip), { 'd.txt': 'd\n' }),
    )
    expect(await here.open('r3')).toMatchObject({ ok: false, error: { code: 'diverged' } })
  })
})
