import { err } from '../../domain/result.js'
import { formatGitFailure, type GitFailure } from '../../platform/git/git-failure.js'
import type { RepositoryRefusal, RefusalCode } from '../contract.js'

/** A refusal as the failed half of a result. */
export function refuse(code: RefusalCode, message: string, help: string) {
  return err<RepositoryRefusal>({ code, message, help })
}

/** git could not do something that it can in every sound repository. */
export function refuseGit(failed: GitFailure) {
  return refuse('git_failed', formatGitFailure(failed), gitHelp(failed))
}

/** What to do about a git that failed: look at its configuration where git says that it cannot read it. */
export function gitHelp({ stderr }: GitFailure): string {
  // Source: git's config.c, such as "bad config line 3 in file …", "bad boolean config value", "unknown error occurred while
  // reading the configuration files", and "unable to access '/home/me/.gitconfig'".
  if (/\bbad (\w+ )?config\b|configuration files?\b|unable to access '[^']*config'/.test(stderr))
    return "Fix git's configuration where git says, then check it: git config --list"
  return 'Check the repository: git fsck --connectivity-only'
}
