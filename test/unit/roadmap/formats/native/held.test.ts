import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { taskId } from '../../../../support/brands.js'
import { roadmapFile } from '../../../../support/rigs/roadmap-file.js'

const text = `epics:
  - id: g
    tasks:
      - { id: inner, title: Inner }
tasks:
  - { id: a, title: A, status: pending }
  - { id: b, title: B }
  - { id: set_aside, title: C, status: on_hold }
`

/** A file that has not changed for a long time: one look at it is enough. */
async function aged(path: string, now: string): Promise<void> {
  await writeFile(path, now)
  const since = new Date(Date.now() - 60_000)
  await utimes(path, since, since)
}

const held = (status: string) => ({ type: 'status', status, inRun: true })

describe('whether a person holds a task by now', () => {
  test('is no for every task of an untouched file, whatever the file says of it', async () => {
    for (const name of ['nested.yaml', 'tabs.json']) {
      const content = await readFile(new URL(`../../../../fixtures/roadmaps/${name}`, import.meta.url), 'utf8')
      const file = await roadmapFile(content, name)
      const ids = file.loaded.roadmap.tasks.map(({ id }) => id)
      expect(ids.length).toBeGreaterThan(4)
      for (const id of ids) expect(await file.writer.held(id), id).toBeUndefined()
      expect(file.parses).toBe(0)
    }
  })

  test.each([
    ['blocked', 'id: b,', 'id: b, status: blocked,', held('blocked')],
    ['canceled', 'id: b,', 'id: b, status: canceled,', held('canceled')],
    ['done by hand', 'id: b,', 'id: b, status: done,', held('done')],
    ['given a word that is no status', 'id: b,', 'id: b, status: blockd,', held('on_hold')],
    ['a person’s own work', 'id: b,', 'id: b, execution_mode: manual,', { type: 'manual' }],
    ['taken out', '  - { id: b, title: B }\n', '', { type: 'removed' }],
  ])('is yes for a task that was %s, and for no other', async (_, from, to, reason) => {
    const file = await roadmapFile(text)
    await writeFile(file.path, text.replace(from, to))
    expect(await file.writer.held(taskId('b'))).toEqual(reason)
    expect(await file.writer.held(taskId('a'))).toBeUndefined()
  })

  test('is yes for all tasks of a group that was put on hold', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, text.replace('id: g', 'id: g\n    status: on_hold'))
    expect(await file.writer.held(taskId('inner'))).toEqual({ ...held('on_hold'), group: 'g' })
    expect(await file.writer.held(taskId('a'))).toBeUndefined()
  })

  test('is no again when the file is as it was, and for a task that the run began with although the file holds it', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, text.replace('id: b,', 'id: b, status: blocked,'))
    expect(await file.writer.held(taskId('b'))).toBeDefined()
    await writeFile(file.path, `${text}# a remark\n`)
    expect(await file.writer.held(taskId('b'))).toBeUndefined()
    expect(await file.writer.held(taskId('set_aside'))).toBeUndefined()
    await writeFile(file.path, text.replace('on_hold', 'canceled'))
    expect(await file.writer.held(taskId('set_aside'))).toEqual(held('canceled'))
  })

  test('is not asked of a broken or missing file: the last answer holds', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, text.replace('id: b,', 'id: b, status: blocked,'))
    expect(await file.writer.held(taskId('b'))).toBeDefined()
    await aged(file.path, 'tasks: [{ id: "a')
    expect(await file.writer.held(taskId('a'))).toBeUndefined()
    expect(await file.writer.held(taskId('b'))).toEqual(held('blocked'))
    await rm(file.path)
    expect(await file.writer.held(taskId('a'))).toBeUndefined()
    expect(await file.writer.held(taskId('b'))).toEqual(held('blocked'))
    await writeFile(file.path, text)
    expect(await file.writer.held(taskId('b'))).toBeUndefined()
  })

  test('is known without a parse after its own writes, which hold nothing', async () => {
    const file = await roadmapFile(text)
    expect(await file.writer.markDone(taskId('a'))).toEqual({ ok: true, value: 'written' })
    expect(await file.writer.held(taskId('b'))).toBeUndefined()
    expect(file.parses).toBe(0)
  })

  test('costs one parse for each state of the file, however many ask at once, even while it is broken', async () => {
    const file = await roadmapFile(text)
    const all = () => Promise.all(Array.from({ length: 200 }, () => file.writer.held(taskId('b'))))
    await writeFile(file.path, text.replace('id: b,', 'id: b, status: blocked,'))
    expect(new Set((await all()).map((one) => one?.type))).toEqual(new Set(['status']))
    expect(file.parses).toBe(1)
    await aged(file.path, 'tasks: [{ id: "a')
    await all()
    const parses = file.parses
    // A file with old times may have been written a moment ago.
    expect(parses).toBeLessThanOrEqual(3)
  })
})
