import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runId, taskId } from '../../support/brands.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { readJournal } from '../../../src/journal/read-journal.js'
import { journalOf, listRuns, numberRun } from '../../../src/journal/runs.js'
import { runStarted, stamp } from '../../support/rigs/records.js'
import { runScripts } from '../../support/games/run-script.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

const first = stamp(runStarted({ version: AUTOPILOT_VERSION }))
const queued = stamp({ type: 'task_queued', taskId: taskId('T1'), attempt: 1 }, 20, 2)
const lines = (...records: readonly unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

function journal(content: string | Uint8Array): string {
  const path = join(tempDir(), 'journal.jsonl')
  writeFileSync(path, content)
  return path
}

describe('reading a journal back', () => {
  it('gives the state of all whole records, wherever the file ends', async () => {
    const path = join(tempDir(), 'journal.jsonl')
    await fc.assert(
      fc.asyncProperty(runScripts, fc.double({ min: 0, max: 1, noNaN: true }), async ({ records }, share) => {
        const bytes = Buffer.from(lines(...records))
        const end = Math.floor(bytes.length * share)
        writeFileSync(path, bytes.subarray(0, end))
        const whole = records.slice(0, bytes.subarray(0, end).toString().split('\n').length - 1)
        const read = await readJournal(path)
        if (whole.length === 0) expect(read).toMatchObject({ ok: false, error: { code: 'empty' } })
        else expect(read).toMatchObject({ ok: true, value: { state: replay(whole), lastAt: whole.at(-1)!.at } })
      }),
      { numRuns: 60 },
    )
  })

  it('hands each record to whoever asks for them, and continues where the file has grown', async () => {
    const path = journal(lines(first) + JSON.stringify(queued).slice(0, 20))
    const seen: number[] = []
    expect((await readJournal(path, ({ seq }) => seen.push(seq))).ok).toBe(true)
    expect(seen).toEqual([1])
    appendFileSync(path, `${JSON.stringify(queued).slice(20)}\n`)
    const read = await readJournal(path)
    expect(read.ok && read.value.state.tasks.get(taskId('T1'))?.state).toEqual({ type: 'queued', attempt: 1 })
    expect(read).toMatchObject({ ok: true, value: { startedAt: first.at, lastAt: queued.at, seq: 2 } })
  })

  it.each([
    ['a line that is no JSON', lines(first) + '{"v":1,\n' + lines(queued), 2],
    ['a line that is no record', lines(first, queued, ['x']), 3],
    ['a time that no calendar has', lines(first, { ...queued, at: 1e300 }), 2],
    ['an empty line', `${lines(first)}\n${lines(queued)}`, 2],
    ['a record without what its kind needs', lines(first, { ...queued, type: 'attempt_started', taskId: 7 }), 2],
    ['a failure without words', lines(first, { ...queued, type: 'task_failed', attempts: 1, failure: {} }), 2],
    ['a record whose number is not that of its line', lines(first, { ...queued, seq: 3 }), 2],
    ['a record that stands there twice', lines(first, queued, queued), 3],
    ['another beginning than the start of a run', lines(queued), 1],
    ['a start with holes', lines({ ...first, tasks: [{ id: 'T1' }] }), 1],
  ])('names %s by its line number', async (_what, content, line) => {
    expect(await readJournal(journal(content))).toMatchObject({ ok: false, error: { code: 'bad_line', line } })
  })

  it('refuses an unknown version instead of guessing, and names who wrote it if the journal says so', async () => {
    const read = await readJournal(journal(lines(first, { ...queued, v: 2 })))
    expect(read).toMatchObject({ ok: false, error: { code: 'unknown_version', line: 2 } })
    const start = await readJournal(journal(lines({ ...first, v: 2, version: '9.8.7' })))
    expect(start).toMatchObject({ ok: false, error: { code: 'unknown_version', line: 1 } })
    expect(!start.ok && start.error.message).toContain('autopilot 9.8.7 wrote it')
  })

  it('does not take another version’s form of a record for damage, and names that version', async () => {
    const odd = { ...queued, type: 'task_held', taskId: 'T1', reason: { type: 'asleep' } }
    const other = { ...first, version: '9.8.7' }
    const read = await readJournal(journal(lines(other, odd)))
    expect(read).toMatchObject({ ok: false, error: { code: 'other_version', line: 2 } })
    expect(!read.ok && read.error.message).toMatch(/task_held: reason\) for autopilot .*; autopilot 9\.8\.7 wrote it$/)
    const own = await readJournal(journal(lines(first, odd)))
    expect(own).toMatchObject({ ok: false, error: { code: 'bad_line', line: 2 } })
  })

  it('skips an event that only a later version knows, and fields that it has added', async () => {
    const later = { ...queued, type: 'slot_painted', colour: 'green' }
    const more = { ...queued, seq: 3, colour: 'green' }
    const read = await readJournal(journal(lines(first, later, more)))
    expect(read.ok && read.value.state.tasks.get(taskId('T1'))?.state).toEqual({ type: 'queued', attempt: 1 })
  })

  it('reads a repair round without isolation, which has no commit to begin from', async () => {
    const [ofTask, agent] = [{ taskId: 'T1', attempt: 1 }, { provider: 'claude' }]
    const started = { ...queued, type: 'attempt_started', ...ofTask, slot: 's1', agent, workspace: '/repo' }
    const reason = { kind: 'refused', message: 'A tool was refused.' }
    const repair = { ...queued, seq: 3, type: 'repair_started', ...ofTask, round: 1, slot: 's1', agent, reason }
    const read = await readJournal(journal(lines(first, started, repair)))
    expect(read.ok && read.value.state.progress.get(taskId('T1'))?.course?.round).toBe(1)
  })

  it('says if there is none, and does not take a directory for one', async () => {
    const dir = tempDir()
    expect(await readJournal(join(dir, 'none'))).toMatchObject({ ok: false, error: { code: 'not_there' } })
    expect(await readJournal(dir)).toMatchObject({ ok: false, error: { code: 'unreadable' } })
  })
})

describe('the runs that are known', () => {
  it('are those with something in their journal, the newest first, and of two in one second the one that wrote last', async () => {
    const root = tempDir()
    const make = (id: string, at: number) => {
      mkdirSync(join(root, '.autopilot', 'runs', id), { recursive: true })
      writeFileSync(journalOf(root, runId(id)), id.endsWith('eeee') ? '' : '{')
      utimesSync(journalOf(root, runId(id)), at, at)
    }
    make('20260101-000000-aaaa', 900)
    make('20260102-000000-ffff', 100)
    make('20260102-000000-0000', 200)
    make('notes', 999)
    make('20260104-000000-eeee', 999)
    mkdirSync(join(root, '.autopilot', 'runs', '20260103-000000-aaaa'))
    const ids = (await listRuns([root, root])).map(({ id }) => id)
    expect(ids).toEqual(['20260102-000000-0000', '20260102-000000-ffff', '20260101-000000-aaaa'])
    expect(await listRuns([join(root, 'nowhere')])).toEqual([])
  })

  it('are ordered by their numbers, whatever the clock said, and come before old ones that have none', async () => {
    const root = tempDir()
    const make = (id: string, exitCode: number) => {
      mkdirSync(join(root, '.autopilot', 'runs', id), { recursive: true })
      writeFileSync(journalOf(root, runId(id)), `{"type":"run_finished","exitCode":${exitCode}}\n`)
    }
    const ids = async () => (await listRuns([root])).map(({ id }) => id)
    // The clock was ahead when the finished run was written.
    make('20260101-020000-aaaa', 0)
    make('20260101-000000-bbbb', 75)
    expect(await ids()).toEqual(['20260101-000000-bbbb', '20260101-020000-aaaa'])
    make('20250101-000000-cccc', 0)
    await numberRun(root, runId('20250101-000000-cccc'))
    make('20240101-000000-dddd', 75)
    await numberRun(root, runId('20240101-000000-dddd'))
    expect((await ids()).slice(0, 2)).toEqual(['20240101-000000-dddd', '20250101-000000-cccc'])
    await numberRun(root, runId('20250101-000000-cccc'))
    expect((await ids())[0]).toBe('20250101-000000-cccc')
  })
})
