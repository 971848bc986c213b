import { existsSync } from 'node:fs'
import type { MonotonicMs } from '../../domain/brand.js'
import { realClock } from '../clock.js'
import { later, msBetween } from '../../domain/clock.js'
import { usedSince, type ProcessorTimes } from '../../domain/process/process-family.js'
import type { SeenProcess } from '../../domain/process/stray.js'
import { endGit } from './end-git.js'
import { wasSlept } from '../../domain/agent/usable-time.js'
import { diskUse } from '../processes/table/process-table.js'
import { lookAtFamily, timesOf, type LookAtFamily } from '../processes/table/processor-looks.js'

/**
 * autopilot's own git has no time limit, because a checkout through a filter may take hours; but a git that waits for
 * something that never comes, such as a filter's server or a pipe, must not hold up a run forever.
 */
export interface GitWatch {
  /**
   * Calls back once when this git, including its filters, has used neither processor nor disk for too long, ms; also
   * when it is gone but somebody holds its pipes.
   */
  readonly watch: (pgid: number, onIdle: (idleMs: number) => void) => () => void
  /** The idle time from now on that is too long, ms; 0: never. */
  readonly limit: (idleMs: number) => void
}

export interface GitWatchParts {
  readonly idleMs: number
  readonly look?: LookAtFamily
}

/** Ten looks within the limit, but not more or less often than these, ms. */
const [shortestLookMs, longestLookMs] = [50, 30_000]
/** After a time in which autopilot itself could not run, one look shows all of it. */
const fewestLooks = 4
/**
 * Less than this share of one processor between two looks counts as idle: a filter that waits for its server still
 * runs its timers. One tick, the least that can be seen, is 10 ms.
 */
const leastBusy = 0.01
/** Waits for a processor or a disk, or is stopped: it would continue if it could. Source: proc(5), state. */
const wouldContinue = /^[RDTt]$/

const hasProc = () => existsSync('/proc/self/stat')

interface Watched {
  readonly onIdle: (idleMs: number) => void
  lastUse: MonotonicMs
  looks: number
  lastLook?: Use
}

interface Use {
  readonly at: MonotonicMs
  readonly times: ProcessorTimes
  readonly disk: number
}

/** One timer for all gits; it stops when there is none. Most have ended before the first look. */
export function createGitWatch({ idleMs, look = lookAtFamily }: GitWatchParts): GitWatch {
  let limitMs = idleMs
  const watched = new Map<number, Watched>()
  let timer: NodeJS.Timeout | undefined
  const everyMs = () => Math.min(Math.max(limitMs / 10, shortestLookMs), longestLookMs)

  function wait(): void {
    if (timer !== undefined || watched.size === 0 || limitMs === 0) return
    const [began, length] = [realClock.monotonic(), everyMs()]
    timer = setTimeout(() => {
      const slept = wasSlept(length, msBetween(began, realClock.monotonic()))
      void Promise.all([...watched].map(([pgid, state]) => lookAt(pgid, state, slept))).finally(() => {
        timer = undefined
        wait()
      })
    }, length)
    timer.unref()
  }

  async function lookAt(pgid: number, state: Watched, slept: boolean): Promise<void> {
    const { members, ageMs } = look(pgid, everyMs() / 2)
    if (members.length === 0 && !hasProc()) return
    const at = later(realClock.monotonic(), -ageMs)
    const now = { at, times: timesOf(members), disk: await diskUse(members.map(({ pid }) => pid)) }
    const isAlive = slept || state.lastLook === undefined || isUsed(members, state.lastLook, now)
    state.lastLook = now
    state.looks = isAlive ? 0 : state.looks + 1
    if (isAlive) state.lastUse = at
    if (msBetween(state.lastUse, at) < limitMs || state.looks < fewestLooks || !watched.delete(pgid)) return
    state.onIdle(limitMs)
  }

  return {
    watch: (pgid, onIdle) => {
      watched.set(pgid, { onIdle, lastUse: realClock.monotonic(), looks: 0 })
      wait()
      return () => void watched.delete(pgid)
    },
    limit: (ms) => {
      limitMs = ms
      clearTimeout(timer)
      timer = undefined
      wait()
    },
  }
}

function isUsed(members: readonly SeenProcess[], before: Use, now: Use): boolean {
  if (members.some(({ state }) => wouldContinue.test(state))) return true
  return now.disk !== before.disk || usedSince(before.times, now.times) > msBetween(before.at, now.at) * leastBusy
}

/** Until a run says how long its own programs may be idle, ms. */
const standardIdleMs = 10 * 60_000

const gits = createGitWatch({ idleMs: standardIdleMs })

/** How long a git waits by itself for a locked ref, with a margin, ms. */
const leastLimitMs = 3_000

/** How long gits may be idle from now on, ms; 0: forever. */
export function limitIdleGits(idleMs: number, leastMs = leastLimitMs): void {
  gits.limit(idleMs === 0 ? 0 : Math.max(idleMs, leastMs))
}

export interface IdleEnd {
  /** It is about to be ended. */
  readonly onIdle: (idleMs: number) => void
  /** It has had its time to end; somebody else may hold its pipes. */
  readonly onOver: () => void
}

/** Ends a git that is idle for too long. Returns a function to call when it has ended and its pipes are closed. */
export function endWhenIdle(pgid: number, { onIdle, onOver }: IdleEnd): () => void {
  let stopEnding: (() => void) | undefined
  const forget = gits.watch(pgid, (idleMs) => {
    onIdle(idleMs)
    stopEnding = endGit(pgid, onOver)
  })
  return () => {
    forget()
    stopEnding?.()
  }
}
