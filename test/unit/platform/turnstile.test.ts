import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { turnstile } from '../../../src/platform/turnstile.js'

test('the first passes at once, and those behind it one at each turn of the event loop, in order', async () => {
  const pass = turnstile()
  const passed: number[] = []
  for (const number of [1, 2, 3]) void pass().then(() => passed.push(number))
  await Promise.resolve()
  expect(passed).toEqual([1])
  await nextTurn()
  expect(passed).toEqual([1, 2])
  await nextTurn()
  expect(passed).toEqual([1, 2, 3])
})

test('a later one passes at once', async () => {
  const pass = turnstile()
  await pass()
  await nextTurn()
  await nextTurn()
  let hasPassed = false
  void pass().then(() => (hasPassed = true))
  await Promise.resolve()
  expect(hasPassed).toBe(true)
})
