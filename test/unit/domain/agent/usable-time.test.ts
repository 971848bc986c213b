import { expect, test } from 'vitest'
import { scheduleUsable } from '../../../../src/domain/agent/usable-time.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'

const minute = 60_000

function timed(ms: number, isStopped?: () => boolean) {
  const clock = virtualClock()
  let calls = 0
  const cancel = scheduleUsable(ms, () => calls++, { clock, ...(isStopped ? { isStopped } : {}) })
  return { clock, cancel, calls: () => calls }
}

test('a time limit fires once, after its time', () => {
  const { clock, calls } = timed(10 * minute)
  clock.advance(10 * minute - 1)
  expect(calls()).toBe(0)
  clock.advance(1)
  clock.advance(60 * minute)
  expect([calls(), clock.timers]).toEqual([1, 0])
})

test('what a machine slept through does not count against a time limit, where a plain timer fires at once', () => {
  const { clock, calls } = timed(10 * minute)
  let plain = 0
  clock.schedule(10 * minute, () => plain++)
  clock.advance(4 * minute)
  clock.sleep(8 * 60 * minute)
  clock.advance(0)
  expect([calls(), plain]).toEqual([0, 1])
  clock.advance(5.9 * minute)
  expect(calls()).toBe(0)
  clock.advance(0.2 * minute)
  expect(calls()).toBe(1)
})

test('a small delay of a busy machine counts', () => {
  const { clock, calls } = timed(20_000)
  for (let n = 0; n < 2; n++) {
    clock.sleep(9_000)
    clock.advance(0)
  }
  clock.advance(2_000)
  expect(calls()).toBe(1)
})

test('no time passes for what is timed while it is stopped', () => {
  let stopped = true
  const { clock, calls } = timed(minute, () => stopped)
  clock.advance(60 * minute)
  stopped = false
  clock.advance(minute - 1)
  expect(calls()).toBe(0)
  clock.advance(5_000)
  expect(calls()).toBe(1)
})

test('a time limit that was taken back does not fire', () => {
  const { clock, calls, cancel } = timed(10 * minute)
  clock.advance(9 * minute)
  cancel()
  clock.advance(60 * minute)
  expect([calls(), clock.timers]).toEqual([0, 0])
})
