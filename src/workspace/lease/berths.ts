import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { digestOf } from '../../platform/files/digest.js'
import { readWhole } from '../../platform/files/read-whole.js'
import { syncDirectory } from '../../platform/files/sync-directory.js'
import { contains, runDirectory, workspaceNumber } from '../home.js'
import { ownerFile, ownerOf, writeOwner } from './owner.js'
import { onFileSystem } from '../workspace.js'

/**
 * A numbered directory for the workspaces of one run. It takes the lowest free number, so a run has the same paths as
 * the one before it, unless that one still needs them.
 */
export interface Berth {
  /** Absolute and resolved. */
  readonly dir: string
  /** Prefix of each workspace's number. It is unique, because tools name things after the last part of a path. */
  readonly prefix: string
}

/** What works in a berth; gates have their own berths. */
export type BerthUse = 'agents' | 'gates'

export interface BerthsOptions {
  /** Absolute path of the directory for this repository's workspaces; created if absent, 0700. */
  readonly home: string
  readonly use: BerthUse
  readonly runId: RunId
  /** The user's work tree and git directory: the directory may not be in them or around them. */
  readonly root: string
  readonly commonDir: string
  /** Other places where the run's berths may be, from an earlier configuration. */
  readonly homes?: readonly string[]
  /** Where the run had its workspaces before this version resumed it. */
  readonly former?: readonly string[]
  /** {@link placeOf} awaits this before it uses a berth. */
  readonly onTaken?: (place: string) => Promise<void>
  /** Awaited before another run may have it. */
  readonly onLeft?: (place: string) => Promise<void>
}

/** The berths of one run and one use. */
export interface Berths {
  /** The run's berth. It is taken on first use, and again if it was removed. */
  readonly take: () => Promise<Result<Berth, Failure>>
  /** Whether the run's workspaces may be in a directory: it is the run's, or not known to be another's. */
  readonly mayHold: (dir: string) => Promise<boolean>
  /** Gives back the berths that contain no workspace any more. */
  readonly leave: () => Promise<void>
}

const suffixes: Readonly<Record<BerthUse, string>> = { agents: '', gates: '-gates' }

/** What works in the berth of that name; undefined if nothing does. */
export function useOfBerth(name: string): BerthUse | undefined {
  const [, suffix] = /^[1-9]\d{0,5}(|-gates)$/.exec(name) ?? []
  return suffix === undefined ? undefined : suffix === '' ? 'agents' : 'gates'
}

/** The last two parts of a berth's path. */
export function placeOf(dir: string): string {
  return join(basename(dirname(dir)), basename(dir))
}

export function openBerths(options: BerthsOptions): Berths {
  const { use, runId, root, commonDir, former = [], homes = [] } = options
  const used = new Set<string>()
  let current: Berth | undefined

  const noteUsed = async (dir: string) => {
    if (used.has(dir)) return
    used.add(dir)
    await options.onTaken?.(placeOf(dir))
  }

  const takeOne = async (): Promise<Result<Berth, Failure>> => {
    if (current && (await isAsTaken(current.dir, runId))) return ok(current)
    const taken = await onFileSystem('Creating the directory for workspaces', async () => {
      const refused = await prepareHome(options.home, root)
      if (refused !== undefined) return err(failure('infrastructure', refused))
      const home = await realpath(options.home)
      const dir = (await ownBerths([home], runId)).find((path) => useOfBerth(basename(path)) === use)
      return ok(await named(dir ?? (await claim(home, { use, runId, commonDir })), commonDir))
    })
    if (!taken.ok || !taken.value.ok) return taken.ok ? taken.value : taken
    current = taken.value.value
    await noteUsed(current.dir)
    return ok(current)
  }

  // Several callers may ask at once; one berth is enough for all.
  let last: Promise<unknown> = Promise.resolve()
  const take = () => {
    const taken = last.then(takeOne)
    last = taken
    return taken
  }

  const mayHold = async (dir: string) => {
    const isFormer = (await resolvedOf(former)).has(dir)
    const isBerth = (await resolvedOf([options.home, ...homes])).has(dirname(dir)) && useOfBerth(basename(dir)) === use
    const holds = isFormer || used.has(dir) || (isBerth && [runId, undefined].includes(await ownerOf(dir)))
    if (holds) await noteUsed(dir)
    return holds
  }

  const leave = async () => {
    await last
    for (const dir of new Set([...used, ...(await resolvedOf(former))])) {
      if (await hasNone(dir)) await options.onLeft?.(placeOf(dir))
      if ((await ownerOf(dir)) === runId) await leaveBerth(dir, runId)
      else await rmdir(dir).catch(() => undefined)
      await rmdir(dirname(dir)).catch(() => undefined)
    }
  }

  return { take, mayHold, leave }
}

/** An agent may have replaced it with a link into the user's tree. */
async function isAsTaken(dir: string, runId: RunId): Promise<boolean> {
  const isSame = (await realpath(dir).catch(() => undefined)) === dir
  return isSame && (await ownerOf(dir)) === runId
}

async function resolvedOf(dirs: readonly string[]): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all(dirs.map((dir) => realpath(dir).catch(() => dir))))
}

/** Creates the directory; says why it is unusable: a link, inside the user's tree, or around it. */
async function prepareHome(home: string, root: string): Promise<string | undefined> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  if (!(await lstat(home)).isDirectory()) return `The directory for workspaces, ${home}, is not a directory.`
  return overlaps(await realpath(home), root) ? `Workspaces must not be inside their own work tree: ${home}` : undefined
}

/** Whether one of the two paths is the other or contains it. Both resolved. */
export function overlaps(a: string, b: string): boolean {
  return contains(a, b) || contains(b, a)
}

/** The run's berths in these directories, which need not exist. */
export async function ownBerths(homes: Iterable<string>, runId: RunId): Promise<readonly string[]> {
  const found: string[] = []
  for (const home of homes) {
    const entries = await readdir(home, { withFileTypes: true }).catch(() => [])
    for (const { name } of entries.filter((entry) => entry.isDirectory() && useOfBerth(entry.name) !== undefined))
      if ((await ownerOf(join(home, name))) === runId) found.push(join(home, name))
  }
  return found
}

interface Claimant {
  readonly use: BerthUse
  readonly runId: RunId
  readonly commonDir: string
}

/**
 * Takes the lowest free number: a directory that names its owner moves into place in one step, which fails if
 * something is there. Containers may share the user's cache, with repositories at the same path.
 */
async function claim(home: string, { use, runId, commonDir }: Claimant): Promise<string> {
  const fresh = join(home, `.berth-${randomBytes(4).toString('hex')}`)
  await mkdir(fresh, { mode: 0o700 })
  try {
    await writeOwner(fresh, runId, commonDir)
    await syncDirectory(fresh)
    for (let number = 1; ; number++) {
      const dir = join(home, `${number}${suffixes[use]}`)
      // A rename would replace an empty directory, whoever owns it.
      if (!(await lstat(dir).catch(() => undefined)) && (await moveTo(fresh, dir))) {
        await syncDirectory(home)
        return dir
      }
    }
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined)
    throw error
  }
}

/** False if something is in the way. Source: rename(2). */
async function moveTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return false
    throw error
  }
}

async function named(dir: string, commonDir: string): Promise<Berth> {
  const seed = await seedOf(dirname(dirname(dir)))
  return { dir, prefix: `${digestOf([seed, commonDir, basename(dir)].join('\0')).slice(0, 8)}-` }
}

/**
 * A random word shared by all repositories of one cache, created once. It makes the names of workspaces differ between
 * two containers on one machine whose repositories have the same path.
 */
async function seedOf(cache: string): Promise<string> {
  const path = join(cache, '.seed')
  for (let tries = 0; ; tries++) {
    const bytes = await readWhole(path, 64)
    const text = bytes.ok ? new TextDecoder().decode(bytes.value) : ''
    if (/^[0-9a-f]{16}\n$/.test(text)) return text.trim()
    const fresh = `${path}-${randomBytes(4).toString('hex')}`
    await writeFile(fresh, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
    // An empty file was cut off by a crash.
    const put = tries === 0 ? link(fresh, path) : rename(fresh, path)
    await put
      .catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      })
      .finally(() => rm(fresh, { force: true }))
  }
}

/** Whether no workspace lies in it. */
async function hasNone(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch(() => [])
  return names.every((name) => workspaceNumber(name) === undefined)
}

/**
 * Gives back a berth without a workspace. `owner`: its run; undefined if unknown, and then only a person's `clean` may
 * decide. What agents left next to their workspaces stays under the run's name, without a number.
 */
export async function leaveBerth(dir: string, owner: RunId | undefined): Promise<void> {
  if ((await ownerOf(dir)) !== owner || !(await hasNone(dir))) return
  const home = dirname(dir)
  const others = (await readdir(dir).catch(() => [])).filter((name) => name !== ownerFile)
  if (others.length > 0) {
    const suffix = suffixes[useOfBerth(basename(dir)) ?? 'agents']
    if (owner !== undefined) await moveTo(dir, join(home, runDirectory(owner) + suffix)).catch(() => false)
    return
  }
  // In one step, so that a crash leaves no directory without an owner.
  const gone = join(home, `.berth-${randomBytes(4).toString('hex')}`)
  if (await moveTo(dir, gone).catch(() => false)) await removeEmpty(gone)
}

async function removeEmpty(dir: string): Promise<void> {
  await rm(join(dir, ownerFile), { force: true }).catch(() => undefined)
  await rmdir(dir).catch(() => undefined)
}

/** Removes leftovers of berths in a directory: berths without a workspace, and what a crash left while taking one. */
export async function clearBerths(home: string): Promise<void> {
  const entries = await readdir(home, { withFileTypes: true }).catch(() => [])
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const dir = join(home, name)
    if (useOfBerth(name) !== undefined) await leaveBerth(dir, await ownerOf(dir))
    else if (/^\.berth-[0-9a-f]{8}$/.test(name)) await removeEmpty(dir)
  }
}
