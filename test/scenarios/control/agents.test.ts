// autopilot agents: more or fewer slots while the run is at work.
import { describe, expect, test } from 'vitest'
import { isAlive, recordsOf } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

describe.each(everyWay)('%s', (_, flags) => {
  test('more slots begin what waits at once, under numbers that nobody else has', async () => {
    const agents = await rig()
    const names = ['one', 'two', 'three', 'four']
    const stage = gatedScene({
      roadmap: riggedRoadmap(agents, names),
      gates: [{ name: 'number', run: 'echo $AUTOPILOT_SLOT:$AUTOPILOT_PORT >> "$NUMBERS"' }],
      config: { env: { NUMBERS: '/dev/null' } },
    })
    const running = stage.start(['run', '-a', '1', '--gate-jobs', '2', ...flags, '--output', 'json'])
    const first = await agents.next()
    const more = await stage.run(['agents', '4', '--output', 'json'])
    expect(more.code).toBe(0)
    expect(JSON.parse(more.stdout)).toMatchObject({ answer: { type: 'slots', changed: true, count: 4 } })
    const all = [first, await agents.next(), await agents.next(), await agents.next()]
    await running.saw('queue_updated', ({ busyAgents }) => busyAgents === 4)
    const seen = await Promise.all(all.map((agent) => agent.run('sh', '-c', 'echo $AUTOPILOT_SLOT $AUTOPILOT_PORT')))
    const [slots, ports] = [0, 1].map((part) => seen.map((line) => line.trim().split(' ')[part]))
    // Two and three are those of the gate jobs.
    expect(slots!.sort()).toEqual(['1', '4', '5', '6'])
    expect(new Set(ports).size).toBe(4)
    expect(ports).not.toContain(undefined)
    for (const agent of all) {
      await agent.write(`${agent.name}.txt`, agent.name)
      await agent.exit(0)
    }
    const ended = await running.ended
    expect(ended.code).toBe(0)
    expect(recordsOf(ended, 'slots_changed')).toMatchObject([
      { slots: ['slot-1', 'slot-4', 'slot-5', 'slot-6'], by: { via: 'command' } },
    ])
  })

  test('of fewer slots the idle ones go first, and a busy one when its agent has ended', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two', 'three', 'four']) })
    const running = stage.start(['run', '-a', '3', ...flags, '--output', 'json'])
    const three = [await agents.next(), await agents.next(), await agents.next()]
    const { taskId: onFirst } = await running.saw('attempt_started', ({ slot }) => slot === 'slot-1')
    expect((await stage.run(['agents', '1'])).stdout).toBe('1 agent slot from now on.\n')
    for (const agent of three.filter(({ name }) => name !== onFirst)) {
      await agent.write(`${agent.name}.txt`, agent.name)
      await agent.exit(0)
    }
    await running.saw('queue_updated', ({ busyAgents, availableAgents }) => busyAgents === 1 && availableAgents === 0)
    expect(agents.started).toHaveLength(3)
    const last = three.find(({ name }) => name === onFirst)!
    await last.write(`${last.name}.txt`, last.name)
    await last.exit(0)
    const four = await agents.next()
    await four.write('four.txt', 'four')
    await four.exit(0)
    const ended = await running.ended
    expect(ended.code).toBe(0)
    const started = recordsOf(ended, 'attempt_started').at(-1)!
    expect(recordsOf(ended, 'slots_changed')[0]!.slots).toEqual([started.slot])
  })
})

test('the worker of a slot that is taken away ends, and another begins when the slot is back', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two', 'three']) })
  const running = stage.start(['run', '--workers', '-a', '2', '--output', 'json'])
  const workers = await Promise.all(
    [1, 2].map((slot) => running.saw('worker_started', (worker) => worker.slot === `slot-${slot}`)),
  )
  const [one, two] = [await agents.next(), await agents.next()]
  await stage.run(['agents', '1'])
  const gone = workers[1]!
  expect(isAlive(gone.pid)).toBe(true)
  const onGone = await running.saw('attempt_started', ({ slot }) => slot === 'slot-2')
  for (const agent of [one, two]) {
    await agent.write(`${agent.name}.txt`, agent.name)
    if (agent.name === onGone.taskId) await agent.exit(0)
  }
  await until(() => !isAlive(gone.pid), 'the worker of the slot is gone')
  await stage.run(['agents', '2'])
  const three = await agents.next()
  await running.saw('worker_started', (worker) => worker.slot === 'slot-2' && worker.pid !== gone.pid)
  await three.write('three.txt', 'three')
  await three.exit(0)
  for (const agent of [one, two]) if (agent.name !== onGone.taskId) await agent.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'worker_replaced')).toEqual([])
})

test('a number out of range is refused, the same number changes nothing, and resume begins with its own setting', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  await agents.next('one')
  for (const count of ['0', '257', 'many', '1.5']) expect((await stage.run(['agents', count])).code).toBe(2)
  expect(await stage.run(['agents', '2'])).toMatchObject({ code: 0, stdout: '2 agent slots, as before.\n' })
  await stage.run(['agents', '3'])
  running.kill('SIGINT')
  expect(recordsOf(await running.ended, 'slots_changed')).toHaveLength(1)
  const resumed = stage.start(['resume', '--output', 'json'])
  const one = await agents.next('one')
  await one.write('one.txt', 'one')
  await one.exit(0)
  expect(recordsOf(await resumed.ended, 'run_resumed')[0]!.slots).toHaveLength(5)
})
