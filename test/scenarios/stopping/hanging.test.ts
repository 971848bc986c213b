// Stops while something hangs.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { isAlive, programFile } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { until } from '../../support/rigs/until.js'

/** The records of the only run, as its journal has them; every line is whole. */
function journalOf({ repo }: Scene): readonly RunRecord[] {
  const runs = join(repo.dir, '.autopilot', 'runs')
  const path = join(runs, readdirSync(runs)[0]!, 'journal.jsonl')
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as RunRecord)
}

const hasFinished = (stage: Scene) =>
  existsSync(join(stage.repo.dir, '.autopilot', 'runs')) && journalText(stage).includes('"type":"run_finished"')

function journalText({ repo }: Scene): string {
  const runs = join(repo.dir, '.autopilot', 'runs')
  const [run] = readdirSync(runs)
  const path = join(runs, run ?? '', 'journal.jsonl')
  return run !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Puts a git in front of the real one that hangs and ignores TERM as soon as `hang` exists. */
function withHangingGit(stage: Scene): { readonly flag: string; readonly pids: () => readonly number[] } {
  const [dir, flag, log] = [stage.repo.beside('git-bin'), stage.repo.beside('hang'), stage.repo.beside('hanging')]
  mkdirSync(dir)
  writeFileSync(log, '')
  const hanging = `trap '' TERM; echo $$ >> '${log}'; while :; do sleep 1; done`
  writeFileSync(join(dir, 'git'), `#!/bin/sh\n[ -e '${flag}' ] && { ${hanging}; }\nexec '${stage.env.PATH}/git' "$@"\n`)
  chmodSync(join(dir, 'git'), 0o755)
  stage.env.PATH = `${dir}:${stage.env.PATH}`
  return {
    flag,
    pids: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number),
  }
}

test('a stop ends although git hangs and an agent ignores TERM; the journal has its end', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['quick', 'deaf']) })
  const git = withHangingGit(stage)
  const running = stage.start(['run', '--output', 'json'])
  const [quick, deaf] = [await agents.next('quick'), await agents.next('deaf')]
  await deaf.ignore('SIGTERM')
  await quick.write('quick.txt', 'done')
  writeFileSync(git.flag, '')
  await quick.exit()
  await until(() => git.pids().length > 0, 'a git hangs')
  running.kill('SIGTERM')
  const { code } = await running.ended
  expect(code).toBe(143)
  rmSync(git.flag)
  const status = await stage.run(['status'])
  for (const task of ['quick', 'deaf'])
    expect(status.stdout).toMatch(new RegExp(`^Workspace +/.* \\(${task}: not collected when the run ended early`, 'm'))
  expect([deaf.pid, ...git.pids()].filter(isAlive)).toEqual([])
  const records = journalOf(stage)
  expect(records.at(-1)).toMatchObject({ type: 'run_finished', exitCode: 143 })
  expect(records.filter(({ type }) => type === 'workspace_kept')).toMatchObject(
    ['quick', 'deaf'].map((task) => ({
      path: expect.stringMatching(/^\//) as string,
      why: expect.stringContaining(`${task}: not collected`) as string,
      collectsAgain: true,
    })),
  )
  expect(records.filter(({ type }) => type === 'run_given_up')).toMatchObject([{ taskIds: ['quick', 'deaf'] }])
})

test('a signal ends autopilot even if git hangs before the first agent has started', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  const git = withHangingGit(stage)
  stage.program('claude', `#!/bin/sh\ntouch '${git.flag}'\necho '2.1.332 (Claude Code)'\n`)
  const running = stage.start(['run', '-p', 'claude'])
  await until(() => git.pids().length > 0, 'a git hangs')
  running.kill('SIGTERM')
  expect((await running.ended).code).toBe(143)
  await until(() => !git.pids().some(isAlive), 'git is gone, too')
})

const manyTasks = `tasks:\n${Array.from({ length: 150 }, (_, n) => `  - { id: t-${n}, run: 'true' }\n`).join('')}`

test('a reader that stops reading holds nothing up, and gets everything when it reads again', async () => {
  const stage = scene({ roadmap: manyTasks })
  const args = [programFile, 'run', '--isolation', 'none', '--output', 'json']
  const child = spawn(process.execPath, args, {
    cwd: stage.repo.dir,
    env: stage.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(() => hasFinished(stage), 'the run has finished', 60_000)
  const journal = journalOf(stage)
  let read = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (read += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(code).toBe(0)
  const shown = read.split('\n').slice(0, -1)
  // The output has only the public part of a record.
  expect(shown.map((line) => (JSON.parse(line) as RunRecord).seq)).toEqual(journal.map(({ seq }) => seq))
  // More than a pipe takes: somebody had to wait.
  expect(read.length).toBeGreaterThan(100_000)
})

test('a stop does not wait for a reader that stops reading', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: `${manyTasks}${riggedRoadmap(agents, ['last']).replace('tasks:\n', '')}` })
  const args = [programFile, 'run', '--isolation', 'none', '--output', 'json']
  const child = spawn(process.execPath, args, {
    cwd: stage.repo.dir,
    env: stage.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = new Promise((resolve) => child.on('exit', resolve))
  await agents.next('last')
  child.kill('SIGTERM')
  expect(await exited).toBe(143)
  expect(journalOf(stage).at(-1)).toMatchObject({ type: 'run_finished', exitCode: 143 })
})
