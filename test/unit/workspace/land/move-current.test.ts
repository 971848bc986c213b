import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { currentTarget } from '../../../support/scenes/current-target.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { childrenOf, stateOf } from '../../../support/rigs/processes.js'
import { gitRepo } from '../../../support/scenes/repositories.js'
import { treeBytes } from '../../../support/rigs/tree-bytes.js'
import { until } from '../../../support/rigs/until.js'

const files = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'dir/c.txt': 'c\n', '.gitignore': '*.ign\n', 'plan.yaml': 'pending\n' }

/** Everything of the person's: files, index, refs; not what autopilot is meant to write. */
function theirs({ dir }: GitRepo) {
  return treeBytes(dir, (path) => /^\.git\/(autopilot|objects|refs\/autopilot)(\/|$)/.test(path))
}

function stage(repo: GitRepo, path: string): void {
  repo.write(path, 'mine\n')
  repo.git('add', path)
}

const status = (repo: GitRepo) => repo.git('status', '--porcelain')

describe('landing on the branch that a person stands on', () => {
  it('moves branch, index and files together: new, changed, deleted, folders that become files', async () => {
    const repo = gitRepo({ files })
    const { land, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, {
      'a.txt': 'A\n',
      'b.txt': null,
      'b.txt/deep/x': 'x\n',
      'dir/c.txt': null,
    })
    const next = commitOn(repo, commit, { dir: 'now a file\n', 'new/y': 'y\n' })
    await land(commit)
    await land(next)
    expect(repo.git('rev-parse', 'HEAD', 'main', '--abbrev-ref', 'HEAD')).toBe(`${next}\n${next}\nmain`)
    expect(status(repo)).toBe('')
    expect([repo.read('a.txt'), repo.read('b.txt/deep/x'), repo.read('dir'), repo.read('new/y')]).toEqual([
      'A\n',
      'x\n',
      'now a file\n',
      'y\n',
    ])
    expect(repo.git('reflog', '-1', '--format=%gs', 'HEAD')).toBe('autopilot')
  })

  it('leaves alone what a person edits, stages, adds or ignores beside it, even the roadmap', async () => {
    const repo = gitRepo({ files })
    repo.write('plan.yaml', 'done\n')
    const { land, target } = await currentTarget(repo, { leaveOut: ['plan.yaml'] })
    repo.write('b.txt', 'edited\n')
    repo.write('dir/c.txt', 'staged\n')
    repo.git('add', 'dir/c.txt')
    repo.write('mine.txt', 'mine\n')
    repo.write('dir/x.ign', 'ignored\n')
    const before = theirs(repo)
    await land(commitOn(repo, target.tip, { 'a.txt': 'A\n', 'dir/d.txt': 'd\n' }))
    const after = theirs(repo)
    const changed = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path])
    expect(changed.filter((path) => !path.startsWith('.git/')).sort()).toEqual(['a.txt', 'dir/d.txt'])
    expect(repo.git('diff', '--cached', '--name-only')).toBe('dir/c.txt')
    expect(repo.git('diff', '--name-only')).toBe('b.txt\nplan.yaml')
  })

  const cones: Readonly<Record<string, readonly string[]>> = {
    'a cone': ['set', 'dir'],
    'a cone with a sparse index': ['set', '--sparse-index', 'dir'],
    'patterns that are no cone': ['set', '--no-cone', '/*', '!/far/'],
  }
  it.each(Object.entries(cones))('writes nothing outside %s, and keeps it', async (_name, args) => {
    const repo = gitRepo({ files: { ...files, 'far/x': 'x\n' } })
    repo.git('sparse-checkout', ...args)
    const { land, target } = await currentTarget(repo)
    const first = commitOn(repo, target.tip, { 'far/y': 'y\n', 'far/x': 'X\n', 'dir/d.txt': 'd\n' })
    await land(first)
    await land(commitOn(repo, first, { 'far/z/z': 'z\n', 'far/y': null }))
    expect([existsSync(join(repo.dir, 'far')), repo.read('dir/d.txt'), status(repo)]).toEqual([false, 'd\n', ''])
    expect(repo.git('ls-files', 'far')).toBe('far/x\nfar/z/z')
    repo.git('sparse-checkout', 'disable')
    expect([repo.read('far/x'), repo.read('far/z/z'), status(repo)]).toEqual(['X\n', 'z\n', ''])
  })

  it('distinguishes a file that was only touched from one that was changed', async () => {
    const repo = gitRepo({ files })
    const { land, target } = await currentTarget(repo)
    utimesSync(join(repo.dir, 'a.txt'), 1, 1)
    await land(commitOn(repo, target.tip, { 'a.txt': 'A\n' }))
    expect([repo.read('a.txt'), status(repo)]).toEqual(['A\n', ''])
  })

  const inTheWay: Readonly<Record<string, readonly [string, (repo: GitRepo) => void]>> = {
    'a changed file': ['a.txt', (repo) => repo.write('a.txt', 'mine\n')],
    'a staged file': ['a.txt', (repo) => stage(repo, 'a.txt')],
    'a change that git was told not to look for': [
      'a.txt',
      (repo) => {
        repo.git('update-index', '--assume-unchanged', 'a.txt')
        repo.write('a.txt', 'mine\n')
      },
    ],
    'an edit of what is to be deleted': ['b.txt', (repo) => repo.write('b.txt', 'mine\n')],
    'an untracked file': ['new.txt', (repo) => repo.write('new.txt', 'mine\n')],
    'an ignored file': ['new.ign', (repo) => repo.write('new.ign', 'mine\n')],
    'an ignored file where a folder is to be': ['to.ign', (repo) => repo.write('to.ign', 'mine\n')],
    'an ignored file in a folder that is to become a file': ['dir/x.ign', (repo) => repo.write('dir/x.ign', 'mine\n')],
    'a link where a folder is to be': ['folder', (repo) => symlinkSync(repo.home, join(repo.dir, 'folder'))],
    'a file that was added': ['new.txt', (repo) => stage(repo, 'new.txt')],
  }
  it.each(Object.entries(inTheWay))(
    'is refused where it would overwrite %s, and nothing changes',
    async (_, [path, action]) => {
      const repo = gitRepo({ files })
      const { refused, target } = await currentTarget(repo)
      const commit = commitOn(repo, target.tip, {
        ...{
          'a.txt': 'A\n',
          'b.txt': null,
          'new.txt': 'new\n',
          'new.ign': 'new\n',
          'to.ign/x': 'x\n',
          'folder/y': 'y\n',
        },
        ...{ 'dir/c.txt': null, dir: 'file\n' },
      })
      action(repo)
      const before = theirs(repo)
      const { message, paths } = await refused(commit)
      expect(paths).toContain(path)
      expect(message).toContain(path)
      expect(treeWithout(theirs(repo), '.git/index')).toEqual(treeWithout(before, '.git/index'))
      expect(repo.git('rev-parse', 'main')).toBe(target.base)
      // Nothing is left locked.
      repo.git('commit', '-q', '--allow-empty', '-m', 'goes on')
    },
  )

  it('is overtaken by a commit that a person makes, and then lands on top of it', async () => {
    const repo = gitRepo({ files })
    const { move, land, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    repo.write('b.txt', 'mine\n')
    const mine = repo.commit('mine')
    expect(await move(commit)).toMatchObject({ ok: true, value: { type: 'overtaken' } })
    expect([target.tip, repo.read('a.txt'), status(repo)]).toEqual([mine, 'a\n', ''])
    await land(commitOn(repo, mine, { 'a.txt': 'A\n' }))
    expect([repo.read('a.txt'), repo.read('b.txt'), status(repo)]).toEqual(['A\n', 'mine\n', ''])
  })

  it('moves the branch alone while the person has switched away, and takes the files along again when they are back', async () => {
    const repo = gitRepo({ files })
    const { land, target } = await currentTarget(repo)
    repo.git('switch', '-q', '-c', 'other')
    await land(commitOn(repo, target.tip, { 'a.txt': 'A\n' }))
    expect([repo.read('a.txt'), status(repo), repo.git('show', 'main:a.txt')]).toEqual(['a\n', '', 'A'])
    repo.git('switch', '-q', 'main')
    await land(commitOn(repo, target.tip, { 'a.txt': 'AA\n' }))
    expect([repo.read('a.txt'), status(repo)]).toEqual(['AA\n', ''])
  })

  it('is refused when the branch is meanwhile checked out in another work tree', async () => {
    const repo = gitRepo({ files })
    const { refused, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    repo.git('switch', '-q', '-c', 'other')
    repo.git('worktree', 'add', '-q', repo.beside('linked'), 'main')
    expect((await refused(commit)).message).toContain(repo.beside('linked'))
    expect(readFileSync(join(repo.beside('linked'), 'a.txt'), 'utf8')).toBe('a\n')
  })

  it('says so when the branch is gone, with the command that brings it back', async () => {
    const repo = gitRepo({ files })
    const { refused, target } = await currentTarget(repo)
    repo.git('switch', '-q', '-c', 'other')
    repo.git('branch', '-q', '-D', 'main')
    expect((await refused(commitOn(repo, target.tip, {}))).message).toContain(`git branch main ${target.base}`)
  })

  it('waits for a lock that another git holds, with no lock of its own meanwhile', async () => {
    const repo = gitRepo({ files })
    const lock = join(repo.dir, '.git/index.lock')
    let waits = 0
    const { land, target, pauses } = await currentTarget(repo, {
      onPause: () => {
        expect(existsSync(join(repo.dir, '.git/HEAD.lock'))).toBe(false)
        if (++waits === 3) rmSync(lock)
      },
    })
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    writeFileSync(lock, '')
    await land(commit)
    expect([pauses(), status(repo)]).toEqual([3, ''])
  })

  it('names a lock that stays, and does not delete it', async () => {
    const repo = gitRepo({ files })
    const lock = join(repo.dir, '.git/index.lock')
    const { refused, target, pauses } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    writeFileSync(lock, '')
    expect((await refused(commit)).message).toContain(lock)
    expect(pauses()).toBeGreaterThan(100)
    expect([existsSync(lock), repo.read('a.txt'), repo.git('rev-parse', 'main')]).toEqual([true, 'a\n', target.base])
  })

  it.each(['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'])('is refused while there is a %s', async (mark) => {
    const repo = gitRepo({ files })
    const { refused, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    repo.write(`.git/${mark}`, `${target.tip}\n`)
    expect((await refused(commit)).message).toMatch(/is in progress in .*repo/)
  })

  it('is refused once the index is split, which autopilot’s git would break', async () => {
    const repo = gitRepo({ files })
    const { refused, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    repo.git('update-index', '--split-index')
    expect((await refused(commit)).message).toContain('core.splitIndex')
    expect(status(repo)).toBe('')
  })

  it('lets a person’s git that works at the same moment fail, so that neither loses anything', async () => {
    // A content filter is a program that really runs in the middle of the move.
    const repo = gitRepo({ files: { ...files, '.gitattributes': 'a.txt filter=late\n' } })
    const said = repo.beside('said')
    const script = repo.beside('late.sh')
    const mine = `env -u GIT_DIR -u GIT_INDEX_FILE -u GIT_WORK_TREE -u GIT_OBJECT_DIRECTORY git -C ${repo.dir}`
    const tries = [
      `${mine} commit -q --allow-empty -m mine`,
      `${mine} update-ref refs/heads/main HEAD~0 HEAD`,
      `${mine} symbolic-ref HEAD refs/heads/x`,
    ]
    writeFileSync(
      script,
      `cat\nfor i in 1; do\n${tries.map((one) => `${one} >/dev/null 2>&1; echo $? >> ${said}`).join('\n')}\ndone\n`,
    )
    repo.git('config', 'filter.late.clean', 'cat')
    repo.git('config', 'filter.late.smudge', `sh ${script}`)
    repo.git('config', 'user.name', 'Ada')
    const { land, target } = await currentTarget(repo)
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    await land(commit)
    const codes = readFileSync(said, 'utf8').trim().split('\n')
    expect(codes).toHaveLength(3)
    expect(codes).not.toContain('0')
    expect([repo.git('rev-parse', 'HEAD'), repo.git('symbolic-ref', 'HEAD'), status(repo)]).toEqual([
      commit,
      'refs/heads/main',
      '',
    ])
  })

  it('starts no hook and no program of a configuration that an agent could have written', async () => {
    const repo = gitRepo({ files })
    const { land, target } = await currentTarget(repo)
    const mark = repo.beside('ran')
    const payload = repo.beside('payload.sh')
    writeFileSync(payload, `#!/bin/sh\necho "$0" >> ${mark}\n`, { mode: 0o755 })
    mkdirSync(join(repo.dir, '.git/hooks'), { recursive: true })
    for (const hook of ['reference-transaction', 'post-checkout', 'post-index-change', 'post-merge'])
      symlinkSync(payload, join(repo.dir, '.git/hooks', hook))
    repo.git('config', 'core.fsmonitor', payload)
    repo.git('config', 'filter.evil.smudge', `sh ${payload}; cat`)
    repo.write('.git/info/attributes', '* filter=evil\n')
    const commit = commitOn(repo, target.tip, { 'a.txt': 'A\n' })
    rmSync(mark, { force: true })
    await land(commit)
    expect([existsSync(mark), repo.read('a.txt')]).toEqual([false, 'A\n'])
    // The control: the person's own git does start them.
    repo.git('merge', '-q', '--ff-only', commitOn(repo, commit, { 'a.txt': 'AA\n' }))
    expect(existsSync(mark)).toBe(true)
  })

  it('writes files as the person’s git would: line endings, modes and links', async () => {
    const repo = gitRepo({ files, globalConfig: '[core]\n\tautocrlf = true\n' })
    const { land, target } = await currentTarget(repo)
    await land(commitOn(repo, target.tip, { 'a.txt': 'A\n', 'new.txt': 'n\n' }))
    expect([repo.read('a.txt'), repo.read('new.txt'), status(repo)]).toEqual(['A\r\n', 'n\r\n', ''])
  })

  it('moves the files of a linked work tree, and those of no other', async () => {
    const repo = gitRepo({ files })
    const linked = repo.beside('linked')
    repo.git('worktree', 'add', '-q', '-b', 'side', linked)
    const { land, target } = await currentTarget(repo, { dir: linked })
    expect(target.branch).toBe('side')
    await land(commitOn(repo, target.tip, { 'a.txt': 'A\n' }))
    expect(readFileSync(join(linked, 'a.txt'), 'utf8')).toBe('A\n')
    expect([repo.gitIn(linked, 'status', '--porcelain'), repo.read('a.txt'), status(repo)]).toEqual(['', 'a\n', ''])
  })

  it('whose git is killed while it holds the locks has not moved, and the lock files that stay are named', async () => {
    const repo = gitRepo({ files })
    const { refused, target } = await currentTarget(repo)
    const refs = target.current!.refs
    const before = repo.git('rev-parse', 'main')
    const followUp = vi.spyOn(refs, 'followUp')
    followUp.mockImplementationOnce(async (question, isWhole) => {
      const session = childrenOf(process.pid).findLast(({ command }) => command.includes('update-ref'))
      process.kill(session!.pid, 'SIGKILL')
      await until(() => stateOf(session!.pid) === '', 'git is gone')
      followUp.mockRestore()
      return refs.followUp(question, isWhole)
    })
    const { message } = await refused(commitOn(repo, target.tip, { 'a.txt': 'A\n' }))
    expect(message).toContain(`${repo.dir}/.git/refs/heads/main.lock`)
    expect(message).toContain(`${repo.dir}/.git/HEAD.lock`)
    rmSync(join(repo.dir, '.git/refs/heads/main.lock'))
    rmSync(join(repo.dir, '.git/HEAD.lock'))
    expect([repo.git('rev-parse', 'main'), status(repo), repo.read('a.txt')]).toEqual([before, '', 'a\n'])
  })
})

function treeWithout(tree: Record<string, string>, path: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([one]) => one !== path))
}
