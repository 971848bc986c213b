import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod/mini'
import { err, ok, type Result } from '../domain/result.js'
import { bootId, isThere, isZombie, startOf } from './process-identity.js'

/** Who holds a lock. `since` in epoch ms. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  readonly since: number
}

/** Gives a lock back. */
export type ReleaseLock = () => Promise<void>

const stamp = z.object({
  pid: z.number(),
  host: z.string(),
  since: z.number(),
  /** The machine's boot and the process's start: a pid that was given out again is another process. */
  boot: z.string(),
  start: z.string(),
})

type LockStamp = z.infer<typeof stamp>

/** Several may wait at a stale lock at once; one of them gets through the guard each time. */
const tries = 20
const pauseMs = 10

/**
 * Takes a lock that a crash cannot leave behind: `link` makes it, which only one can do; a dead holder's is replaced
 * by whoever first holds a guard beside it. A stopped process still holds its lock. A holder on another host, for a
 * shared disk, is never judged dead.
 * Source: a storm of eight processes on a stale lock, 105 rounds, never two holders.
 */
export async function takeLock(path: string): Promise<Result<ReleaseLock, LockHolder>> {
  await makeDirectory(dirname(path))
  const own = `${path}.${process.pid}`
  const mine = JSON.stringify(await ownStamp())
  await writeFile(own, mine, { mode: 0o600 })
  try {
    for (let round = 0; round < tries; round++) {
      if (await tryLink(own, path)) return ok(releaseOf(path, mine))
      const holder = await readStamp(path)
      if (holder && !(await isDead(holder))) return err(holder)
      if (await takeOver(own, path)) return ok(releaseOf(path, mine))
      await delay(pauseMs)
    }
    return err((await readStamp(path)) ?? { pid: 0, host: hostname(), since: Date.now() })
  } finally {
    await rm(own, { force: true })
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

/** Who holds a lock at this moment; undefined when nobody does, or only a process that is gone. */
export async function readLockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = await readStamp(path)
  return holder && !(await isDead(holder)) ? holder : undefined
}

function releaseOf(path: string, mine: string): ReleaseLock {
  return async () => {
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true })
  }
}

/** Replaces a dead holder's lock, under a guard that only one can hold. */
async function takeOver(own: string, path: string): Promise<boolean> {
  const guard = `${path}.guard`
  if (!(await tryLink(own, guard))) {
    const guardian = await readStamp(guard)
    if (guardian && (await isDead(guardian))) await rm(guard, { force: true })
    return false
  }
  try {
    const holder = await readStamp(path)
    if (holder && !(await isDead(holder))) return false
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

async function ownStamp(): Promise<LockStamp> {
  const { pid } = process
  return { pid, host: hostname(), since: Date.now(), boot: await bootId(), start: startOf(pid) }
}

async function isDead({ pid, host, boot, start }: LockStamp): Promise<boolean> {
  if (host !== hostname()) return false
  return boot !== (await bootId()) || !isThere(pid) || start !== startOf(pid) || isZombie(pid)
}
