import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAppendFile } from '../../../../src/platform/files/append-file.js'
import { ensureLine } from '../../../../src/platform/files/ensure-line.js'
import { writePrivateFile } from '../../../../src/platform/files/private-file.js'
import { readTextIfThere } from '../../../../src/platform/files/read-text.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('a file to append to', () => {
  it('is made with its directories for the user alone, and keeps what it held', async () => {
    const dir = tempDir()
    const path = join(dir, 'runs', 'one', 'journal')
    for (const text of ['first\n', 'second\n']) {
      const opened = await openAppendFile(path)
      if (!opened.ok) throw new Error(opened.error)
      await opened.value.append(text)
      expect(readFileSync(path, 'utf8').endsWith(text)).toBe(true)
      await opened.value.close()
    }
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n')
    expect([modeOf(path), modeOf(join(dir, 'runs')), modeOf(join(dir, 'runs', 'one'))]).toEqual([0o600, 0o700, 0o700])
  })

  it('is an error in words when a directory stands in its place', async () => {
    const opened = await openAppendFile(tempDir())
    expect(opened.ok ? '' : opened.error).toContain('EISDIR')
  })
})

describe('making sure of a line', () => {
  it.each([
    ['in a file that does not exist', undefined, '.autopilot/\n'],
    ['in an empty file', '', '.autopilot/\n'],
    ['behind other lines', 'node_modules\n', 'node_modules\n.autopilot/\n'],
    ['behind a last line without an end', 'node_modules', 'node_modules\n.autopilot/\n'],
    ['beside a line that only holds it', 'x/.autopilot/\n', 'x/.autopilot/\n.autopilot/\n'],
  ])('adds it %s', async (_, before, after) => {
    const path = join(tempDir(), 'info', 'exclude')
    if (before !== undefined) {
      mkdirSync(join(path, '..'))
      writeFileSync(path, before)
    }
    await ensureLine(path, '.autopilot/')
    expect(readFileSync(path, 'utf8')).toBe(after)
  })

  it.each(['.autopilot/\n', 'a\r\n.autopilot/\r\nb\r\n', 'a\n.autopilot/'])(
    'leaves a file alone that has it: %j',
    async (text) => {
      const path = join(tempDir(), 'exclude')
      writeFileSync(path, text)
      await ensureLine(path, '.autopilot/')
      expect(readFileSync(path, 'utf8')).toBe(text)
    },
  )

  it('does nothing if it may not write', async () => {
    const dir = tempDir()
    await ensureLine(dir, 'line')
    expect(statSync(dir).isDirectory()).toBe(true)
  })
})

describe('a private file', () => {
  it('can be read by the user alone, and so can the directories made for it', async () => {
    const dir = tempDir()
    const path = join(dir, 'attempts', 'prompt.md')
    await writePrivateFile(path, 'do it')
    expect(readFileSync(path, 'utf8')).toBe('do it')
    expect([modeOf(path), modeOf(join(dir, 'attempts'))]).toEqual([0o600, 0o700])
  })

  it('replaces what was there', async () => {
    const path = join(tempDir(), 'prompt.md')
    await writePrivateFile(path, 'a longer text')
    await writePrivateFile(path, 'short')
    expect(readFileSync(path, 'utf8')).toBe('short')
  })
})

describe('a text of the user', () => {
  it('is read when it is there', async () => {
    const path = join(tempDir(), 'autopilot.yaml')
    writeFileSync(path, 'agents: 5\n')
    expect(await readTextIfThere(path)).toEqual({ ok: true, value: 'agents: 5\n' })
  })

  it('is undefined when it does not exist, even below a file', async () => {
    const path = join(tempDir(), 'autopilot.yaml')
    expect(await readTextIfThere(path)).toEqual({ ok: true, value: undefined })
    writeFileSync(path, '')
    expect(await readTextIfThere(join(path, 'below'))).toEqual({ ok: true, value: undefined })
  })

  it('is an error in words when it cannot be read', async () => {
    expect(await readTextIfThere(tempDir())).toEqual({ ok: false, error: 'EISDIR' })
  })

  // Root reads everything.
  it.skipIf(process.getuid?.() === 0)('is an error in words when it may not be read', async () => {
    const path = join(tempDir(), 'autopilot.yaml')
    writeFileSync(path, '')
    chmodSync(path, 0)
    expect(existsSync(path)).toBe(true)
    expect(await readTextIfThere(path)).toEqual({ ok: false, error: 'EACCES' })
  })
})
