import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { gitBytes } from '../../platform/git/git.js'
import { forget, type AgentIndex } from '../git/agent-index.js'
import { ownExcludes } from '../prepare/arm.js'
import type { Repository } from '../contract.js'
import { splitNul, type GitPath } from '../git-path.js'
import { absentMode, type Change } from '../git/index-changes.js'
import { readUntrusted } from '../git/untrusted-file.js'
import { workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

const maxExcludeBytes = 1024 * 1024

/**
 * New files that the agent hid from its git with its own rules in `.git/info/exclude`: plain git would leave them out,
 * so they are removed from the trusted index again. What its git tracks anyway stays. Costs no process while the file
 * is unchanged.
 *
 * @returns the paths that were removed
 */
export async function leaveOutHidden(
  repository: Repository,
  workspace: Workspace,
  agentIndex: AgentIndex,
  changes: readonly Change[],
): Promise<Result<readonly GitPath[], Failure>> {
  const rules = readRules(repository, workspace)
  if (!rules.ok || rules.value === undefined) return rules.ok ? ok([]) : rules
  const added = new Set(changes.filter(({ oldMode }) => oldMode === absentMode).map(({ path }) => path))
  if (added.size === 0) return ok([])
  const place = workspacePlace(repository, workspace)
  const file = join(workspace.stateDir, 'agent-exclude')
  await writeFile(file, rules.value, { mode: 0o600 })
  const matched = await gitBytes(place, ['ls-files', '--cached', '--ignored', `--exclude-from=${file}`, '-z'])
  await rm(file, { force: true })
  if (!matched.ok) return gitFailed(matched.error)
  const isTracked = (path: GitPath) => agentIndex !== 'untouched' && agentIndex.has(path)
  const hidden = splitNul(matched.value).filter((path) => added.has(path) && !isTracked(path))
  const forgotten = await forget(place, hidden)
  return forgotten.ok ? ok(hidden) : gitFailed(forgotten.error)
}

/** The agent's rules; undefined if they are those that it was given. */
function readRules(repository: Repository, workspace: Workspace): Result<Buffer | undefined, Failure> {
  const path = join(workspace.root, '.git', 'info', 'exclude')
  const theirs = readUntrusted(path, maxExcludeBytes)
  if (!theirs.ok) {
    // A part of the way is not a directory: then git has no such rules, either.
    if (theirs.error.reason.includes('ENOTDIR')) return ok(undefined)
    const message = `The agent left unreadable rules: .git/info/exclude ${theirs.error.reason}`
    return err(failure('collect', message, { paths: ['.git/info/exclude'] }))
  }
  if (!theirs.value) return ok(undefined)
  const given = ownExcludes(repository, workspace)
  return ok(theirs.value.equals(Buffer.from(given, 'latin1')) ? undefined : theirs.value)
}
