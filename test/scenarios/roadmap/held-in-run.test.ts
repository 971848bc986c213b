// Edits of the roadmap that hold tasks during a run.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { journalHas, recordsOf } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import { until } from '../../support/rigs/until.js'

test('a waiting task that a person blocks, cancels or removes during the run does not start, and a line says so', async () => {
  const agents = await rig()
  const tasks = { a: 'priority: high', blocked: '', canceled: '', gone: '', behind: 'depends_on: [blocked]', b: '' }
  const roadmap = riggedRoadmap(agents, tasks)
  const stage = scene({ roadmap })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const a = await agents.next()
  const kept = roadmap.replace(/ {2}- id: gone\n.*\n/, '')
  stage.repo.write('roadmap.yaml', kept.replace(/id: (blocked|canceled)/g, 'id: $1\n    status: $1'))
  await a.write('a', '')
  await a.exit(0)
  const b = await agents.next()
  await b.write('b', '')
  await b.exit(0)

  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(agents.started).toEqual(['a', 'b'])
  const held = records().flatMap((one) => (one.type === 'task_held' ? [[one.taskId, one.reason]] : []))
  expect(Object.fromEntries(held)).toEqual({
    blocked: { type: 'status', status: 'blocked', inRun: true },
    canceled: { type: 'status', status: 'canceled', inRun: true },
    gone: { type: 'removed' },
    behind: { type: 'dependency', taskIds: ['blocked'], byPerson: true },
  })
  const { stdout } = await stage.run(['status'])
  expect(stdout).toContain('blocked: held: blocked in the roadmap since the run began')
  expect(stdout).toContain('gone: held: no longer in the roadmap')
})

test('an edit that holds nothing keeps no task from starting, nor does a file that is half saved', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, { a: '', b: '', c: '' })
  const stage = scene({ roadmap })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const a = await agents.next()
  stage.repo.write('roadmap.yaml', `# a remark\n${roadmap.replace('id: c', 'id: c\n    priority: low')}`)
  await a.write('a', '')
  await a.exit(0)
  const b = await agents.next()
  stage.repo.write('roadmap.yaml', 'tasks: [{ id: "c, status: blocked')
  await b.write('b', '')
  await b.exit(0)
  const c = await agents.next()
  await c.write('c', '')
  stage.repo.write('roadmap.yaml', roadmap)
  await c.exit(0)

  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(agents.started).toEqual(['a', 'b', 'c'])
  expect(records().filter(({ type }) => type === 'task_held')).toEqual([])
})

test('a task that is blocked while it runs is not tried again, and its slot is free for the others', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, { a: '', b: '' })
  const stage = scene({ roadmap })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const a = await agents.next()
  stage.repo.write('roadmap.yaml', roadmap.replace('id: a', 'id: a\n    status: on_hold'))
  await a.exit(1)
  const b = await agents.next()
  await b.write('b', '')
  await b.exit(0)

  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(agents.started).toEqual(['a', 'b'])
  expect(records().filter(({ type }) => type === 'task_held')).toMatchObject([
    { taskId: 'a', reason: { type: 'status', status: 'on_hold', inRun: true } },
  ])
})

test('a conversation that waits for a slot after a resume does not continue if its task is blocked; its work is kept', async () => {
  const tasks = 'tasks:\n  - { id: one, title: One }\n  - { id: two, title: Two }\n'
  const stage = scene({ roadmap: tasks })
  const at = (name: string) => join(stage.repo.home, name)
  const calls = fakeCli(stage, 'claude', ({ task, prompt, say, write, succeed }) => {
    const home = (name: string) => `${process.env.HOME}/${name}`
    const continues = prompt.includes('# Interrupted')
    if (!continues) write(`${task}.txt`, task)
    say({ type: 'system', subtype: 'init', session_id: `of-${task}`, model: 'claude-test' })
    write(home(continues ? 'again' : `at-${task}`), '')
    const { existsSync } = process.getBuiltinModule('node:fs')
    const waiting = setInterval(() => {
      if (!continues || !existsSync(home('go'))) return
      clearInterval(waiting)
      succeed()
    }, 10)
  })
  const first = stage.start(['run', '-a', '2'])
  await until(() => existsSync(at('at-one')) && existsSync(at('at-two')), 'both are at work')
  await journalHas(stage, /"of-one"[^]*"of-two"|"of-two"[^]*"of-one"/)
  first.kill('SIGKILL')
  await first.ended
  const resumed = stage.start(['resume', '-a', '1'])
  await until(() => existsSync(at('again')), 'the first goes on')
  stage.repo.write('roadmap.yaml', tasks.replace('id: two,', 'id: two, status: blocked,'))
  writeFileSync(at('go'), '')

  const { code } = await resumed.ended
  expect(code).toBe(0)
  expect(calls()).toHaveLength(3)
  expect(stage.subjects()).toHaveLength(1)
  const records = recordsOf(stage)
  expect(records.filter(({ type }) => type === 'task_held')).toMatchObject([
    { taskId: 'two', reason: { type: 'status', status: 'blocked', inRun: true } },
  ])
  const [kept] = records.flatMap((one) => (one.type === 'commit_kept' ? [one] : []))
  expect(kept).toMatchObject({ taskId: 'two' })
  expect(stage.repo.git('show', `${kept!.ref}:two.txt`)).toBe('two')
})
