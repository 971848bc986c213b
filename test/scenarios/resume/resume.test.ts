// Runs that continue after a kill or a stop.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { journalHas, journalOf, killOnce, recordsOf, runsOf } from '../../support/scenes/killed-run.js'
import { killingGit } from '../../support/fakes/killing-git.js'
import { danglingCommits, statusOf } from '../../support/scenes/past-run.js'
import { programFile, startProgram } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import { until } from '../../support/rigs/until.js'

test('an agent that was killed with autopilot starts over in another attempt, which uses none up', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const first = stage.start(['run', '-i', '1', '--output', 'json'])
  const one = await agents.next('one')
  const two = await agents.next('two')
  await one.write('one.txt', 'one')
  await one.exit(0)
  await two.write('half.txt', 'half')
  await killOnce(stage, first, /"roadmap_written"/)
  await two.gone
  const second = stage.start(['resume', '-i', '1', '--output', 'json'])
  const again = await agents.next('two')
  await again.write('two.txt', 'two')
  await again.exit(0)
  const { code, records } = await second.ended
  expect(code).toBe(0)
  // Nothing is reported twice: the output begins where the journal ended.
  expect(records()[0]?.type).toBe('run_resumed')
  expect(stage.subjects()).toEqual(['one', 'two'])
  expect(stage.landed('two.txt')).toBe('two')
  expect([...agents.started].sort()).toEqual(['one', 'two', 'two'])
  expect(recordsOf(stage).map(({ seq }) => seq)).toEqual(recordsOf(stage).map((_, index) => index + 1))
  const status = await statusOf(stage)
  expect(status).toMatchObject({ exitCode: 0, counts: { done: 2 }, keptWorkspaces: [] })
  // What it had done until then is only there.
  expect(status.kept).toMatchObject([{ taskId: 'two', why: 'the unfinished work of an interrupted attempt' }])
  expect(stage.repo.git('show', `${status.kept[0]!.ref}:half.txt`)).toBe('half')
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(2)
})

test('a conversation that was cut off continues in its own workspace, as the same attempt', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: talk, description: Talk. }\n' })
  const calls = fakeCli(stage, 'claude', ({ attempt, say, succeed, write, read }) => {
    if (attempt > 1) {
      write('whole.txt', `${read('half.txt')} and the rest`)
      succeed()
      return
    }
    write('half.txt', 'half')
    say({ type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-test' })
    // It works on until it is killed.
    setInterval(() => undefined, 1000)
  })
  await killOnce(stage, stage.start(['run', '-i', '1']), /"type":"session","sessionId":"session-1"/)
  const status = await stage.run(['status'])
  expect(status.stdout).toMatch(/^Resume +1 conversation continues; autopilot resume \S+$/m)
  const { code, stdout } = await stage.run(['resume', '-i', '1'])
  expect(code).toBe(0)
  const [first, second] = calls()
  expect(calls()).toHaveLength(2)
  expect(second!.args.join(' ')).toContain('--resume session-1')
  expect(second!.cwd).toBe(first!.cwd)
  expect(second!.prompt).toContain('You were stopped in the middle of this task')
  expect(second!.prompt).toContain('as it was at that moment')
  expect(stage.landed('whole.txt')).toBe('half and the rest')
  expect(
    stage.repo.git('log', '-1', '--format=%(trailers:key=Autopilot-Attempt,valueonly)', 'autopilot/main').trim(),
  ).toBe('1')
  expect(stdout).not.toMatch(/Kept/)
  expect(replay(recordsOf(stage))!.progress.get(taskId('talk'))).toMatchObject({ attempts: 1, used: 0 })
})

test('a conversation that was stopped cleanly continues in another workspace, with its work', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: talk, description: Talk. }\n' })
  const calls = fakeCli(stage, 'claude', ({ attempt, say, succeed, write, read }) => {
    if (attempt > 1) {
      write('whole.txt', `${read('half.txt')} and the rest`)
      succeed()
      return
    }
    write('half.txt', 'half')
    say({ type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-test' })
    setInterval(() => undefined, 1000)
  })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"session-1"/)
  first.kill('SIGINT')
  expect((await first.ended).code).toBe(130)
  // Without being told, as make would.
  const { code, stdout, stderr } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(0)
  expect(runsOf(stage)).toHaveLength(1)
  expect(stderr).toMatch(/run \S+ stopped before its end: continuing it; --fresh starts a new one/)
  expect(calls()[1]!.args.join(' ')).toContain('--resume session-1')
  expect(calls()[1]!.prompt).toContain('It has your work so far')
  expect(stage.landed('whole.txt')).toBe('half and the rest')
  expect(stage.landed('half.txt')).toBe('half')
  // What was kept when it was stopped has landed.
  expect(stdout).not.toMatch(/Kept/)
  expect(danglingCommits(stage, 'Autopilot')).toEqual([])
})

test('work that waited for its gates goes straight to them, and no agent runs again', async () => {
  const gate =
    'n=$(cat "$HOME/gate" 2>/dev/null || echo 0); echo $((n + 1)) > "$HOME/gate"; [ $n = 1 ] || exec sleep 1000'
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo a > a; echo >> "$HOME/agents" }\n',
    gates: [gate],
  })
  const env = join(stage.repo.home, 'gate')
  const first = stage.start(['run'])
  await until(() => existsSync(env), 'the gate runs')
  await killOnce(stage, first, /"candidate_created"/)
  const { code, stderr } = await stage.run(['resume'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/a attempt 1 continues: its agent had finished/)
  expect(stage.subjects()).toEqual(['a'])
  expect(readFileSync(join(stage.repo.home, 'agents'), 'utf8')).toBe('\n')
})

test('work that has landed counts as integrated, although autopilot died before it recorded that', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, run: echo a > a }\n  - { id: b, run: echo b > b, depends_on: [a] }\n',
  })
  // From the agent's end on, the journal cannot be written; the target can.
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  stage.program('git-that-kills', killingGit(real, 2))
  const bin = join(stage.repo.home, 'killing')
  mkdirSync(bin)
  symlinkSync(join(stage.env.PATH!, 'git-that-kills'), join(bin, 'git'))
  const first = stage.start(['run'], { env: { PATH: `${bin}:${stage.env.PATH}` } })
  const { signal } = await first.ended
  expect(signal).toBe('SIGKILL')
  expect(stage.subjects()).toEqual(['a'])
  expect(recordsOf(stage).some(({ type }) => type === 'task_integrated')).toBe(false)
  const { code } = await stage.run(['resume'])
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b'])
  const integrated = recordsOf(stage).filter(({ type }) => type === 'task_integrated')
  expect(integrated.map((record) => 'taskId' in record && record.taskId)).toEqual(['a', 'b'])
  const tip = stage.repo.git('rev-parse', 'autopilot/main~1').trim()
  expect(integrated[0]).toMatchObject({ commit: tip, previous: stage.repo.git('rev-parse', 'main').trim() })
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(2)
})

test('a status that autopilot could not write before it died is written afterwards', async () => {
  const agents = await rig()
  const roadmap = riggedRoadmap(agents, ['a'])
  const stage = scene({ roadmap })
  const first = stage.start(['run'])
  const a = await agents.next('a')
  await a.write('a.txt', 'a')
  // A person is in the middle of an edit.
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), `${roadmap}: [`)
  await a.exit(0)
  await killOnce(stage, first, /"task_done"/)
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), roadmap)
  const { code, stdout } = await stage.run(['resume'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Done +1 of 1 task/m)
  expect(stage.repo.read('roadmap.yaml')).toContain('status: done')
  expect(agents.started).toEqual(['a'])
})

test('tasks are those of the current roadmap: removed ones are dropped, new ones run, failed ones stay failed', async () => {
  const stage = scene({
    roadmap:
      'tasks:\n  - { id: good, run: echo > good }\n  - { id: bad, run: exit 1 }\n  - { id: gone, run: exit 1 }\n',
  })
  expect((await stage.run(['run', '-i', '1'])).code).toBe(1)
  const next = stage.repo
    .read('roadmap.yaml')
    .replace(
      / +- [^\n]*gone[^\n]*\n/,
      '  - { id: fresh, run: echo > fresh }\n  - { id: after, run: echo > after, depends_on: [bad] }\n',
    )
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), next)
  const resumed = await stage.run(['resume', '-i', '1'])
  expect(resumed.code).toBe(1)
  expect(resumed.stderr).toMatch(/1 task no longer in the roadmap: gone/)
  expect(resumed.stderr).toMatch(/2 tasks new in the roadmap: fresh, after/)
  expect(resumed.stderr).toMatch(/1 task failed for good and will not be tried again; resume --retry-failed tries them/)
  expect(await statusOf(stage)).toMatchObject({ counts: { done: 2, failed: 1, held: 1 } })
  expect(recordsOf(stage).filter(({ type }) => type === 'attempt_started')).toHaveLength(4)
  // With more attempts than it has used, it continues.
  await stage.run(['resume', '-i', '2'])
  expect(recordsOf(stage).filter(({ type }) => type === 'attempt_started')).toHaveLength(5)
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), stage.repo.read('roadmap.yaml').replace('exit 1', 'echo > bad'))
  expect((await stage.run(['resume', '--retry-failed', '-i', '1'])).code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['after', 'bad', 'fresh', 'good'])
  const { code, stdout } = await stage.run(['resume'])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Nothing to resume: run \S+ got everything done\.$/m)])
})

test('a different run, or one with --fresh, leaves the stopped one alone', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const first = stage.start(['run', '-a', '1'])
  await agents.next('one')
  await killOnce(stage, first, /"agent_spawned"/)
  const other = stage.start(['run', '--only', 'two'])
  const two = await agents.next('two')
  await two.write('two.txt', 'two')
  await two.exit(0)
  const { code, stderr } = await other.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(/stopped before its end, with another selection of tasks: autopilot resume \S+ continues it/)
  expect(runsOf(stage)).toHaveLength(2)
})

test('run and resume both continue a stopped run before a newer one that has ended', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const first = stage.start(['run', '-a', '1'])
  await agents.next('one')
  await killOnce(stage, first, /"agent_spawned"/)
  const finish = async (id: string) => {
    const agent = await agents.next(id)
    await agent.write(`${id}.txt`, id)
    await agent.exit(0)
  }
  const other = stage.start(['run', '--only', 'two'])
  await finish('two')
  expect((await other.ended).code).toBe(0)
  const again = stage.start(['run', '-a', '1'])
  await agents.next('one')
  await killOnce(stage, again, /"run_resumed"[^]*"agent_spawned"/)
  const resumed = stage.start(['resume', '-a', '1'])
  await finish('one')
  expect((await resumed.ended).code).toBe(0)
  expect(runsOf(stage)).toHaveLength(2)
  expect([...stage.subjects()].sort()).toEqual(['one', 'two'])
})

test('without a run, resume is an error, and a run whose journal was never begun is not continued', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo a > a }\n' })
  const none = await stage.run(['resume'])
  expect([none.code, none.stdout]).toEqual([2, ''])
  expect(none.stderr).toMatch(/there is no run to resume in .*\n +autopilot run starts one/)
  const broken = join(stage.repo.dir, '.autopilot', 'runs', '20260101-000000-aaaa')
  mkdirSync(broken, { recursive: true })
  writeFileSync(join(broken, 'journal.jsonl'), '{"type":"run_star')
  expect((await stage.run(['resume'])).code).toBe(4)
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
})

test('without isolation, tasks that were not done run again', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const first = stage.start(['run', '--isolation', 'none'])
  await (await agents.next('one')).exit(0)
  await agents.next('two')
  await killOnce(stage, first, /"roadmap_written"/)
  const second = stage.start(['resume'])
  await (await agents.next('two')).exit(0)
  expect((await second.ended).code).toBe(0)
  expect([...agents.started].sort()).toEqual(['one', 'two', 'two'])
})

test('a damaged journal is refused with its line and what to do, and --repair continues from the records before it', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const first = stage.start(['run'])
  await agents.next('one')
  await killOnce(stage, first, /"agent_spawned"/)
  const journal = journalOf(stage)
  const lines = readFileSync(journal, 'utf8').split('\n')
  lines[2] = `${lines[2]!.slice(0, 10)}\0\0`
  writeFileSync(journal, lines.join('\n'))
  for (const command of ['resume', 'run', 'status']) {
    const { code, stderr } = await stage.run([command])
    expect(code).toBe(4)
    expect(stderr).toMatch(/journal\.jsonl:3: line 3 of the journal is not a record/)
    expect(stderr).toMatch(/autopilot resume --repair \S+ keeps a copy and continues from lines 1 to 2/)
  }
  const second = stage.start(['resume', '--repair'])
  const one = await agents.next('one')
  await one.write('one.txt', 'one')
  await one.exit(0)
  const { code, stderr } = await second.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(/the journal had a bad line and was cut there/)
  const copy = readdirSync(join(journal, '..')).find((name) => name.startsWith('journal.jsonl.corrupt-'))!
  expect(readFileSync(join(journal, '..', copy), 'utf8')).toBe(lines.join('\n'))
  expect(replay(recordsOf(stage))!.finished).toMatchObject({ exitCode: 0 })
})

test('after a full disk, the run can be resumed once there is space', async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `t${index}`)
  const stage = scene({ roadmap: `tasks:\n${ids.map((id) => `  - { id: ${id}, run: echo > ${id} }\n`).join('')}` })
  const limited = ['-c', 'ulimit -f 16; exec node "$0" run -a 2', programFile]
  const { code } = await startProgram(limited, { cwd: stage.repo.dir, env: stage.env, file: 'sh' }).ended
  expect(code).toBe(4)
  const { code: after, stdout } = await stage.run(['resume'])
  expect([after, /^Done +(.*)$/m.exec(stdout)?.[1]]).toEqual([0, expect.stringMatching(/^30 of 30 tasks/)])
  expect([...stage.subjects()].sort()).toEqual([...ids].sort())
})

test('a run continues with the providers that its command line chose, unless resume names others', async () => {
  const waits = `'[ -e "$HOME/again" ] && exec cat > a; touch "$HOME/begun"; exec sleep 1000'`
  const custom = (name: string) => `custom_providers: { ${name}: { run: ${waits}, permissions: full } }\n`
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, title: A }\n', files: { 'autopilot.yaml': custom('mine') } })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('a', 'by claude')
    succeed()
  })
  const begun = join(stage.repo.home, 'begun')
  const interrupt = async (args: readonly string[]) => {
    const running = stage.start(args)
    await until(() => existsSync(begun), 'the agent works')
    running.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    rmSync(begun)
  }
  await interrupt(['run', '-p', 'mine=1'])
  await interrupt(['resume'])
  stage.repo.write('autopilot.yaml', custom('other'))
  const refused = await stage.run(['resume'])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/the run was started with an unknown provider: .*mine/)
  expect(refused.stderr).toContain('--provider')
  await interrupt(['resume', '-p', 'other'])
  stage.repo.write('autopilot.yaml', custom('mine'))
  writeFileSync(join(stage.repo.home, 'again'), '')
  expect((await stage.run(['resume'])).code).toBe(0)
  expect(stage.landed('a')).toContain('Task a.')
  expect(calls()).toEqual([])
  expect(recordsOf(stage)[0]).toMatchObject({ providers: [{ provider: 'mine', cap: 1 }] })
})
