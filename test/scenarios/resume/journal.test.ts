// The records of a run.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { judgeRun } from '../../../src/domain/run/verdict.js'
import { summarize } from '../../../src/ui/summary.js'
import { startProgram, programFile } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const mixed = `tasks:
  - { id: good, run: echo hi; echo > good }
  - { id: bad, run: exit 3 }
  - { id: after, run: echo > after, depends_on: [bad] }
  - { id: hold, status: on_hold, run: exit 0 }
  - { id: early, status: done, run: exit 0 }
`

test('the journal replays to the state that the summary showed, with consecutive numbers', async () => {
  const stage = scene({ roadmap: mixed })
  const { code, stdout } = await stage.run(['run', '-i', '2'])
  const journal = /^Journal +(.*)$/m.exec(stdout)![1]!
  const records = readFileSync(join(stage.repo.dir, journal), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RunRecord)
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
  expect(records.every(({ ms }, index) => index === 0 || ms >= records[index - 1]!.ms)).toBe(true)
  const state = replay(records)!
  expect(Object.fromEntries([...state.tasks.values()].map((task) => [task.id, task.state.type]))).toEqual({
    good: 'done',
    bad: 'failed',
    after: 'held',
    hold: 'held',
    early: 'done',
  })
  expect(judgeRun(state, undefined).exitCode).toBe(code)
  expect(state.finished?.exitCode).toBe(code)
  const told = summarize(state, { journal, verbose: false }).map(({ text }) => text)
  // Paths are shown from where one stands.
  expect(stdout.trimEnd().split('\n')).toEqual(told.map((text) => text.replace(`${stage.repo.dir}/`, '')))
})

test('what a run leaves is private: files 0600, directories 0700, and ignored by git', async () => {
  const stage = scene({ roadmap: mixed })
  await stage.run(['run', '-i', '1'])
  const runs = join(stage.repo.dir, '.autopilot')
  const entries = readdirSync(runs, { recursive: true, withFileTypes: true })
  const modes = entries.map((entry) => {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777
    return `${entry.isDirectory() ? 'dir' : 'file'} ${mode.toString(8)}`
  })
  expect([...new Set(modes)].sort()).toEqual(['dir 700', 'file 600'])
  expect(statSync(runs).mode & 0o777).toBe(0o700)
  expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['journal.jsonl', 'stdout.log']))
  expect(stage.repo.git('status', '--porcelain')).toBe('M roadmap.yaml')
})

test('a repository without its own exclude file still ignores what a run leaves', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  await stage.run(['run'])
  await stage.run(['run'])
  expect(stage.repo.read('.git/info/exclude').match(/autopilot/g)).toHaveLength(1)
})

test('the output of each attempt is kept in its own directory, and a silent one has no file', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: noisy, run: "echo out; echo err >&2; exit 1" }\n  - { id: quiet, run: "exit 1" }\n',
  })
  const { stdout } = await stage.run(['run', '-i', '2'])
  const journal = /^Journal +(.*)$/m.exec(stdout)![1]!
  const attempts = join(stage.repo.dir, journal, '..', 'attempts')
  const directories = readdirSync(attempts).sort()
  expect(directories).toHaveLength(2)
  for (const directory of directories) {
    expect(readFileSync(join(attempts, directory, 'stdout.log'), 'utf8')).toBe('out\n')
    expect(readFileSync(join(attempts, directory, 'stderr.log'), 'utf8')).toBe('err\n')
  }
})

test('a journal that cannot be written stops the run with 4 and says so; nothing unwritten counts as done', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `t${index}`)
  const stage = scene({ roadmap: `tasks:\n${ids.map((id) => `  - { id: ${id}, run: echo > ${id} }\n`).join('')}` })
  // No file may grow beyond 16 blocks, of half a KiB or a whole one.
  const limited = ['-c', 'ulimit -f 16; exec node "$0" run -a 2', programFile]
  const { code, stdout } = await startProgram(limited, { cwd: stage.repo.dir, env: stage.env, file: 'sh' }).ended
  expect(code).toBe(4)
  expect(stdout).toMatch(/the journal cannot be written/)
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)?.length ?? 0).toBe(stage.subjects().length)
  expect(stage.subjects().length).toBeLessThan(40)
})
