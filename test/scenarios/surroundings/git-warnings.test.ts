// Warnings about the user's own git settings.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gitWarnings } from '../../../src/app/ground/git-warnings.js'
import { openRepository } from '../../../src/workspace/repository/repository.js'
import { createGitRepo, type GitRepo } from '../../support/scenes/git-repo.js'

async function said(change: (repo: GitRepo) => void, env: Readonly<Record<string, string>> = {}) {
  const repo = createGitRepo({ files: { 'README.md': 'hello\n' } })
  try {
    change(repo)
    const opened = await openRepository({ dir: repo.dir, env: repo.env })
    if (!opened.ok) throw new Error(opened.error.message)
    return await gitWarnings(opened.value, env)
  } finally {
    repo.remove()
  }
}

test('in a repository with commit hooks or signatures, one warning says that neither applies to what lands', async () => {
  const hook = (repo: GitRepo, path: string) => repo.write(path, '#!/bin/sh\n', { executable: true })
  const config = (repo: GitRepo, text: string) => appendFileSync(join(repo.home, '.gitconfig'), text)
  const both = (repo: GitRepo) => {
    hook(repo, '.husky/commit-msg')
    repo.git('config', 'core.hooksPath', '.husky')
    config(repo, '[commit]\n\tgpgSign = true\n')
  }
  expect(await said((repo) => hook(repo, '.git/hooks/pre-commit'))).toEqual([
    'commits that land: your commit hooks (pre-commit) do not run; put what hooks check under gates:',
  ])
  expect(await said(both)).toEqual([
    'commits that land: your commit hooks (commit-msg) do not run, and they are not signed; put what hooks check under gates:',
  ])
  expect(await said((repo) => repo.write('.git/hooks/pre-commit', 'not executable\n'))).toEqual([])
})

test('a hook that only calls Git LFS causes no such warning', async () => {
  const installed =
    '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 "git-lfs is missing"; exit 2; }\ngit lfs post-commit "$@"\n'
  const hook = (text: string) => (repo: GitRepo) => repo.write('.git/hooks/post-commit', text, { executable: true })
  expect(await said(hook(installed))).toEqual([])
  expect(await said(hook(`${installed}npm run lint\n`))).toHaveLength(1)
})

test('GIT_DIR and GIT_WORK_TREE are ignored, which is reported', async () => {
  expect(await said(() => undefined, { GIT_DIR: '/dots', GIT_WORK_TREE: '/home' })).toEqual([
    'ignored: GIT_DIR, GIT_WORK_TREE; autopilot uses the repository around the directory (-C)',
  ])
})
