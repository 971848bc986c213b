import { expect, onTestFinished, test } from 'vitest'
import { createGitRepo } from '../../../support/scenes/git-repo.js'
import { createRig } from '../../../support/rigs/workspace-rig.js'

test.each([
  ['lib', false],
  ['lib/src', false],
  ['vendor', false],
  ['library', true],
])('link: %s beside submodules lib and vendor/dep is taken: %s', async (path, taken) => {
  const repo = createGitRepo()
  onTestFinished(repo.remove)
  const head = repo.git('rev-parse', 'HEAD')
  for (const name of ['lib', 'vendor/dep']) repo.git('update-index', '--add', '--cacheinfo', `160000,${head},${name}`)
  repo.git('commit', '-q', '-m', 'submodules')
  for (const name of ['lib/src/f', 'vendor/dep/f', 'library/f']) repo.write(name, '')
  const { workspaces, base } = await createRig({ repo, link: [path] })
  const prepared = await workspaces.prepare(base)
  expect(prepared.ok).toBe(taken)
  if (!prepared.ok) expect(prepared.error.message).toMatch(/^link: .* submodule of yours, .* or from setup:/)
})
