import { dirname } from 'node:path'
import type { EpochMs } from '../../domain/brand.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { err, ok, type Result } from '../../domain/result.js'
import {
  readLockHolder,
  takeLock,
  type LockHolder,
  type LockOptions,
  type ReleaseLock,
} from '../../platform/locks/lock.js'
import type { RepositoryRefusal } from '../../workspace/contract.js'
import { shownPath } from '../../ui/shown-path.js'

/** Takes the lock that a run has while it works, or says who has it. */
export async function lockGround(
  path: string,
  options: LockOptions = {},
): Promise<Result<ReleaseLock, RepositoryRefusal>> {
  try {
    const taken = await takeLock(path, options)
    return taken.ok ? ok(taken.value) : err(refuseLocked(path, taken.error))
  } catch (error) {
    const why = cleanLine(errorText(error))
    return err({
      code: 'not_writable',
      message: `Cannot create the run's lock: ${why}`,
      help: `Make ${dirname(path)} writable.`,
    })
  }
}

/** Why a run could not take the lock now; undefined if it could. */
export async function whyLocked(path: string): Promise<RepositoryRefusal | undefined> {
  const holder = await readLockHolder(path)
  return holder && refuseLocked(path, holder)
}

/** A holder that gives no sign of life may only be frozen, or cut off from the disk: only a person can know. */
function refuseLocked(path: string, { pid, host, since, silentSince, place }: LockHolder): RepositoryRefusal {
  const where = place === undefined ? '' : `, in ${cleanLine(place, 300)}`
  const who = `process ${pid} on ${cleanLine(host, 100)}${where}`
  const lock = `its lock is ${cleanLine(shownPath(path), 300)}`
  if (silentSince === undefined)
    return {
      code: 'locked',
      message: `Another run is active here: ${who}, since ${time(since)}; ${lock}.`,
      help: 'Wait for it to end, or end it.',
    }
  return {
    code: 'locked',
    message: `A run that began at ${time(since)} holds the lock here: ${who}. It has shown no sign of life since ${time(silentSince)}; ${lock}.`,
    help: 'Make sure that this machine or container is gone, then add --take-over.',
  }
}

function time(ms: EpochMs): string {
  return new Date(ms).toISOString()
}
