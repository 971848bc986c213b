// Tools that a CLI did not permit, and what follows for the work.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { journalHas, journalOf, killOnce, recordsOf } from '../../support/scenes/killed-run.js'
import { statusOf } from '../../support/scenes/past-run.js'
import type { Ended, RecordOf } from '../../support/rigs/program.js'
import { rig, scene } from '../../support/scenes/rigged-scene.js'

const twoTasks = 'tasks:\n  - { id: a, description: A. }\n  - { id: b, description: B. }\n'
const oneTask = 'tasks:\n  - { id: a, description: A. }\n'

function denied(records: ReturnType<Ended['records']>) {
  const reported = records.filter((record): record is RecordOf<'agent_reported'> => record.type === 'agent_reported')
  return reported.flatMap(({ taskId, event }) => (event.type === 'denied' ? [{ taskId, ...event }] : []))
}

function ofType<Type extends ReturnType<Ended['records']>[number]['type']>(ended: Ended, type: Type) {
  return ended.records().filter((record): record is RecordOf<Type> => record.type === type)
}

test('a task that lands although a tool was refused says so: live, in its line, the summary, the status and the journal', async () => {
  const stage = scene({ roadmap: twoTasks })
  fakeCli(stage, 'claude', ({ task, write, refuse, succeed }) => {
    write(`${task}.txt`, task)
    if (task === 'a') refuse('npm run generate')
    succeed()
  })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(0)
  const hint = "allow: ['Bash(npm run generate)']"
  expect(stderr).toContain(`a was refused Bash \`npm run generate\`; to permit it, ${hint}\n`)
  expect(stderr.match(/was refused/g)).toHaveLength(1)
  expect(stderr).toMatch(/^\S+ a integrated as [0-9a-f]{10} in .*; refused: Bash `npm run generate`$/m)
  expect(stderr).toMatch(/^\S+ b integrated as [0-9a-f]{10} in [^;]*$/m)
  expect(stdout).toContain('Refused     1 of 2 done with refused tools: a: Bash `npm run generate`\n')
  expect(stdout).toContain(`            to permit it, ${hint}\n`)
  const status = await stage.run(['status'])
  expect(status.stdout).toMatch(/a: done, integrated as \w+; refused: Bash `npm run generate`\n/)
  expect(status.stdout).toContain('Refused     1 of 2 done with refused tools: a: Bash `npm run generate`\n')
  const { tasks } = (await statusOf(stage)) as unknown as { tasks: { id: string; refusals?: unknown }[] }
  const refusals = [{ tool: 'Bash', target: 'npm run generate', allow: 'Bash(npm run generate)', times: 1 }]
  expect(tasks.map(({ id, refusals: told }) => [id, told])).toEqual([
    ['a', refusals],
    ['b', undefined],
  ])
  // The CLI reports it twice, autopilot once.
  expect(denied(recordsOf(stage))).toEqual([
    {
      ...{ taskId: 'a', type: 'denied', tool: 'Bash', message: 'This command requires approval' },
      ...{ target: 'npm run generate', allow: 'Bash(npm run generate)' },
    },
  ])
})

test('a run in which nothing was refused says nothing about it', async () => {
  const stage = scene({ roadmap: oneTask })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('a.txt', 'a')
    succeed({ permission_denials: [] })
  })
  const { stdout, stderr } = await stage.run(['run'])
  expect(`${stdout}${stderr}${(await stage.run(['status'])).stdout}`).not.toMatch(/refused/i)
})

test('what codex declined is reported as well; codex has no list of allowed tools', async () => {
  const stage = scene({ roadmap: oneTask })
  fakeCli(stage, 'codex', ({ write, refuse, succeed }) => {
    write('a.txt', 'a')
    refuse('curl example.org')
    succeed()
  })
  const { code, stdout } = await stage.run(['run', '-p', 'codex'])
  expect(code).toBe(0)
  expect(stdout).toContain('Refused     1 of 1 done with refused tools: a: shell `curl example.org`\n')
  expect(stdout).not.toContain('to permit it')
})

test('a refusal counts that comes after more events than a turn has room for in the journal', async () => {
  const stage = scene({ roadmap: oneTask })
  fakeCli(stage, 'claude', ({ write, say, refuse, succeed }) => {
    write('a.txt', 'a')
    const tool = { type: 'tool_use', id: 'toolu_again', name: 'Read', input: { file_path: 'a.txt' } }
    for (let n = 0; n < 6000; n++) say({ type: 'assistant', message: { content: [tool] } })
    refuse('npm run generate')
    succeed()
  })
  const ended = await stage.run(['run', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(ofType(ended, 'agent_reported').filter(({ event }) => event.type === 'tool')).toHaveLength(5000)
  expect(denied(ended.records())).toMatchObject([{ target: 'npm run generate' }])
})

test('a reviewer’s refused tools count for nothing, even if refusals fail', async () => {
  const stage = gatedScene({ roadmap: oneTask, gates: [{ review: 'codex', criteria: 'Good.' }] })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('a.txt', 'a')
    succeed()
  })
  fakeCli(stage, 'codex', ({ refuse, answer }) => {
    refuse('npm test')
    answer({ verdict: 'approve', reasons: [] })
  })
  const { code, stdout, stderr } = await stage.run(['run', '-p', 'claude', '--on-denied', 'fail'])
  expect(code).toBe(0)
  expect(`${stdout}${stderr}`).not.toMatch(/refused/i)
  expect(denied(recordsOf(stage))).toHaveLength(1)
})

test('on_denied: fail makes a repair round that says what is allowed, and a turn without a refusal settles it', async () => {
  const stage = gatedScene({ roadmap: oneTask, config: { on_denied: 'fail', allow: ['Bash(npm test:*)'] } })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, refuse, succeed }) => {
    write('a.txt', `${attempt}`)
    if (attempt === 1) refuse('npm run generate')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(ofType(ended, 'repair_started')).toMatchObject([{ round: 1, reason: { kind: 'refused' } }])
  const second = calls()[1]!
  expect(second.args.join(' ')).toContain('--resume session-of-a')
  expect(second.prompt).toContain('1 tool call was refused: Bash `npm run generate`. (refused)')
  expect(second.prompt).toContain('What is allowed:\n\n    Files in the current directory may be read and changed')
  expect(second.prompt).toContain('Besides, and nothing else: `Bash(npm test:*)`.')
  expect(stage.landed('a.txt')).toBe('2')
  const status = await stage.run(['status'])
  expect(status.stdout).not.toMatch(/refused/i)
  expect(replay(recordsOf(stage))!.tasks.get(taskId('a'))!.refusals).toMatchObject([{ times: 1, isRepaired: true }])
})

test('on_denied: fail fails an attempt whose rounds are used up, and the next one is told why; the work is on its ref', async () => {
  const stage = scene({ roadmap: oneTask })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, refuse, succeed }) => {
    write('a.txt', `${attempt}`)
    if (attempt < 3) for (const name of ['one', 'two', 'three', 'four']) refuse(`make ${name}`)
    succeed()
  })
  const env = { AUTOPILOT_ON_DENIED: 'fail' }
  const ended = await stage.run(['run', '-i', '2', '--repair-rounds', '1', '--output', 'json'], { env })
  expect(ended.code).toBe(0)
  expect(ofType(ended, 'attempt_failed')).toMatchObject([{ attempt: 1, failure: { kind: 'refused' }, willRetry: true }])
  expect(stage.repo.git('show', `${ofType(ended, 'commit_kept')[0]!.ref}:a.txt`)).toBe('2')
  expect(calls()[2]!.prompt).toContain('This is attempt 2 of 2')
  expect(calls()[1]!.prompt).toContain('Bash `make three` and 1 more. (refused)')
  expect(calls()[2]!.prompt).toContain('What is allowed:')
  expect(calls()[2]!.prompt).toContain('    - Bash `make four`\n')
  expect(stage.landed('a.txt')).toBe('3')
})

test('on_denied: fail makes a repair round even if there is nothing to keep out: if nothing changed, or without isolation', async () => {
  for (const [roadmap, ...more] of [
    [oneTask],
    [oneTask, '--isolation', 'none'],
    ['tasks:\n  - { id: a, description: Look., expects: no_change }\n'],
  ] as const) {
    const stage = scene({ roadmap })
    const calls = fakeCli(stage, 'claude', ({ attempt, prompt, write, refuse, succeed }) => {
      if (attempt === 1) refuse('npm test')
      else if (!prompt.includes('Look.')) write('a.txt', 'a')
      succeed()
    })
    const ended = await stage.run(['run', '-i', '1', '--on-denied', 'fail', '--output', 'json', ...more])
    expect(ended.code).toBe(0)
    expect(ofType(ended, 'repair_started')).toMatchObject([{ round: 1, reason: { kind: 'refused' } }])
    expect(calls()[1]!.cwd).toBe(calls()[0]!.cwd)
    expect(calls()[1]!.args.join(' ')).toContain('--resume session-of-a')
    expect(calls()[1]!.prompt).toContain('Your work was not accepted.')
    expect(calls()[1]!.prompt).toContain('The current directory is as you left it.\n')
  }
})

test('on_denied: fail fails a task that needs no change when its rounds are used up, where warn does not', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: look, description: Look., expects: no_change }\n' })
  fakeCli(stage, 'claude', ({ refuse, succeed }) => {
    refuse('npm test')
    succeed()
  })
  const strict = await stage.run(['run', '-i', '1', '--on-denied', 'fail'])
  expect(strict.code).toBe(1)
  expect(strict.stdout).toContain('Failed      look: 1 tool call was refused: Bash `npm test`. (refused)\n')
  const lenient = await stage.run(['run', '--fresh', '-i', '1'])
  expect(lenient.code).toBe(0)
  expect(lenient.stdout).toContain('Refused     1 of 1 done with refused tools: look: Bash `npm test`\n')
})

test('a turn that was killed after a refusal is judged with it when its conversation has continued', async () => {
  const stage = gatedScene({ roadmap: oneTask, config: { on_denied: 'fail' } })
  const calls = fakeCli(stage, 'claude', ({ attempt, say, write, refuse, succeed }) => {
    write('a.txt', `${attempt}`)
    if (attempt > 1) {
      succeed()
      return
    }
    say({ type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-test' })
    refuse('npm run generate')
    // It works on until it is killed.
    setInterval(() => undefined, 1000)
  })
  await killOnce(stage, stage.start(['run', '-i', '1']), /"type":"denied"/)
  const ended = await stage.run(['resume', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(ofType(ended, 'repair_started')).toMatchObject([{ round: 1, reason: { kind: 'refused' } }])
  expect(calls()).toHaveLength(3)
  expect(stage.landed('a.txt')).toBe('3')
})

test('work that an agent had finished with a refusal is judged with it after a resume', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: oneTask, gates: [agents.command('gate')] })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, refuse, succeed }) => {
    write('a.txt', `${attempt}`)
    if (attempt === 1) refuse('npm run generate')
    succeed()
  })
  const first = stage.start(['run', '-i', '1'])
  const gate = await agents.next('gate')
  await journalHas(stage, /"candidate_created"/)
  first.kill('SIGKILL')
  await first.ended
  await gate.gone
  const second = stage.start(['resume', '-i', '1', '--on-denied', 'fail', '--output', 'json'])
  const judging = await agents.next('gate')
  expect(calls()).toHaveLength(2)
  await judging.exit(0)
  const ended = await second.ended
  expect(ended.code).toBe(0)
  expect(ofType(ended, 'attempt_resumed')).toHaveLength(1)
  expect(ofType(ended, 'repair_started')).toMatchObject([{ round: 1, reason: { kind: 'refused' } }])
  expect(readFileSync(journalOf(stage), 'utf8').match(/"type":"denied"/g)).toHaveLength(1)
})
