import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { readAtOnce } from '../../platform/files/at-once.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { isWithin, joinNul, onDisk, splitNul, type GitPath } from '../git-path.js'
import { readUntrusted } from './untrusted-file.js'
import { indexFileOf, withExcludes, workspacePlace, type Workspace, agentObjects } from '../workspace.js'
import { notReadable } from './git-failed.js'

/** What an index says about a path: its mode as octal text and the id of its content. */
export interface IndexEntry {
  readonly mode: string
  readonly oid: string
}

/** An entry of an agent's index. */
export interface AgentEntry extends IndexEntry {
  /** The agent's git was told that the file should not exist: a sparse checkout. */
  readonly isSkipped: boolean
  /** A conflict stopped there; the entry is that of one side. */
  readonly isUnmerged: boolean
}

/** What the agent's git tracks, if its index has changed since the start. */
export type AgentIndex = ReadonlyMap<GitPath, AgentEntry> | 'untouched'

/** Two million entries fit. */
const maxIndexBytes = 256 * 1024 * 1024

/**
 * Reads the agent's index as data: a copy of it, in a git directory made only for that. Call it before the trusted
 * index changes, because it is compared with that; it costs a process only if the agent's git wrote the index.
 */
export async function readAgentIndex(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<AgentIndex, Failure>> {
  const path = join(workspace.root, '.git', 'index')
  // A `.git` that is a link was refused earlier; a missing one has no index.
  const theirs = readUntrusted(path, maxIndexBytes)
  if (!theirs.ok) return unreadable(`.git/index ${theirs.error.reason}`)
  if (!theirs.value) return ok('untouched')
  const given = readAtOnce(indexFileOf(workspace))
  if (given?.equals(theirs.value)) return ok('untouched')
  const copy = await copyIndex(repository, workspace, theirs.value)
  if (!copy.ok) return copy
  const listed = await gitBytes(copy.value, ['ls-files', '--cached', '--stage', '-t', '-z'])
  await rm(copy.value.gitDir, { recursive: true, force: true })
  if (listed.ok) return ok(parseEntries(splitNul(listed.value)))
  return notReadable('The agent left an unreadable index', listed.error, ['.git/index'])
}

/**
 * A git directory that contains nothing but the index and its split part, because git looks for that next to it. What
 * a sparse index names is among the agent's objects.
 */
async function copyIndex(
  { trusted }: Repository,
  workspace: Workspace,
  index: Buffer,
): Promise<Result<GitPlace, Failure>> {
  const gitDir = join(workspace.stateDir, 'agent-index')
  const theirs = join(workspace.root, '.git')
  await rm(gitDir, { recursive: true, force: true })
  await mkdir(join(gitDir, 'refs'), { recursive: true, mode: 0o700 })
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(gitDir, 'config'), await readFile(join(trusted.gitDir, 'config')))
  await writeFile(join(gitDir, 'index'), index, { mode: 0o600 })
  const shared = (await readdir(theirs)).filter((name) => sharedIndex.test(name)).slice(0, maxShared)
  for (const name of shared) {
    const content = readUntrusted(join(theirs, name), maxIndexBytes)
    if (!content.ok) return unreadable(`.git/${name} ${content.error.reason}`)
    if (content.value) await writeFile(join(gitDir, name), content.value, { mode: 0o600 })
  }
  return ok({ ...trusted, gitDir, indexFile: join(gitDir, 'index'), alternates: [agentObjects(workspace)] })
}

/** Source: git's Documentation/git-update-index, "Split index": the older ones are removed after two weeks. */
const sharedIndex = /^sharedindex\.[0-9a-f]{40,64}$/
const maxShared = 100

/** `<tag> <mode> <oid> <stage>\t<path>`; tag `S` is skip-worktree. Source: git-ls-files(1), `-t` and `--stage`. */
function parseEntries(records: readonly string[]): Map<GitPath, AgentEntry> {
  const entries = new Map<GitPath, AgentEntry>()
  for (const record of records) {
    const tab = record.indexOf('\t')
    const [tag, mode = '', oid = '', stage] = record.slice(0, tab).split(' ')
    entries.set(record.slice(tab + 1), { mode, oid, isSkipped: tag === 'S', isUnmerged: stage !== '0' })
  }
  return entries
}

/** The entries of the trusted index. */
export async function ownEntries(place: GitPlace): Promise<Result<Map<GitPath, IndexEntry>, GitFailure>> {
  const listed = await gitBytes(place, ['ls-files', '--cached', '--stage', '-t', '-z'])
  return listed.ok ? ok(parseEntries(splitNul(listed.value))) : listed
}

function unreadable(reason: string): { readonly ok: false; readonly error: Failure } {
  return err(failure('collect', `The agent left an unreadable index: ${reason}`, { paths: ['.git/index'] }))
}

/**
 * Brings into the trusted index what only the agent's index says about ignored files: those that it added by force,
 * and, with `drop`, those that it stopped tracking. The content comes from the work tree.
 */
export async function followAgentIndex(
  repository: Repository,
  workspace: Workspace,
  theirs: ReadonlyMap<GitPath, AgentEntry>,
  drop: boolean,
): Promise<Result<void, GitFailure>> {
  const place = workspacePlace(repository, workspace)
  const listed = await gitBytes(place, ['ls-files', '--cached', '-z'])
  if (!listed.ok) return listed
  const ours = new Set(splitNul(listed.value))
  const forced = await present(
    workspace,
    [...theirs.keys()].filter((path) => !ours.has(path)),
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
  theirs: ReadonlyMap<GitPath, AgentEntry>,
): Promise<Result<void, GitFailure>> {
  const place = workspacePlace(repository, workspace)
  const args = withExcludes(workspace, ['ls-files', '--cached', '--ignored', '--exclude-standard', '-z'])
  const ignored = await gitBytes(place, args)
  if (!ignored.ok) return ignored
  return forget(
    place,
    splitNul(ignored.value).filter((path) => !theirs.has(path)),
  )
}

/** Removes paths from an index; the work tree stays as it is. */
export async function forget(place: GitPlace, paths: readonly GitPath[]): Promise<Result<void, GitFailure>> {
  if (paths.length === 0) return ok(undefined)
  const removed = await git(place, ['update-index', '--force-remove', '-z', '--stdin'], { input: joinNul(paths) })
  return removed.ok ? ok(undefined) : removed
}

/** Those that exist as files or links, not behind a link, and not furnished. */
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
