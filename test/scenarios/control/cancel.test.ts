// autopilot cancel: one task, in whatever state it is, or all.
import { describe, expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { recordsOf, type Ended } from '../../support/rigs/program.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const heldIn = (ended: Ended) =>
  Object.fromEntries(recordsOf(ended, 'task_held').map(({ taskId, reason }) => [taskId, reason.type]))

describe.each(everyWay)('%s', (_, flags) => {
  test('cancel ends the agent of a running task, keeps its work, holds its dependents, and the rest goes on', async () => {
    const agents = await rig()
    const roadmap = riggedRoadmap(agents, { slow: '', other: '', after: 'depends_on: [slow]' })
    const stage = scene({ roadmap })
    const running = stage.start(['run', '-a', '2', ...flags, '--output', 'json'])
    const [slow, other] = [await agents.next('slow'), await agents.next('other')]
    await slow.write('slow.txt', 'half')
    const canceled = await stage.run(['cancel', 'slow', '--output', 'json'])
    expect(canceled.code).toBe(0)
    const { answer } = JSON.parse(canceled.stdout) as { answer: { ref: string } }
    expect(answer).toMatchObject({ type: 'canceled', task: 'slow', end: 'held' })
    await slow.gone
    expect(stage.repo.git('show', `${answer.ref}:slow.txt`)).toBe('half')
    await other.write('other.txt', 'whole')
    await other.exit(0)
    const ended = await running.ended
    expect(ended.code).toBe(1)
    expect(heldIn(ended)).toEqual({ slow: 'canceled', after: 'dependency' })
    expect(recordsOf(ended, 'task_canceling')).toMatchObject([{ taskId: 'slow', by: { via: 'command' } }])
    expect(recordsOf(ended, 'task_held')[0]).toMatchObject({ holds: 1, reason: { by: { via: 'command' } } })
    expect(recordsOf(ended, 'attempt_failed')).toMatchObject([{ taskId: 'slow', failure: { kind: 'canceled' } }])
    expect(stage.subjects()).toEqual(['other'])
  })

  test('resume goes on without a canceled task; resume --only runs it, and what depends on it follows later', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, { slow: '', other: '', after: 'depends_on: [slow]' }) })
    const first = stage.start(['run', '-a', '2', ...flags, '--output', 'json'])
    await agents.next('other')
    await agents.next('slow')
    await stage.run(['cancel', 'slow'])
    first.kill('SIGINT')
    expect((await first.ended).code).toBe(130)
    const second = stage.start(['resume', ...flags, '--output', 'json'])
    const other = await agents.next('other')
    await other.write('other.txt', 'whole')
    await other.exit(0)
    const went = await second.ended
    expect(went.code).toBe(1)
    expect(agents.started.filter((name) => name !== 'other')).toEqual(['slow'])
    const status = await stage.run(['status'])
    expect(status.stdout).toMatch(
      /slow: held: canceled by .* at \d{4}-\d\d-\d\d \d\d:\d\d; autopilot resume --only runs it/,
    )
    const third = stage.start(['resume', '--only', 'slow', ...flags, '--output', 'json'])
    const slow = await agents.next('slow')
    await slow.write('slow.txt', 'whole')
    await slow.exit(0)
    const alone = await third.ended
    expect(alone.code).toBe(0)
    expect(recordsOf(alone, 'run_resumed')[0]).toMatchObject({ only: ['slow'] })
    expect(agents.started).not.toContain('after')
    // The run as a whole is not done: the next resume goes on with the rest.
    const fourth = stage.start(['resume', ...flags, '--output', 'json'])
    const after = await agents.next('after')
    await after.write('after.txt', 'whole')
    await after.exit(0)
    expect((await fourth.ended).code).toBe(0)
    expect(stage.subjects()).toEqual(['other', 'slow', 'after'])
  })
})

test('cancel takes a task from the queue, and one that waits for its dependencies with all that wait for it', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, {
    ...{ busy: '', queued: '', pending: 'depends_on: [busy]', last: 'depends_on: [pending]' },
  })
  const stage = scene({ roadmap })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const busy = await agents.next('busy')
  expect((await stage.run(['cancel', 'queued'])).stdout).toMatch(/^queued is canceled; it has brought no work\. /)
  expect((await stage.run(['cancel', 'pending'])).code).toBe(0)
  await busy.write('busy.txt', 'whole')
  await busy.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(heldIn(ended)).toEqual({ queued: 'canceled', pending: 'canceled', last: 'dependency' })
  expect(agents.started).toEqual(['busy'])
})

test('a run whose last open task is canceled ends at once', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['only']) })
  const running = stage.start(['run', '--output', 'json'])
  const only = await agents.next('only')
  await only.ignore('SIGTERM')
  expect((await stage.run(['cancel', 'only'])).code).toBe(0)
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(recordsOf(ended, 'agent_exited')[0]).toMatchObject({ exit: { type: 'signal', signal: 'SIGKILL' } })
})

test('work in the merge queue does not land once its task is canceled: its gates end, and others land', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['bad', 'good']),
    gates: [{ name: 'check', run: agents.command('gate') }],
  })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  for (const name of ['bad', 'good']) {
    const agent = await agents.next(name)
    await agent.write(`${name}.txt`, name)
    await agent.exit(0)
    if (name === 'bad') await running.saw('gates_began', ({ taskId }) => taskId === 'bad')
  }
  const first = await agents.next('gate')
  await running.saw('candidate_created', ({ taskId }) => taskId === 'good')
  const canceled = await stage.run(['cancel', 'bad', '--output', 'json'])
  const { answer } = JSON.parse(canceled.stdout) as { answer: { ref: string } }
  expect(answer).toMatchObject({ type: 'canceled', end: 'held' })
  await first.gone
  await (await agents.next('gate')).exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(stage.subjects()).toEqual(['good'])
  expect(stage.repo.git('show', `${answer.ref}:bad.txt`)).toBe('bad')
  expect(recordsOf(ended, 'gate_judged')).toMatchObject([{ taskId: 'good', verdict: 'passed' }])
  expect(recordsOf(ended, 'commit_kept')).toMatchObject([
    { taskId: 'bad', why: 'the finished work of a canceled attempt' },
  ])
})

test('a canceled task waits for no cool-down, and the run ends without it', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  fakeCli(stage, 'claude', ({ play }) => {
    play('429')
  })
  const running = stage.start(['run', '-a', '1', '--on-limit', 'wait', '--output', 'json'])
  await running.saw('provider_cooled_down')
  expect((await stage.run(['cancel', 'a'])).code).toBe(0)
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(heldIn(ended)).toEqual({ a: 'canceled' })
})

test('too late, unknown or already held: cancel says so, and changes nothing', async () => {
  const agents = await rig()
  const stage = scene({
    roadmap: `${riggedRoadmap(agents, ['first', 'second'])}  - { id: mine, run: 'true', execution_mode: manual }\n`,
  })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const first = await agents.next('first')
  await first.write('first.txt', '1')
  await first.exit(0)
  await running.saw('task_done')
  const second = await agents.next('second')
  expect(await stage.run(['cancel', 'first'])).toMatchObject({ code: 2, stderr: 'autopilot: first is done already\n' })
  expect(await stage.run(['cancel', 'mine'])).toMatchObject({ code: 2, stderr: 'autopilot: mine is held already\n' })
  const unknown = await stage.run(['cancel', 'secnd'])
  expect(unknown).toMatchObject({ code: 2 })
  expect(unknown.stderr).toBe('autopilot: the run has no task secnd\n    did you mean second?\n')
  expect((await stage.run(['cancel'])).code).toBe(2)
  expect((await stage.run(['cancel', 'second', '--all'])).code).toBe(2)
  await second.write('second.txt', '2')
  await second.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'task_canceling')).toEqual([])
})

test('a second cancel of the same task waits for the same end', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['deaf', 'other']) })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const [deaf, other] = [await agents.next('deaf'), await agents.next('other')]
  await deaf.ignore('SIGTERM')
  const both = await Promise.all([1, 2].map(() => stage.run(['cancel', 'deaf', '--output', 'json'])))
  for (const { stdout } of both) expect(JSON.parse(stdout)).toMatchObject({ answer: { end: 'held' } })
  await other.write('other.txt', 'other')
  await other.exit(0)
  const ended = await running.ended
  expect(recordsOf(ended, 'task_canceling')).toHaveLength(1)
})

test('cancel --all stops the run as Ctrl-C does', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const one = await agents.next('one')
  await one.write('one.txt', 'half')
  expect(await stage.run(['cancel', '--all'])).toMatchObject({
    code: 0,
    stdout: 'Canceled: the run stops, as after Ctrl-C.\n',
  })
  const ended = await running.ended
  expect(ended.code).toBe(130)
  expect(recordsOf(ended, 'run_stop_asked')).toMatchObject([{ by: { via: 'command' } }])
  expect(recordsOf(ended, 'task_canceled')).toMatchObject([{ taskId: 'one' }])
  expect(agents.started).toEqual(['one'])
})

test('a failed task that is named is tried again alone, and the others are left as they are', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['red', 'blue']) })
  const first = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  for (const name of ['red', 'blue']) await (await agents.next(name)).exit(1)
  expect((await first.ended).code).toBe(1)
  const again = stage.start(['resume', '--only', 'red', '-i', '1', '--output', 'json'])
  const red = await agents.next('red')
  await red.write('red.txt', 'red')
  await red.exit(0)
  const ended = await again.ended
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'run_finished')[0]).toMatchObject({ exitCode: 0, ofAll: 1 })
  expect(agents.started.filter((name) => name === 'blue')).toHaveLength(1)
  const unknown = await stage.run(['resume', '--only', 'rde'])
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('did you mean red?')
})
