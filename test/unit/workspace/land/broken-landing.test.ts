import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { finishLanding, noteLanding } from '../../../../src/workspace/land/broken-landing.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

/** What a run leaves behind that is killed after moving index and files and before moving the branch. */
async function broken(repo: GitRepo) {
  const [from, ref] = [commitId(repo.git('rev-parse', 'HEAD')), 'refs/heads/main'] as const
  const to = commitOn(repo, from, { 'new.txt': 'new\n' })
  await noteLanding(await openRepo(repo), { ref, from, to })
  repo.git('read-tree', '-m', '-u', from, to)
  return { from, to }
}

const note = (repo: GitRepo) => existsSync(join(repo.dir, '.git/autopilot/landing'))

it('a landing that was broken off is completed, once', async () => {
  const repo = gitRepo()
  const { to } = await broken(repo)
  expect(await finishLanding(await openRepo(repo))).toBe(true)
  expect([repo.git('rev-parse', 'HEAD'), repo.git('status', '--porcelain'), note(repo)]).toEqual([to, '', false])
  expect(await finishLanding(await openRepo(repo))).toBe(false)
})

it('edits that a person made beside it stay as they are', async () => {
  const repo = gitRepo()
  const { to } = await broken(repo)
  repo.write('README.md', 'mine\n')
  repo.git('add', 'README.md')
  expect(await finishLanding(await openRepo(repo))).toBe(true)
  expect([repo.git('rev-parse', 'HEAD'), repo.git('status', '--porcelain')]).toEqual([to, 'M  README.md'])
})

const meanwhile: Readonly<Record<string, (repo: GitRepo) => unknown>> = {
  committed: (repo) => repo.commit('all of it'),
  'reset the index': (repo) => repo.git('reset', '-q', '--hard'),
  'switched to another branch': (repo) => repo.git('switch', '-q', '-c', 'other'),
}
it.each(Object.entries(meanwhile))('it is forgotten if the person has %s', async (_, action) => {
  const repo = gitRepo()
  await broken(repo)
  action(repo)
  const before = repo.git('rev-parse', 'HEAD', 'main')
  expect(await finishLanding(await openRepo(repo))).toBe(false)
  expect([repo.git('rev-parse', 'HEAD', 'main'), note(repo)]).toEqual([before, false])
})
