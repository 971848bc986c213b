import { onTestFinished } from 'vitest'
import type { Repository } from '../../../src/workspace/contract.js'
import { openRepository } from '../../../src/workspace/repository/repository.js'
import { createGitRepo, type GitRepo, type GitRepoOptions } from './git-repo.js'

/** A repository that goes away with the test. */
export function gitRepo(options?: GitRepoOptions): GitRepo {
  const repo = createGitRepo(options)
  onTestFinished(repo.remove)
  return repo
}

/** Opens a repository as a run does; a refusal fails the test. */
export async function openRepo(repo: GitRepo, dir = repo.dir): Promise<Repository> {
  const found = await openRepository({ dir, env: repo.env })
  if (!found.ok) throw new Error(found.error.message)
  return found.value
}
