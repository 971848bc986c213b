import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseRoadmap } from '../../../../../src/roadmap/formats/parse.js'
import { changedLines, roadmapFile } from '../../../../support/rigs/roadmap-file.js'

// Real roadmaps of other people: present beside the repository on some machines, never part of it.
const folder = fileURLToPath(new URL('../../../../../../shared/roadmaps/weathervane/', import.meta.url))
const read = (name: string) => readFileSync(folder + name)

describe.skipIf(!existsSync(folder))('real roadmaps', () => {
  test.each([
    ['ML_REMEDIATION_ROADMAP.malformed.yaml', 'E013', 794, 1],
    ['roadmap.backtick.malformed.yaml', 'E010', 28, 17],
    ['roadmap.bad-merge.malformed.yaml', 'E013', 2998, 1],
    ['roadmap.missing-status.malformed.yaml', 'E015', 89, 13],
    ['roadmap.first.yaml', 'E040', 111, 13],
    ['roadmap.archive-and-duplicate-ids.yaml', 'E040', 1742, 13],
    ['roadmap_inbox.json', 'E004', 1, 1],
  ])('%s: %s is found first', (name, code, line, column) => {
    const [first] = parseRoadmap(read(name), { file: name }).problems
    expect(first).toMatchObject({ code, position: { line, column } })
  })

  test.each([
    ['roadmap.current.yaml', 190, 157],
    ['roadmap.depends_on-map.excerpt.yaml', 45, 94],
    ['roadmap.mid-2025-10.yaml', 96, 15],
    ['roadmap_sim.yaml', 199, 11],
  ])('%s loads, and a flip of each fifth task changes one line', async (name, tasks, edges) => {
    const text = read(name).toString()
    const { loaded } = await roadmapFile(text)
    expect(loaded.roadmap.tasks.length).toBe(tasks)
    expect(loaded.roadmap.tasks.reduce((sum, { dependencies }) => sum + dependencies.length, 0)).toBe(edges)
    const open = loaded.roadmap.tasks.filter(({ status }) => status !== 'done')
    for (const { id } of open.filter((_, at) => at % 5 === 0)) {
      const file = await roadmapFile(text)
      expect(await file.writer.markDone(id)).toEqual({ ok: true, value: 'written' })
      expect(changedLines(text, await file.read()).after).toEqual([expect.stringMatching(/^ *status: done$/)])
    }
  })
})
