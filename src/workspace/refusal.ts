import { err } from '../domain/result.js'
import { formatGitFailure, type GitFailure } from '../platform/git.js'
import type { Refusal, RefusalCode } from './contract.js'

/** A refusal as the failed half of a result. */
export function refuse(code: RefusalCode, message: string, help: string) {
  return err<Refusal>({ code, message, help })
}

/** git could not do something that it can in every sound repository. */
export function refuseGit(failed: GitFailure) {
  return refuse('git_failed', formatGitFailure(failed), 'Check the repository: git fsck --connectivity-only')
}
