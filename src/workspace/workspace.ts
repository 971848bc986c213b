import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { failure, type Failure } from '../domain/agent/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'
import { lookAtOnce, orNothing } from '../platform/files/at-once.js'
import type { GitPlace } from '../platform/git/git.js'
import type { Repository } from './contract.js'
import type { GitPath } from './git-path.js'

/** What setup left in the work tree that is not ignored: for each path its `mode oid` as git would record it. */
export type Leavings = ReadonlyMap<GitPath, string>

/** What is known of a workspace's last setup. */
export interface SetUp {
  /** The commit that it ran at. */
  readonly at: string
  /** All that it made may stay, so that nothing of it goes when the workspace is cleaned. */
  readonly survives: boolean
  /** It changed files of the commit, which the next checkout puts back. */
  readonly changedFiles: boolean
  /** The kept paths that were there when it had run; with `keep: auto`, what it made, of which there is a fingerprint. */
  readonly kept: readonly GitPath[]
}

/** A work tree of autopilot's, with the trusted state that belongs to it. One attempt at a time works in it. */
export interface Workspace {
  /** Counts from 1 within the run. */
  readonly number: number
  /** Absolute path of the work tree; its `.git` is the agent's to spoil. */
  readonly root: string
  /** Absolute path of a directory beside the trusted git directory that no agent is told of: index files. */
  readonly stateDir: string
  /** Device and inode of `root` when it was made: another directory in its place is not this workspace. */
  readonly identity: string
  /** Which directory it lay in, by {@link homeIdentity}. */
  readonly home: string | undefined
  /** Paths that the configuration has copied, linked or kept; never collected. */
  readonly furnished: readonly GitPath[]
  /** Those of them that outlive the cleaning between attempts, however they are left. */
  readonly kept: readonly GitPath[]
  /** The commit it stands at. */
  commit: string
  /** Something in it is from before its last use, and may be stale. */
  holdsOlder?: boolean
  /** What it keeps has misled a gate: another takes its place. */
  isDistrusted?: true
  leavings: Leavings
  /** Absent where no setup has run. */
  setUp?: SetUp
  /** Untracked paths that setup made. */
  setupPaths: readonly GitPath[]
  state: 'prepared' | 'leased' | 'free' | 'kept' | 'removed'
}

/** The trusted git directory over this work tree, with an index file that the agent never sees. */
export function workspacePlace(repository: Repository, workspace: Workspace): GitPlace {
  return { ...repository.trusted, workTree: workspace.root, indexFile: indexFileOf(workspace) }
}

export function indexFileOf(workspace: Workspace): string {
  return join(workspace.stateDir, 'index')
}

/** Where the fingerprint of what setup made lies. */
export function fingerprintFile(workspace: Pick<Workspace, 'stateDir'>): string {
  return join(workspace.stateDir, 'fingerprint')
}

/** The refs of the user's that its git was given, as its `packed-refs` has them; empty where there are none. */
export function givenRefsFile(workspace: Pick<Workspace, 'stateDir'>): string {
  return join(workspace.stateDir, 'given-refs')
}

/** Device and inode of a directory, undefined when it is anything else, a symbolic link to one included. */
export function directoryIdentity(path: string): string | undefined {
  const stats = lookAtOnce(path)
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined
}

/** The same for a directory that autopilot itself may have made anew meanwhile, in whose place a number may be used again. */
export function homeIdentity(path: string): string | undefined {
  const stats = lookAtOnce(path)
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`
}

/**
 * Arguments in front of a git command that reads ignore rules: furnished paths count as ignored, so that what is in them
 * never even becomes an object of the user's repository.
 */
export function withExcludes(workspace: Workspace, args: readonly string[]): string[] {
  const excludes =
    workspace.furnished.length > 0 ? ['-c', `core.excludesFile=${join(workspace.stateDir, 'excludes')}`] : []
  return [...excludes, ...args]
}

/** Paths that come and go by the user's wish: autopilot neither collects nor judges what is in them. */
export function exemptPaths({ furnished, setupPaths }: Workspace): GitPath[] {
  return [...furnished, ...setupPaths]
}

/** Runs steps on the file system; what it throws is a failure of autopilot's own, such as a full disk. */
export async function onFileSystem<Value>(step: string, deed: () => Promise<Value>): Promise<Result<Value, Failure>> {
  try {
    return ok(await deed())
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException
    return err(failure('infrastructure', `${step} failed: ${cleanLine(message, 300)}`))
  }
}

/**
 * Checked before git or a removal touches the workspace: an agent may have put a link to the user's tree in its place.
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
