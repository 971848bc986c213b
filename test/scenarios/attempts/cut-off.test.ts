// Attempts that a time limit or the CLI's own limit ended: how their work continues.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { recordsOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = 'tasks:\n  - { id: build, title: Build it }\n'

test('an attempt that reached its time limit continues in the same conversation, with the work so far, and is told why', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, read, say, succeed }) => {
    if (attempt > 1) {
      write('part.txt', `${read('part.txt')}two`)
      succeed({ total_cost_usd: 0.75 })
      return
    }
    write('part.txt', 'one ')
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    setInterval(() => undefined, 1000)
  })
  const ended = await stage.run(['run', '--timeout', '1s', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()).toHaveLength(2)
  const [, second] = calls()
  expect(second!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(second!.prompt).toContain('The attempt exceeded its time limit and was ended. (timeout)')
  expect(second!.prompt).toContain('You have about a minute for what is left.')
  expect(second!.prompt).not.toContain('# Build it')
  expect(stage.landed('part.txt')).toBe('one two')
  expect(stage.subjects()).toEqual(['Build it'])
  expect(recordsOf(ended, 'attempt_started').map(({ goesOnFrom }) => goesOnFrom)).toEqual([undefined, 1])
  expect(recordsOf(ended, 'attempt_failed')).toMatchObject([{ failure: { kind: 'timeout' }, willRetry: true }])
  expect(recordsOf(ended, 'commit_kept')).toMatchObject([
    { attempt: 1, why: 'the unfinished work of a failed attempt' },
  ])
})

test('an attempt that its CLI ended at a limit of turns continues in its conversation, too', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write(`part-${attempt}.txt`, 'x')
    succeed(attempt === 1 ? { subtype: 'error_max_turns', is_error: true } : {})
  })
  const ended = await stage.run(['run', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()[1]!.args).toContain('--resume')
  expect(stage.landed('part-1.txt') + stage.landed('part-2.txt')).toBe('xx')
})

test('an attempt that failed by itself is followed by one that starts over', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write(`part-${attempt}.txt`, 'x')
    succeed(attempt === 1 ? { is_error: true, result: 'broke' } : {})
  })
  const ended = await stage.run(['run', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()[1]!.args).not.toContain('--resume')
  expect(stage.repo.git('ls-tree', '--name-only', 'autopilot/main')).not.toContain('part-1.txt')
  expect(stage.landed('part-2.txt')).toBe('x')
})

test('if the conversation is lost, another agent is told the task and the work so far', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, prompt, write, say, succeed, exit }) => {
    if (attempt === 1) {
      write('part.txt', 'half of it\n')
      say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
      setInterval(() => undefined, 1000)
      return
    }
    if (!prompt.includes('# Build it')) {
      say({
        type: 'result',
        subtype: 'error_during_execution',
        is_error: true,
        errors: ['No conversation found with session ID: x'],
      })
      exit(1)
    }
    write('rest.txt', 'x')
    succeed()
  })
  const ended = await stage.run(['run', '--timeout', '1s', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()).toHaveLength(3)
  expect(calls()[2]!.prompt).toContain('    +half of it')
  expect(stage.landed('part.txt')).toBe('half of it')
  expect(recordsOf(ended, 'attempt_started')).toHaveLength(2)
})

test('a command that passed its time limit starts clean', async () => {
  const stage = scene({
    roadmap:
      'tasks:\n  - { id: build, run: "test -e part.txt && exit 7; echo x > part.txt; test -e $HOME/again || { touch $HOME/again; sleep 60; }" }\n',
  })
  const ended = await stage.run(['run', '--timeout', '1s', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'attempt_started').map(({ goesOnFrom }) => goesOnFrom)).toEqual([undefined, undefined])
})

test('a run that is killed between the two attempts continues with what the first one left', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, say, succeed }) => {
    const { existsSync } = process.getBuiltinModule('node:fs')
    if (existsSync(`${process.env.HOME}/killed`)) {
      succeed()
      return
    }
    if (attempt === 1) write('part.txt', 'one')
    if (attempt === 1) say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    setInterval(() => undefined, 1000)
  })
  const running = stage.start(['run', '--timeout', '2s', '--output', 'json'])
  await running.saw('agent_spawned', ({ attempt }) => attempt === 2)
  running.kill('SIGKILL')
  await running.ended
  writeFileSync(join(stage.repo.home, 'killed'), '')
  const resumed = await stage.run(['resume', '--output', 'json'])
  expect(resumed.code).toBe(0)
  expect(calls().at(-1)!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(stage.landed('part.txt')).toBe('one')
})

test('with --isolation none, too, it continues in its conversation, with its work', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, read, write, succeed }) => {
    write('part.txt', attempt === 1 ? 'one ' : `${read('part.txt')}two`)
    succeed(attempt === 1 ? { subtype: 'error_max_turns', is_error: true } : {})
  })
  const ended = await stage.run(['run', '--isolation', 'none', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()[1]!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(calls()[1]!.prompt).toContain('# Cut off')
  expect(stage.repo.read('part.txt')).toBe('one two')
})

test('if its provider is out by then, another one is told the task and the work so far', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: build, title: Build it }\n  - { id: later, title: Later, expects: no_change }\n',
  })
  fakeCli(stage, 'claude', ({ task, write, succeed, exit }) => {
    if (task === 'build') {
      write('part.txt', 'half of it\n')
      succeed({ subtype: 'error_max_turns', is_error: true })
      return
    }
    process.getBuiltinModule('node:fs').writeSync(2, "error: unknown option '--x'\n")
    exit(1)
  })
  const calls = fakeCli(stage, 'codex', ({ task, write, succeed }) => {
    if (task === 'build') write('rest.txt', 'x')
    succeed()
  })
  const ended = await stage.run(['run', '-a', '1', '-p', 'claude', '-p', 'codex', '--output', 'json'])
  expect(ended.code).toBe(0)
  const second = calls().find(({ prompt }) => prompt.includes('Task build.'))
  expect(second?.prompt).toContain('# Build it')
  expect(second?.prompt).toContain('    +half of it')
  expect(second?.prompt).toContain('limit')
  expect(stage.landed('part.txt') + stage.landed('rest.txt')).toBe('half of itx')
})

test.each([
  ['', roadmap, true],
  [', unless its text has changed since: then it starts over', roadmap.replace('Build it', 'Build another'), false],
])(
  'an attempt that was the last of its run is continued when the task may have another one%s',
  async (_, now, continues) => {
    const stage = scene({ roadmap })
    const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
      write(`part-${attempt}.txt`, 'x')
      succeed(attempt === 1 ? { subtype: 'error_max_turns', is_error: true } : {})
    })
    expect(await stage.run(['run', '-i', '1'])).toMatchObject({ code: 1 })
    stage.repo.write('roadmap.yaml', now)
    expect(await stage.run(['resume', '-i', '2'])).toMatchObject({ code: 0 })
    expect(calls()).toHaveLength(2)
    expect(calls()[1]!.args.includes('--resume')).toBe(continues)
    expect(calls()[1]!.prompt.includes('# Build another')).toBe(!continues)
    const landed = stage.repo.git('ls-tree', '--name-only', 'autopilot/main')
    expect(landed.includes('part-1.txt')).toBe(continues)
  },
)
