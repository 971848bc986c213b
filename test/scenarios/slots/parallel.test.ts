// How many agents work at once, and when the next begins.
import { expect, test } from 'vitest'
import type { FakeAgent } from '../../support/fakes/fake-agent.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const ten = ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9', 't10']

test('five slots run exactly five of ten tasks, and each waiting task starts when a slot frees', async () => {
  const agents = await rig()
  const { start, landed, subjects } = scene({ roadmap: riggedRoadmap(agents, ten) })
  const running = start(['run', '--agents', '5', '--output', 'json'])

  const busy: FakeAgent[] = []
  for (let n = 0; n < 5; n++) busy.push(await agents.next())
  await running.saw('queue_updated', ({ queueLength, busyAgents }) => queueLength === 5 && busyAgents === 5)
  expect(agents.living()).toHaveLength(5)
  expect(new Set(busy.map(({ cwd }) => cwd)).size).toBe(5)

  for (let next = busy.shift(); next; next = busy.shift()) {
    const startedBefore = agents.started.length
    await next.write(`${next.name}.txt`, next.name)
    await next.exit(0)
    // The slot that has become free goes to the next one, while the others still work.
    if (startedBefore < 10) busy.push(await agents.next())
    expect(agents.living().length).toBeLessThanOrEqual(5)
  }

  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect([...agents.started].sort()).toEqual([...ten].sort())
  expect(subjects()).toHaveLength(10)
  for (const id of ten) expect(landed(`${id}.txt`)).toBe(id)
  const starts = records().filter((record) => record.type === 'attempt_started')
  expect(starts).toHaveLength(10)
  expect(new Set(starts.map(({ slot }) => slot)).size).toBe(5)
})

test('the counts of a whole run add up, are reported only when they change, and end with every slot idle', async () => {
  const agents = await rig()
  const { start } = scene({ roadmap: riggedRoadmap(agents, ten) })
  const running = start(['run', '-a', '5', '--output', 'json'])
  await running.saw('queue_updated', ({ queueLength, busyAgents }) => queueLength === 5 && busyAgents === 5)
  for (let n = 0; n < 10; n++) {
    const agent = await agents.next()
    await agent.write(agent.name, '')
    await agent.exit(0)
  }
  const { records } = await running.ended
  const counts = records().filter((record) => record.type === 'queue_updated')
  for (const { busyAgents, availableAgents } of counts) expect(busyAgents + availableAgents).toBe(5)
  const shown = counts.map(({ queueLength, busyAgents }) => `${queueLength} ${busyAgents}`)
  expect(shown.filter((text, index) => text === shown[index - 1])).toEqual([])
  expect(counts.at(-1)).toMatchObject({ queueLength: 0, busyAgents: 0, availableAgents: 5 })
})

test('of hundreds of ready tasks, the first by priority begins first, and none is queued twice', async () => {
  const agents = await rig()
  const many = Array.from({ length: 600 }, (_, at) => [`t${at}`, ''] as const)
  const roadmap = riggedRoadmap(agents, Object.fromEntries([...many, ['urgent', 'priority: critical']]))
  const { start } = scene({ roadmap })
  const running = start(['run', '-a', '1', '--isolation', 'none', '--output', 'json'])
  await agents.next('urgent')
  running.kill('SIGTERM')
  running.kill('SIGTERM')
  const { code, records } = await running.ended
  expect(code).toBe(143)
  expect(agents.started).toEqual(['urgent'])
  const queued = records().flatMap((record) => (record.type === 'task_queued' ? [record.taskId] : []))
  expect(queued[0]).toBe('urgent')
  expect(new Set(queued).size).toBe(queued.length)
})

test('two agents are alive at once and see nothing of each other', async () => {
  const agents = await rig()
  const { start } = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const running = start(['run', '-a', '2'])
  const [one, two] = [await agents.next('one'), await agents.next('two')]
  await one.write('shared.txt', 'of one')
  await expect(two.read('shared.txt')).rejects.toThrow()
  expect(new Set(agents.living())).toEqual(new Set(['one', 'two']))
  await two.write('two.txt', '')
  await Promise.all([one.exit(0), two.exit(0)])
  expect((await running.ended).code).toBe(0)
})

test('an agent that has ended frees its slot even if a grandchild still holds its output', async () => {
  const agents = await rig()
  const { start } = scene({ roadmap: riggedRoadmap(agents, ['first', 'second']) })
  const running = start(['run', '-a', '1'])
  const first = await agents.next('first')
  const child = await first.spawnChild({ setsid: false, holdsPipes: true })
  await first.write('a', '')
  await first.exit(0)
  const second = await agents.next('second')
  await second.write('b', '')
  await second.exit(0)
  expect((await running.ended).code).toBe(0)
  await child.gone
})

test('a dependent starts only when its dependency has been integrated, and sees its files', async () => {
  const agents = await rig()
  const { start } = scene({
    roadmap: riggedRoadmap(agents, { base: '', other: '', top: 'depends_on: [base]' }),
  })
  const running = start(['run', '-a', '3', '--output', 'json'])
  const [base, other] = [await agents.next('base'), await agents.next('other')]
  expect(agents.started).not.toContain('top')
  await base.write('base.txt', 'from base')
  await base.exit(0)
  const top = await agents.next('top')
  expect(await top.read('base.txt')).toBe('from base')
  expect(agents.living()).toContain('other')
  await top.write('top.txt', '')
  await other.write('other.txt', '')
  await Promise.all([top.exit(0), other.exit(0)])
  const { code, records } = await running.ended
  expect(code).toBe(0)
  const order = records().flatMap((record) =>
    record.type === 'task_integrated' || record.type === 'attempt_started' ? [`${record.type} ${record.taskId}`] : [],
  )
  expect(order.indexOf('task_integrated base')).toBeLessThan(order.indexOf('attempt_started top'))
})
