import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { TurnEvent, TurnRequest } from '../../../../src/orchestration/agent/contract.js'
import { workerLimits } from '../../../../src/orchestration/workers/slot-worker.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { workersOf } from '../../../support/rigs/agent-runners.js'
import { workRequest } from '../../../support/rigs/requests.js'
import { isAlive } from '../../../support/rigs/program.js'
import { rig } from '../../../support/scenes/rigged-scene.js'

function requestOf(agents: AgentRig, slot = 1): TurnRequest {
  agents.install('claude', { version: '2.1.332' })
  return {
    provider: 'claude',
    where: { number: slot, taskId: taskId('t') },
    assignment: { type: 'work', request: workRequest({ cwd: agents.dir }) },
    env: { PATH: `${agents.binDir}:${process.env.PATH}`, AUTOPILOT_ATTEMPT: `${agents.dir}/${slot}` },
    mark: 'AUTOPILOT_ATTEMPT',
    output: { stdout: join(agents.dir, `out-${slot}.log`), stderr: join(agents.dir, `err-${slot}.log`) },
  }
}

type Workers = ReturnType<typeof workersOf>

function started({ runner }: Workers, request: TurnRequest) {
  const turn = runner.turn(request)
  const told: TurnEvent[] = []
  const over = (async () => {
    for await (const event of turn.events) {
      told.push(event)
      if (event.type === 'spawned') turn.begin()
    }
  })()
  return { turn, told, over }
}

const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000, interval: 20 })

test('a worker that is killed takes its turn with it, nothing of its agent is left, and the next turn gets another worker', async () => {
  const agents = await rig()
  const workers = workersOf()
  const { turn, told, over } = started(workers, requestOf(agents))
  const agent = await agents.next('claude')
  process.kill(workers.spawned[0]!, 'SIGKILL')
  const lost = { type: 'lost', message: 'the worker is gone (ended by SIGKILL)' }
  expect(await turn.ended).toMatchObject({ exit: lost })
  await over
  expect(told.at(-1)).toEqual({ type: 'exited', exit: lost })
  expect(isAlive(agent.pid)).toBe(false)
  expect(workers.replaced).toEqual(['ended by SIGKILL'])
  const next = started(workers, requestOf(agents))
  await (await agents.next('claude')).exit(0)
  expect(await next.turn.ended).toMatchObject({ exit: { type: 'code', code: 0 } })
})

test('workers on other slots never notice', async () => {
  const agents = await rig()
  const workers = workersOf()
  const turns = [1, 2, 3].map((slot) => started(workers, requestOf(agents, slot)))
  const all = [await agents.next('claude'), await agents.next('claude'), await agents.next('claude')]
  process.kill(workers.spawned[1]!, 'SIGKILL')
  expect((await turns[1]!.turn.ended).exit.type).toBe('lost')
  for (const agent of all) if (isAlive(agent.pid)) await agent.exit(0)
  const ends = await Promise.all([turns[0]!.turn.ended, turns[2]!.turn.ended])
  expect(ends.map(({ exit }) => exit)).toEqual([
    { type: 'code', code: 0 },
    { type: 'code', code: 0 },
  ])
  expect(workers.replaced).toHaveLength(1)
})

test('an idle worker that dies is replaced before anybody asks for it', async () => {
  const workers = workersOf()
  await vi.waitFor(() => expect(workers.spawned).toHaveLength(3))
  process.kill(workers.spawned[0]!, 'SIGKILL')
  await vi.waitFor(() => expect(workers.spawned).toHaveLength(4))
})

test('a worker that hangs is replaced after a time, and its turn is lost', async () => {
  const agents = await rig()
  const workers = workersOf({}, { limits: { ...workerLimits, silentMs: 2_500 } })
  const { turn } = started(workers, requestOf(agents))
  const agent = await agents.next('claude')
  process.kill(workers.spawned[0]!, 'SIGSTOP')
  const { exit } = await turn.ended
  expect(exit).toEqual({ type: 'lost', message: 'the worker is gone (it was silent for 2.5 s)' })
  await gone(agent.pid)
})

test('a worker that uses too much memory is replaced at once, a large one after its turn', async () => {
  const agents = await rig()
  const hard = workersOf({}, { slots: 1, limits: { ...workerLimits, hardBytes: 1 } })
  const large = started(hard, requestOf(agents))
  await agents.next('claude')
  expect(await large.turn.ended).toMatchObject({ exit: { type: 'lost' } })
  expect(hard.replaced[0]).toMatch(/^it used \d+ MB$/)
  await hard.runner.close()
  const soft = workersOf({}, { slots: 1, limits: { ...workerLimits, mostBytes: 1 } })
  await vi.waitFor(() => expect(soft.spawned).toHaveLength(1))
  const { turn } = started(soft, requestOf(agents))
  const agent = await agents.next('claude')
  // Its first word about its memory.
  await vi.waitFor(async () => expect((await turn.life.processorTimes(0)).times.size).toBeGreaterThan(0))
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  expect(soft.replaced).toEqual([])
  await agent.exit(0)
  expect(await turn.ended).toMatchObject({ exit: { type: 'code', code: 0 } })
  await vi.waitFor(() => expect(soft.replaced[0]).toMatch(/^it used \d+ MB after a turn$/))
})

test('a worker that has run many turns is replaced after the last of them', async () => {
  const agents = await rig()
  const workers = workersOf({}, { slots: 1, limits: { ...workerLimits, mostTurns: 2 } })
  for (let turns = 0; turns < 3; turns++) {
    const { turn } = started(workers, requestOf(agents))
    await (await agents.next('claude')).exit(0)
    expect(await turn.ended).toMatchObject({ exit: { type: 'code', code: 0 } })
  }
  expect(workers.replaced).toEqual(['it had run 2 turns'])
})

test('a worker that cannot start is tried three times, and then its turn has not started', async () => {
  const agents = await rig()
  const broken = join(agents.dir, 'broken.cjs')
  writeFileSync(broken, 'process.exit(7)\n')
  const workers = workersOf({ file: broken }, { slots: 1 })
  const { turn } = started(workers, requestOf(agents))
  const { exit } = await turn.ended
  expect(exit).toEqual({ type: 'not_started', message: 'the worker is gone (exit code 7)' })
})

test.each([
  ['speaks another protocol', "process.send({ type: 'ready', protocol: 99 })", 'it speaks protocol 99'],
  ['says what nobody understands', "process.send({ type: 'sing' })", 'it sent a message with an odd form'],
  [
    'says things of the wrong form',
    "process.send({ type: 'beat', rssBytes: 'much' })",
    'it sent a message with an odd rssBytes',
  ],
])('a worker that %s is replaced', async (_, code, why) => {
  const agents = await rig()
  const odd = join(agents.dir, 'odd.cjs')
  writeFileSync(odd, `${code}\nsetInterval(() => undefined, 1000)\n`)
  const workers = workersOf({ file: odd }, { slots: 1 })
  await vi.waitFor(() => expect(workers.replaced[0]).toBe(why))
})

test('when the coordinator is gone, the worker and what it runs end', async () => {
  const agents = await rig()
  const workers = workersOf({}, { slots: 1 })
  started(workers, requestOf(agents))
  const agent = await agents.next('claude')
  const { runner, spawned } = workers
  await runner.close()
  await gone(spawned[0]!)
  await gone(agent.pid)
})
