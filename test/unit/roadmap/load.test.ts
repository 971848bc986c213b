import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { findRoadmap } from '../../../src/roadmap/find.js'
import { loadRoadmap } from '../../../src/roadmap/load.js'
import { parseOffThread } from '../../../src/roadmap/parse-off-thread.js'
import type { ParseOptions } from '../../../src/roadmap/formats/contract.js'
import { parseRoadmap } from '../../../src/roadmap/formats/parse.js'
import { fromParts, toParts, type Parts } from '../../../src/roadmap/parts.js'
import { projectRoot } from '../../support/rigs/program.js'
import { roadmapFile, temporaryDirectory } from '../../support/rigs/roadmap-file.js'

describe('loading', () => {
  test('gives warnings beside the roadmap', async () => {
    const { loaded } = await roadmapFile('- {id: a, title: x, execution_mode: manual}\n- {id: b, title: y}\n')
    expect(loaded.roadmap.tasks.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(loaded.warnings.map(({ code }) => code)).toEqual(['W064'])
  })

  test('shows twenty errors at once, sorted, without warnings', async () => {
    const path = join(await temporaryDirectory(), 'r.yaml')
    await writeFile(path, Array.from({ length: 30 }, (_, at) => `- {id: t${at}, status: odd${at}}\n`).join(''))
    const loaded = await loadRoadmap(path, { shownAs: 'r.yaml' })
    if (loaded.ok) throw new Error('must not load')
    expect(loaded.error.map(({ code, position }) => `${code} ${position.line}`)).toEqual(
      Array.from({ length: 20 }, (_, at) => `E041 ${at + 1}`),
    )
  })

  test('says what is wrong with a path', async () => {
    const directory = await temporaryDirectory()
    const missing = await loadRoadmap(join(directory, 'none.yaml'), { shownAs: 'none.yaml' })
    expect(missing).toMatchObject({ ok: false, error: [{ code: 'E001', text: 'cannot read none.yaml: no such file' }] })
    const folder = await loadRoadmap(directory, { shownAs: 'dir' })
    expect(folder).toMatchObject({ ok: false, error: [{ code: 'E001', text: 'cannot read dir: it is a directory' }] })
  })
})

describe('finding', () => {
  test('takes the root before the state directory', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'state'))
    await writeFile(join(directory, 'state/roadmap.yaml'), '')
    expect(await findRoadmap(directory)).toEqual({ ok: true, value: join(directory, 'state/roadmap.yaml') })
    await writeFile(join(directory, 'roadmap.json'), '')
    expect(await findRoadmap(directory)).toEqual({ ok: true, value: join(directory, 'roadmap.json') })
  })

  test('does not choose between two of the same rank', async () => {
    const directory = await temporaryDirectory()
    for (const name of ['roadmap.yaml', 'roadmap.yml']) await writeFile(join(directory, name), '')
    expect(await findRoadmap(directory)).toMatchObject({ ok: false, error: { code: 'E006' } })
  })

  test('says where it looked', async () => {
    const found = await findRoadmap(await temporaryDirectory())
    expect(found).toMatchObject({ ok: false, error: { code: 'E001' } })
    expect(JSON.stringify(found)).toContain('roadmap.yaml, roadmap.yml, roadmap.json, state/roadmap.yaml')
  })
})

describe('parsing off the main thread', () => {
  const bytes = new TextEncoder().encode(
    '- {id: a, title: ≥, status: todo}\n- {id: b, title: y, dependencies: [a, c]}\n',
  )
  const options = { file: 'r.yaml', statuses: { icebox: 'on_hold' } }

  const workerFile = join(projectRoot, 'dist', 'parse-worker.cjs')

  test('answers exactly as parsing here does', async () => {
    const parse = parseOffThread(workerFile)
    const [first, second] = await Promise.all([parse(bytes, options), parse(new Uint8Array(), options)])
    expect(first).toEqual(parseRoadmap(bytes, options))
    expect(second.problems.map(({ code }) => code)).toEqual(['E002'])
  })

  test('is done by the thread that is shipped, not by the fallback', async () => {
    const worker = new Worker(workerFile)
    const answer = once(worker, 'message')
    worker.postMessage({ number: 1, body: { bytes, options } })
    const [{ number, body }] = (await answer) as [{ number: number; body: Parts }]
    await worker.terminate()
    expect(number).toBe(1)
    expect(await fromParts(body)).toEqual(parseRoadmap(bytes, options))
  })

  test('is used for large roadmaps, and answers in parts that come together as one', async () => {
    const ids = Array.from({ length: 1000 }, (_, at) => `t${at}`)
    const waits = (at: number) => ids.slice(Math.max(0, at - 6), at).join(', ')
    const title = 'A long title '.repeat(16)
    const large = ids.map((id, at) => `- {id: ${id}, title: ${title}, dependencies: [${waits(at)}]}\n`).join('')
    const path = join(await temporaryDirectory(), 'r.yaml')
    await writeFile(path, `${large}- {id: last, title: x, dependencies: [gone]}\n`)
    const asked: ParseOptions[] = []
    const parseLarge = (bytes: Uint8Array, options: ParseOptions) => {
      asked.push(options)
      return fromParts(toParts(parseRoadmap(bytes, options)))
    }
    const loaded = await loadRoadmap(path, { shownAs: 'r.yaml', parseLarge })
    if (!loaded.ok) throw new Error('must load')
    expect(asked).toEqual([{ file: 'r.yaml' }])
    const { parsed, bytes: read } = loaded.value
    const here = parseRoadmap(read, { file: 'r.yaml' })
    expect(parsed).toEqual(here)
    expect(parsed.graph?.tasks.get(taskId('t7'))).toBe(parsed.roadmap?.tasks[7])
    // There are at least seven parts, one for each list; none has more than a few thousand objects.
    expect(toParts(here).length).toBeGreaterThan(8)
  })

  test('falls back to the main thread when no worker can be had', async () => {
    const parse = parseOffThread(join(await temporaryDirectory(), 'missing.mjs'))
    expect(await parse(bytes, options)).toEqual(parseRoadmap(bytes, options))
    expect(await parse(bytes, options)).toEqual(parseRoadmap(bytes, options))
  })
})
