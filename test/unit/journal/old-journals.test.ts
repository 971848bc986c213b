import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TaskState } from '../../../src/domain/run/run-state.js'
import { readJournal } from '../../../src/journal/read-journal.js'
import { projectRoot } from '../../support/rigs/program.js'

/** Journals that earlier versions wrote, unchanged except for their paths. Named by version; never edit one. */
const folder = join(projectRoot, 'test/fixtures/journals')

/** What the version that wrote it reported about the run. */
const told: Readonly<
  Record<string, { exitCode: number; tasks: readonly TaskState['type'][]; tokens: number; started: readonly number[] }>
> = {
  '0.1.0-base-red-and-resumed.jsonl': { exitCode: 0, tasks: ['done'], tokens: 150, started: [1] },
  '0.1.0-finishing.jsonl': { exitCode: 0, tasks: ['done'], tokens: 150, started: [1] },
  '0.1.0-ignored-files.jsonl': { exitCode: 1, tasks: ['done', 'failed'], tokens: 300, started: [1, 1] },
  '0.1.0-interrupted.jsonl': { exitCode: 130, tasks: ['canceled', 'canceled'], tokens: 0, started: [1, 1] },
  '0.1.0-model-stopped.jsonl': {
    exitCode: 1,
    tasks: ['held', 'held', 'held', 'held'],
    tokens: 0,
    started: [1, 0, 0, 0],
  },
  '0.1.0-reviews.jsonl': { exitCode: 1, tasks: ['failed'], tokens: 240, started: [2] },
  '0.1.0-roadmap-not-written.jsonl': { exitCode: 0, tasks: ['done'], tokens: 0, started: [1] },
  '0.1.0-waiting-for-a-limit.jsonl': { exitCode: 1, tasks: ['done', 'held'], tokens: 150, started: [1, 3] },
}

describe('a journal of an earlier version', () => {
  it('exists for each kind of run', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(told).sort())
  })

  it.each(Object.entries(told))('is read back as it was recorded: %s', async (file, expected) => {
    const path = join(folder, file)
    const types: string[] = []
    const read = await readJournal(path, ({ type }) => types.push(type))
    if (!read.ok) throw new Error(read.error.message)
    const { tasks, usage, finished } = read.value.state
    expect(types).toHaveLength(readFileSync(path, 'utf8').trimEnd().split('\n').length)
    expect({
      exitCode: finished?.exitCode,
      tasks: [...tasks.values()].map(({ state }) => state.type),
      tokens: usage.inputTokens + usage.outputTokens,
      started: [...tasks.values()].map(({ attempts }) => attempts.started),
    }).toEqual(expected)
  })
})
