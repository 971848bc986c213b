import { lstat, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { git, gitBytes, type GitFailure } from '../platform/git.js'
import type { Repository } from './contract.js'
import { isWithin, joinNul, onDisk, splitNul, type GitPath } from './git-path.js'
import { notReadable } from './merge.js'
import { readUntrusted } from './untrusted-file.js'
import { indexFileOf, withExcludes, workspacePlace, type Workspace } from './workspace.js'

/** The paths that the agent's git tracks, where its index is no longer the one it was given. */
export type AgentIndex = ReadonlySet<GitPath> | 'untouched'

/** Two million entries fit. */
const maxIndexBytes = 256 * 1024 * 1024

/**
 * Reads the agent's index as data: a copy of it, under the trusted git directory. To be called before the trusted index
 * changes, which it is compared with; costs a process only when the agent's git wrote it.
 */
export async function readAgentIndex(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<AgentIndex, Failure>> {
  const path = join(workspace.root, '.git', 'index')
  // A `.git` that is a link was refused before; one that is gone has no index.
  const theirs = await readUntrusted(path, maxIndexBytes)
  if (!theirs.ok) return unreadable(`.git/index ${theirs.error.reason}`)
  if (!theirs.value) return ok('untouched')
  const given = await readFile(indexFileOf(workspace)).catch(() => undefined)
  if (given?.equals(theirs.value)) return ok('untouched')
  const copy = join(workspace.stateDir, 'agent-index')
  await writeFile(copy, theirs.value, { mode: 0o600 })
  const listed = await gitBytes({ ...repository.trusted, indexFile: copy }, ['ls-files', '--cached', '-z'])
  await rm(copy, { force: true })
  if (listed.ok) return ok(new Set(splitNul(listed.value)))
  return notReadable('The agent left an index that cannot be read', listed.error, ['.git/index'])
}

function unreadable(reason: string): { readonly ok: false; readonly error: Failure } {
  return err(failure('collect', `The agent left an index that cannot be read: ${reason}`, { paths: ['.git/index'] }))
}

/**
 * Brings into the trusted index what only the agent's index tells: files that are ignored and that it added by force,
 * and, where `drop` is set, ignored files that it stopped tracking. The content is that of the work tree.
 */
export async function followAgentIndex(
  repository: Repository,
  workspace: Workspace,
  theirs: ReadonlySet<GitPath>,
  drop: boolean,
): Promise<Result<void, GitFailure>> {
  const place = workspacePlace(repository, workspace)
  const listed = await gitBytes(place, ['ls-files', '--cached', '-z'])
  if (!listed.ok) return listed
  const ours = new Set(splitNul(listed.value))
  const forced = await present(
    workspace,
    [...theirs].filter((path) => !ours.has(path)),
  )
  if (forced.length > 0) {
    const args = ['add', '-f', '--pathspec-from-file=-', '--pathspec-file-nul']
    const added = await git(place, args, { input: joinNul(forced) })
    if (!added.ok) return added
  }
  const dropped = [...ours].some((path) => !theirs.has(path))
  return drop && dropped ? dropIgnored(repository, workspace, theirs) : ok(undefined)
}

async function dropIgnored(
  repository: Repository,
  workspace: Workspace,
  theirs: ReadonlySet<GitPath>,
): Promise<Result<void, GitFailure>> {
  const place = workspacePlace(repository, workspace)
  const args = withExcludes(workspace, ['ls-files', '--cached', '--ignored', '--exclude-standard', '-z'])
  const ignored = await gitBytes(place, args)
  if (!ignored.ok) return ignored
  const untracked = splitNul(ignored.value).filter((path) => !theirs.has(path))
  if (untracked.length === 0) return ok(undefined)
  const removed = await git(place, ['update-index', '--force-remove', '-z', '--stdin'], { input: joinNul(untracked) })
  return removed.ok ? ok(undefined) : removed
}

/** Those that are there as files or links, not behind a link, and not furnished. */
async function present(workspace: Workspace, paths: readonly GitPath[]): Promise<GitPath[]> {
  const found: GitPath[] = []
  for (const path of paths) {
    if (isWithin(path, workspace.furnished)) continue
    const stats = await lstat(onDisk(workspace.root, path)).catch(() => undefined)
    if (stats && (stats.isFile() || stats.isSymbolicLink()) && (await reallyBelow(workspace.root, path)))
      found.push(path)
  }
  return found
}

async function reallyBelow(root: string, path: GitPath): Promise<boolean> {
  const names = path.split('/')
  for (let depth = 1; depth < names.length; depth++) {
    const stats = await lstat(onDisk(root, names.slice(0, depth).join('/'))).catch(() => undefined)
    if (!stats?.isDirectory()) return false
  }
  return true
}
