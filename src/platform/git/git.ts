import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Environment } from '../../domain/process/environment.js'
import { ok, type Result } from '../../domain/result.js'
import { gitEnvironment, userEnvironment, type EnvironmentOptions, type GitPlace } from './git-environment.js'
import type { GitFailure } from './git-failure.js'
import { startGitChild, type GitCommand } from './git-process.js'
import { runGit, type RunOptions } from './run-git.js'

export type { GitPlace } from './git-environment.js'

/**
 * The one door to git. Every call names its git directory, so that no `.git` an agent wrote is ever discovered, and
 * carries overrides for everything in a configuration that could start a program.
 */
export interface GitOptions extends EnvironmentOptions, RunOptions, Pick<GitCommand, 'input' | 'signal'> {}

/** Runs one git command and gives its stdout as bytes; stdout beyond 256 MiB is an error, never a growing heap. */
export function gitBytes(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<Buffer, GitFailure>> {
  return runGit({ ...placed(place, args, options), ...options }, options)
}

/**
 * git as the user would run it in `dir`: it finds the repository itself and reads the user's whole configuration. Only
 * for `rev-parse` and `config --list` before the first agent starts: they start no program of a configuration.
 */
export function gitAsUser(
  dir: string,
  args: readonly string[],
  user: Environment,
): Promise<Result<Buffer, GitFailure>> {
  return runGit({ cwd: dir, environment: userEnvironment(user), args }, {})
}

/**
 * Like {@link gitBytes}, as text without the final line break. For output that is ids or messages, not file content. Where
 * git prints a single id, the caller says of what.
 */
export async function git<Printed extends string = string>(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<Printed, GitFailure>> {
  const result = await gitBytes(place, args, options)
  return result.ok ? ok(result.value.toString('utf8').replace(/\n$/, '') as Printed) : result
}

/** Starts one git command that reads its stdin as it goes; see `git-session.ts`. */
export function startGit(
  place: GitPlace,
  args: readonly string[],
  options: EnvironmentOptions = {},
): ChildProcessWithoutNullStreams {
  return startGitChild(placed(place, args, options))
}

function placed(place: GitPlace, args: readonly string[], options: EnvironmentOptions): GitCommand {
  // git may run filters that look at their directory; never one that an agent can write to by chance.
  return { cwd: place.workTree ?? '/', environment: gitEnvironment(place, options), args }
}
