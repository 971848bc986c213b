import { describe, expect, it } from 'vitest'
import type { ProcessorTimes } from '../../../../src/domain/process/process-family.js'
import { watchIdle } from '../../../../src/orchestration/agent/idle.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'

const minute = 60_000

/** A watch of ten minutes over a process whose use the test sets. */
function watched(times: (atMs: number) => ProcessorTimes = () => new Map(), idleMs = 10 * minute) {
  const clock = virtualClock()
  const began = clock.monotonic()
  let ended = 0
  let looks = 0
  const watch = watchIdle({
    idleMs,
    clock,
    processorTimes: () => {
      looks++
      return Promise.resolve({ times: times(clock.monotonic() - began), ageMs: 0 })
    },
    onIdle: () => ended++,
  })
  const step = Math.min(5_000, idleMs / 20)
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(left, step))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { clock, watch, pass, ended: () => ended, looks: () => looks }
}

describe('an agent', () => {
  it('is idle when it has printed nothing and used nothing for the whole time, which is reported once', async () => {
    const { pass, ended, clock } = watched(() => new Map([[1, 500]]))
    await pass(9.9 * minute)
    expect(ended()).toBe(0)
    await pass(1.1 * minute)
    expect(ended()).toBe(1)
    await pass(60 * minute)
    expect(ended()).toBe(1)
    expect(clock.timers).toBe(0)
  })

  it('is not idle for the time that the machine slept, but is for the time after that', async () => {
    const { pass, ended, clock } = watched()
    await pass(minute)
    clock.sleep(8 * 60 * minute)
    await pass(9 * minute)
    expect(ended()).toBe(0)
    await pass(4 * minute)
    expect(ended()).toBe(1)
  })

  it('is not idle as long as it prints now and then, and its processes are not looked at meanwhile', async () => {
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

  /** Processor time in ticks of 10 ms, as the kernel tells it. */
  const ticks = (usedMs: number) => new Map([[7, Math.floor(usedMs / 10) * 10]])

  it.each([
    ['10 ms each second', (at: number) => at * 0.01],
    ['50 ms in some seconds, 10 in others', (at: number) => Math.floor(at / 4_000) * 80 + ((at % 4_000) / 1_000) * 20],
    ['300 ms at its start', (at: number) => Math.min(at, 300)],
  ])('that only waits, and uses %s, is ended within 1.3 times an idle timeout of 6 s', async (_, used) => {
    const { pass, ended } = watched((at) => ticks(used(at)), 6_000)
    await pass(5_900)
    expect(ended()).toBe(0)
    await pass(1_900)
    expect(ended()).toBe(1)
  })

  it.each([
    ['compiles on a processor of its own', (at: number) => at],
    ['compiles on a twentieth of a processor', (at: number) => at / 20],
    ['works half a second in each five', (at: number) => Math.floor(at / 5_000) * 500 + Math.min(at % 5_000, 500)],
  ])('that %s is not ended, though it says nothing', async (_, used) => {
    const { pass, ended } = watched((at) => ticks(used(at)), 6_000)
    await pass(10 * minute)
    expect(ended()).toBe(0)
  })

  it('that has worked in silence is ended an idle timeout after that, and not much later', async () => {
    const { pass, ended } = watched((at) => ticks(Math.min(at, 20_000)), 6_000)
    await pass(25_000)
    expect(ended()).toBe(0)
    await pass(2_800)
    expect(ended()).toBe(1)
  })

  it('is idle when only its output can be seen and there is none', async () => {
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

  it('is not ended once the watch has stopped, even if a look is under way', async () => {
    const { pass, watch, ended, clock } = watched()
    await pass(9.9 * minute)
    clock.advance(minute)
    watch.stop()
    await pass(minute)
    expect(ended()).toBe(0)
    expect(clock.timers).toBe(0)
  })
})
