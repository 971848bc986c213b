import { describe, expect, it } from 'vitest'
import { commitId, runId } from '../../../support/brands.js'
import type { Target } from '../../../../src/workspace/contract.js'
import { openTarget } from '../../../../src/workspace/land/target.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'
import { userBytes } from '../../../support/rigs/tree-bytes.js'

async function open(repo: GitRepo, branch?: string): Promise<Target> {
  const target = await openTarget(await openRepo(repo), {
    runId: runId('r1'),
    ...(branch === undefined ? {} : { branch }),
  })
  if (!target.ok) throw new Error(`${target.error.code}: ${target.error.message}`)
  return target.value
}

async function refusal(repo: GitRepo, branch?: string) {
  const target = await openTarget(await openRepo(repo), {
    runId: runId('r1'),
    ...(branch === undefined ? {} : { branch }),
  })
  if (target.ok) throw new Error('it was opened')
  return target.error
}

describe('the target branch', () => {
  it('is made from HEAD under the name of the branch you are on, and the base is pinned', async () => {
    const repo = gitRepo()
    const head = repo.git('rev-parse', 'HEAD')
    expect(await open(repo)).toEqual({
      branch: 'autopilot/main',
      ref: 'refs/heads/autopilot/main',
      tip: head,
      base: head,
    })
    expect(repo.git('rev-parse', 'refs/heads/autopilot/main', 'refs/autopilot/r1/base')).toBe(`${head}\n${head}`)
  })

  it('leaves the work tree, the index, HEAD and the configuration as they were, also when it merges', async () => {
    const repo = gitRepo()
    const base = repo.git('rev-parse', 'HEAD')
    repo.git('update-ref', 'refs/heads/autopilot/main', commitOn(repo, commitId(base), { 'theirs.txt': 'theirs\n' }))
    repo.write('mine.txt', 'mine\n')
    repo.commit()
    repo.write('README.md', 'uncommitted\n')
    repo.write('new.txt', 'untracked\n')
    const before = userBytes(repo.dir)
    await open(repo)
    expect(userBytes(repo.dir)).toEqual(before)
  })

  it('is named after the commit when HEAD is detached', async () => {
    const repo = gitRepo()
    repo.git('checkout', '-q', '--detach')
    expect((await open(repo)).branch).toBe(`autopilot/detached-${repo.git('rev-parse', 'HEAD').slice(0, 8)}`)
  })

  it('is made in a shallow, detached checkout and with SHA-256 objects alike', async () => {
    const origin = gitRepo()
    origin.commit('second')
    const shallow = gitRepo({ files: false })
    shallow.git('fetch', '-q', '--depth=1', `file://${origin.dir}`, 'main')
    shallow.git('checkout', '-q', 'FETCH_HEAD')
    expect((await open(shallow)).tip).toBe(origin.git('rev-parse', 'HEAD'))
    const long = gitRepo({ objectFormat: 'sha256' })
    expect((await open(long)).tip).toBe(long.git('rev-parse', 'HEAD'))
  })

  it('is continued by a later run', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const done = commitOn(repo, tip, { 'done.txt': 'done\n' })
    repo.git('update-ref', 'refs/heads/autopilot/main', done)
    expect((await open(repo)).tip).toBe(done)
  })

  it('is moved forward when HEAD is ahead of it', async () => {
    const repo = gitRepo()
    await open(repo)
    const head = repo.commit('ahead')
    expect((await open(repo)).tip).toBe(head)
    expect(repo.git('rev-parse', 'autopilot/main')).toBe(head)
  })

  it('takes in HEAD by a merge commit with both parents and the run’s trailer if both have moved', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const done = commitOn(repo, tip, { 'done.txt': 'done\n' })
    repo.git('update-ref', 'refs/heads/autopilot/main', done)
    repo.write('mine.txt', 'mine\n')
    const head = repo.commit()
    const target = await open(repo)
    expect(repo.git('rev-parse', 'autopilot/main')).toBe(target.tip)
    expect(repo.git('log', '-1', '--format=%P', target.tip)).toBe(`${done} ${head}`)
    expect(repo.git('log', '-1', '--format=%(trailers:key=Autopilot-Run)', target.tip)).toBe('Autopilot-Run: r1')
    expect(repo.git('ls-tree', '--name-only', target.tip)).toBe('README.md\ndone.txt\nmine.txt')
  })

  it('is refused with the paths when it conflicts with HEAD, and stays where it was', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const done = commitOn(repo, tip, { 'README.md': 'theirs\n' })
    repo.git('update-ref', 'refs/heads/autopilot/main', done)
    repo.write('README.md', 'mine\n')
    repo.commit()
    const { code, message, help } = await refusal(repo)
    expect(code).toBe('conflict')
    expect(message).toContain('README.md')
    expect(help).toContain(
      'start over: git branch -m autopilot/main OLD-NAME, and in the roadmap, set the tasks to redo to pending',
    )
    expect(repo.git('rev-parse', 'autopilot/main')).toBe(done)
  })

  it('continues from a remote-tracking branch that is ahead, even if there is no local one', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const theirs = commitOn(repo, tip, { 'theirs.txt': 'theirs\n' })
    repo.git('update-ref', 'refs/remotes/origin/autopilot/main', theirs)
    const from = 'origin/autopilot/main'
    expect(await open(repo)).toMatchObject({ tip: theirs, takenUp: { from, isNew: false } })
    expect(repo.git('rev-parse', 'autopilot/main')).toBe(theirs)
    repo.git('update-ref', '-d', 'refs/heads/autopilot/main')
    expect(await open(repo)).toMatchObject({ tip: theirs, takenUp: { from, isNew: true } })
  })

  it('is refused if the history is missing that would tell who has what, with the command that fetches it', async () => {
    const origin = gitRepo()
    const base = origin.git('rev-parse', 'HEAD')
    origin.git(
      'update-ref',
      'refs/heads/autopilot/main',
      commitOn(origin, commitId(base), { 'theirs.txt': 'theirs\n' }),
    )
    origin.write('mine.txt', 'mine\n')
    origin.commit()
    const clone = { ...origin, dir: origin.beside('cut') }
    origin.git('clone', '-q', '--depth=1', '--no-single-branch', `file://${origin.dir}`, clone.dir)
    const repo: GitRepo = { ...clone, git: (...args) => origin.gitIn(clone.dir, ...args) }
    const { code, message, help } = await refusal(repo)
    expect([code, message]).toEqual(['cut_off', expect.stringContaining('autopilot/main and main meet')])
    expect(help).toContain('git fetch --unshallow')
    repo.git('update-ref', 'refs/heads/autopilot/main', 'HEAD')
    const { code: again, message: words } = await refusal(repo)
    expect([again, words]).toEqual([
      'cut_off',
      expect.stringContaining('autopilot/main and origin/autopilot/main meet'),
    ])
    repo.git('fetch', '-q', '--unshallow')
    repo.git('update-ref', '-d', 'refs/heads/autopilot/main')
    expect((await open(repo)).takenUp).toEqual({ from: 'origin/autopilot/main', isNew: true })
  })

  it('is known to share its name with a tag, which git takes first', async () => {
    const repo = gitRepo()
    expect((await open(repo)).isAmbiguous).toBeUndefined()
    repo.git('tag', 'autopilot/main')
    expect((await open(repo)).isAmbiguous).toBe(true)
  })

  it('is refused in plain words where it has nothing in common with the branch you are on', async () => {
    const repo = gitRepo()
    const orphan = repo.git('commit-tree', '-m', 'other', 'HEAD^{tree}')
    repo.git('update-ref', 'refs/heads/autopilot/main', orphan)
    const { code, message } = await refusal(repo)
    expect([code, message]).toEqual(['unrelated', 'autopilot/main and main have no commit in common.'])
  })

  it('stays as it is where the remote-tracking branch is behind it, or is of another name', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const mine = commitOn(repo, tip, { 'mine.txt': 'mine\n' })
    repo.git('update-ref', 'refs/heads/autopilot/main', mine)
    repo.git('update-ref', 'refs/remotes/origin/autopilot/main', tip)
    repo.git('update-ref', 'refs/remotes/origin/main', commitOn(repo, tip, { 'other.txt': 'other\n' }))
    const target = await open(repo)
    expect([target.tip, target.takenUp]).toEqual([mine, undefined])
  })

  it('is refused with the command if it and the remote-tracking branch have diverged', async () => {
    const repo = gitRepo()
    const { tip } = await open(repo)
    const mine = commitOn(repo, tip, { 'mine.txt': 'mine\n' })
    repo.git('update-ref', 'refs/heads/autopilot/main', mine)
    repo.git('update-ref', 'refs/remotes/origin/autopilot/main', commitOn(repo, tip, { 'theirs.txt': 'theirs\n' }))
    const { code, message, help } = await refusal(repo)
    expect([code, message]).toEqual(['diverged', expect.stringContaining('origin/autopilot/main')])
    expect(help).toContain('git switch autopilot/main && git merge origin/autopilot/main')
    expect(repo.git('rev-parse', 'autopilot/main')).toBe(mine)
  })

  it('may be another branch, which is made from HEAD or brought up to date', async () => {
    const repo = gitRepo()
    const base = repo.git('rev-parse', 'HEAD')
    expect(await open(repo, 'release/next')).toMatchObject({ ref: 'refs/heads/release/next', tip: base })
    repo.git('branch', 'old')
    const head = repo.commit()
    expect((await open(repo, 'refs/heads/old')).tip).toBe(head)
    expect(repo.git('rev-parse', 'old')).toBe(head)
  })

  it('is refused while it is checked out, here or in any other work tree', async () => {
    const repo = gitRepo()
    repo.git('worktree', 'add', '-q', '-b', 'autopilot/main', repo.beside('linked'))
    const { code, message } = await refusal(repo)
    expect(code).toBe('checked_out')
    expect(message).toContain(repo.beside('linked'))
    expect((await refusal(repo, 'main')).code).toBe('checked_out')
  })

  it('is refused where a branch of the user blocks its name', async () => {
    const repo = gitRepo()
    repo.git('branch', 'autopilot')
    const { code, help } = await refusal(repo)
    expect(code).toBe('branch_in_the_way')
    expect(help).toContain('git branch -m autopilot')
    expect((await open(repo, 'landing')).branch).toBe('landing')
    repo.git('branch', 'deep/er')
    expect((await refusal(repo, 'deep')).code).toBe('branch_in_the_way')
  })

  it('is refused while the user stands on a branch of autopilot’s', async () => {
    const repo = gitRepo()
    repo.git('switch', '-q', '-c', 'autopilot/main')
    expect((await refusal(repo)).code).toBe('on_target')
    expect((await refusal(repo, 'landing')).code).toBe('on_target')
  })

  it.each(['-rf', 'HEAD', '../x', 'a..b', 'x.lock', 'two words', 'line\nbreak', '@{-1}', ''])(
    'is refused under the name %j',
    async (name) => {
      expect((await refusal(gitRepo(), name)).code).toBe('bad_branch_name')
    },
  )
})
