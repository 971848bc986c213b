import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { removeTree } from '../../../../src/platform/processes/remove-tree.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

/** A tree of more files than one process removes, with names that aren't text, and links to what is beside it. */
function largeTree(dir: string) {
  const [top, outside] = [join(dir, 'top'), join(dir, 'outside')]
  mkdirSync(outside)
  writeFileSync(join(outside, 'f'), '')
  const odd = Buffer.concat([Buffer.from(join(top, 'deps', 'odd-')), Buffer.from([0xff])])
  const names = Array.from({ length: 30 }, (_, number) => join(top, 'deps', `-${number}`))
  for (const path of [...names.map((name) => Buffer.from(name)), odd]) {
    mkdirSync(path, { recursive: true })
    for (let file = 0; file < 50; file++) writeFileSync(Buffer.concat([path, Buffer.from(`/${file}`)]), '')
    symlinkSync(outside, Buffer.concat([path, Buffer.from('/link')]))
  }
  symlinkSync(outside, join(top, 'deps', 'link'))
  return top
}

test('a large tree is removed, whatever its names, and nothing that a link leads to', async () => {
  const dir = tempDir()
  const top = largeTree(dir)
  await removeTree(top)
  expect([readdirSync(dir), readdirSync(join(dir, 'outside'))]).toEqual([['outside'], ['f']])
})

test('a large tree is removed even if there is no program that removes it', async () => {
  const dir = tempDir()
  const top = largeTree(dir)
  vi.stubEnv('PATH', tempDir())
  onTestFinished(() => void vi.unstubAllEnvs())
  await removeTree(top)
  expect(readdirSync(dir)).toEqual(['outside'])
})

test('of a link to a large tree, only the link is removed', async () => {
  const dir = tempDir()
  const [top, link] = [largeTree(dir), join(dir, 'link')]
  symlinkSync(top, link)
  await removeTree(link)
  expect(readdirSync(dir)).toEqual(['outside', 'top'])
  expect(readdirSync(join(top, 'deps'))).toHaveLength(32)
})
