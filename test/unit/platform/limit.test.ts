import { expect, test } from 'vitest'
import { limit } from '../../../src/platform/limit.js'
import { defer } from '../../support/fakes/agent-connection.js'

test('only so many steps run at once, the others in order of arrival, and a failure frees its place', async () => {
  const limited = limit(2)
  const started: number[] = []
  const gates = [0, 1, 2, 3].map(() => defer<number>())
  const ends = gates.map((gate, index) =>
    limited(() => {
      started.push(index)
      return gate.promise
    }),
  )
  expect(started).toEqual([0, 1])
  gates[1]!.reject(new Error('broken'))
  await expect(ends[1]).rejects.toThrow('broken')
  expect(started).toEqual([0, 1, 2])
  gates[0]!.resolve(7)
  expect(await ends[0]).toBe(7)
  expect(started).toEqual([0, 1, 2, 3])
  for (const gate of gates) gate.resolve(1)
  await Promise.all([ends[2], ends[3]])
})

test('each step has a number of its own while it runs, the lowest that is free', async () => {
  const limited = limit(2)
  const gates = [0, 1, 2, 3].map(() => defer<number>())
  const numbers: number[] = []
  const ends = gates.map((gate) =>
    limited((job) => {
      numbers.push(job)
      return gate.promise
    }),
  )
  gates[1]!.resolve(0)
  await ends[1]
  gates[2]!.resolve(0)
  await ends[2]
  expect(numbers).toEqual([1, 2, 2, 2])
  gates[0]!.resolve(0)
  gates[3]!.resolve(0)
  await Promise.all(ends)
  await limited((job) => Promise.resolve(numbers.push(job)))
  expect(numbers.at(-1)).toBe(1)
})

test('a question when a step could begin is answered at once, or when the next step ends', async () => {
  const limited = limit(1)
  expect(limited.whenFree()).toBeUndefined()
  const gate = defer<number>()
  const end = limited(() => gate.promise)
  let isFree = false
  const told = limited.whenFree()?.then(() => (isFree = true))
  await Promise.resolve()
  expect(isFree).toBe(false)
  gate.resolve(1)
  await Promise.all([end, told])
  expect([isFree, limited.whenFree()]).toEqual([true, undefined])
})
