// Runs on workers: one process for each slot, which stays alive from turn to turn.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive, recordsOf, type Running } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

/** The process of a slot's worker; `before`: those that were. */
async function workerOf(running: Running, slot: number, before: ReadonlySet<number> = new Set()): Promise<number> {
  const name = `slot-${slot}`
  return (await running.saw('worker_started', (worker) => worker.slot === name && !before.has(worker.pid))).pid
}

const workersOf = (running: Running, slots: number) =>
  Promise.all(Array.from({ length: slots }, (_, index) => workerOf(running, index + 1)))

test('ten tasks on five workers: five at once, five wait, and each that waits starts by itself when a slot is free', async () => {
  const agents = await rig()
  const names = Array.from({ length: 10 }, (_, index) => `t${index}`)
  const stage = scene({ roadmap: riggedRoadmap(agents, names) })
  const running = stage.start(['run', '--workers', '-a', '5', '--output', 'json'])
  const first = [
    await agents.next(),
    await agents.next(),
    await agents.next(),
    await agents.next(),
    await agents.next(),
  ]
  await running.saw('queue_updated', ({ queueLength, busyAgents }) => queueLength === 5 && busyAgents === 5)
  const workers = await workersOf(running, 5)
  expect(new Set(workers).size).toBe(5)
  for (const agent of first) {
    await agent.write(`${agent.name}.txt`, 'done\n')
    await agent.exit(0)
    const next = await agents.next()
    await next.write(`${next.name}.txt`, 'done\n')
    await next.exit(0)
  }
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(stage.subjects()).toHaveLength(10)
  // They are the same from the first turn to the last, and gone with the run.
  expect(recordsOf(ended, 'worker_started')).toHaveLength(5)
  await until(() => workers.every((pid) => !isAlive(pid)), 'all workers are gone')
})

test('a worker that is killed costs its task no attempt, twice; the others never notice; a third time the attempt is used up', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['poison', 'other']) })
  const running = stage.start(['run', '--workers', '-a', '2', '-i', '1', '--output', 'json'])
  const other = await agents.next('other')
  const killed = new Set<number>()
  for (let number = 1; number <= 3; number++) {
    const { pid } = await agents.next('poison')
    const { slot } = await running.saw('attempt_started', (one) => one.taskId === 'poison' && one.attempt === number)
    const worker = await workerOf(running, Number(slot.slice(-1)), killed)
    process.kill(worker, 'SIGKILL')
    killed.add(worker)
    await until(() => !isAlive(pid), 'its agent is gone')
  }
  await other.write('other.txt', 'done\n')
  await other.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(1)
  const failed = recordsOf(ended, 'attempt_failed')
  expect(failed.map(({ taskId, counted }) => [taskId, counted])).toEqual([
    ['poison', false],
    ['poison', false],
    ['poison', undefined],
  ])
  expect(failed[0]).toMatchObject({
    failure: { kind: 'infrastructure', message: expect.stringContaining('the worker is gone') as unknown },
  })
  expect(stage.subjects()).toEqual(['other'])
})

test('a worker opens no debugger on SIGUSR1, which an agent could send it', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const running = stage.start(['run', '--workers', '-a', '1', '--output', 'json'])
  const agent = await agents.next('a')
  const [worker] = await workersOf(running, 1)
  process.kill(worker!, 'SIGUSR1')
  await agent.write('a.txt', 'done\n')
  await agent.exit(0)
  const { code, records } = await running.ended
  const { runId } = records().find((record) => record.type === 'run_started')!
  const log = readFileSync(join(stage.repo.dir, '.autopilot', 'runs', runId, 'workers', '1-1.log'), 'utf8')
  expect({ code, log }).toEqual({ code: 0, log: '' })
})

test('Ctrl-C ends agents and workers, and resume continues on new ones', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const running = stage.start(['run', '--workers', '-a', '1', '--output', 'json'])
  const agent = await agents.next('a')
  const workers = await workersOf(running, 1)
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  await until(() => [agent.pid, ...workers].every((pid) => !isAlive(pid)), 'all are gone')
  const resumed = stage.start(['resume', '--workers', '--output', 'json'])
  const again = await agents.next('a')
  await again.write('a.txt', 'done\n')
  await again.exit(0)
  expect((await resumed.ended).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
})

test('when autopilot is killed, neither workers nor what they run live on', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const running = stage.start(['run', '--workers', '-a', '2', '--output', 'json'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  const far = await a.spawnChild({ setsid: true, holdsPipes: false })
  const pids = [a.pid, b.pid, far.pid, ...(await workersOf(running, 2))]
  expect(pids.filter((pid) => !isAlive(pid))).toEqual([])
  running.kill('SIGKILL')
  await running.ended
  await until(() => pids.every((pid) => !isAlive(pid)), 'all are gone')
})
