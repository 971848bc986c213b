import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CappedFile } from '../../../../src/platform/streams/capped-file.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const note = '\n[autopilot: the file is full; the rest is dropped]\n'

describe('a capped file', () => {
  it('holds what was written, for the user alone', async () => {
    const path = join(tempDir(), 'out.log')
    const file = new CappedFile(path, 100)
    file.write(Buffer.from('one\n'))
    file.write(Buffer.from('two\n'))
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('takes exactly as many bytes as it may without saying that any were dropped', async () => {
    const path = join(tempDir(), 'out.log')
    const file = new CappedFile(path, 8)
    file.write(Buffer.from('12345678'))
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe('12345678')
  })

  it('cuts at its size, says so once, and ignores what comes after', async () => {
    const path = join(tempDir(), 'out.log')
    const file = new CappedFile(path, 8)
    for (const text of ['12345', '67890', 'never']) file.write(Buffer.from(text))
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe(`12345678${note}`)
  })

  it('asks the writer to wait for the disk, and says when it may continue', async () => {
    const path = join(tempDir(), 'out.log')
    const file = new CappedFile(path, 1_000_000)
    expect(file.write(Buffer.alloc(500_000, 'x'))).toBe(false)
    await file.drained()
    expect(file.write(Buffer.from('y'))).toBe(true)
    await file.close()
    expect(statSync(path).size).toBe(500_001)
  })

  it.each([
    ['its directory cannot be made', () => join(fileURLToPath(import.meta.url), 'none', 'out.log')],
    ['a directory stands in its place', () => tempDir()],
  ])('never stops the writer when %s', async (_, place) => {
    const file = new CappedFile(place(), 1_000_000)
    file.write(Buffer.alloc(500_000, 'x'))
    await file.drained()
    expect(file.write(Buffer.alloc(500_000, 'x'))).toBe(true)
    await file.drained()
    await file.close()
  })

  it.runIf(existsSync('/dev/full'))('never stops the writer when the disk is full', async () => {
    const file = new CappedFile('/dev/full', 1_000_000)
    file.write(Buffer.alloc(500_000, 'x'))
    await file.drained()
    expect(file.write(Buffer.from('y'))).toBe(true)
    await file.close()
  })
})
