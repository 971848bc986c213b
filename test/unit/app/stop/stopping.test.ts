import { describe, expect, it } from 'vitest'
import { createStopping } from '../../../../src/app/stop/stopping.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'

/** A stop with a drain of so many ms and a grace of 5 s, and what has come of it so far. */
function stopping(drainMs: number) {
  const clock = virtualClock()
  const done: string[] = []
  const collected = { count: 0 }
  const note = (what: string) => () => void done.push(what)
  const stop = createStopping({
    clock,
    drainMs,
    graceMs: 5_000,
    kill: note('kill'),
    exit: note('exit'),
    progress: () => collected.count,
  })
  stop.draining.addEventListener('abort', note('drain'))
  stop.canceled.addEventListener('abort', note('cancel'))
  void stop.overdue.then(note('overdue'))
  return { stop, clock, done, collected }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('stopping', () => {
  it('cancels at once without a drain; then kills, then exits', () => {
    const { stop, done } = stopping(0)
    for (const expected of [['drain', 'cancel'], ['kill'], ['exit']]) {
      done.length = 0
      stop.further()
      expect(done).toEqual(expected)
    }
  })

  it('drains first if a drain is asked for, and takes each further step on request', () => {
    const { stop, done } = stopping(60_000)
    for (const expected of ['drain', 'cancel', 'kill', 'exit']) {
      done.length = 0
      stop.further()
      expect(done).toEqual([expected])
    }
  })

  it('cancels by itself when the drain is over, and not before, whatever the machine’s clock says', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    clock.setWall(3_600_000)
    clock.advance(59_999)
    expect(done).toEqual(['drain'])
    clock.advance(1)
    expect(done).toEqual(['drain', 'cancel'])
  })

  it('does not drain longer because it is told to drain again', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    clock.advance(30_000)
    stop.begin()
    clock.advance(30_000)
    expect(done).toEqual(['drain', 'cancel'])
  })

  it('gives up after the grace on what hangs, and ends within two more seconds', async () => {
    const { stop, clock, done } = stopping(0)
    stop.cancel()
    clock.advance(5_000)
    await settled()
    expect(done).toEqual(['drain', 'cancel'])
    clock.advance(1_500)
    await settled()
    expect(done).toEqual(['drain', 'cancel', 'overdue'])
    clock.advance(499)
    expect(done).toEqual(['drain', 'cancel', 'overdue', 'exit'])
  })

  it('waits as long as there is progress, counted from the last one, but no longer than fifteen seconds after the grace', async () => {
    for (const [progressMs, overdueMs] of [
      [4_000, 6_200],
      [8_000, 9_200],
      [60_000, 19_400],
    ] as const) {
      const { stop, clock, done, collected } = stopping(0)
      stop.cancel()
      let ms = 0
      for (; ms < 30_000 && !done.includes('overdue'); ms += 100) {
        if (ms <= progressMs) collected.count++
        clock.advance(100)
        await settled()
      }
      // A look comes every 0.2 s.
      expect(Math.abs(ms - overdueMs)).toBeLessThanOrEqual(300)
      clock.advance(600)
      expect(done).toEqual(['drain', 'cancel', 'overdue', 'exit'])
    }
  })

  it('cancels nothing if the run ends during the drain', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    stop.close()
    clock.advance(600_000)
    expect(done).toEqual(['drain'])
  })
})
