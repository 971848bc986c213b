// Which commit is the work of which task.
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { journalHas, journalOf, recordsOf } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const two = 'tasks:\n  - { id: a, run: echo a > a }\n  - { id: b, run: echo b > b }\n'

const rewrite = (stage: Scene, text: string) => writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), text)

test('another text under the id of a landed task is another task: it runs, and a line says so', async () => {
  const stage = scene({ roadmap: two })
  expect((await stage.run(['run', '-a', '1'])).code).toBe(0)
  rewrite(stage, 'tasks:\n  - { id: a, run: echo other > other }\n  - { id: b,  run: echo b > b  }\n')
  const dry = await stage.run(['run', '--dry-run'])
  const { code, stderr } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(0)
  // Of the first a, wherever it stands beside b.
  const commit = stage.repo.git('log', '--format=%h', '--abbrev=10', '--grep=^a$', 'autopilot/main').split('\n').at(-1)
  for (const said of [dry.stdout, stderr]) {
    expect(said).toContain(`these tasks run, because work for another text has landed under their ids: a (${commit})`)
    // Blanks and a lost status do not make another task.
    expect(said).toMatch(
      /these tasks count as done and are marked done in the roadmap: b \([0-9a-f]{10}\); to do them again: --redo b$/m,
    )
  }
  expect(dry.stdout).toContain('1 task to run')
  expect([...stage.subjects()].sort()).toEqual(['a', 'a', 'b'])
  expect(stage.landed('other')).toBe('other')
})

test('an older commit without the text of its task counts for its id, and a line says so', async () => {
  const stage = scene({ roadmap: two })
  stage.repo.git('switch', '-q', '-c', 'autopilot/main')
  stage.repo.git('commit', '-q', '--allow-empty', '-m', 'a\n\nAutopilot-Task: a\nAutopilot-Run: r')
  stage.repo.git('switch', '-q', 'main')
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/known only by id, .*: a \([0-9a-f]{10}\); if one is a different task now, give it a new id/)
  expect(stage.subjects()).toEqual(['a', 'b'])
})

/** Stopped after `a` has landed, while `b`, which depends on it, is at work. */
async function stoppedAfterA(args: readonly string[] = []) {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, { a: '', b: 'depends_on: [a]' }) })
  const original = stage.repo.read('roadmap.yaml')
  const first = stage.start(['run', ...args])
  const a = await agents.next('a')
  await a.write('a.txt', 'a')
  await a.exit(0)
  await agents.next('b')
  first.kill('SIGINT')
  await first.ended
  return { agents, stage, original }
}

/** Continues with `run`: both tasks must run, the second on top of the first, as the dry run said. */
async function runsBoth(
  stage: Scene,
  agents: Awaited<ReturnType<typeof rig>>,
  branch: string,
  args: readonly string[] = [],
) {
  const dry = await stage.run(['run', '--dry-run', ...args])
  expect(dry.stdout).toContain('2 tasks to run')
  const second = stage.start(['run', ...args])
  const a = await agents.next('a')
  await a.write('a.txt', 'a')
  await a.exit(0)
  const b = await agents.next('b')
  await b.write('b.txt', 'b')
  await b.exit(0)
  const { code, stderr } = await second.ended
  expect(code).toBe(0)
  expect(stage.repo.git('ls-tree', '--name-only', branch)).toMatch(/a\.txt\nb\.txt/)
  return stderr
}

const gone =
  /done according to the run's journal, but the commit is neither on the target nor in HEAD, or was reverted there, so these tasks run again: a \(/

test('a journal from a cache, restored into a fresh clone, marks nothing done that the clone does not have', async () => {
  const { stage, agents } = await stoppedAfterA()
  const { dir } = stage.repo
  const cache = stage.repo.beside('cache')
  cpSync(join(dir, '.autopilot'), cache, { recursive: true })
  const origin = stage.repo.beside('origin')
  stage.repo.gitIn(dir, 'clone', '-q', '--bare', '--single-branch', '--branch', 'main', dir, origin)
  // A new clone at the same path.
  rmSync(dir, { recursive: true })
  stage.repo.gitIn(stage.repo.home, 'clone', '-q', origin, dir)
  cpSync(cache, join(dir, '.autopilot'), { recursive: true })
  expect(await runsBoth(stage, agents, 'autopilot/main')).toMatch(gone)
})

test.each([
  ['deleted', ['branch', '-D', 'autopilot/main']],
  ['reset', ['branch', '-f', 'autopilot/main', 'main']],
])('what was done on a target that was %s runs again', async (_, command) => {
  const { stage, agents, original } = await stoppedAfterA()
  stage.repo.git(...command)
  rewrite(stage, original)
  expect(await runsBoth(stage, agents, 'autopilot/main')).toMatch(gone)
})

test('with an unchanged target, a resumed run does nothing twice, whatever happened to the statuses', async () => {
  const { stage, agents, original } = await stoppedAfterA()
  rewrite(stage, original)
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain('1 task to run')
  const second = stage.start(['run'])
  const b = await agents.next('b')
  await b.write('b.txt', 'b')
  await b.exit(0)
  expect((await second.ended).code).toBe(0)
  expect(agents.started).toEqual(['a', 'b', 'b'])
})

test('with --target current, a run that was stopped on another branch is another run, and resume says where it is', async () => {
  const { stage, agents, original } = await stoppedAfterA(['--target', 'current'])
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  stage.repo.git('switch', '-q', '-c', 'f2', 'main~1')
  rewrite(stage, original)
  const resumed = await stage.run(['resume'])
  expect([resumed.code, resumed.stderr]).toEqual([
    4,
    expect.stringMatching(/lands on main, and you are on f2\n.*git switch main/),
  ])
  const stderr = await runsBoth(stage, agents, 'f2', ['--target', 'current'])
  expect(stderr).toMatch(/stopped before its end, with the target main: autopilot resume \S+ continues it/)
})

const talk = (text: string, more = '') => `tasks:\n  - { id: talk, title: ${text}${more} }\n`

test('an agent that had finished is told in its conversation that the text has changed, and its work lands for the new text', async () => {
  const stage = scene({ roadmap: talk('Say one', ', verify: ["test -e $HOME/go || exec sleep 1000"]') })
  const calls = fakeCli(stage, 'claude', ({ prompt, write, succeed }) => {
    write('said.txt', prompt.includes('Say two') ? 'two' : 'one')
    succeed()
  })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"command_spawned","what":"gate"/)
  first.kill('SIGKILL')
  await first.ended
  writeFileSync(join(stage.repo.home, 'go'), '')
  // A different gate is not a different text; a different title is.
  rewrite(stage, talk('Say two', ', verify: ["true"]'))
  const { code, stderr } = await stage.run(['resume', '-i', '1'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/the text has changed; the agent learns that in its conversation: talk/)
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.args).toContain('--resume')
  expect(calls()[1]!.prompt).toContain('You had finished this task, but your work was not merged')
  expect(stage.landed('said.txt')).toBe('two')
  expect(stage.repo.git('log', '-1', '--format=%s', 'autopilot/main')).toBe('Say two')
})

test('if only verify differs, finished work is judged by the new one, and no agent runs', async () => {
  const stage = scene({ roadmap: talk('Say one', ', verify: ["exec sleep 1000"]') })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('said.txt', 'one')
    succeed()
  })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"command_spawned","what":"gate"/)
  first.kill('SIGKILL')
  await first.ended
  rewrite(stage, talk('Say one', ', verify: ["grep -q one said.txt"]'))
  const { code, stdout } = await stage.run(['resume', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(stdout).toContain('"gate":"grep -q one said.txt"')
  expect(calls()).toHaveLength(1)
})

test('if no agent can be told, the old work is kept on its ref, and the task starts over', async () => {
  const task = (run: string) =>
    `tasks:\n  - { id: a, run: ${run} > a, verify: ["test -e $HOME/go || exec sleep 1000"] }\n`
  const stage = scene({ roadmap: task('echo one') })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"command_spawned","what":"gate"/)
  first.kill('SIGKILL')
  await first.ended
  writeFileSync(join(stage.repo.home, 'go'), '')
  rewrite(stage, task('echo two'))
  const { code, stderr } = await stage.run(['resume', '-i', '1'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/the text has changed; these tasks start over, and the work for the old text is kept: a/)
  expect(stage.landed('a')).toBe('two')
  const kept = recordsOf(stage).flatMap((record) => (record.type === 'commit_kept' ? [record] : []))
  expect(stage.repo.git('show', `${kept[0]!.ref}:a`)).toBe('one')
})

test('an older journal without texts is not compared: finished work lands, and a line says so', async () => {
  const stage = scene({ roadmap: talk('Say one', ', verify: ["test -e $HOME/go || exec sleep 1000"]') })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('said.txt', 'one')
    succeed()
  })
  const first = stage.start(['run', '-i', '1'])
  await journalHas(stage, /"command_spawned","what":"gate"/)
  first.kill('SIGKILL')
  await first.ended
  writeFileSync(join(stage.repo.home, 'go'), '')
  const lines = recordsOf(stage).map((record) => {
    return JSON.stringify(record.type === 'attempt_started' ? { ...record, text: undefined } : record)
  })
  writeFileSync(journalOf(stage), `${lines.join('\n')}\n`)
  rewrite(stage, talk('Say two', ', verify: ["true"]'))
  const { code, stderr } = await stage.run(['resume', '-i', '1'])
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /started by a version that did not record the text of tasks, so autopilot can't tell .*: talk$/m,
  )
  expect(calls()).toHaveLength(1)
  // The commit does not claim to be the new text: set to pending again, that runs.
  expect(stage.repo.git('log', '-1', '--format=%s', 'autopilot/main')).toBe('Say one')
  rewrite(stage, talk('Say two', ', verify: ["true"]'))
  expect((await stage.run(['run', '--dry-run'])).stdout).toMatch(
    /work for another text has landed under their ids: talk \(/,
  )
})
