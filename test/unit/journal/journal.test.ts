import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { openJournal, type Journal } from '../../../src/journal/journal.js'
import { stamp } from '../../support/rigs/records.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

async function open(path: string): Promise<Journal> {
  const opened = await openJournal(path)
  if (!opened.ok) throw new Error(opened.error)
  return opened.value
}

const notice = (seq: number, text = `note ${seq}`): RunRecord => stamp({ type: 'notice', level: 'info', text }, 0, seq)

function readRecords(path: string): readonly unknown[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as unknown)
}

describe('a journal', () => {
  it('is a file for the user alone, with one record a line', async () => {
    const path = join(tempDir(), 'runs', 'r1', 'journal.jsonl')
    const journal = await open(path)
    await journal.append(notice(1))
    await journal.append(notice(2))
    await journal.close()
    expect(readRecords(path)).toEqual([notice(1), notice(2)])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('has the record in the file when append resolves', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    const journal = await open(path)
    for (let seq = 1; seq <= 5; seq++) {
      await journal.append(notice(seq))
      expect(readRecords(path).at(-1)).toEqual(notice(seq))
    }
    await journal.close()
  })

  it('keeps whole lines in the order of their appends when many come at once, and resolves each once it is there', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    const journal = await open(path)
    let seq = 0
    let resolved = 0
    const append = async () => {
      const mine = ++seq
      await journal.append(notice(mine, 'x'.repeat(mine % 50)))
      resolved++
      expect(readRecords(path).length).toBeGreaterThanOrEqual(mine)
    }
    const chain = async () => {
      for (let n = 0; n < 20; n++) await append()
    }
    await Promise.all(Array.from({ length: 10 }, chain))
    await journal.close()
    expect(resolved).toBe(200)
    expect(readRecords(path).map((record) => (record as RunRecord).seq)).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    )
  })

  it('gives every text back as it was, on one line', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    const journal = await open(path)
    const written: RunRecord[] = []
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        written.push(notice(written.length + 1, text))
        await journal.append(written.at(-1)!)
      }),
      { numRuns: 50, examples: [['line\nfeed'], ['\u2028'], ['\ud800'], ['\u001b[2J']] },
    )
    await journal.close()
    expect(readRecords(path)).toEqual(written)
  })

  it('writes what is under way before it closes', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    const journal = await open(path)
    const appended = Promise.all([1, 2, 3].map((seq) => journal.append(notice(seq))))
    await journal.close()
    expect(readRecords(path)).toHaveLength(3)
    await appended
  })

  it('continues after what an earlier run wrote', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    for (const seq of [1, 2]) {
      const journal = await open(path)
      await journal.append(notice(seq))
      await journal.close()
    }
    expect(readRecords(path)).toEqual([notice(1), notice(2)])
  })

  it('begins a new line where a crash tore the last one, at any point, and keeps what was torn', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    // Longer than the piece that is read at the end of the file.
    const long = `${JSON.stringify(notice(2, 'x'.repeat(100_000)))}\n`
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: long.length - 1 }), async (bytes) => {
        rmSync(`${path}.torn`, { force: true })
        writeFileSync(path, `${JSON.stringify(notice(1))}\n${long.slice(0, bytes)}`)
        const journal = await open(path)
        await journal.append(notice(2))
        await journal.close()
        expect(readRecords(path)).toEqual([notice(1), notice(2)])
        if (bytes === 0) expect(existsSync(`${path}.torn`)).toBe(false)
        else expect(readFileSync(`${path}.torn`, 'utf8')).toBe(`${long.slice(0, bytes)}\n`)
      }),
      { numRuns: 30, examples: [[0], [1], [long.length - 1]] },
    )
  })
})

describe('a journal that cannot be written', () => {
  it('says why when it is opened', async () => {
    const opened = await openJournal(tempDir())
    expect(opened.ok ? '' : opened.error).toContain('EISDIR')
    const file = join(tempDir(), 'file')
    writeFileSync(file, '')
    expect(await openJournal(join(file, 'journal.jsonl'))).toMatchObject({ ok: false })
  })

  it.runIf(existsSync('/dev/full'))(
    'rejects every append from the first failure on, and closes all the same',
    async () => {
      const journal = await open('/dev/full')
      const first = journal.append(notice(1))
      const together = journal.append(notice(2))
      await expect(first).rejects.toMatchObject({ code: 'ENOSPC' })
      await expect(together).rejects.toMatchObject({ code: 'ENOSPC' })
      await expect(journal.append(notice(3))).rejects.toMatchObject({ code: 'ENOSPC' })
      await expect(journal.append(notice(4))).rejects.toMatchObject({ code: 'ENOSPC' })
      await journal.close()
    },
  )
})
