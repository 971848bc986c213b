import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { CommitId } from '../domain/brand.js'
import { failure, type Failure } from '../domain/agent/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'
import { lookAtOnce, orNothing } from '../platform/files/at-once.js'
import type { GitPlace } from '../platform/git/git.js'
import type { Repository } from './contract.js'
import type { GitPath } from './git-path.js'

/**
 * Files that setup left in the work tree and git doesn't ignore: for each path its `mode oid` as git would record it.
 */
export type Leavings = ReadonlyMap<GitPath, string>

/** What is known about a workspace's last setup. */
export interface SetUp {
  /** The commit that it ran at. */
  readonly at: CommitId
  /** All of its results may stay, so the cleaning of the workspace removes none of them. */
  readonly survives: boolean
  /** It changed files of the commit; the next checkout restores them. */
  readonly changedFiles: boolean
  /** The kept paths that existed after it had run; with `keep: auto`, its results, which have a fingerprint. */
  readonly kept: readonly GitPath[]
}

/** A work tree of autopilot's, with its trusted state. One attempt at a time works in it. */
export interface Workspace {
  /** Counts from 1 within the run. */
  readonly number: number
  /** Absolute path of the work tree; the agent may do what it likes to its `.git`. */
  readonly root: string
  /** Absolute path of a directory next to the trusted git directory that no agent knows about: index files. */
  readonly stateDir: string
  /** Device and inode of `root` at its creation: another directory in its place isn't this workspace. */
  readonly identity: string
  /** The directory that it was in, by {@link homeIdentity}. */
  readonly home: string | undefined
  /** Paths that the configuration copies, links or keeps; never collected. */
  readonly furnished: readonly GitPath[]
  /** Those of them that the cleaning between attempts leaves alone. */
  readonly kept: readonly GitPath[]
  /** The commit it stands at. */
  commit: CommitId
  /** Something in it is older than its last use, and may be stale. */
  holdsOlder?: boolean
  /** Its kept files have misled a gate: another workspace takes its place. */
  isDistrusted?: true
  leavings: Leavings
  /** Absent where no setup has run. */
  setUp?: SetUp
  /** Untracked paths that setup made. */
  setupPaths: readonly GitPath[]
  state: 'prepared' | 'leased' | 'free' | 'kept' | 'removed'
}

/** The trusted git directory for this work tree, with an index file that the agent never sees. */
export function workspacePlace(repository: Repository, workspace: Workspace): GitPlace {
  return { ...repository.trusted, workTree: workspace.root, indexFile: indexFileOf(workspace) }
}

export function indexFileOf(workspace: Workspace): string {
  return join(workspace.stateDir, 'index')
}

/** Where the fingerprint of setup's results is. */
export function fingerprintFile(workspace: Pick<Workspace, 'stateDir'>): string {
  return join(workspace.stateDir, 'fingerprint')
}

/** The user's refs that its git was given, in the form of `packed-refs`; empty if there are none. */
export function givenRefsFile(workspace: Pick<Workspace, 'stateDir'>): string {
  return join(workspace.stateDir, 'given-refs')
}

/** Device and inode of a directory; undefined for anything else, including a symbolic link to one. */
export function directoryIdentity(path: string): string | undefined {
  const stats = lookAtOnce(path)
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined
}

/** The same for a directory that autopilot may have created again meanwhile, with a reused inode number. */
export function homeIdentity(path: string): string | undefined {
  const stats = lookAtOnce(path)
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`
}

/**
 * Arguments for a git command that reads ignore rules: furnished paths count as ignored, so their content never even
 * becomes an object of the user's repository.
 */
export function withExcludes(workspace: Workspace, args: readonly string[]): string[] {
  const excludes =
    workspace.furnished.length > 0 ? ['-c', `core.excludesFile=${join(workspace.stateDir, 'excludes')}`] : []
  return [...excludes, ...args]
}

/** Paths that come and go because the user says so: autopilot neither collects nor judges their content. */
export function exemptPaths({ furnished, setupPaths }: Workspace): GitPath[] {
  return [...furnished, ...setupPaths]
}

/** Runs steps on the file system; an exception becomes a failure of autopilot's own, such as a full disk. */
export async function onFileSystem<Value>(step: string, action: () => Promise<Value>): Promise<Result<Value, Failure>> {
  try {
    return ok(await action())
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException
    return err(failure('infrastructure', `${step} failed: ${cleanLine(message, 300)}`))
  }
}

/**
 * Checked before git or a removal touches the workspace: an agent may have replaced it with a link to the user's tree.
 */
export function checkInPlace({ root, identity }: Workspace): Result<void, Failure> {
  const isSame = directoryIdentity(root) === identity && orNothing(() => realpathSync.native(root)) === root
  if (isSame) return ok(undefined)
  return err(failure('collect', 'Its workspace was removed or replaced; autopilot touched nothing in it.'))
}

/** Where the agent's git wrote its objects. */
export function agentObjects(workspace: Workspace): string {
  return join(workspace.root, '.git', 'objects')
}
