import { dirname, resolve } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import type { Answer } from '../../domain/run/control.js'
import type { Environment } from '../../domain/process/environment.js'
import { listRuns } from '../../journal/runs.js'
import { readLockHolder, type LockHolder } from '../../platform/locks/lock.js'
import { askLine } from '../../platform/sockets/ask-line.js'
import { isPrivateSocket } from '../../platform/sockets/socket-directory.js'
import { locate, plainLocation } from '../ground/location.js'
import { ownActor } from './own-actor.js'
import { readAnswer, writeMessage } from './messages.js'
import { knownSockets, socketOf } from './run-socket.js'

/** A run that is at work, and where it can be reached. */
export interface ReachableRun extends Omit<Extract<Answer, { type: 'here' }>, 'type'> {
  readonly socket: string
}

/** What was found out about the runs that may be meant. */
export interface FoundRuns {
  readonly runs: readonly ReachableRun[]
  /** Runs whose socket is there, but does not answer. */
  readonly silent: readonly string[]
  /** All runs that are known here, the newest first. */
  readonly known: readonly RunId[]
  /** Who holds the lock here, if anybody does. */
  readonly holder: LockHolder | undefined
}

/** How long a run may take to say who it is, ms: longer than an event loop is busy. */
const helloMs = 10_000

/**
 * Finds the runs at work that somebody in this directory may mean: those of its repository, whichever of its work trees
 * they were started in, or of the directory itself; or the one with this id, wherever it works.
 */
export async function findRuns(directory: string, wanted: string | undefined, env: Environment): Promise<FoundRuns> {
  const here = resolve(directory)
  const located = await locate(here, env)
  const places = [...(located.ok ? [located.value] : []), plainLocation(here)]
  const holders = await Promise.all(places.map(({ lock }) => readLockHolder(lock)))
  const holder = holders.find((one) => one !== undefined)
  const roots = [...places.map(({ root }) => root), ...holders.flatMap((one) => one?.place ?? [])]
  const known = await listRuns(roots)
  const told = await Promise.all(
    known.map(async ({ id, journal }) => ({ run: id, path: await socketOf(dirname(journal)) })),
  )
  const isNamed = ({ run }: { readonly run: string }) => wanted === undefined || run === wanted
  const byRecords = await Promise.all(told.filter(isNamed).map(ask))
  // The records may be gone, such as by `git clean -fdx`. Of other sockets nothing is known but a run's name.
  const isFound = byRecords.some(({ found, isSilent }) => found !== undefined || isSilent)
  const byName = isFound ? [] : await Promise.all((await knownSockets(env)).filter(isNamed).map(ask))
  const locks = new Set(places.map(({ lock }) => lock))
  const isMeant = ({ run, lock, root }: ReachableRun) =>
    wanted === undefined ? locks.has(lock) || roots.includes(root) : run === wanted
  return {
    runs: [...byRecords, ...byName].flatMap(({ found }) => (found && isMeant(found) ? [found] : [])),
    silent: [...byRecords, ...(wanted === undefined ? [] : byName)].flatMap(({ run, isSilent }) =>
      isSilent ? [run] : [],
    ),
    known: known.map(({ id }) => id),
    holder,
  }
}

async function ask({ run, path }: { readonly run: string; readonly path: string | undefined }) {
  return { run, ...(path === undefined ? { isSilent: false } : await whoIs(path)) }
}

async function whoIs(socket: string): Promise<{ readonly found?: ReachableRun; readonly isSilent: boolean }> {
  // Nobody else may answer for a run.
  if (!(await isPrivateSocket(socket))) return { isSilent: false }
  const line = await askLine(socket, writeMessage({ type: 'hello' }, ownActor('command')), { patienceMs: helloMs })
  if (!line.ok) return { isSilent: line.error === 'silent' }
  const answer = readAnswer(line.value)
  if (answer?.type !== 'here') return { isSilent: false }
  const { run, pid, root, lock } = answer
  return { found: { run, pid, root, lock, socket }, isSilent: false }
}
