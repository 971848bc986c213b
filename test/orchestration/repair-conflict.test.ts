import { expect, test } from 'vitest'
import type { RunRecord } from '../../src/domain/event.js'
import { fakeCli, type FakeActor } from '../support/fake-cli.js'
import { gatedScene } from '../support/gated-scene.js'
import type { Ended } from '../support/program.js'

const roadmap = (...tasks: string[]) => `tasks:\n${tasks.map((id) => `  - id: ${id}\n`).join('')}`

function all<Type extends RunRecord['type']>(ended: Ended, type: Type) {
  return ended.records().filter((record): record is Extract<RunRecord, { type: Type }> => record.type === type)
}

/** Each rewrites the one line; with markers in it, all that stands between them stays, in order. */
function merges({ task, read, write, succeed }: FakeActor): void {
  const now = read('line.txt')
  const lines = now.split('\n').filter((line) => line !== '' && !/^([<>|=])\1{6}/.test(line))
  write('line.txt', now.includes('<<<<<<<') ? `${lines.join('\n')}\n` : `${task}\n`)
  succeed()
}

/** Each rewrites the one line, and thinks a conflict none of its business. */
function ignores({ task, read, write, succeed }: FakeActor): void {
  if (!read('line.txt').includes('<<<<<<<')) write('line.txt', `${task}\n`)
  succeed()
}

test('three tasks that rewrite one line end with three commits when the agent merges', async () => {
  const stage = gatedScene({ roadmap: roadmap('one', 'two', 'three'), files: { 'line.txt': 'start\n' } })
  fakeCli(stage, 'claude', merges)
  // All three start from the same commit: a gate keeps the first from landing before the last has started.
  const ended = await stage.run(['run', '-a', '3', '-i', '3', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['one', 'three', 'two'])
  expect(stage.repo.git('log', '-p', 'main..autopilot/main')).not.toMatch(/^[+ ][<>|]{7}/m)
  expect(stage.repo.git('rev-list', '--min-parents=2', 'main..autopilot/main')).toBe('')
})
