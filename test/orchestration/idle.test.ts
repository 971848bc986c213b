import { describe, expect, it } from 'vitest'
import type { ProcessorTimes } from '../../src/domain/process-family.js'
import { watchIdle } from '../../src/orchestration/idle.js'
import { virtualClock } from '../support/virtual-clock.js'

const minute = 60_000

/** A watch of ten minutes over a process whose use the test sets. */
function watched(times: () => ProcessorTimes = () => new Map()) {
  const clock = virtualClock()
  let ended = 0
  let looks = 0
  const watch = watchIdle({
    idleMs: 10 * minute,
    clock,
    processorTimes: () => {
      looks++
      return Promise.resolve(times())
    },
    onIdle: () => ended++,
  })
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 5_000) {
      clock.advance(Math.min(left, 5_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { clock, watch, pass, ended: () => ended, looks: () => looks }
}

describe('an agent', () => {
  it('is idle when it has printed nothing and used nothing for the whole time, and is told so once', async () => {
    const { pass, ended, clock } = watched(() => new Map([[1, 500]]))
    await pass(9.9 * minute)
    expect(ended()).toBe(0)
    await pass(1.1 * minute)
    expect(ended()).toBe(1)
    await pass(60 * minute)
    expect(ended()).toBe(1)
    expect(clock.timers).toBe(0)
  })

  it('is not idle as long as it prints now and then, and is not looked at meanwhile', async () => {
    const { pass, watch, ended, looks } = watched()
    for (let n = 0; n < 200; n++) {
      await pass(20_000)
      watch.heard()
    }
    expect([ended(), looks()]).toEqual([0, 0])
    await pass(11 * minute)
    expect(ended()).toBe(1)
  })

  it('is not idle while its processes work, though it says nothing', async () => {
    let used = 0
    const { pass, ended, clock } = watched(() => new Map([[7, (used += 1_000)]]))
    await pass(120 * minute)
    expect(ended()).toBe(0)
    expect(clock.timers).toBe(1)
  })

  it('is idle although a spinner keeps turning', async () => {
    let used = 0
    // 0.1 s in a look of 30 s.
    const { pass, ended } = watched(() => new Map([[7, (used += 100)]]))
    await pass(11 * minute)
    expect(ended()).toBe(1)
  })

  it('is idle when nothing but output can be seen and there is none', async () => {
    const { pass, ended } = watched(() => new Map())
    await pass(11 * minute)
    expect(ended()).toBe(1)
  })

  it('is not idle because the machine’s clock was set', async () => {
    const { pass, ended, clock } = watched()
    await pass(minute)
    clock.setWall(60 * minute)
    await pass(8 * minute)
    clock.setWall(-120 * minute)
    await pass(minute / 2)
    expect(ended()).toBe(0)
    await pass(minute)
    expect(ended()).toBe(1)
  })

  it('is not ended after it was let go, also when a look is under way', async () => {
    const { pass, watch, ended, clock } = watched()
    await pass(9.9 * minute)
    clock.advance(minute)
    watch.stop()
    await pass(minute)
    expect(ended()).toBe(0)
    expect(clock.timers).toBe(0)
  })
})
