// Autopilot_unified.sh.
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProgram } from '../../support/rigs/program.js'
import { copyProject } from '../../support/scenes/project-copy.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

// A copy, so that no test builds or installs anything in the project itself.
let [place, script] = ['', '']

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'autopilot-script-'))
  script = join(copyProject(join(place, 'project')), 'autopilot_unified.sh')
  const env = { PATH: process.env.PATH ?? '', HOME: place }
  const built = await startProgram(['build'], { cwd: join(place, 'project'), env, file: 'make' }).ended
  expect(built.code).toBe(0)
})

afterAll(() => rmSync(place, { recursive: true, force: true }))

function unified(stage: Scene, args: readonly string[], file = script, cwd = stage.repo.dir) {
  return startProgram(args, { cwd, env: stage.env, file }).ended
}

test('the script runs the roadmap of the directory where it is called, with a clean stdout', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const { code, records } = await unified(stage, ['--agents', '2', '--output', 'json'])
  expect(code).toBe(0)
  const start = records().find((record) => record.type === 'run_started')
  expect(start?.slots).toHaveLength(2)
  expect(stage.subjects()).toEqual(['a'])
})

test('it works through symbolic links, and from any directory', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  symlinkSync(script, stage.repo.beside('first'))
  symlinkSync('first', stage.repo.beside('second link'))
  const link = stage.repo.beside('second link')
  const { code } = await unified(stage, ['-C', stage.repo.dir, `${stage.repo.dir}/roadmap.yaml`], link, stage.repo.home)
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
})

test('--max-iterations in both spellings sets the attempts of a task', async () => {
  for (const args of [['--max-iterations', '2'], ['--max-iterations=2']]) {
    const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: exit 1 }\n' })
    const { code, records } = await unified(stage, [...args, '--output', 'json'])
    expect(code).toBe(1)
    expect(records().find((record) => record.type === 'task_failed')?.attempts).toBe(2)
  }
})

test('arguments with blanks and quotes stay whole, and the exit code is autopilot’s', async () => {
  const stage = scene()
  stage.repo.write("my 'plan' $x.yaml", 'tasks:\n  - { id: a b, run: echo > a }\n')
  const { code, stdout } = await unified(stage, ["my 'plan' $x.yaml", '--dry-run', '--only', 'a b'])
  expect(code).toBe(0)
  expect(stdout).toContain('1 task to run')
  expect((await unified(stage, ['gone.yaml'])).code).toBe(2)
})

test('--help shows the usage and starts nothing', async () => {
  const { code, stdout, stderr } = await unified(scene(), ['--help'])
  expect(code).toBe(0)
  for (const flag of ['--agents', '--max-iterations', '--dry-run', '--help']) expect(stdout).toContain(flag)
  expect(stderr).toBe('')
})

test('it builds what is not built yet, and keeps that away from stdout', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const copy = copyProject(stage.repo.beside('a project'))
  const env = { ...stage.env, PATH: process.env.PATH ?? '' }
  const run = () =>
    startProgram(['--output', 'json'], { cwd: stage.repo.dir, env, file: join(copy, 'autopilot_unified.sh') }).ended
  const { code, records, stderr } = await run()
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(records()[0]?.type).toBe('run_started')
  expect(existsSync(join(copy, 'dist', 'cli.cjs'))).toBe(true)
})

test('a failing build ends with 2, and says why on stderr', async () => {
  const stage = scene({ roadmap: 'tasks: []\n' })
  const copy = copyProject(stage.repo.beside('project'))
  writeFileSync(join(copy, 'src', 'cli', 'main.ts'), 'this is not TypeScript')
  const env = { ...stage.env, PATH: process.env.PATH ?? '' }
  const file = join(copy, 'autopilot_unified.sh')
  const { code, stdout, stderr } = await startProgram([], { cwd: stage.repo.dir, env, file }).ended
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/main\.ts[\s\S]*the build failed/)
})

test('a Node that is too old is refused with what is needed', async () => {
  const stage = scene({ roadmap: 'tasks: []\n' })
  const tools = stage.repo.beside('old')
  stage.repo.write('../old/node', '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.0\nexit 1\n', { executable: true })
  const env = { ...stage.env, PATH: `${tools}:${stage.env.PATH}` }
  const { code, stderr } = await startProgram([], { cwd: stage.repo.dir, env, file: script }).ended
  expect(code).toBe(2)
  expect(stderr).toContain('v18.20.0 is too old; version 20.19 or newer is needed')
})
