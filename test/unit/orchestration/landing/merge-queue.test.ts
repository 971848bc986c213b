import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commitId, runId, taskId } from '../../../support/brands.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { Gate } from '../../../../src/domain/landing/gate.js'
import { err, ok } from '../../../../src/domain/result.js'
import { createMergeQueue, type MergeQueueParts } from '../../../../src/orchestration/landing/merge-queue.js'
import { attemptRef } from '../../../../src/workspace/refs/ref-name.js'
import { changeRefs } from '../../../../src/workspace/git/sessions.js'
import { openRepository } from '../../../../src/workspace/repository/repository.js'
import { openTarget } from '../../../../src/workspace/land/target.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo, GitRepoOptions } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'
import { userBytes } from '../../../support/rigs/tree-bytes.js'
import { ungatedQueue } from '../../../support/rigs/ungated-queue.js'

/** A repository with its target open and an integrator for it. */
async function start(options?: GitRepoOptions) {
  const repo = gitRepo(options)
  const repository = await openRepo(repo)
  const target = await openTarget(repository, { runId: runId('r1') })
  if (!target.ok) throw new Error(target.error.message)
  const integrate = ungatedQueue(repository, target.value)
  return { repo, repository, target: target.value, integrate, base: target.value.base }
}

const message = 'Do it\n\nAutopilot-Task: T1\n'
const tip = (repo: GitRepo) => repo.git('rev-parse', 'autopilot/main')

describe('integrating a candidate', () => {
  it('lands one that is based on the tip as it is', async () => {
    const { repo, integrate, base, target } = await start()
    const candidate = commitOn(repo, base, { 'a.txt': 'a\n' })
    const tree = repo.git('rev-parse', `${candidate}^{tree}`)
    const landed = await integrate({ candidate, base, message })
    expect(landed).toEqual({ ok: true, value: { commit: candidate, previous: base, base, tree } })
    expect([tip(repo), target.tip]).toEqual([candidate, candidate])
  })

  it.each(['sha1', 'sha256'] as const)(
    'merges it into a tip that has moved, as one commit (%s)',
    async (objectFormat) => {
      const { repo, integrate, base } = await start({ objectFormat })
      const first = await integrate({ candidate: commitOn(repo, base, { 'a.txt': 'a\n' }), base, message })
      const second = await integrate({ candidate: commitOn(repo, base, { 'b.txt': 'b\n' }), base, message })
      if (!first.ok || !second.ok) throw new Error('it did not land')
      expect(second.value.previous).toBe(first.value.commit)
      expect(repo.git('log', '-1', '--format=%P', second.value.commit)).toBe(first.value.commit)
      expect(repo.git('ls-tree', '--name-only', 'autopilot/main')).toBe('README.md\na.txt\nb.txt')
      expect(repo.git('log', '-1', '--format=%B%an <%ae>', 'autopilot/main')).toBe(`${message}Ada <ada@example.org>`)
    },
  )

  it('brings nothing back that a person has removed from the target, even if the work began when it was there', async () => {
    const { repo, integrate, base, target } = await start()
    const secret = await integrate({ candidate: commitOn(repo, base, { 'secret.txt': 's\n' }), base, message })
    if (!secret.ok) throw new Error('it did not land')
    const began = secret.value.commit
    const candidate = commitOn(repo, began, { 'b.txt': 'b\n' })
    const other = commitOn(repo, base, { 'c.txt': 'c\n' })
    repo.git('update-ref', target.ref, other)
    target.tip = other
    // How plain git merges it.
    const tree = repo.git('merge-tree', '--write-tree', other, candidate)
    expect(repo.git('ls-tree', '--name-only', tree)).toContain('secret.txt')
    expect((await integrate({ candidate, base: began, message })).ok).toBe(true)
    expect(repo.git('ls-tree', '--name-only', 'autopilot/main')).toBe('README.md\nb.txt\nc.txt')
  })

  it('commits as Autopilot where the user has no identity', async () => {
    const { repo, integrate, base } = await start({ identity: false })
    await integrate({ candidate: commitId(commitOnAs(repo, base, 'a.txt')), base, message })
    await integrate({ candidate: commitId(commitOnAs(repo, base, 'b.txt')), base, message })
    expect(repo.git('log', '-1', '--format=%an <%ae> %cn <%ce>', 'autopilot/main')).toBe(
      'Autopilot <autopilot@localhost> Autopilot <autopilot@localhost>',
    )
  })

  it('makes one commit of the several commits, or the merge, that an agent left', async () => {
    const { repo, integrate, base } = await start()
    const one = commitOn(repo, base, { 'a.txt': '1\n' })
    const two = commitOn(repo, one, { 'a.txt': '2\n' })
    const several = await integrate({ candidate: two, base, message })
    if (!several.ok) throw new Error(several.error.message)
    expect(repo.git('rev-list', `${base}..autopilot/main`)).toBe(several.value.commit)
    expect(repo.git('show', 'autopilot/main:a.txt')).toBe('2')
    const next = several.value.commit
    const merge = commitOn(repo, next, { 'b.txt': 'b\n' }, { parents: [next, one] })
    const merged = await integrate({ candidate: merge, base: next, message })
    if (!merged.ok) throw new Error(merged.error.message)
    expect(repo.git('rev-list', '--parents', '-1', 'autopilot/main')).toBe(`${merged.value.commit} ${next}`)
  })

  it('names the paths in conflict, and leaves the target where it was', async () => {
    const { repo, integrate, base } = await start({ files: { 'a.txt': '1\n', 'dir/é b.txt': '1\n', 'c.txt': '1\n' } })
    await integrate({ candidate: commitOn(repo, base, { 'a.txt': '2\n', 'dir/é b.txt': null }), base, message })
    const before = tip(repo)
    const candidate = commitOn(repo, base, { 'a.txt': '3\n', 'dir/é b.txt': '3\n', 'c.txt': '3\n' })
    const landed = await integrate({ candidate, base, message })
    expect(landed).toMatchObject({ ok: false, error: { kind: 'conflict', paths: ['a.txt', 'dir/é b.txt'] } })
    expect(tip(repo)).toBe(before)
  })

  it('reports a commit that does not exist as an error of its own, never as a conflict', async () => {
    const { integrate, base } = await start()
    const landed = await integrate({ candidate: commitId('f'.repeat(40)), base, message })
    expect(landed).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
  })

  it('lands on top of what somebody else has put on the target meanwhile', async () => {
    const { repo, integrate, base, target } = await start()
    const theirs = commitOn(repo, base, { 'theirs.txt': 'theirs\n' })
    repo.git('update-ref', target.ref, theirs)
    const landed = await integrate({ candidate: commitOn(repo, base, { 'a.txt': 'a\n' }), base, message })
    expect(landed).toMatchObject({ ok: true, value: { previous: theirs } })
    expect(repo.git('ls-tree', '--name-only', 'autopilot/main')).toBe('README.md\na.txt\ntheirs.txt')
  })

  it('says how to bring the target back if somebody deleted it, and lands nothing', async () => {
    const { repo, integrate, base, target } = await start()
    repo.git('update-ref', '-d', target.ref)
    const landed = await integrate({ candidate: commitOn(repo, base, { 'a.txt': 'a\n' }), base, message })
    expect(landed).toMatchObject({ ok: false, error: { kind: 'target' } })
    expect(!landed.ok && landed.error.message).toContain(`git branch autopilot/main ${base}`)
  })

  it('refuses to move a target that the user checked out meanwhile, here or in another work tree', async () => {
    const { repo, integrate, base, target } = await start()
    const land = (path: string) => integrate({ candidate: commitOn(repo, base, { [path]: 'x\n' }), base, message })
    repo.git('checkout', '-q', target.branch)
    expect(await land('a.txt')).toMatchObject({ ok: false, error: { kind: 'target' } })
    repo.git('checkout', '-q', 'main')
    const elsewhere = repo.beside('elsewhere')
    repo.git('worktree', 'add', '-q', elsewhere, target.branch)
    const refused = await land('a.txt')
    expect(refused.ok || refused.error.message).toContain(elsewhere)
    repo.git('worktree', 'remove', elsewhere)
    expect((await land('a.txt')).ok).toBe(true)
  })

  it('lands candidates that come at once one after the other, in order, and none twice', async () => {
    const { repo, integrate, base } = await start()
    const candidates = [1, 2, 3, 4, 5].map((n) =>
      commitOn(repo, base, { [`${n}.txt`]: `${n}\n` }, { message: `t${n}` }),
    )
    const landed = await Promise.all(
      candidates.map((candidate, index) => integrate({ candidate, base, message: `t${index + 1}\n` })),
    )
    expect(landed.every((each) => each.ok)).toBe(true)
    expect(repo.git('log', '--reverse', '--format=%s', `${base}..autopilot/main`)).toBe('t1\nt2\nt3\nt4\nt5')
  })

  it('works in a shallow checkout', async () => {
    const origin = gitRepo()
    origin.commit('second')
    const clone = origin.beside('shallow')
    origin.git('clone', '-q', '--depth=1', `file://${origin.dir}`, clone)
    const opened = await openRepository({ dir: clone, env: origin.env })
    if (!opened.ok) throw new Error(opened.error.message)
    const target = await openTarget(opened.value, { runId: runId('r1') })
    if (!target.ok) throw new Error(target.error.message)
    const integrate = ungatedQueue(opened.value, target.value)
    const { base } = target.value
    const shallow = { ...origin, dir: clone }
    await integrate({ candidate: commitOn(shallow, base, { 'a.txt': 'a\n' }), base, message })
    const landed = await integrate({ candidate: commitOn(shallow, base, { 'b.txt': 'b\n' }), base, message })
    expect(landed.ok).toBe(true)
    expect(origin.gitIn(clone, 'ls-tree', '--name-only', 'autopilot/main')).toBe('README.md\na.txt\nb.txt')
  })

  it('touches no byte of the user’s except refs and objects of its own', async () => {
    const { repo, integrate, base } = await start()
    repo.write('README.md', 'uncommitted\n')
    repo.write('staged.txt', 'staged\n')
    repo.git('add', 'staged.txt')
    const candidates = ['a.txt', 'b.txt'].map((path) => commitOn(repo, base, { [path]: 'x\n' }))
    const before = userBytes(repo.dir)
    for (const candidate of candidates) expect((await integrate({ candidate, base, message })).ok).toBe(true)
    expect(userBytes(repo.dir)).toEqual(before)
  })
})

describe('programs that a repository’s configuration would start', () => {
  it('do not run: hooks, fsmonitor, a merge driver of info/attributes, a signing program', async () => {
    const { repo, repository, integrate, base } = await start({ files: { 'a.txt': '1\n2\n3\n' } })
    const mark = repo.beside('it-ran')
    plant(repo, mark)
    const first = commitOn(repo, base, { 'a.txt': '1\n2\nthree\n' })
    const second = commitOn(repo, base, { 'a.txt': 'one\n2\n3\n' })
    rmSync(mark, { force: true })

    await integrate({ candidate: first, base, message })
    expect((await integrate({ candidate: second, base, message })).ok).toBe(true)
    await changeRefs(repository, [`create ${attemptRef(runId('r1'), taskId('T1'), 1)} ${second}`])
    await repository.dirtyPaths([])
    const again = await openRepository({ dir: repo.dir, env: repo.env })
    expect(again.ok && (await openTarget(again.value, { runId: runId('r2') })).ok).toBe(true)
    expect(existsSync(mark)).toBe(false)

    // The controls: under plain git, each of them does run.
    for (const action of [
      () => repo.git('update-ref', 'refs/heads/other', base),
      () => repo.git('-c', 'core.hooksPath=/dev/null', 'status'),
      () =>
        repo.git(
          ...['core.hooksPath=/dev/null', 'core.fsmonitor=false'].flatMap((each) => ['-c', each]),
          'commit',
          '--allow-empty',
          '-m',
          'signed',
        ),
      () => repo.git('-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', 'merge-tree', first, second),
    ]) {
      rmSync(mark, { force: true })
      try {
        action()
      } catch {
        // A payload has run even if git complains about it.
      }
      expect(existsSync(mark)).toBe(true)
    }
  })
})

/** A candidate by somebody who says who they are, in a repository where nobody is configured. */
function commitOnAs(repo: GitRepo, base: string, path: string): string {
  const who = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@b' }
  return commitOn({ ...repo, env: { ...repo.env, ...who } }, commitId(base), { [path]: 'x\n' })
}

/** Puts a program that leaves a mark into every place of the user's repository from which git would start one. */
function plant(repo: GitRepo, mark: string): void {
  const script = repo.beside('payload')
  writeFileSync(script, `#!/bin/sh\n: > '${mark}'\nexit 1\n`)
  chmodSync(script, 0o755)
  const hooks = join(repo.dir, '.git/hooks')
  mkdirSync(hooks, { recursive: true })
  const hook = `#!/bin/sh\n: > '${mark}'\n`
  for (const name of ['reference-transaction', 'post-commit', 'post-index-change', 'pre-commit']) {
    writeFileSync(join(hooks, name), hook, { mode: 0o755 })
  }
  mkdirSync(join(repo.dir, '.git/info'), { recursive: true })
  writeFileSync(join(repo.dir, '.git/info/attributes'), '*.txt merge=evil\n')
  for (const [key, value] of [
    ['core.fsmonitor', script],
    ['merge.evil.driver', script],
    ['commit.gpgSign', 'true'],
    ['gpg.program', script],
  ] as const) {
    repo.git('config', key, value)
  }
}

describe('a queue with gates', () => {
  const gate = (name: string): Gate => ({ name, run: name, timeoutMs: 1000 })

  /** Candidates that each make a file of their own name come together, behind one that nothing keeps out. */
  async function together(
    names: readonly string[],
    verifier: Partial<MergeQueueParts['verifier']>,
    gateJobs = 1,
    whenFree?: MergeQueueParts['whenFree'],
  ) {
    const { repo, repository, target, base } = await start()
    const told: string[] = []
    const never = () => Promise.reject(new Error('not asked for in this test'))
    const parts = { repository, target, gateJobs, mergeBatch: 16 }
    const integrate = createMergeQueue({
      ...parts,
      ...(whenFree ? { whenFree } : {}),
      verifier: { known: () => undefined, verify: never, verifyAgain: never, ...verifier },
    })
    const send = (name: string, gates: readonly Gate[]) => {
      const candidate = commitOn(repo, base, { [name]: `${name}\n` }, { message: name })
      const of = {
        taskId: taskId(name),
        attempt: 1,
        priority: 0,
        base,
        message: `${name}\n`,
        onJudged: () => undefined,
      }
      return integrate({ ...of, candidate, gates, onGates: () => told.push(name) })
    }
    const ends = names.map((name) => send(name, [gate('lint'), gate('test')]))
    return { repo, target, base, ends: await Promise.allSettled(ends), send, told }
  }

  const subjects = (repo: GitRepo, base: string) =>
    repo.git('log', '--reverse', '--format=%s', `${base}..autopilot/main`).split('\n').filter(Boolean)

  it('judges as many trees at once as there is room for all their gates, and lands in order', async () => {
    const asked: number[] = []
    let atOnce = 0
    const verify: MergeQueueParts['verifier']['verify'] = async () => {
      asked.push(++atOnce)
      await Promise.resolve()
      atOnce--
      return ok(undefined)
    }
    const { repo, base, ends } = await together(['a', 'b', 'c', 'd', 'e'], { verify }, 5)
    // The first alone; then of the four behind it two and all four.
    expect(asked).toEqual([1, 1, 2])
    expect(subjects(repo, base)).toEqual(['a', 'b', 'c', 'd', 'e'])
    const landed = ends.flatMap((end) => (end.status === 'fulfilled' && end.value.ok ? [end.value.value] : []))
    expect(landed.map(({ previous }) => previous)).toEqual([base, ...landed.slice(0, -1).map(({ commit }) => commit)])
  })

  it('builds no batch while other gates have every job, so that candidates that come meanwhile join it', async () => {
    const trees: string[] = []
    const verify: MergeQueueParts['verifier']['verify'] = ({ tree }) => {
      trees.push(tree)
      return Promise.resolve(ok(undefined))
    }
    let isBusy = true
    // The other gate ends when the queue has asked, by when all have come.
    const whenFree = () => (isBusy ? Promise.resolve(void (isBusy = false)) : undefined)
    const { repo, base } = await together(['a', 'b', 'c'], { verify }, 1, whenFree)
    expect(trees).toHaveLength(1)
    expect(subjects(repo, base)).toEqual(['a', 'b', 'c'])
  })

  it('does not wait for a job if no gate needs to run', async () => {
    const whenFree = () => new Promise<void>(() => undefined)
    const verify = () => Promise.resolve(ok(undefined))
    const { send } = await together([], { verify }, 1, whenFree)
    expect((await send('a', [])).ok).toBe(true)
  })

  it('tells each candidate once that its gates run, unless its verdict is known', async () => {
    let run = 0
    const verify = () => Promise.resolve(++run === 2 ? err(failure('gate_failed', 'red')) : ok(undefined))
    const verifyAgain = () => Promise.resolve(ok(undefined))
    const { told } = await together(['a', 'b', 'c'], { verify, verifyAgain })
    expect(told).toEqual(['a', 'b', 'c'])
    expect(run).toBeGreaterThan(2)
    expect((await together(['a', 'b'], { known: () => 'passed', verify })).told).toEqual([])
  })

  it('keeps a whole batch out, without blame, when its tree cannot be judged', async () => {
    const why = failure('infrastructure', 'no disk')
    let run = 0
    const verify = () => Promise.resolve(++run === 1 ? ok(undefined) : err(why))
    const { repo, base, ends } = await together(['a', 'b', 'c'], { verify })
    expect(ends.slice(1)).toEqual([1, 2].map(() => ({ status: 'fulfilled', value: err(why) })))
    expect([run, subjects(repo, base)]).toEqual([2, ['a']])
  })

  it('reports a bug to all who wait, and still serves later candidates', async () => {
    let bugs = 0
    const verify = () => (++bugs === 1 ? Promise.reject(new Error('a bug')) : Promise.resolve(ok(undefined)))
    const { repo, base, ends, send } = await together(['a', 'b'], { verify })
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(subjects(repo, base)).toEqual([])
    expect((await send('c', [gate('test')])).ok).toBe(true)
    expect(subjects(repo, base)).toEqual(['c'])
  })

  it('gives up on a target that somebody moves again and again', async () => {
    const { repo, repository, target, base } = await start()
    let moves = 0
    const integrate = createMergeQueue({
      repository,
      target,
      gateJobs: 1,
      mergeBatch: 16,
      verifier: {
        known: () => undefined,
        verify() {
          const theirs = commitOn(repo, commitId('autopilot/main'), { [`theirs-${++moves}`]: '' })
          repo.git('update-ref', target.ref, theirs)
          return Promise.resolve(ok(undefined))
        },
        verifyAgain: () => Promise.reject(new Error('nothing failed')),
      },
    })
    const of = {
      taskId: taskId('a'),
      attempt: 1,
      priority: 0,
      base,
      message,
      onGates: () => undefined,
      onJudged: () => undefined,
      gates: [gate('test')],
    }
    const end = await integrate({ ...of, candidate: commitOn(repo, base, { a: '' }) })
    expect(end).toMatchObject(err({ kind: 'infrastructure' }))
    expect(moves).toBe(8)
  })
})
