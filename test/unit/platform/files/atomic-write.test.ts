import { closeSync, openSync, readFileSync, readdirSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replaceFile, type Replaced } from '../../../../src/platform/files/atomic-write.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const [before, after] = ['tasks: before\n', 'tasks: after\n'].map((text) => Buffer.from(text)) as [Buffer, Buffer]

/** What another program does after the file was read and before it is exchanged. */
const writers: Readonly<Record<string, (path: string) => void>> = {
  'writes into the file': (path) => writeFileSync(path, 'tasks: theirs\n'),
  'adds a line to it': (path) => writeFileSync(path, 'more\n', { flag: 'a' }),
  'puts a file of its own in its place': (path) => {
    writeFileSync(`${path}.new`, 'tasks: theirs\n')
    renameSync(`${path}.new`, path)
  },
}

function stage() {
  const dir = tempDir()
  const path = join(dir, 'roadmap.yaml')
  writeFileSync(path, before)
  return { dir, path }
}

test.each(Object.entries(writers))('a program that %s at the last moment loses nothing', async (_what, write) => {
  const { dir, path } = stage()
  write(path)
  const theirs = readFileSync(path, 'utf8')
  writeFileSync(path, before)
  const replaced = await replaceFile(path, before, after, () => {
    write(path)
    return Promise.resolve()
  })
  expect(replaced).toEqual({ ok: true, value: 'changed' } satisfies { ok: true; value: Replaced })
  expect(readFileSync(path, 'utf8')).toBe(theirs)
  expect(readdirSync(dir)).toEqual(['roadmap.yaml'])

  // The control: a plain read and exchange loses it.
  writeFileSync(path, before)
  expect(readFileSync(path)).toEqual(before)
  write(path)
  writeFileSync(join(dir, 'temporary'), after)
  renameSync(join(dir, 'temporary'), path)
  expect(readFileSync(path, 'utf8')).not.toContain('theirs')
})

test('a program that had opened the file before, and writes until the exchange is durable, loses nothing', async () => {
  const { path } = stage()
  const open = openSync(path, 'a')
  const replaced = await replaceFile(path, before, after, () => {
    writeSync(open, 'more\n')
    return Promise.resolve()
  })
  closeSync(open)
  expect(replaced).toEqual({ ok: true, value: 'changed' })
  expect(readFileSync(path, 'utf8')).toBe('tasks: before\nmore\n')
})

test('without another program the file is replaced, and no other name of it is left', async () => {
  const { dir, path } = stage()
  expect(await replaceFile(path, before, after)).toEqual({ ok: true, value: 'replaced' })
  expect(readFileSync(path)).toEqual(after)
  expect(readdirSync(dir)).toEqual(['roadmap.yaml'])
})
