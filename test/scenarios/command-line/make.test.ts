// The Makefile's targets.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot, startProgram } from '../../support/rigs/program.js'
import { copyProject } from '../../support/scenes/project-copy.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const good = 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n'

/** `make` in the project, which is installed and built: it only has to run. */
function make(stage: Scene, args: readonly string[], cwd = stage.repo.dir) {
  const env = { ...stage.env, TMPDIR: stage.repo.home }
  const flags = ['--no-print-directory', '-o', 'node_modules/.installed', '-o', 'dist/cli.cjs', '-C', projectRoot]
  return startProgram([...flags, ...args], { cwd, env, file: 'make' }).ended
}

test('make help is the default, and lists the targets and settings', async () => {
  const stage = scene()
  const bare = await make(stage, [])
  expect(bare.code).toBe(0)
  for (const target of ['autopilot', 'mcp-autopilot', 'build', 'lint', 'format', 'check', 'test', 'clean', 'help'])
    expect(bare.stdout).toMatch(new RegExp(`^ +make ${target} `, 'm'))
  for (const name of ['AGENTS', 'MAX_ITERATIONS', 'ROADMAP', 'REPO', 'PROVIDER', 'DRY_RUN', 'ARGS'])
    expect(bare.stdout).toContain(name)
  expect((await make(stage, ['help'])).stdout).toBe(bare.stdout)
})

test('make autopilot runs the roadmap of ROADMAP on the repository that holds it, even with blanks in the path', async () => {
  const stage = scene()
  const dir = stage.repo.beside("a b's & c")
  stage.repo.git('clone', '-q', stage.repo.dir, dir)
  writeFileSync(join(dir, 'my plan.yaml'), good)
  const { code, stdout, stderr } = await make(stage, ['autopilot', 'AGENTS=2', `ROADMAP=${join(dir, 'my plan.yaml')}`])
  expect(stderr).not.toMatch(/not found|No such file/)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Done +2 of 2 tasks/m)
  expect(stage.repo.gitIn(dir, 'log', '--format=%s', 'main..autopilot/main').split('\n').sort()).toEqual(['a', 'b'])
})

test('make mcp-autopilot runs on workers, with codex unless PROVIDER names another CLI, and says so if there is none', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, expects: no_change }\n' })
  const args = ['mcp-autopilot', 'AGENTS=2', `REPO=${stage.repo.dir}`, 'ARGS=--output json --one-shot']
  const without = await make(stage, args)
  expect(without.stdout + without.stderr).toContain('npm install -g @openai/codex')
  expect(without.stderr).toContain('Error 3')
  const calls = fakeCli(stage, 'codex', ({ succeed }) => succeed())
  fakeCli(stage, 'claude', ({ succeed }) => succeed())
  const { code, stdout } = await make(stage, args)
  expect(code).toBe(0)
  expect(calls()).toHaveLength(1)
  expect(stdout.match(/"type":"worker_started"/g)).toHaveLength(2)
})

test('DRY_RUN=1, REPO, PROVIDER, MAX_ITERATIONS and ARGS reach the program', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n  - id: b\n' })
  fakeCli(stage, 'codex', ({ succeed }) => succeed())
  const before = readdirSync(stage.repo.dir)
  const dry = ['autopilot', `REPO=${stage.repo.dir}`, 'PROVIDER=codex:mini', 'DRY_RUN=1', 'ARGS=--only a --output json']
  const { code, stdout } = await make(stage, dry)
  expect(code).toBe(0)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level?: string })
      .filter(({ level }) => level !== 'warning'),
  ).toEqual([
    { type: 'notice', level: 'info', text: 'gates: none' },
    expect.objectContaining({ type: 'planned', taskId: 'a', route: ['codex:mini'] }),
  ])
  expect(readdirSync(stage.repo.dir)).toEqual(before)
  const wrong = await make(stage, ['autopilot', `REPO=${stage.repo.dir}`, 'MAX_ITERATIONS=0'])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain("'0' is not a whole number")
})

test('DRY_RUN means the same in make and in the environment', async () => {
  for (const off of ['0', 'no', 'false', '']) {
    const stage = scene({ roadmap: good })
    expect((await make(stage, ['autopilot', `REPO=${stage.repo.dir}`, `DRY_RUN=${off}`])).code).toBe(0)
    expect(stage.subjects()).toHaveLength(2)
  }
  const stage = scene({ roadmap: good })
  const { code, stdout } = await make(stage, ['autopilot', `REPO=${stage.repo.dir}`, 'DRY_RUN=yes'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Dry run of /m)
  const unclear = await make(stage, ['autopilot', `REPO=${stage.repo.dir}`, 'DRY_RUN=perhaps'])
  expect(unclear.code).toBe(2)
  expect(unclear.stderr).toContain("DRY_RUN: 'perhaps' is neither 1 nor 0")
  expect(stage.repo.git('branch', '--list', 'autopilot/*')).toBe('')
})

test('an empty AGENTS or MAX_ITERATIONS, as from an unset variable in CI, counts as not set', async () => {
  const stage = scene({ roadmap: good, files: { 'autopilot.yaml': 'agents: 4\n' } })
  const args = ['autopilot', `REPO=${stage.repo.dir}`, 'AGENTS=', 'MAX_ITERATIONS= ', 'ARGS=--output json']
  const { code, records } = await make(stage, args)
  expect(code).toBe(0)
  const start = records().find((record) => record.type === 'run_started')
  expect(start).toMatchObject({ maxAttempts: 3, slots: ['slot-1', 'slot-2', 'slot-3', 'slot-4'] })
})

test('the values of AGENTS, MAX_ITERATIONS and DRY_RUN never reach the shell', async () => {
  const stage = scene({ roadmap: good })
  const trap = stage.repo.beside('pwned')
  for (const name of ['AGENTS', 'MAX_ITERATIONS', 'DRY_RUN']) {
    for (const value of [`x'; touch ${trap}; '`, `x"; touch ${trap}; "`, `x\`touch ${trap}\``]) {
      const { code, stderr } = await make(stage, ['autopilot', `REPO=${stage.repo.dir}`, `${name}=${value}`])
      expect(code).toBe(2)
      expect(stderr).toContain(`'${value}' is n`)
    }
  }
  expect(existsSync(trap)).toBe(false)
})

test('without a roadmap the bundled example runs: ten commits, ten tasks done, and it says so', async () => {
  const { code, stdout, stderr } = await make(scene(), ['autopilot', 'AGENTS=5'])
  expect(code).toBe(0)
  expect(stderr).toContain('running the bundled example')
  expect(stdout).toMatch(/^Done +10 of 10 tasks/m)
  expect(stdout.match(/^ {2}[0-9a-f]{7} /gm)).toHaveLength(10)
  expect(stdout.match(/^ {2}\S+: done$/gm)).toHaveLength(10)
})

test('where nothing ran, the example leaves no directory', async () => {
  for (const [wrong, code] of [
    ['AGENTS=0', 2],
    ['AGENTS=many', 2],
    ['MAX_ITERATIONS=0', 2],
    ['ARGS=--nonsense', 2],
    ['DRY_RUN=1', 0],
  ] as const) {
    const stage = scene()
    const before = readdirSync(stage.repo.home)
    expect((await make(stage, ['autopilot', wrong])).code).toBe(code)
    expect(readdirSync(stage.repo.home)).toEqual(before)
  }
})

test('make build builds once, and nothing again when nothing changed', async () => {
  const stage = scene()
  const copy = copyProject(stage.repo.beside('project'))
  const env = { PATH: process.env.PATH ?? '', HOME: stage.repo.home }
  const args = ['--no-print-directory', '-o', 'node_modules/.installed', 'build']
  const build = () => startProgram(args, { cwd: copy, env, file: 'make' }).ended
  expect((await build()).code).toBe(0)
  const built = statSync(join(copy, 'dist', 'cli.cjs')).mtimeMs
  const again = await build()
  expect(again.code).toBe(0)
  expect(again.stdout).toMatch(/Nothing to be done|up to date/)
  expect(statSync(join(copy, 'dist', 'cli.cjs')).mtimeMs).toBe(built)
  writeFileSync(join(copy, 'src', 'domain', 'result.ts'), '\n', { flag: 'a' })
  await build()
  expect(statSync(join(copy, 'dist', 'cli.cjs')).mtimeMs).toBeGreaterThan(built)
})
