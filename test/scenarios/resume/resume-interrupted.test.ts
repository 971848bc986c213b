// Stages at which a run can be interrupted, and how each continues.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { journalHas, killOnce, recordsOf } from '../../support/scenes/killed-run.js'
import { statusOf } from '../../support/scenes/past-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { until } from '../../support/rigs/until.js'

const talk = 'tasks:\n  - { id: talk, title: Talk about it }\n'

test.each([
  ['in the workspace that it left', 'SIGKILL', 'as that agent left it'],
  ['with the work that was collected', 'SIGINT', "that agent's work so far"],
] as const)('a conversation that its CLI has lost starts over %s, and costs no attempt', async (_, signal, told) => {
  const stage = scene({ roadmap: talk })
  const calls = fakeCli(stage, 'claude', ({ prompt, say, play, succeed, write, read }) => {
    if (prompt.includes('You were stopped in the middle')) play('resume-unknown')
    if (prompt.includes('Another agent began this task')) {
      write('whole.txt', `${read('half.txt')} and the rest`)
      succeed()
      return
    }
    write('half.txt', 'half')
    say({ type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-test' })
    // It works on until it is ended.
    setInterval(() => undefined, 1000)
  })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"session-1"/)
  first.kill(signal)
  await first.ended
  const { code, stderr } = await stage.run(['resume', '-i', '1'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/talk: its conversation is lost; another agent continues with the work so far/)
  expect(calls()).toHaveLength(3)
  expect(calls()[1]!.args).toContain('--resume')
  const { args, prompt } = calls()[2]!
  expect(args).not.toContain('--resume')
  expect(prompt).toContain('Talk about it')
  expect(prompt).toContain(told)
  expect(prompt.includes('+half')).toBe(signal === 'SIGINT')
  expect(stage.landed('whole.txt')).toBe('half and the rest')
  expect(replay(recordsOf(stage))!.progress.get(taskId('talk'))).toMatchObject({ attempts: 1, used: 0 })
})

test('work that its agent had finished is collected from the workspace, and no agent runs again', async () => {
  const stage = scene({ roadmap: talk })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('said.txt', 'all')
    succeed()
  })
  const path = stuckGit(stage, 'add -A')
  await killOnce(stage, stage.start(['run'], { env: { PATH: path } }), /"agent_finished"/)
  expect(recordsOf(stage).some(({ type }) => type === 'candidate_created')).toBe(false)
  expect((await stage.run(['status'])).stdout).toMatch(/^Resume +1 task to the merge queue, without an agent; /m)
  expect((await stage.run(['resume'])).code).toBe(0)
  expect(calls()).toHaveLength(1)
  expect(stage.landed('said.txt')).toBe('all')
})

/** A PATH on which git never comes back from a command with these words. */
function stuckGit(stage: Scene, words: string): string {
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  stage.program('git-stuck', `#!/bin/sh\ncase " $* " in *" ${words} "*) exec sleep 1000 ;; esac\nexec '${real}' "$@"\n`)
  const bin = stage.repo.beside('stuck')
  mkdirSync(bin)
  symlinkSync(join(stage.env.PATH!, 'git-stuck'), join(bin, 'git'))
  return `${bin}:${stage.env.PATH}`
}

/** Two agents that rewrite the same line at once: one lands, the other gets the conflict to solve, in a repair round. */
function rivals(stage: Scene, solve: string): ReturnType<typeof fakeCli> {
  const act = `({ task, prompt, write, read, succeed, say }) => {
    const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    const home = (name) => process.env.HOME + '/' + name
    const { existsSync } = process.getBuiltinModule('node:fs')
    ${solve}
    write(home('at-' + task), '')
    while (!['one', 'two'].every((name) => existsSync(home('at-' + name)))) sleep()
    write('line.txt', task + '\\n')
    succeed()
  }`
  return fakeCli(stage, 'claude', { toString: () => act } as unknown as Parameters<typeof fakeCli>[2])
}

const both = 'tasks:\n  - { id: one, title: One }\n  - { id: two, title: Two }\n'

test('a repair round that was cut off continues, and the markers of its conflict still never land', async () => {
  const stage = scene({ roadmap: both, files: { 'line.txt': 'base\n' } })
  const calls = rivals(
    stage,
    `if (prompt.includes('repair round 2')) { write('line.txt', 'both\\n'); return succeed() }
     // It does not look for them.
     if (prompt.includes('# Interrupted')) return succeed()
     if (prompt.includes('repair round 1')) { write(home('repairs'), read('line.txt')); return setInterval(() => {}, 1000) }`,
  )
  const first = stage.start(['run', '-a', '2', '-i', '1'])
  const seen = join(stage.repo.home, 'repairs')
  await until(() => existsSync(seen) && readFileSync(seen, 'utf8').includes('>>>>>>>'), 'the repair round is at work')
  first.kill('SIGKILL')
  await first.ended
  const { code, stderr } = await stage.run(['resume', '-a', '2', '-i', '1'])
  expect(stderr).toMatch(/repair round 2 started on \S+ \(conflict\): Conflict markers are left in the files/)
  expect(code).toBe(0)
  // Two that rewrote the line, the round that was cut off, its continuation, and the second round.
  expect(calls()).toHaveLength(5)
  expect(stage.subjects()).toHaveLength(2)
  expect(stage.landed('line.txt')).toBe('both')
  expect(stage.repo.git('log', '-p', '--format=', 'main..autopilot/main')).not.toContain('<<<<<<<')
})

test('work that waited for its repair round when the run was stopped goes back to its conversation', async () => {
  const agents = await rig()
  const gate = { run: 'test ! -e said.txt || grep -q good said.txt', name: 'good' }
  const stage = gatedScene({
    roadmap: `${talk}${riggedRoadmap(agents, ['busy']).replace('tasks:\n', '')}`,
    gates: [gate],
  })
  const calls = fakeCli(stage, 'claude', ({ prompt, write, succeed }) => {
    write('said.txt', prompt.includes('repair round 1') ? 'good' : 'bad')
    succeed()
  })
  const first = stage.start(['run', '-a', '1', '-i', '1'])
  await agents.next('busy')
  await journalHas(stage, /"gate_judged"[^]*"type":"task_queued","taskId":"talk"/)
  first.kill('SIGINT')
  expect((await first.ended).code).toBe(130)
  const second = stage.start(['resume', '-i', '1'])
  const busy = await agents.next('busy')
  await busy.write('busy.txt', 'busy')
  await busy.exit(0)
  expect((await second.ended).code).toBe(0)
  expect(stage.landed('said.txt')).toBe('good')
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.args).toContain('--resume')
  expect(replay(recordsOf(stage))!.progress.get(taskId('talk'))).toMatchObject({ attempts: 1, used: 0 })
})

test('the work on a task that is gone from the roadmap is kept and named', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['stays', 'goes']) })
  const first = stage.start(['run'])
  const [stays, goes] = [await agents.next('stays'), await agents.next('goes')]
  await goes.write('half.txt', 'half')
  await stays.write('stays.txt', 'stays')
  await stays.exit(0)
  await killOnce(stage, first, /"roadmap_written"/)
  writeFileSync(
    join(stage.repo.dir, 'roadmap.yaml'),
    stage.repo.read('roadmap.yaml').replace(/ {2}- id: goes\n.*\n/, '  - { id: other, run: echo > other }\n'),
  )
  const { code, stdout } = await stage.run(['resume'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Kept +goes attempt 1: the unfinished work of an interrupted attempt$/m)
  const { kept, keptWorkspaces } = await statusOf(stage)
  expect(stage.repo.git('show', `${kept[0]!.ref}:half.txt`)).toBe('half')
  expect(keptWorkspaces).toEqual([])
})

test('with --target current, a killed run continues in the user’s branch and files', async () => {
  const stuck = 'test -e "$HOME/go" || { touch "$HOME/gate"; exec sleep 1000; }'
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo a > a }\n', gates: [stuck] })
  const first = stage.start(['run', '--target', 'current'])
  await killOnce(stage, first, /"command_spawned","what":"gate"/)
  writeFileSync(join(stage.repo.home, 'go'), '')
  const { code } = await stage.run(['resume'])
  expect(code).toBe(0)
  expect(stage.repo.git('log', '-1', '--format=%s', 'main')).toBe('a')
  expect(readFileSync(join(stage.repo.dir, 'a'), 'utf8')).toBe('a\n')
  expect(stage.repo.git('status', '--porcelain')).toBe('M roadmap.yaml')
})
