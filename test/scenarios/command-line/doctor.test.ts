// `autopilot doctor`: what it finds, and its exit code.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const roadmap = 'tasks:\n  - { id: a, title: Do it }\n'

interface Found {
  readonly type: string
  readonly check: string
  readonly level: string
  readonly text: string
  readonly cure?: string
}

/** A CLI that knows its version and its login. */
function cli(stage: Scene, name: 'claude' | 'codex', { version, login }: { version: string; login: string }): void {
  stage.program(name, `#!/bin/sh\ncase "$1" in --version) echo '${version}' ;; *) echo '${login}' ;; esac\n`)
}

const claude = { version: '2.1.332 (Claude Code)', login: '{"loggedIn": true}' }

async function doctor(stage: Scene, args: readonly string[] = [], env: Record<string, string> = {}) {
  const ended = await stage.run(['doctor', '--output', 'json', ...args], { env })
  expect(ended.stderr).toBe('')
  const lines = ended.records() as unknown as readonly Found[]
  const findings = lines.filter(({ type }) => type === 'finding')
  return { code: ended.code, findings, of: (check: string) => findings.filter((one) => one.check === check) }
}

test('where all is well, it ends with 0 and has looked at everything', async () => {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': 'gates: "true"\n' } })
  cli(stage, 'claude', claude)
  const { code, findings } = await doctor(stage, ['-p', 'claude'])
  expect(findings.filter(({ level }) => level === 'error')).toEqual([])
  expect(code).toBe(0)
  for (const check of [
    'node',
    'git',
    'system',
    'repository',
    'configuration',
    'roadmap',
    'claude',
    'target',
    'memory',
    'disk',
    'gates',
  ])
    expect(findings.map((one) => one.check)).toContain(check)
  // It has only looked.
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot', 'refs/autopilot')).toBe('')
})

test('every finding that is not fine says what to do, in words for people, too', async () => {
  const stage = scene({ roadmap })
  const { findings } = await doctor(stage)
  const bad = findings.filter(({ level }) => level !== 'ok')
  expect(bad.length).toBeGreaterThan(1)
  for (const finding of bad) expect(finding.cure ?? finding.text).toMatch(/\w/)
  const human = await stage.run(['doctor'])
  expect(human.stdout).toMatch(
    /^error +claude: `claude --version` printed no version[^]*^ +Install it with `npm install/m,
  )
  expect(human.stdout).toMatch(/^a run would be refused: \d errors/m)
})

test('without a usable CLI it ends with 3, as a run does; with one of two it ends with 0', async () => {
  const none = scene({ roadmap })
  expect((await doctor(none)).code).toBe(3)
  expect((await none.run(['run'])).code).toBe(3)
  const one = scene({ roadmap })
  cli(one, 'claude', claude)
  const { code, of } = await doctor(one)
  expect(code).toBe(0)
  expect(of('codex')).toMatchObject([{ level: 'warning', cure: expect.stringContaining('codex login') as string }])
})

test('a roadmap of commands alone needs no CLI', async () => {
  expect((await doctor(scene({ roadmap: 'tasks:\n  - { id: a, run: echo }\n' }))).code).toBe(0)
})

test('another version than the tested one is a warning', async () => {
  const stage = scene({ roadmap })
  cli(stage, 'claude', { ...claude, version: '2.0.1 (Claude Code)' })
  const { code, of } = await doctor(stage, ['-p', 'claude'])
  expect(code).toBe(0)
  expect(of('claude')[0]).toMatchObject({ level: 'warning', text: '2.0.1; autopilot was tested with 2.1.332' })
})

test('a CLI that says it is not logged in cannot work, unless there is a key; other CLIs make up for it', async () => {
  const out = { ...claude, login: '{"loggedIn": false}' }
  const stage = scene({ roadmap })
  cli(stage, 'claude', out)
  const without = await doctor(stage, ['-p', 'claude'])
  expect(without.code).toBe(3)
  expect(without.of('claude')).toContainEqual(
    expect.objectContaining({
      level: 'error',
      text: 'not logged in',
      cure: expect.stringContaining('claude auth login') as string,
    }),
  )
  const withKey = await doctor(stage, ['-p', 'claude'], { ANTHROPIC_API_KEY: 'sk-ant-0123456789' })
  expect(withKey.code).toBe(0)
  expect(withKey.of('claude')).toContainEqual(
    expect.objectContaining({ level: 'ok', text: 'logged in by ANTHROPIC_API_KEY' }),
  )
  cli(stage, 'codex', { version: 'codex-cli 0.171.0', login: 'Logged in using ChatGPT' })
  const both = await doctor(stage)
  expect(both.code).toBe(0)
  expect(both.of('codex')).toContainEqual(expect.objectContaining({ level: 'ok', text: 'logged in' }))
})

test('a CLI whose answer about its login is not understood counts as logged in', async () => {
  const stage = scene({ roadmap })
  cli(stage, 'claude', { ...claude, login: 'error: unknown command' })
  expect((await doctor(stage, ['-p', 'claude'])).code).toBe(0)
})

test('mistakes in the files are what run would say, with its exit code', async () => {
  const broken = scene({ roadmap: 'tasks:\n  - { id: a, status: finishd }\n', files: { 'README.md': 'x\n' } })
  cli(broken, 'claude', claude)
  const wrongRoadmap = await doctor(broken, ['-p', 'claude'])
  expect(wrongRoadmap.code).toBe(2)
  expect(wrongRoadmap.of('roadmap')).toMatchObject([
    { level: 'error', text: expect.stringContaining('roadmap.yaml:2:22') as string },
  ])
  // The CLIs are looked at all the same.
  expect(wrongRoadmap.of('claude')).not.toEqual([])
  const config = scene({ roadmap, files: { 'autopilot.yaml': 'gates: [{ cmd: make }]\n' } })
  const wrongConfig = await doctor(config)
  expect(wrongConfig.code).toBe(2)
  expect(wrongConfig.of('configuration')).toContainEqual(
    expect.objectContaining({ level: 'error', cure: 'did you mean run?' }),
  )
  const empty = scene({ files: { 'README.md': 'x\n' } })
  expect((await doctor(empty)).code).toBe(2)
})

test('outside of a repository it ends with 4', async () => {
  const stage = scene()
  stage.repo.write('../plain/roadmap.yaml', roadmap)
  const { code, stdout } = await stage.run(['doctor', '--output', 'json'], { cwd: stage.repo.beside('plain') })
  expect(code).toBe(4)
  expect(stdout).toContain('is not in a git repository')
})

test('a target that is checked out is found before a run', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo }\n' })
  const { code, of } = await doctor(stage, ['--target', 'main'])
  expect(code).toBe(4)
  expect(of('target')[0]).toMatchObject({ level: 'error' })
})

test('a run that is at work is named, and so is what earlier runs left', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const run = stage.start(['run'])
  const agent = await agents.next('a')
  const during = await doctor(stage)
  expect(during.code).toBe(4)
  expect(during.of('lock')[0]?.text).toContain(`process ${run.pid}`)
  await agent.write('a', 'x\n')
  await agent.exit(1)
  run.kill('SIGINT')
  await run.ended
  const after = await doctor(stage)
  expect(after.of('lock')).toEqual([])
  expect(after.of('leftovers')).toContainEqual(
    expect.objectContaining({ level: 'warning', text: expect.stringContaining('work that has not landed') as string }),
  )
  expect(after.of('runs')[0]?.text).toMatch(/stopped before its end/)
})

test('--gates runs setup and the gates on the last commit: 4 if one fails there, with its last line and its log', async () => {
  const files = {
    'autopilot.yaml':
      'setup: echo made > made\ngates:\n  - test -f made && echo > out\n  - { name: tests, run: "echo first; echo broken here; exit 3" }\n',
    '.gitignore': 'made\nout\n',
  }
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo }\n', files })
  const { code, of } = await doctor(stage, ['--gates'])
  expect(code).toBe(4)
  const [found, ...others] = of('gates')
  expect(others).toEqual([])
  expect(found?.text).toMatch(/^tests fails on the last commit: .*broken here$/)
  const [, log = ''] = /printed is in (\S+)\.$/.exec(found?.cure ?? '') ?? []
  expect(readFileSync(join(stage.repo.dir, log), 'utf8')).toContain('broken here')
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot', 'refs/autopilot')).toBe('')

  stage.repo.write('autopilot.yaml', 'setup: echo made > made\ngates: [test -f made]\n')
  const fine = await doctor(stage, ['--gates'])
  expect(fine.code).toBe(0)
  expect(fine.of('gates')).toMatchObject([
    { level: 'ok', text: expect.stringContaining('all of 1 gate pass') as string },
  ])
})

test('too few file descriptors for the asked slots are a warning, as at the start of a run', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo }\n' })
  const { findings } = await doctor(stage, ['--agents', '256'])
  expect(findings.map(({ check }) => check)).toContain('files')
})

test('Ctrl-C during --gates ends the gate, and leaves no lock and no workspace', async () => {
  const agents = await rig()
  const config = `gates: [${JSON.stringify(agents.command('gate'))}]\n`
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo }\n', files: { 'autopilot.yaml': config } })
  const running = stage.start(['doctor', '--gates'])
  const gate = await agents.next('gate')
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  expect(isAlive(gate.pid)).toBe(false)
  const { of } = await doctor(stage)
  expect(of('lock')).toEqual([])
  expect(of('leftovers')).toEqual([])
})
