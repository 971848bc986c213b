import { chmod, lstat, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { parseRoadmap } from '../../../../src/roadmap/formats/parse.js'
import { loadRoadmap } from '../../../../src/roadmap/load.js'
import { createStatusWriter } from '../../../../src/roadmap/write/write-back.js'
import { changedLines, roadmapFile, temporaryDirectory } from '../../../support/rigs/roadmap-file.js'

const fixture = (name: string) => readFile(new URL(`../../../fixtures/roadmaps/${name}`, import.meta.url), 'utf8')
const nested = await fixture('nested.yaml')
const tabs = await fixture('tabs.json')

const variants: Readonly<Record<string, (text: string) => string>> = {
  'LF line endings': (text) => text,
  'CRLF line endings': (text) => text.replaceAll('\n', '\r\n'),
  'CR line endings': (text) => text.replaceAll('\n', '\r'),
  'a byte order mark': (text) => `\ufeff${text}`,
  'no final newline': (text) => text.trimEnd(),
  'CRLF, a mark and no final newline': (text) => `\ufeff${text.trimEnd().replaceAll('\n', '\r\n')}`,
}

function statuses(text: string, name: string): Map<string, string> {
  const { roadmap } = parseRoadmap(new TextEncoder().encode(text), { file: name })
  return new Map(roadmap?.tasks.map((task) => [task.id, task.status]))
}

describe.each(Object.entries(variants))('in a file with %s', (_, vary) => {
  test.each([
    ['nested.yaml', vary(nested)],
    ['tabs.json', vary(tabs)],
  ])('marking any task of %s done changes one line and one status', async (name, text) => {
    const before = statuses(text, name)
    expect(before.size).toBeGreaterThan(4)
    for (const [id, status] of before) {
      const file = await roadmapFile(text, name)
      const result = await file.writer.markDone(taskId(id))
      const after = await file.read()
      expect(result).toEqual({ ok: true, value: status === 'done' ? 'unchanged' : 'written' })
      expect(statuses(after, name)).toEqual(new Map(before).set(id, 'done'))
      if (status === 'done') {
        expect(after).toBe(text)
        continue
      }
      const lines = changedLines(text, after)
      expect(lines.after.length, id).toBeGreaterThanOrEqual(1)
      expect(lines.after.length + lines.before.length, `${id}: ${JSON.stringify(lines)}`).toBeLessThanOrEqual(3)
      // An inserted line may leave a comma on the line before it, in JSON only.
      if (lines.after.length === 2) expect(lines.after[0]).toBe(`${lines.before[0] ?? ''},`)
    }
  })

  test('marking all tasks done one after the other needs no parse for plain values', async () => {
    const text = vary('tasks:\n- {id: a, title: ≥, status: pending}\n- {id: b, title: y, status: "todo"} # c\n')
    const file = await roadmapFile(text)
    await file.writer.markDone(taskId('a'))
    await file.writer.markDone(taskId('b'))
    expect(await file.read()).toBe(text.replace('pending', 'done').replace('"todo"', '"done"'))
    expect(file.parses).toBe(0)
  })
})

describe('tasks that are done at the same time', () => {
  const plan = [
    'tasks:',
    '  - { id: flow, title: in braces, status: pending }',
    '  - id: plain',
    '    title: a plain word # with a comment',
    '    status: in_progress',
    '  - id: absent',
    '    title: no status yet',
    '  - id: folded',
    '    title: >',
    '      over two',
    '      lines',
    '  - id: quoted',
    '    status: "todo"',
    '    title: in quotes',
    '  - id: empty',
    '    status: # nothing here',
    '    title: an empty one',
    '',
  ].join('\n')
  const ids = ['flow', 'plain', 'absent', 'folded', 'quoted', 'empty']

  test('end up as if each had been written after the other, whatever their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(ids, { minLength: 1 }),
        fc.constantFrom(...Object.values(variants)),
        async (chosen, vary) => {
          const one = await roadmapFile(vary(plan))
          for (const id of chosen) expect(await one.writer.markDone(taskId(id))).toEqual({ ok: true, value: 'written' })
          const together = await roadmapFile(vary(plan))
          const results = await Promise.all(chosen.map((id) => together.writer.markDone(taskId(id))))
          expect(results.every((result) => result.ok && result.value === 'written')).toBe(true)
          expect(await together.read()).toBe(await one.read())
        },
      ),
      { numRuns: 60 },
    )
  })

  test('are written together: the file is replaced once for all that waited', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `  - { id: t${index}, title: x, status: pending }\n`)
    const file = await roadmapFile(`tasks:\n${many.join('')}`)
    let reads = 0
    const seen = new Set<bigint>()
    const watching = (async () => {
      for (; reads >= 0; reads++) seen.add((await stat(file.path, { bigint: true })).ino)
    })()
    await Promise.all(many.map((_, index) => file.writer.markDone(taskId(`t${index}`))))
    seen.add((await stat(file.path, { bigint: true })).ino)
    reads = Number.NEGATIVE_INFINITY
    await watching
    expect(statuses(await file.read(), 'roadmap.yaml').size).toBe(200)
    expect(new Set(statuses(await file.read(), 'roadmap.yaml').values())).toEqual(new Set(['done']))
    expect(seen.size).toBeLessThanOrEqual(3)
  })
})

describe('statuses that are missing in a file', () => {
  const tasks = Array.from({ length: 300 }, (_, index) => ({ id: `t${index}`, title: `Do ${index}` }))
  const flow = tasks.map(({ id, title }) => `  - { id: ${id}, title: ${title} }\n`).join('')

  test.each([
    ['of flow maps', `tasks:\n${flow}`, 'roadmap.yaml'],
    ['of JSON', JSON.stringify({ tasks }, null, 2), 'roadmap.json'],
  ])('%s are inserted in one batch, with one parse', async (_, text, name) => {
    const file = await roadmapFile(text, name)
    const chosen = tasks.filter((_task, index) => index % 3 === 0).map(({ id }) => id)
    const written = await Promise.all(chosen.map((id) => file.writer.markDone(taskId(id))))
    expect(written.every((one) => one.ok && one.value === 'written')).toBe(true)
    const after = statuses(await file.read(), name)
    expect([...after].filter(([, status]) => status === 'done').map(([id]) => id)).toEqual(chosen)
    expect(after.size).toBe(300)
    expect(file.parses).toBe(1)
  })

  test('are written even if one of them cannot be, and that one is reported', async () => {
    const file = await roadmapFile(`tasks:\n${flow}`)
    let parses = 0
    // As if the text of t7 were wrong wherever it is written.
    const parse = (bytes: Uint8Array) => {
      parses++
      const parsed = parseRoadmap(bytes, file.loaded.options)
      const t7 = parsed.values.get(taskId('t7'))!
      return Promise.resolve({
        ...parsed,
        values: new Map(parsed.values).set(taskId('t7'), { ...t7, status: 'pending' }),
      })
    }
    const writer = createStatusWriter(file.loaded, { parse })
    const written = await Promise.all(tasks.map(({ id }) => writer.markDone(taskId(id))))
    expect(written.flatMap((one, index) => (one.ok ? [] : [[index, one.error.code]]))).toEqual([[7, 'E181']])
    const after = statuses(await file.read(), 'roadmap.yaml')
    expect([...after].filter(([, status]) => status !== 'done')).toEqual([['t7', 'pending']])
    expect(parses).toBeLessThan(25)
  })
})

describe('the word for done', () => {
  test('is the one that the file uses', async () => {
    const file = await roadmapFile(
      'tasks:\n- {id: a, status: Completed, title: x}\n- {id: b, status: open, title: x}\n',
    )
    await file.writer.markDone(taskId('b'))
    expect(await file.read()).toContain('{id: b, status: Completed, title: x}')
  })

  test('is true where the file says completed or passes', async () => {
    const file = await roadmapFile('{"tasks":[{"title":"a","completed":false},{"title":"b","passes":false}]}', 'r.json')
    await file.writer.markDone(taskId('a'))
    await file.writer.markDone(taskId('b'))
    expect(await file.read()).toBe('{"tasks":[{"title":"a","completed":true},{"title":"b","passes":true}]}')
  })
})

test.each([
  [
    'an empty status before a comment',
    '- id: a\n  status: # soon\n  title: x\n',
    '- id: a\n  status: done # soon\n  title: x\n',
  ],
  ['an empty status', '- id: a\n  status:\n  title: x\n', '- id: a\n  status: done\n  title: x\n'],
  ['a folded status', '- id: a\n  status: >\n    pending\n  title: x\n', '- id: a\n  status: done\n  title: x\n'],
  [
    'a title over two lines',
    '- id: a\n  title: x\n    y # z\n- id: b\n',
    '- id: a\n  title: x\n    y # z\n  status: done\n- id: b\n',
  ],
  ['braces over two lines', '- {id: a,\n   title: x}\n', '- {id: a,\n   title: x,\n   status: done}\n'],
  ['a local anchor', '- id: a\n  title: x\n  status: &s todo\n', '- id: a\n  title: x\n  status: &s done\n'],
])('%s is written in place', async (_, before, after) => {
  const file = await roadmapFile(before)
  expect(await file.writer.markDone(taskId('a'))).toEqual({ ok: true, value: 'written' })
  expect(await file.read()).toBe(after)
})

test.each([
  ['an aliased value', 'x-s: &s pending\ntasks:\n- {id: a, title: x, status: *s}\n'],
  ['the anchor of an alias', 'tasks:\n- {id: a, title: x, status: &s pending}\n- {id: b, title: x, status: *s}\n'],
  ['a merged value', 'x-b: &b {status: pending}\ntasks:\n- id: a\n  title: x\n  <<: *b\n'],
  ['an anchored task', 'tasks:\n- &t {id: a, title: x, status: todo}\nx-copy: *t\n'],
  ['an anchored task without a status', 'tasks:\n- &t {id: a, title: x}\nx-copy: *t\n'],
  ['a task that is only a text', 'tasks:\n- a\n'],
])('%s is shared and never written', async (_, text) => {
  const file = await roadmapFile(text)
  expect(await file.writer.markDone(taskId('a'))).toMatchObject({ ok: false, error: { code: 'E182' } })
  expect(await file.read()).toBe(text)
})

describe('people who edit during the run', () => {
  const lines = Array.from({ length: 12 }, (_, at) => `- {id: t${at}, title: x, status: pending}`)
  const text = `tasks:\n${lines.join('\n')}\n`

  test('lose nothing when they edit other lines between the writes', async () => {
    const edit = fc.record({ line: fc.nat(11), text: fc.stringMatching(/^[a-z ]{0,20}$/), task: fc.nat(11) })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 12 }), async (edits) => {
        const file = await roadmapFile(text)
        const expected = text.split('\n')
        for (const { line, text: comment, task } of edits) {
          expected[line + 1] = (expected[line + 1] ?? '').replace(/ ?#.*$|$/, ` # ${comment}`)
          await writeFile(file.path, expected.join('\n'))
          const result = await file.writer.markDone(taskId(`t${task}`))
          expect(result.ok).toBe(true)
          expected[task + 1] = (expected[task + 1] ?? '').replace('pending', 'done')
          expect(await file.read()).toBe(expected.join('\n'))
        }
      }),
      { numRuns: 20 },
    )
  })

  test('lose nothing when they edit between reading and writing', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, `# one\n${text}`)
    let edits = 1
    const writer = createStatusWriter(file.loaded, {
      parse: async (bytes) => {
        if (edits < 3) await writeFile(file.path, `# ${++edits}\n${text}`)
        return parseRoadmap(bytes, file.loaded.options)
      },
    })
    expect(await writer.markDone(taskId('t4'))).toEqual({ ok: true, value: 'written' })
    expect(await file.read()).toBe(
      `# 3\n${text}`.replace('t4, title: x, status: pending', 't4, title: x, status: done'),
    )
  })

  test('are left alone after five tries', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, `# 0\n${text}`)
    let edits = 0
    const writer = createStatusWriter(file.loaded, {
      parse: async (bytes) => {
        await writeFile(file.path, `# ${++edits}\n${text}`)
        return parseRoadmap(bytes, file.loaded.options)
      },
    })
    expect(await writer.markDone(taskId('t4'))).toMatchObject({ ok: false, error: { code: 'W180', repeated: false } })
    expect(edits).toBe(5)
    expect(await file.read()).toBe(`# 5\n${text}`)
    expect(await readdir(dirname(file.path))).toEqual(['roadmap.yaml'])
  })

  test('are told of a file that keeps changing even after a status was written', async () => {
    const file = await roadmapFile(text)
    let edits = 0
    const writer = createStatusWriter(file.loaded, {
      parse: async (bytes) => {
        await writeFile(file.path, `# ${++edits}\n${text}`)
        return parseRoadmap(bytes, file.loaded.options)
      },
    })
    expect(await writer.markDone(taskId('t1'))).toEqual({ ok: true, value: 'written' })
    await writeFile(file.path, `# 0\n${text}`)
    expect(await writer.markDone(taskId('t4'))).toMatchObject({ ok: false, error: { code: 'W180', repeated: false } })
  })

  test('win when they set another status', async () => {
    const file = await roadmapFile(text)
    const edited = text.replace('t1, title: x, status: pending', 't1, title: x, status: on_hold')
    await writeFile(file.path, edited)
    expect(await file.writer.markDone(taskId('t1'))).toMatchObject({
      ok: false,
      error: { code: 'W185', passing: false },
    })
    expect(await file.read()).toBe(edited)
  })

  test('may change a task’s text: what was done is another text, so the status is not written', async () => {
    const file = await roadmapFile(text)
    const edited = text.replace('t1, title: x,', 't1, title: another,')
    await writeFile(file.path, edited)
    expect(await file.writer.markDone(taskId('t1'))).toMatchObject({
      ok: false,
      error: { code: 'W187', passing: false },
    })
    expect(await file.read()).toBe(edited)
    // Blanks do not change the text.
    await writeFile(file.path, text.replace('t1, title: x,', 't1,  title:  x ,'))
    expect(await file.writer.markDone(taskId('t1'))).toEqual({ ok: true, value: 'written' })
  })

  test('may set done themselves', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, text.replaceAll('pending', 'done'))
    expect(await file.writer.markDone(taskId('t1'))).toEqual({ ok: true, value: 'unchanged' })
  })

  test('may remove the task', async () => {
    const file = await roadmapFile(text)
    await writeFile(file.path, 'tasks:\n- {id: other, title: x}\n')
    expect(await file.writer.markDone(taskId('t1'))).toMatchObject({ ok: false, error: { code: 'W186' } })
  })

  test('are told once that a half-saved file is not written, which happens when it parses again', async () => {
    const file = await roadmapFile(text)
    const halfSaved = (repeated: boolean) => ({ ok: false, error: { code: 'W184', passing: true, repeated } })
    await writeFile(file.path, 'tasks: [')
    expect(await file.writer.markDone(taskId('t1'))).toMatchObject(halfSaved(false))
    expect(await file.writer.markDone(taskId('t2'))).toMatchObject(halfSaved(true))
    expect(await file.read()).toBe('tasks: [')
    await writeFile(file.path, text)
    expect(await file.writer.markDone(taskId('t1'))).toEqual({ ok: true, value: 'written' })
    await writeFile(file.path, 'tasks: [')
    expect(await file.writer.markDone(taskId('t2'))).toMatchObject(halfSaved(false))
  })

  test('may delete the file', async () => {
    const file = await roadmapFile(text)
    await rm(file.path)
    expect(await file.writer.markDone(taskId('t1'))).toMatchObject({ ok: false, error: { code: 'W184' } })
    await expect(stat(file.path)).rejects.toThrow()
  })
})

describe('the file itself', () => {
  const text = 'tasks:\n- {id: a, title: x, status: pending}\n- {id: b, title: x}\n'

  test('keeps its mode, and leaves nothing beside it', async () => {
    const file = await roadmapFile(text)
    await chmod(file.path, 0o640)
    await Promise.all([file.writer.markDone(taskId('a')), file.writer.markDone(taskId('b'))])
    expect((await stat(file.path)).mode & 0o777).toBe(0o640)
    expect(await readdir(dirname(file.path))).toEqual(['roadmap.yaml'])
    expect([...statuses(await file.read(), 'r.yaml').values()]).toEqual(['done', 'done'])
  })

  test('is replaced behind a symbolic link, which stays', async () => {
    const file = await roadmapFile(text)
    const link = join(await temporaryDirectory(), 'link.yaml')
    await symlink(file.path, link)
    const loaded = await loadRoadmap(link, { shownAs: 'link.yaml' })
    if (!loaded.ok) throw new Error('does not load')
    const parse = () => Promise.reject(new Error('no parse is needed'))
    expect(await createStatusWriter(loaded.value, { parse }).markDone(taskId('a'))).toEqual({
      ok: true,
      value: 'written',
    })
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
    expect(await file.read()).toBe(text.replace('pending', 'done'))
  })

  test('is left alone if it is read-only, which is reported once', async () => {
    const file = await roadmapFile(text)
    await chmod(file.path, 0o444)
    expect(await file.writer.markDone(taskId('a'))).toMatchObject({ ok: false, error: { code: 'W183' } })
    expect(await file.writer.markDone(taskId('b'))).toMatchObject({
      ok: false,
      error: { code: 'W183', repeated: true },
    })
    expect(await file.read()).toBe(text)
  })
})
