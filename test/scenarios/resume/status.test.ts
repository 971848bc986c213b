// Autopilot status.
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { realpathSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { closedTo, notClosable } from '../../support/scenes/closed-to.js'
import { statusOf } from '../../support/scenes/past-run.js'
import { until } from '../../support/rigs/until.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const mixed = `tasks:
  - { id: good, title: The good one, run: echo > good }
  - { id: bad, run: 'echo > half; exit 3' }
  - { id: after, run: echo > after, depends_on: [bad] }
  - { id: over, run: exit 0, status: done }
`

test('for a finished run it shows why it ended, each task, the target, and what is kept with the command that shows it', async () => {
  const stage = scene({ roadmap: mixed })
  const ran = await stage.run(['run', '-i', '1'])
  const { code, stdout } = await stage.run(['status'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Run +\S+ is finished: 2 not done \(exit code 1\)$/m)
  expect(stdout).toMatch(/^Target +autopilot\/main$/m)
  expect(stdout).toMatch(/^Done +2 of 4 tasks, 1 of them before this run/m)
  expect(stdout).toMatch(/good: done, integrated as [0-9a-f]{10}$/m)
  expect(stdout).toMatch(/bad: failed after 1 attempt \(crash\): .*exit code 3/)
  expect(stdout).toMatch(/after: held: waits for bad$/m)
  expect(stdout).toMatch(/over: done before this run$/m)
  const shows = /^ +(git diff .*)$/m.exec(stdout)![1]!
  expect(ran.stdout).toContain(shows)
  expect(stage.repo.git(...shows.split(' ').slice(1), '--stat')).toContain('half')
})

test('as JSON it is one object, and a run can be named', async () => {
  const stage = scene({ roadmap: mixed })
  await stage.run(['run', '-i', '1', '--only', 'good'])
  const first = await statusOf(stage)
  await stage.run(['run', '-i', '1'])
  const second = await statusOf(stage)
  expect(second.run).not.toBe(first.run)
  expect(second).toMatchObject({ standing: 'finished', exitCode: 1, counts: { done: 2, failed: 1, held: 1 } })
  expect(second.kept).toMatchObject([{ taskId: 'bad', why: 'the unfinished work of a failed attempt' }])
  expect(await statusOf(stage, first.run!)).toEqual(first)
  expect(first).toMatchObject({ exitCode: 0, kept: [] })
})

test('for a running run it shows the process, the queue and what runs, although the last line is half written', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two', 'three']) })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const { runId } = await running.saw('run_started')
  const one = await agents.next('one')
  await agents.next('two')
  await one.write('one.txt', 'one')
  await one.exit(0)
  await agents.next('three')
  const journal = join(stage.repo.dir, '.autopilot', 'runs', runId, 'journal.jsonl')
  await until(() => {
    const written = readFileSync(journal, 'utf8')
    return written.includes('"type":"roadmap_written"') && /agent_spawned[^\n]*three/.test(written)
  }, 'all that has happened is in the journal')
  // Stopped, so that nothing is written behind the half line; a stopped run still holds its lock.
  running.kill('SIGSTOP')
  await until(() => isStopped(running.pid), 'the run has stopped')
  const { size } = statSync(journal)
  appendFileSync(journal, '{"v":1,"se')
  const status = await statusOf(stage)
  expect(status).toMatchObject({
    run: runId,
    standing: 'running',
    pid: running.pid,
    queue: { busyAgents: 2 },
    kept: [],
  })
  expect(status.tasks.map(({ id, state }) => `${id} ${state.type}`)).toEqual([
    'one done',
    'two running',
    'three running',
  ])
  const { stdout } = await stage.run(['status'])
  expect(stdout).toContain(`${runId} is running: process ${running.pid} on `)
  expect(stdout).toContain('Queue: 0 waiting | 2 busy | 0 idle')
  truncateSync(journal, size)
  running.kill('SIGCONT')
  running.kill('SIGINT')
  await running.ended
  expect(await statusOf(stage)).toMatchObject({ run: runId, standing: 'finished', exitCode: 130 })
})

test('a killed run is shown as broken off, with the work that it could no longer record', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['early', 'late']) })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const { runId } = await running.saw('run_started')
  const [early] = [await agents.next('early'), await agents.next('late')]
  await early.write('early.txt', 'early')
  await early.exit(1)
  const path = join(stage.repo.dir, '.autopilot', 'runs', runId, 'journal.jsonl')
  const told = '"type":"commit_kept"'
  await until(() => readFileSync(path, 'utf8').includes(told), 'the kept commit is in the journal')
  running.kill('SIGKILL')
  await running.ended
  // As if the crash had come before the record was written, but after the ref was.
  truncateSync(path, readFileSync(path).indexOf(told) - 10)
  const status = await statusOf(stage)
  expect(status).toMatchObject({ run: runId, standing: 'broken_off' })
  expect(status.kept).toMatchObject([{ taskId: 'early', why: expect.stringContaining('broken off') as unknown }])
  expect(stage.repo.git('show', `${status.kept[0]!.ref}:early.txt`)).toBe('early')
  const { stdout } = await stage.run(['status'])
  expect(stdout).toMatch(/late: was running, attempt 1/)
})

test('without a run it says so, and an unknown run ends with 2 and a suggestion', async () => {
  const stage = scene({ roadmap: mixed })
  const none = await stage.run(['status'])
  expect(none.code).toBe(0)
  expect(none.stdout).toMatch(/^No run yet/)
  expect(JSON.parse((await stage.run(['status', '--output', 'json'])).stdout)).toEqual({ type: 'status', run: null })
  await stage.run(['run', '--only', 'good'])
  const { run } = await statusOf(stage)
  const { code, stderr } = await stage.run(['status', '../../etc'])
  expect(code).toBe(2)
  expect(stderr).toContain(`did you mean ${run}?`)
})

test('a journal with a bad line in the middle, or of another version, ends with 4 and the number of the line', async () => {
  const stage = scene({ roadmap: mixed })
  await stage.run(['run', '--only', 'good'])
  const { run } = await statusOf(stage)
  const path = join(stage.repo.dir, '.autopilot', 'runs', run!, 'journal.jsonl')
  const lines = readFileSync(path, 'utf8').split('\n')
  writeFileSync(path, lines.with(2, lines[2]!.slice(0, 9)).join('\n'))
  const bad = await stage.run(['status'])
  expect([bad.code, bad.stderr]).toEqual([4, expect.stringContaining('line 3 of the journal is not a record')])
  writeFileSync(path, lines.with(1, lines[1]!.replace('"v":1', '"v":7')).join('\n'))
  const strange = await stage.run(['status', '--output', 'json'])
  expect(strange.code).toBe(4)
  expect(strange.records()).toMatchObject([
    { type: 'error', text: expect.stringMatching(/line 2 .*version 7/) as unknown },
  ])
})

test.skipIf(notClosable !== undefined)(
  'status and resume report records of another user as such, not as no run yet',
  async () => {
    const stage = scene({ roadmap: mixed })
    await stage.run(['run', '--only', 'good'])
    const { run } = await statusOf(stage)
    const places = ['.autopilot', join('.autopilot', 'runs'), join('.autopilot', 'runs', run!)]
    const records = [...places, join('.autopilot', 'runs', run!, 'journal.jsonl')].map(
      (path) => stage.repo.dir + '/' + path,
    )
    for (const record of records) {
      const other = closedTo(stage, record)
      for (const args of [['status'], ['status', run!], ['resume']]) {
        const { code, stdout, stderr } = await other.run(args)
        expect([code, stdout]).toEqual([4, ''])
        expect(stderr).toMatch(/cannot read the (records of runs|journal).*EACCES/)
        expect(stderr).toMatch(/as (the|that) user|readable for you/)
      }
      const json = await other.run(['status', '--output', 'json'])
      expect(json.records()).toMatchObject([
        { type: 'error', text: expect.stringContaining('cannot read the ') as unknown },
      ])
      other.open()
    }
    expect((await statusOf(stage)).run).toBe(run)
  },
)

test('unreadable records never count as no run, and an older run never counts as the last one', async () => {
  const stage = scene({ roadmap: mixed })
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  const loop = (path: string) => {
    symlinkSync(path, path)
  }
  mkdirSync(join(runs, '..'), { recursive: true })
  loop(runs)
  expect(await stage.run(['status'])).toMatchObject({ code: 4, stderr: expect.stringContaining('ELOOP') as unknown })
  rmSync(runs)
  await stage.run(['run', '--only', 'good'])
  const { run } = await statusOf(stage)
  mkdirSync(join(runs, '29990101-000000-aaaa'))
  expect((await statusOf(stage)).run).toBe(run)
  loop(join(runs, '29990101-000000-aaaa', 'journal.jsonl'))
  expect((await stage.run(['status'])).code).toBe(4)
  expect((await statusOf(stage, run!)).run).toBe(run)
  renameSync(join(runs, '29990101-000000-aaaa'), join(runs, '19990101-000000-aaaa'))
  expect((await statusOf(stage)).run).toBe(run)
})

test('where git does not trust the repository, status says so, not that there is no run', async () => {
  const stage = scene({ roadmap: mixed, files: { 'sub/a': '' } })
  await stage.run(['run', '--only', 'good'])
  // The variable by which git's own tests stand for another owner.
  const realGit = realpathSync(stage.repo.beside('bin/git'))
  stage.program('git', `#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec ${realGit} "$@"\n`)
  const { code, stderr } = await stage.run(['status'], { cwd: join(stage.repo.dir, 'sub') })
  expect(code).toBe(4)
  expect(stderr).toContain('belongs to another user')
})

test('a run without isolation is found from the directory that it worked in, with and without a repository around it', async () => {
  const stage = scene({ files: { 'sub/roadmap.yaml': 'tasks:\n  - { id: a, run: exit 0 }\n' } })
  const plain = stage.repo.beside('plain')
  mkdirSync(plain)
  stage.repo.write('../plain/roadmap.yaml', 'tasks:\n  - { id: a, run: exit 0 }\n')
  for (const cwd of [plain, join(stage.repo.dir, 'sub')]) {
    expect((await stage.run(['run', '--isolation', 'none'], { cwd })).code).toBe(0)
    const { code, stdout } = await stage.run(['status'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/a: done in place$/m)
  }
})

/** As proc(5) tells it; elsewhere a signal is taken to have worked at once. */
function isStopped(pid: number): boolean {
  return !existsSync('/proc/self/stat') || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(' T ')
}

test('it shows a task whose gates run as verifying', async () => {
  const roadmap = 'tasks:\n  - { id: one, run: echo > one }\n'
  const stage = gatedScene({ roadmap, gates: ['cat "$PIPE"'], config: { base_gates: 'skip', env: { PIPE: null } } })
  const pipe = stage.repo.beside('pipe')
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', pipe])
  const running = stage.start(['run', '--output', 'json'], { env: { PIPE: pipe } })
  await running.saw('gates_began')
  expect((await statusOf(stage)).tasks[0]!.state).toEqual({ type: 'verifying', attempt: 1 })
  writeFileSync(pipe, 'go\n')
  expect(await running.ended).toMatchObject({ code: 0 })
})
