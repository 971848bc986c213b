import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { performance } from 'node:perf_hooks'
import { msBetween } from '../../../src/domain/clock.js'
import { realClock, standStill } from '../../../src/platform/clock.js'

describe('the real clock', () => {
  it('tells wall time and a time that never goes back', () => {
    const [before, after] = [realClock.monotonic(), realClock.monotonic()]
    expect(after).toBeGreaterThanOrEqual(before)
    expect(Math.abs(realClock.now() - Date.now())).toBeLessThan(60_000)
  })
})

describe('a scheduled call', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('happens once, after its time', () => {
    const called = vi.fn()
    realClock.schedule(1000, called)
    vi.advanceTimersByTime(999)
    expect(called).not.toHaveBeenCalled()
    vi.advanceTimersByTime(100_000)
    expect(called).toHaveBeenCalledTimes(1)
  })

  it('does not happen if it was taken back', () => {
    const called = vi.fn()
    realClock.schedule(1000, called)()
    vi.advanceTimersByTime(2000)
    expect(called).not.toHaveBeenCalled()
  })

  it('happens at once for a time that has passed', () => {
    const called = vi.fn()
    realClock.schedule(-5, called)
    vi.advanceTimersByTime(1)
    expect(called).toHaveBeenCalledTimes(1)
  })

  it('can wait longer than a timer of the runtime, and can be taken back meanwhile', () => {
    const [called, never] = [vi.fn(), vi.fn()]
    const days = 24 * 3600 * 1000
    realClock.schedule(60 * days, called)
    const takeBack = realClock.schedule(60 * days, never)
    vi.advanceTimersByTime(30 * days)
    expect(called).not.toHaveBeenCalled()
    takeBack()
    vi.advanceTimersByTime(30 * days)
    expect(called).toHaveBeenCalledTimes(1)
    expect(never).not.toHaveBeenCalled()
  })
})

describe('time for which this process stood still', () => {
  it('has not passed for durations, and delays what is scheduled by as much', async () => {
    const before = realClock.monotonic()
    const called = vi.fn()
    realClock.schedule(50, called)
    standStill(200)
    expect(msBetween(before, realClock.monotonic())).toBeLessThan(0)
    const late = performance.now() + 240
    await vi.waitFor(() => expect(called).toHaveBeenCalledTimes(1), { timeout: 5_000, interval: 5 })
    expect(performance.now()).toBeGreaterThanOrEqual(late)
  })
})
