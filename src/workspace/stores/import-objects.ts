import { lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { alternatesOf } from './filter-stores.js'
import { listUntrusted, type Unreadable } from '../git/untrusted-file.js'
import { agentObjects, type Workspace } from '../workspace.js'
import { notReadable } from '../git/git-failed.js'

/** Far more than an attempt makes; a fetch of some big history isn't copied into the user's repository. */
const maxFiles = 200_000

/**
 * Below this number, objects are written loose, so that a run doesn't leave a pack for each attempt. Source: git's
 * `fetch.unpackLimit`.
 */
const unpackLimit = 100

/**
 * Whether the agent's git wrote any object. Makes the store safe to read as an alternate: only files and directories,
 * and no list of further stores or of commits except the one that autopilot wrote.
 */
export function inspectStore(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<'empty' | 'filled', Unreadable>> {
  return inspectObjects(agentObjects(workspace), alternatesOf(repository))
}

/** Like {@link inspectStore}, for any store that an agent's git wrote, besides the objects that it was given. */
export async function inspectObjects(store: string, given: string): Promise<Result<'empty' | 'filled', Unreadable>> {
  const top = await lstat(store).catch(() => undefined)
  if (!top) return ok('empty')
  if (!top.isDirectory()) return err({ path: store, reason: 'is not a directory' })
  const names = await readdir(store)
  const packs = await lstat(join(store, 'pack')).catch(() => undefined)
  const packed = packs?.isDirectory() ? await readdir(join(store, 'pack')) : packs ? ['?'] : []
  if (packed.length === 0 && names.every((name) => name === 'pack' || name === 'info')) return ok('empty')
  await rm(join(store, 'info'), { recursive: true, force: true })
  const files = listUntrusted(store, maxFiles)
  if (!files.ok) return files
  await mkdir(join(store, 'info'), { mode: 0o700 })
  await writeFile(join(store, 'info', 'alternates'), `${given}\n`)
  return ok('filled')
}

/** The user's objects together with the agent's, under trusted configuration. Reads both, writes the user's. */
export function importPlace({ trusted }: Repository, workspace: Workspace): GitPlace {
  return { ...trusted, alternates: [agentObjects(workspace)] }
}

/** The commits in the agent's store, including those on no ref. */
export function agentCommits(repository: Repository, workspace: Workspace): Promise<Result<string[], GitFailure>> {
  return commitsIn(repository.trusted, agentObjects(workspace), alternatesOf(repository))
}

/** Like {@link agentCommits}, for any store in which {@link inspectObjects} has found objects. */
export async function commitsIn(
  trusted: GitPlace,
  store: string,
  given: string,
): Promise<Result<string[], GitFailure>> {
  // Without the list of further stores, git would show the user's objects too; the list is restored at once.
  const alternates = join(store, 'info', 'alternates')
  await rm(alternates, { force: true })
  const args = ['cat-file', '--batch-all-objects', '--unordered', '--batch-check=%(objecttype) %(objectname)']
  const listed = await git({ ...trusted, objectDir: store }, args)
  await writeFile(alternates, `${given}\n`)
  if (!listed.ok) return listed
  const lines = listed.value.split('\n').filter((line) => line.startsWith('commit '))
  return ok(lines.map((line) => line.slice('commit '.length)))
}

/** Copies everything that these commits need and the base lacks into the user's objects, and checks every object. */
export async function importCommits(
  repository: Repository,
  workspace: Workspace,
  commits: readonly CommitId[],
  base: CommitId,
): Promise<Result<void, Failure>> {
  const input = `${commits.join('\n')}\n^${base}\n`
  return copyObjects(repository, workspace, ['--revs', '--thin'], input)
}

/** Copies the content of files that the agent's git only staged. Refuses anything else. */
export async function importBlobs(
  repository: Repository,
  workspace: Workspace,
  oids: readonly string[],
): Promise<Result<void, Failure>> {
  const input = `${[...new Set(oids)].join('\n')}\n`
  if (oids.length === 0) return ok(undefined)
  const place = importPlace(repository, workspace)
  const types = await git(place, ['cat-file', '--batch-check=%(objecttype) %(objectname)'], { input })
  if (!types.ok) return refused(types.error)
  const other = types.value.split('\n').find((line) => !line.startsWith('blob '))
  if (other !== undefined)
    return err(failure('collect', `What the agent had staged is missing: ${cleanLine(other, 100)}`))
  return copyObjects(repository, workspace, [], input)
}

async function copyObjects(
  repository: Repository,
  workspace: Workspace,
  options: readonly string[],
  input: string,
): Promise<Result<void, Failure>> {
  const args = ['pack-objects', ...options, '--stdout', '--delta-base-offset', '-q']
  const pack = await gitBytes(importPlace(repository, workspace), args, { input })
  if (!pack.ok) return refused(pack.error)
  // Source: gitformat-pack, "PACK", a version and the number of objects, four bytes each.
  const count = pack.value.readUInt32BE(8)
  const reader =
    count < unpackLimit ? ['unpack-objects', '-q', '--strict'] : ['index-pack', '--stdin', '--fix-thin', '--strict']
  const read = await git(repository.trusted, reader, { input: pack.value })
  return read.ok ? ok(undefined) : refused(read.error)
}

function refused(error: GitFailure): { readonly ok: false; readonly error: Failure } {
  return notReadable("The agent's commits could not be read", error)
}
