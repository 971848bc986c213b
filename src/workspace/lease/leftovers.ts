import { lstat, readdir, realpath, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { Leftover } from '../../domain/run/ledger.js'
import { isRunId } from '../../domain/name.js'
import { err, ok, type Result } from '../../domain/result.js'
import { removeTree } from '../../platform/processes/remove-tree.js'
import { clearBerths, leaveBerth, overlaps, useOfBerth } from './berths.js'
import { runOfDirectory, workspaceNumber } from '../home.js'
import { ownerFile, ownerOf } from './owner.js'
import { onFileSystem } from '../workspace.js'

/** Where directories of past runs may lie. */
export interface LeftoverPlaces {
  /** Directories for workspaces of this repository; each need not exist. */
  readonly homes: readonly string[]
  /** The user's work tree, which nothing that is removed may touch. */
  readonly root: string
  readonly commonDir: string
}

/** How a run names the directory of its gates' workspaces. */
const gatesSuffix = '-gates'

/**
 * The directories that runs left behind, of one run or of all. Only names that autopilot gives, only real directories:
 * a symbolic link is neither followed nor listed.
 */
export async function findLeftovers(places: LeftoverPlaces, runId?: RunId): Promise<readonly Leftover[]> {
  const found: Leftover[] = []
  let hasUnowned = false
  for (const home of await resolved(places.homes)) {
    for (const { run, kind, path } of await runDirectories(home)) {
      const numbered = (await directories(path)).filter((name) => workspaceNumber(name) !== undefined)
      hasUnowned ||= run === undefined && numbered.length > 0
      if (runId !== undefined && run !== runId) continue
      const whose = run === undefined ? { holds: `its run is unknown: ${join(path, ownerFile)} does not name one` } : {}
      found.push(...numbered.map((name) => ({ path: join(path, name), runId: run, kind, ...whose })))
    }
  }
  for (const { run, kind, path } of await runDirectories(await notesHome(places.commonDir))) {
    if (run === undefined || (runId !== undefined && run !== runId)) continue
    // It may be this run's work, which only these notes let it take up again.
    const needed = hasUnowned && kind === 'workspace' ? { holds: neededPerhaps } : {}
    found.push({ path, runId: run, kind: 'notes', ...needed })
  }
  return found
}

async function notesHome(commonDir: string): Promise<string> {
  return join(await realpath(commonDir), 'autopilot', 'workspaces')
}

/** The user's cache may lie behind a link, but the directory of this repository in it is autopilot's own. */
async function resolved(homes: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    homes.map(async (home) => {
      const around = await realpath(dirname(home)).catch(() => undefined)
      return around === undefined ? [] : [join(around, basename(home))]
    }),
  )
  return new Set(found.flat())
}

const neededPerhaps = 'there is a workspace whose run is unknown'

/** The directories of runs: those that bear a run's name, and berths, which say whose they are; unless nobody can tell. */
async function runDirectories(home: string) {
  const found: { readonly run: RunId | undefined; readonly path: string; readonly kind: 'gate' | 'workspace' }[] = []
  for (const name of await directories(home)) {
    const path = join(home, name)
    const berth = useOfBerth(name)
    const isGates = berth === undefined ? name.endsWith(gatesSuffix) : berth === 'gates'
    const named = runOfDirectory(isGates ? name.slice(0, -gatesSuffix.length) : name)
    const run = berth === undefined ? named : await knownOwner(path)
    if (run === undefined && berth === undefined) continue
    found.push({ run, path, kind: isGates ? 'gate' : 'workspace' })
  }
  return found
}

async function knownOwner(berth: string): Promise<RunId | undefined> {
  const owner = await ownerOf(berth)
  return owner !== undefined && isRunId(owner) ? owner : undefined
}

/** Names of the real directories right below a directory that is reached without a symbolic link. */
async function directories(path: string): Promise<readonly string[]> {
  if ((await realpath(path).catch(() => undefined)) !== path) return []
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Removes one, and the directories around it that are empty then. What is not as it was found is left alone. */
export async function removeLeftover(places: LeftoverPlaces, leftover: Leftover): Promise<Result<void, Failure>> {
  const removed = await onFileSystem(`Removing ${leftover.path}`, async () => {
    if (!(await isSafe(places, leftover))) return false
    await removeTree(leftover.path)
    const around = dirname(leftover.path)
    if (leftover.kind !== 'notes') {
      // Not empty when something is left in them.
      if (useOfBerth(basename(around)) !== undefined) await leaveBerth(around, await ownerOf(around))
      else await rmdir(around).catch(() => undefined)
      await rmdir(dirname(around)).catch(() => undefined)
    }
    return true
  })
  if (!removed.ok) return removed
  return removed.value ? ok(undefined) : err(failure('infrastructure', `${leftover.path} is not safe to remove.`))
}

/** Removes the directories for workspaces of this repository that have none in them. */
export async function removeEmptyHomes({ homes }: LeftoverPlaces): Promise<void> {
  for (const home of await resolved(homes)) {
    await clearBerths(home)
    await rmdir(home).catch(() => undefined)
  }
}

/** On resolved paths: a directory where autopilot puts such ones, that neither is nor holds anything of the user's. */
async function isSafe(places: LeftoverPlaces, { path, runId, kind }: Leftover): Promise<boolean> {
  const stats = await lstat(path)
  if (!stats.isDirectory() || (await realpath(path)) !== path) return false
  if (kind === 'notes') return dirname(path) === (await notesHome(places.commonDir))
  const isOthers = useOfBerth(basename(dirname(path))) !== undefined && (await knownOwner(dirname(path))) !== runId
  if (isOthers) return false
  const users = [await realpath(places.root), await realpath(places.commonDir)]
  const homes = await resolved(places.homes)
  return homes.has(dirname(dirname(path))) && !users.some((one) => overlaps(path, one))
}

/**
 * Of the paths of a run's workspaces, those that are still directories, and not another run's: a later one may have come to
 * the same path.
 */
export async function stillThere(paths: readonly string[], runId: RunId): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const isThere = (await lstat(path).catch(() => undefined))?.isDirectory() === true
      return isThere && [runId, undefined].includes(await ownerOf(dirname(path)))
    }),
  )
  return new Set(paths.filter((_, index) => found[index]))
}
