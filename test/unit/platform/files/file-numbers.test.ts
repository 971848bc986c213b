import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { numbersFor } from '../../../../src/platform/files/file-numbers.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

test('files are numbered after those that are there, however many numbers are asked for at once', async () => {
  const directory = tempDir()
  for (const name of ['a-1-1-test.log', 'b-1-2-test.log']) writeFileSync(join(directory, name), '')
  const number = numbersFor(directory)
  expect(await Promise.all([number(), number(), number()])).toEqual([3, 4, 5])
  expect(await numbersFor(join(directory, 'not-there'))()).toBe(1)
})
