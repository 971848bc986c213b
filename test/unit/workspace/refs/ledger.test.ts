import type { RunId } from '../../../../src/domain/brand.js'
import { expect, onTestFinished, test } from 'vitest'
import { commitId, runId, taskId } from '../../../support/brands.js'
import type { LedgerRef } from '../../../../src/domain/run/ledger.js'
import type { GitPlace } from '../../../../src/platform/git/git.js'
import { taskTrailerValue } from '../../../../src/domain/roadmap/task-trailer.js'
import { formatGitFailure } from '../../../../src/platform/git/git-failure.js'
import { attemptRef, baseRef } from '../../../../src/workspace/refs/ref-name.js'
import { deleteRefs, readLedger } from '../../../../src/workspace/refs/ledger.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { createGitRepo, type GitRepoOptions } from '../../../support/scenes/git-repo.js'

const run = runId('20260101-000000-aaaa')

function stage(options: GitRepoOptions = {}) {
  const repo = createGitRepo(options)
  onTestFinished(repo.remove)
  const base = repo.git('rev-parse', 'HEAD')
  repo.git('update-ref', baseRef(run), base)
  const user = { gitDir: `${repo.dir}/.git` }
  return {
    repo,
    base,
    user,
    /** A commit with the trailers of an attempt. */
    commit: (parent: string, task: string, attempt: number, content = task) =>
      commitOn(repo, commitId(parent), { [`${attempt}.txt`]: content }, { message: message(task, attempt) }),
    keep: (commit: string, task: string, attempt: number, suffix = '') => {
      const ref = `${attemptRef(run, taskId(task), attempt)}${suffix}`
      repo.git('update-ref', ref, commit)
      return ref
    },
    /** The entries of the ledger, by ref. */
    standings: async () => Object.fromEntries((await entries(user)).map((one) => [one.ref, one.standing.type])),
  }
}

function message(task: string, attempt: number): string {
  return `Some work\n\nAutopilot-Task: ${taskTrailerValue(taskId(task))}\nAutopilot-Run: ${run}\nAutopilot-Attempt: ${attempt}\n`
}

async function entries(user: GitPlace, of?: RunId): Promise<readonly LedgerRef[]> {
  const read = await readLedger(user, of)
  if (!read.ok) throw new Error(formatGitFailure(read.error))
  return read.value
}

for (const objectFormat of ['sha1', 'sha256'] as const) {
  test(`an attempt has landed when a commit on a branch names it in its trailers (${objectFormat})`, async () => {
    const { repo, base, commit, keep, standings } = stage({ objectFormat })
    const candidate = keep(commit(base, 'T 1', 2, 'as the agent left it'), 'T 1', 2)
    const other = keep(commit(base, 'T 1', 1), 'T 1', 1)
    repo.git('branch', 'autopilot/main', commit(base, 'T 1', 2, 'as it was merged'))
    expect(await standings()).toEqual({ [candidate]: 'landed', [other]: 'only_here', [baseRef(run)]: 'on_branch' })
  })
}

test('an attempt has landed, too, when the id of its task cannot stand in a trailer as it is', async () => {
  const { repo, base, commit, keep, standings } = stage()
  const candidate = keep(commit(base, 'T\u00a01', 1, 'as the agent left it'), 'T\u00a01', 1)
  repo.git('branch', 'autopilot/main', commit(base, 'T\u00a01', 1, 'as it was merged'))
  expect((await standings())[candidate]).toBe('landed')
})

test('an attempt has landed, too, when a person has rebased the target or taken it over and deleted it', async () => {
  const { repo, base, commit, keep, standings } = stage()
  const candidate = keep(commit(base, 'T1', 1, 'x'), 'T1', 1)
  repo.git('branch', 'autopilot/main', commit(base, 'T1', 1, 'y'))
  repo.commit('meanwhile')
  repo.git('checkout', '-q', 'autopilot/main')
  repo.git('rebase', '-q', 'main')
  repo.git('checkout', '-q', 'main')
  expect((await standings())[candidate]).toBe('landed')
  repo.git('merge', '-q', '--no-ff', '-m', 'take over', 'autopilot/main')
  repo.git('branch', '-q', '-D', 'autopilot/main')
  expect((await standings())[candidate]).toBe('landed')
})

test('an attempt has not landed when the target is gone and nothing else leads there', async () => {
  const { repo, base, commit, keep, standings } = stage()
  const landed = commit(base, 'T1', 1)
  const candidate = keep(landed, 'T1', 1)
  repo.git('branch', 'autopilot/main', landed)
  repo.git('update-ref', baseRef(runId('20260102-000000-bbbb')), landed)
  repo.git('branch', '-D', 'autopilot/main')
  expect(await standings()).toMatchObject({
    [candidate]: 'only_here',
    [baseRef(runId('20260102-000000-bbbb'))]: 'only_here',
  })
})

test('a stash beside a landed attempt is nowhere else; a branch that a person has merged is', async () => {
  const { repo, base, commit, keep, standings } = stage()
  const landed = commit(base, 'T1', 1)
  keep(landed, 'T1', 1)
  const stash = keep(commitOn(repo, commitId(base), { s: 's' }), 'T1', 1, '-stash')
  const side = commitOn(repo, commitId(base), { b: 'b' })
  const branch = keep(side, 'T1', 1, '-branch-side-12345678')
  repo.git('branch', 'autopilot/main', landed)
  repo.git('branch', 'mine', side)
  expect(await standings()).toMatchObject({ [stash]: 'only_here', [branch]: 'on_branch' })
})

test('trailers that stand anywhere but at the end, or name another run, do not count', async () => {
  const { repo, base, keep, commit, standings } = stage()
  const candidate = keep(commit(base, 'T1', 1), 'T1', 1)
  const quoted = commitOn(repo, commitId(base), { q: 'q' }, { message: `${message('T1', 1)}\nAs I said above.\n` })
  const foreign = message('T1', 1).replace(run, '20260102-000000-bbbb')
  repo.git('branch', 'b', commitOn(repo, quoted, { f: 'f' }, { message: foreign }))
  expect((await standings())[candidate]).toBe('only_here')
})

test('refs that autopilot does not make are not in the ledger: other names, symbolic ones, tags of trees', async () => {
  const { repo, base, standings } = stage()
  repo.git('update-ref', 'refs/autopilot/mine', base)
  repo.git('update-ref', 'refs/autopilot/notes/t/1', base)
  repo.git('update-ref', `refs/autopilot/${run}/T1/x`, base)
  repo.git('symbolic-ref', attemptRef(run, taskId('T1'), 1), 'refs/heads/main')
  repo.git('update-ref', attemptRef(run, taskId('T2'), 1), repo.git('rev-parse', 'HEAD^{tree}'))
  expect(await standings()).toEqual({ [baseRef(run)]: 'on_branch' })
})

test('one run can be asked for alone', async () => {
  const { repo, base, user } = stage()
  repo.git('update-ref', baseRef(runId('20260102-000000-bbbb')), base)
  expect((await entries(user, run)).map(({ ref }) => ref)).toEqual([baseRef(run)])
})

test('refs are deleted all or none: if one has moved meanwhile, all stay', async () => {
  const { repo, base, user, commit, keep } = stage()
  const refs = [keep(commit(base, 'T1', 1), 'T1', 1), keep(commit(base, 'T2', 1), 'T2', 1)]
  const before = await entries(user)
  const moved = commit(base, 'T2', 1, 'moved')
  repo.git('update-ref', refs[1]!, moved)
  expect((await deleteRefs(user, before)).ok).toBe(false)
  expect(repo.git('rev-parse', ...refs).split('\n')).toEqual([before.find(({ ref }) => ref === refs[0])!.commit, moved])
  expect((await deleteRefs(user, await entries(user))).ok).toBe(true)
  expect(repo.git('for-each-ref', 'refs/autopilot')).toBe('')
})

test('a ref that became symbolic meanwhile does not take the branch with it', async () => {
  const { repo, base, user, keep } = stage()
  const ref = keep(base, 'T1', 1)
  const before = await entries(user)
  repo.git('symbolic-ref', ref, 'refs/heads/main')
  await deleteRefs(user, before)
  expect(repo.git('rev-parse', 'refs/heads/main')).toBe(base)
})
