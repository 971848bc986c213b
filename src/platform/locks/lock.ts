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
import { bootId, isThere, isZombie, pidNamespace, startOf } from '../processes/table/process-identity.js'

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  readonly since: EpochMs
  /**
   * Its last sign of life; absent for a holder whose process exists. If present, the holder is on another machine or
   * in another container, and silent.
   */
  readonly silentSince?: EpochMs
  /** Where it works, as in {@link LockOptions.place}. */
  readonly place?: string | undefined
}

/** Gives a lock back. */
export type ReleaseLock = () => Promise<void>

export interface LockOptions {
  /** Where the holder works, for whoever finds the lock taken: several work trees share one lock. */
  readonly place?: string
  /** Also takes the lock from a holder on another host, if that one is silent. */
  readonly takeOver?: boolean
  /** Called once when the lock turns out to be another's, or gone: the former holder must stop. */
  readonly onLost?: () => void
  /** How often a holder shows a sign of life, ms. */
  readonly beatMs?: number
  /**
   * After this time without a sign of life, ms, an unobservable holder counts as silent; far longer than an event loop
   * stalls.
   */
  readonly silentMs?: number
}

const stamp = z.object({
  pid: z.number(),
  host: z.string(),
  since: z.custom<EpochMs>(isMoment),
  /** The machine's boot and the process's start time: a reused pid is another process. */
  boot: z.string(),
  start: z.string(),
  /** Containers count pids separately. Absent in locks of earlier versions. */
  namespace: z.optional(z.string()),
  place: z.optional(z.string()),
})

type LockStamp = z.infer<typeof stamp>

/** Several processes may wait at a stale lock; one at a time gets through the guard. */
const tries = 20
const pauseMs = 10

const defaultBeatMs = 2_000
const defaultSilentMs = 20_000

/**
 * Takes a lock that a crash can't leave behind: `link` creates it, and only one process can; whoever first holds a
 * guard next to it replaces a dead holder's lock. A stopped process still holds its lock.
 *
 * On a shared disk, a holder in another container or on another machine can't be observed, so it shows a sign of life
 * by rewriting its lock. A silent holder may only be frozen, or cut off from the disk, so its lock is taken only on
 * request, unless it has the same host name (a machine or container that was restarted). If such a holder comes back,
 * it finds its lock gone and is told. Source: a storm of eight processes on a stale lock, 105 rounds, never two
 * holders.
 */
export async function takeLock(path: string, options: LockOptions = {}): Promise<Result<ReleaseLock, LockHolder>> {
  await makeDirectory(dirname(path))
  // Another container may have another process with this pid.
  const own = `${path}.${process.pid}-${randomBytes(3).toString('hex')}`
  const mine = JSON.stringify(await ownStamp(options.place))
  await writeFile(own, mine, { mode: 0o600 })
  // The file that is linked or renamed to the lock, whatever is at its path later.
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
interface LockClaim {
  readonly own: string
  /** The time by the clock of the lock's disk. */
  readonly now: () => Promise<EpochMs>
}

async function win(claim: LockClaim, path: string, options: LockOptions): Promise<Result<void, LockHolder>> {
  const { silentMs = defaultSilentMs } = options
  const silence = (lock: string) => () => silenceOf(lock, claim.now, silentMs)
  for (let round = 0; round < tries; round++) {
    if (await tryLink(claim.own, path)) return ok(undefined)
    const holder = await readStamp(path)
    const liveness = holder && (await livenessOf(holder, silence(path)))
    if (holder && liveness?.type === 'alive') return err(holder)
    if (holder && liveness?.type === 'silent' && options.takeOver !== true && holder.host !== hostname())
      return err({ ...holder, silentSince: liveness.since })
    if (await replace(claim.own, { path, expected: holder }, silence)) return ok(undefined)
    await delay(pauseMs)
  }
  return err((await readStamp(path)) ?? { pid: 0, host: hostname(), since: realClock.now() })
}

/** Whether it is known from here that a holder lives or is dead, or else whether it shows a sign of life. */
type Liveness =
  { readonly type: 'alive' } | { readonly type: 'dead' } | { readonly type: 'silent'; readonly since: EpochMs }

/** `silence`: since when an unobservable holder has shown no sign of life; undefined while it shows one. */
async function livenessOf(holder: LockStamp, silence: () => Promise<EpochMs | undefined>): Promise<Liveness> {
  const { pid, host, boot, start, namespace } = holder
  if (host === hostname() && boot === (await bootId()) && [undefined, pidNamespace()].includes(namespace))
    return !isThere(pid) || start !== startOf(pid) || isZombie(pid) ? { type: 'dead' } : { type: 'alive' }
  const since = await silence()
  return since === undefined ? { type: 'alive' } : { type: 'silent', since }
}

/** Waits until a lock has been silent long enough, or its holder shows a sign of life. Uses only the disk's clock. */
async function silenceOf(path: string, clock: LockClaim['now'], silentMs: number): Promise<EpochMs | undefined> {
  const first = await beatAt(path)
  const began = realClock.monotonic()
  for (;;) {
    const last = await beatAt(path)
    if (last !== first) return undefined
    const now = await clock()
    // The disk's clock may have been set, so the time spent waiting counts, too.
    if (last === undefined || msBetween(last, now) >= silentMs || msBetween(began, realClock.monotonic()) >= silentMs)
      return last ?? now
    await delay(silentMs / 16 + pauseMs)
  }
}

/** When a lock was last written, by its disk's clock; undefined if there is none. */
async function beatAt(path: string): Promise<EpochMs | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs as EpochMs | undefined
}

/** Writes signs of life until the lock is given back, or turns out to be another's. */
function hold(
  file: FileHandle,
  { path, mine }: { readonly path: string; readonly mine: string },
  { beatMs = defaultBeatMs, onLost }: LockOptions,
): ReleaseLock {
  const isMine = async () => (await readFile(path, 'utf8')) === mine
  const beat = async () => {
    // Writes to the file that was taken: whoever has replaced it since has another file.
    await file.write(mine, 0).catch(() => file.utimes(new Date(), new Date()).catch(() => undefined))
    // A temporary read error, such as a lack of descriptors, doesn't mean that the lock is lost.
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

/** A plain `mkdir` first: on a read-only disk, Node's recursive one reports ENOENT instead of the reason. */
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
 * Who holds a lock right now; undefined if nobody does, or only a process that is gone. Writes nothing and waits for
 * nothing: this machine's clock decides whether a remote holder is silent.
 */
export async function readLockHolder(
  path: string,
  { silentMs = defaultSilentMs }: LockOptions = {},
): Promise<LockHolder | undefined> {
  const holder = await readStamp(path)
  if (!holder) return undefined
  const liveness = await livenessOf(holder, async () => {
    const last = await beatAt(path)
    return last !== undefined && msBetween(last, realClock.now()) >= silentMs ? last : undefined
  })
  if (liveness.type === 'dead') return undefined
  return liveness.type === 'silent' ? { ...holder, silentSince: liveness.since } : holder
}

/** Replaces the lock of a dead or silent holder, under a guard that only one process can hold. */
async function replace(
  own: string,
  { path, expected }: { readonly path: string; readonly expected: LockStamp | undefined },
  silence: (path: string) => () => Promise<EpochMs | undefined>,
): Promise<boolean> {
  const guard = `${path}.guard`
  if (!(await tryLink(own, guard))) {
    const guardian = await readStamp(guard)
    const liveness = guardian && (await livenessOf(guardian, silence(guard)))
    if (liveness && liveness.type !== 'alive') await rm(guard, { force: true })
    return false
  }
  try {
    const holder = await readStamp(path)
    // Somebody was faster: check again. If nothing is there by now, only a link guarantees one winner.
    if (JSON.stringify(holder) !== JSON.stringify(expected) || (await beatAt(path)) === undefined) return false
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

/** Undefined if there is none, or if it isn't a lock: then it counts as dead. */
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
