import { describe, expect, it } from 'vitest'
import { createStopping } from '../../src/cli/stopping.js'
import { virtualClock } from '../support/virtual-clock.js'

/** A stop with a drain of so many ms and a grace of 5 s, and what has come of it so far. */
function stopping(drainMs: number) {
  const clock = virtualClock()
  const done: string[] = []
  const note = (what: string) => () => void done.push(what)
  const stop = createStopping({ clock, drainMs, graceMs: 5_000, kill: note('kill'), exit: note('exit') })
  stop.draining.addEventListener('abort', note('drain'))
  stop.canceled.addEventListener('abort', note('cancel'))
  void stop.overdue.then(note('overdue'))
  return { stop, clock, done }
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

  it('drains first where a drain is asked for; each further step comes when it is asked for', () => {
    const { stop, done } = stopping(60_000)
    for (const expected of ['drain', 'cancel', 'kill', 'exit']) {
      done.length = 0
      stop.further()
      expect(done).toEqual([expected])
    }
  })

  it('cancels by itself when the drain is over, not before, whatever the machine’s clock says', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    clock.setWall(3_600_000)
    clock.advance(59_999)
    expect(done).toEqual(['drain'])
    clock.advance(1)
    expect(done).toEqual(['drain', 'cancel'])
  })

  it('drains no longer than the drain when it is told to begin again', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    clock.advance(30_000)
    stop.begin()
    clock.advance(30_000)
    expect(done).toEqual(['drain', 'cancel'])
  })

  it('gives up what hangs after the grace, and ends before two seconds more have passed', async () => {
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

  it('cancels nothing any more when the run has ended while it drained', () => {
    const { stop, clock, done } = stopping(60_000)
    stop.begin()
    stop.close()
    clock.advance(600_000)
    expect(done).toEqual(['drain'])
  })
})
