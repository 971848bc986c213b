// Statuses that are written, late, or not at all.
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import { WriteBack } from '../../../src/orchestration/run/write-back.js'
import type { StatusWriter } from '../../../src/roadmap/write/write-back.js'
import { virtualClock } from '../../support/fakes/virtual-clock.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Running } from '../../support/rigs/program.js'

const position = { file: 'roadmap.yaml', line: 1, column: 1 }
const unwritten = (code: string, passing: boolean, repeated: boolean) =>
  ({ severity: 'warning', code, text: `${code}!`, position, passing, repeated }) as const

/** A write-back over a file that a test breaks and mends, with the tasks that were tried and what was recorded. */
function overFile() {
  const tried: string[] = []
  const events: RunEvent[] = []
  const file = { broken: false, said: false }
  const writer: StatusWriter = {
    held: () => Promise.resolve(undefined),
    bytes: () => 30_000,
    markDone(taskId) {
      tried.push(taskId)
      if (taskId === 'gone') return Promise.resolve({ ok: false, error: unwritten('W186', false, false) })
      if (!file.broken) return Promise.resolve({ ok: true, value: 'written' })
      const error = unwritten('W184', true, file.said)
      file.said = true
      return Promise.resolve({ ok: false, error })
    },
  }
  const clock = virtualClock()
  return { file, tried, events, clock, writeBack: new WriteBack(writer, (event) => events.push(event), clock) }
}

const kinds = (events: readonly RunEvent[]) =>
  events.map((event) => ('taskId' in event ? `${event.type} ${event.taskId}` : event.type))

test('what could not be written is written with the next task, in order', async () => {
  const { file, events, writeBack } = overFile()
  file.broken = true
  writeBack.done(taskId('a'))
  writeBack.done(taskId('b'))
  await new Promise(setImmediate)
  expect(kinds(events)).toEqual(['roadmap_write_failed'])
  file.broken = false
  writeBack.done(taskId('c'))
  await writeBack.finish()
  expect(kinds(events)).toEqual(['roadmap_write_failed', 'roadmap_written a', 'roadmap_written b', 'roadmap_written c'])
})

test('what still cannot be written at the end is named, each task with the reason', async () => {
  const { file, events, writeBack } = overFile()
  writeBack.done(taskId('gone'))
  writeBack.done(taskId('a'))
  await new Promise(setImmediate)
  file.broken = true
  writeBack.done(taskId('b'))
  writeBack.done(taskId('c'))
  await writeBack.finish()
  expect(kinds(events)).toEqual([
    ...['roadmap_write_failed', 'roadmap_written a', 'roadmap_write_failed'],
    ...['roadmap_not_written gone', 'roadmap_not_written b', 'roadmap_not_written c'],
  ])
  expect(events.slice(-3)).toMatchObject([{ why: 'W186!' }, { why: 'W184!' }, { why: 'W184!' }])
})

test('tasks that are done together are written together; only one of them checks whether a broken file is whole again', async () => {
  const { file, tried, events, writeBack, clock } = overFile()
  file.broken = true
  const ids = ['a', 'b', 'c']
  for (const id of ids) writeBack.done(taskId(id))
  await new Promise(setImmediate)
  expect(tried.splice(0)).toEqual(ids)
  clock.advance(100)
  writeBack.done(taskId('d'))
  await new Promise(setImmediate)
  expect(tried.splice(0)).toEqual(['a'])
  expect(kinds(events)).toEqual(['roadmap_write_failed'])
  file.broken = false
  writeBack.done(taskId('e'))
  await writeBack.finish()
  expect(tried).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(kinds(events).slice(1)).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `roadmap_written ${id}`))
})

test('between two writes a pause passes that grows with the file, and the end waits for none', async () => {
  const { tried, writeBack, clock } = overFile()
  writeBack.done(taskId('a'))
  await new Promise(setImmediate)
  for (const id of ['b', 'c']) writeBack.done(taskId(id))
  clock.advance(99)
  await new Promise(setImmediate)
  expect(tried).toEqual(['a'])
  clock.advance(1)
  await new Promise(setImmediate)
  expect(tried).toEqual(['a', 'b', 'c'])
  writeBack.done(taskId('d'))
  await writeBack.finish()
  expect([tried.at(-1), clock.timers]).toEqual(['d', 0])
})

async function reportsUnwritten(running: Running): Promise<void> {
  await running.saw('roadmap_write_failed', ({ code }) => code === 'W184')
}

test('a status that could not be written to a half-saved roadmap is written when the file is whole again', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, ['a', 'b'])
  const stage = scene({ roadmap })
  const running = stage.start(['run', '--output', 'json'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  stage.repo.write('roadmap.yaml', `${roadmap}  bro: [ken\n`)
  await a.write('a', '')
  await a.exit(0)
  await reportsUnwritten(running)
  stage.repo.write('roadmap.yaml', roadmap)
  await b.write('b', '')
  await b.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(2)
  expect(records().filter(({ type }) => type === 'roadmap_not_written')).toEqual([])
})

test('a roadmap that stays broken is named in the summary, and the next run counts what landed and writes it', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, { a: '', b: 'depends_on: [a]' })
  const stage = scene({ roadmap })
  const first = stage.start(['run', '--only', 'a'])
  const a = await agents.next('a')
  stage.repo.write('roadmap.yaml', `${roadmap}  bro: [ken\n`)
  await a.write('a', '')
  await a.exit(0)
  const { code, stdout } = await first.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Unwritten +a is done, but the roadmap doesn't say so: .*cannot be read/m)
  stage.repo.write('roadmap.yaml', roadmap)
  const second = stage.start(['run'])
  const b = await agents.next('b')
  await b.write('b', '')
  await b.exit(0)
  const ended = await second.ended
  expect(ended.code).toBe(0)
  expect(ended.stderr).toMatch(
    /on autopilot\/main already, so these tasks count as done and are marked done in the roadmap: a \([0-9a-f]{10}\); to do them again: --redo a$/m,
  )
  expect(ended.stdout).toMatch(/Done +2 of 2 tasks, 1 of them before this run/)
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(2)
  expect(stage.subjects()).toEqual(['a', 'b'])
})

test('a fresh checkout without the statuses repeats nothing; what a person holds stays held', async () => {
  const roadmap = 'tasks:\n  - { id: "a b", run: echo > a }\n  - { id: c, run: echo > c }\n'
  const stage = scene({ roadmap })
  expect((await stage.run(['run'])).code).toBe(0)
  stage.repo.write('roadmap.yaml', roadmap.replace('id: c,', 'id: c, status: on_hold,'))
  const { code, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(records().find((record) => record.type === 'run_started')?.tasks).toMatchObject([
    { id: 'a b', state: 'done' },
    { id: 'c', state: 'held' },
  ])
  expect(records().filter(({ type }) => type === 'attempt_started')).toEqual([])
  expect(stage.repo.read('roadmap.yaml')).toMatch(/id: "a b".*status: done[^]*status: on_hold/)
})

test('what was merged into the branch and set to pending again is run again', async () => {
  const roadmap = 'tasks:\n  - { id: a, run: date +%N >> a }\n'
  const stage = scene({ roadmap })
  stage.program('date', '#!/bin/sh\necho "$$"\n')
  expect((await stage.run(['run'])).code).toBe(0)
  stage.repo.write('roadmap.yaml', roadmap)
  stage.repo.git('merge', '-q', '--ff-only', 'autopilot/main')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
})

test('a read-only roadmap is named once, for all tasks together', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n' })
  chmodSync(`${stage.repo.dir}/roadmap.yaml`, 0o444)
  const { code, stdout, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Unwritten +[ab], [ab] are done, .*cannot write the roadmap/m)
  expect(stderr.match(/W183/g)).toHaveLength(1)
})

test('what is not written when the run ends early is named, each task with the reason', async () => {
  const { file, events, writeBack, clock } = overFile()
  writeBack.done(taskId('gone'))
  writeBack.done(taskId('a'))
  await new Promise(setImmediate)
  file.broken = true
  clock.advance(100)
  writeBack.done(taskId('b'))
  await new Promise(setImmediate)
  // Its write has only begun.
  writeBack.done(taskId('c'))
  events.length = 0
  writeBack.giveUp()
  expect(events).toMatchObject([
    { type: 'roadmap_not_written', taskId: 'gone', why: 'W186!' },
    { type: 'roadmap_not_written', taskId: 'b', why: 'W184!' },
    { type: 'roadmap_not_written', taskId: 'c', help: 'the next run writes it; or set it to done by hand' },
  ])
})
