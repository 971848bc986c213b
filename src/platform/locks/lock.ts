import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod/mini'
import type { EpochMs } from '../../domain/brand.js'
import { isMoment, msBetween } from '../../domain/clock.js'
import { err, ok, type Result } from '../../domain/result.js'
import { realClock } from '../clock.js'
import { bootId, isThere, isZombie, pidNamespace, startOf } from '../processes/process-identity.js'

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  readonly since: EpochMs
  /**
   * When it was last seen to beat; absent for a holder whose process is there. Then it is on another machine or in another
   * container, and gives no sign of life any more.
   */
  readonly silentSince?: EpochMs
  /** Where it works, as {@link LockOptions.place} said. */
  readonly place?: string | undefined
}

/** Gives a lock back. */
export type ReleaseLock = () => Promise<void>

export interface LockOptions {
  /** Where the holder works, for whoever finds the lock taken: several work trees share one. */
  readonly place?: string
  /** Takes the lock also from a holder on another host, if that gives no sign of life. */
  readonly takeOver?: boolean
  /** Called once when the lock is found to be another's, or gone: whoever had it must stop. */
  readonly onLost?: () => void
  /** How often a holder gives a sign of life, ms. */
  readonly beatMs?: number
  /** A holder that cannot be looked at is silent when it gave none for so long, ms: far longer than a loop stands still. */
  readonly silentMs?: number
}

const stamp = z.object({
  pid: z.number(),
  host: z.string(),
  since: z.custom<EpochMs>(isMoment),
  /** The machine's boot and the process's start: a pid that was given out again is another process. */
  boot: z.string(),
  start: z.string(),
  /** Containers count their pids for themselves. Absent in the locks of earlier versions. */
  namespace: z.optional(z.string()),
  place: z.optional(z.string()),
})

type LockStamp = z.infer<typeof stamp>

/** Several may wait at a stale lock at once; one of them gets through the guard each time. */
const tries = 20
const pauseMs = 10

const defaultBeatMs = 2_000
const defaultSilentMs = 20_000

/**
 * Takes a lock that a crash cannot leave behind: `link` makes it, which only one can do; a dead holder's is replaced
 * by whoever first holds a guard beside it. A stopped process still holds its lock.
 *
 * A holder in another container or on another machine, for a shared disk, cannot be looked at: it gives a sign of life by
 * writing its lock again and again. One that is silent may only be frozen, or cut off from the disk; so its lock is taken
 * only when asked for, unless it bears the same host's name (a machine or container that was started again). Should such a
 * holder come back, it finds its lock gone and is told.
 * Source: a storm of eight processes on a stale lock, 105 rounds, never two holders.
 */
export async function takeLock(path: string, options: LockOptions = {}): Promise<Result<ReleaseLock, LockHolder>> {
  await makeDirectory(dirname(path))
  // In another container there may be another of this pid.
  const own = `${path}.${process.pid}-${randomBytes(3).toString('hex')}`
  const mine = JSON.stringify(await ownStamp(options.place))
  await writeFile(own, mine, { mode: 0o600 })
  // The file that is linked or renamed to the lock, whatever lies at its path later.
  const file = await open(own, 'r+')
  let isTaken = false
  try {
    const now = async () => {
      await file.write(mine, 0)
      return (await file.stat()).mtimeMs as EpochMs
    }
    const taken = await win({ own, now }, path, options)
    isTaken = taken.ok
    return isTaken ? ok(hold(file, { path, mine }, options)) : (taken as Result<never, LockHolder>)
  } finally {
    await rm(own, { force: true })
    if (!isTaken) await file.close()
  }
}

/** What is to become the lock. */
interface Candidate {
  readonly own: string
  /** The time by the clock of the disk that the lock lies on. */
  readonly now: () => Promise<EpochMs>
}

async function win(candidate: Candidate, path: string, options: LockOptions): Promise<Result<void, LockHolder>> {
  const { silentMs = defaultSilentMs } = options
  const silence = (of: string) => () => silenceOf(of, candidate.now, silentMs)
  for (let round = 0; round < tries; round++) {
    if (await tryLink(candidate.own, path)) return ok(undefined)
    const holder = await readStamp(path)
    const standing = holder && (await standingOf(holder, silence(path)))
    if (holder && standing?.type === 'alive') return err(holder)
    if (holder && standing?.type === 'silent' && options.takeOver !== true && holder.host !== hostname())
      return err({ ...holder, silentSince: standing.since })
    if (await replace(candidate.own, { path, found: holder }, silence)) return ok(undefined)
    await delay(pauseMs)
  }
  return err((await readStamp(path)) ?? { pid: 0, host: hostname(), since: realClock.now() })
}

/** Whether a holder can be known to live or to be dead from here, or else whether it gives a sign of life. */
type Standing =
  { readonly type: 'alive' } | { readonly type: 'dead' } | { readonly type: 'silent'; readonly since: EpochMs }

/** `silence`: since when a holder that cannot be looked at has given no sign of life; undefined while it does. */
async function standingOf(holder: LockStamp, silence: () => Promise<EpochMs | undefined>): Promise<Standing> {
  const { pid, host, boot, start, namespace } = holder
  if (host === hostname() && boot === (await bootId()) && [undefined, pidNamespace()].includes(namespace))
    return !isThere(pid) || start !== startOf(pid) || isZombie(pid) ? { type: 'dead' } : { type: 'alive' }
  const since = await silence()
  return since === undefined ? { type: 'alive' } : { type: 'silent', since }
}

/** Waits until a lock has been silent for long enough, or its holder gives a sign of life. By the disk's clock alone. */
async function silenceOf(path: string, clock: Candidate['now'], silentMs: number): Promise<EpochMs | undefined> {
  const first = await beatAt(path)
  const began = realClock.monotonic()
  for (;;) {
    const last = await beatAt(path)
    if (last !== first) return undefined
    const now = await clock()
    // The disk's clock may have been set: what has been waited counts, too.
    if (last === undefined || msBetween(last, now) >= silentMs || msBetween(began, realClock.monotonic()) >= silentMs)
      return last ?? now
    await delay(silentMs / 16 + pauseMs)
  }
}

/** When a lock was written last, by the clock of the disk it lies on; undefined when there is none. */
async function beatAt(path: string): Promise<EpochMs | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs as EpochMs | undefined
}

/** Beats until the lock is given back, or found to be another's. */
function hold(
  file: FileHandle,
  { path, mine }: { readonly path: string; readonly mine: string },
  { beatMs = defaultBeatMs, onLost }: LockOptions,
): ReleaseLock {
  const isMine = async () => (await readFile(path, 'utf8')) === mine
  const beat = async () => {
    // Into the file that was taken: whoever has replaced it since has another.
    await file.write(mine, 0).catch(() => file.utimes(new Date(), new Date()).catch(() => undefined))
    // What cannot be read now, with no descriptor left say, is not lost for that.
    const lost = await isMine().then(
      (stands) => !stands,
      (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT',
    )
    if (!lost) return
    clearInterval(timer)
    onLost?.()
  }
  let beating: Promise<void> | undefined
  const timer = setInterval(() => {
    beating ??= beat().finally(() => (beating = undefined))
  }, beatMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await beating
    await file.close()
    if (await isMine().catch(() => false)) await rm(path, { force: true })
  }
}

/** Plain first: on a read-only disk, Node's recursive `mkdir` says that nothing is there instead of why. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') await mkdir(path, { recursive: true, mode: 0o700 })
    else if (code !== 'EEXIST') throw error
  }
}

/**
 * Who holds a lock at this moment; undefined when nobody does, or only a process that is gone. Writes nothing and waits for
 * nothing: whether one elsewhere is silent is told by this machine's clock.
 */
export async function readLockHolder(
  path: string,
  { silentMs = defaultSilentMs }: LockOptions = {},
): Promise<LockHolder | undefined> {
  const holder = await readStamp(path)
  if (!holder) return undefined
  const standing = await standingOf(holder, async () => {
    const last = await beatAt(path)
    return last !== undefined && msBetween(last, realClock.now()) >= silentMs ? last : undefined
  })
  if (standing.type === 'dead') return undefined
  return standing.type === 'silent' ? { ...holder, silentSince: standing.since } : holder
}

/** Replaces the lock of a holder that was found dead or silent, under a guard that only one can hold. */
async function replace(
  own: string,
  { path, found }: { readonly path: string; readonly found: LockStamp | undefined },
  silence: (path: string) => () => Promise<EpochMs | undefined>,
): Promise<boolean> {
  const guard = `${path}.guard`
  if (!(await tryLink(own, guard))) {
    const guardian = await readStamp(guard)
    const standing = guardian && (await standingOf(guardian, silence(guard)))
    if (standing && standing.type !== 'alive') await rm(guard, { force: true })
    return false
  }
  try {
    const holder = await readStamp(path)
    // Somebody was quicker: it is looked at anew. Where nothing lies by now, only a link keeps to one winner.
    if (JSON.stringify(holder) !== JSON.stringify(found) || (await beatAt(path)) === undefined) return false
    await rename(own, path)
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined when there is none, or when what is there is not one: then it is as good as dead. */
async function readStamp(path: string): Promise<LockStamp | undefined> {
  try {
    return stamp.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch {
    return undefined
  }
}

async function ownStamp(place: string | undefined): Promise<LockStamp> {
  const { pid } = process
  const [boot, namespace] = [await bootId(), pidNamespace()]
  return {
    pid,
    host: hostname(),
    since: realClock.now(),
    boot,
    start: startOf(pid),
    namespace,
    ...(place === undefined ? {} : { place }),
  }
}
