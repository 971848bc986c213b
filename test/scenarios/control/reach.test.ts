// How a command finds the run that it is meant for, and where sockets may be.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Running } from '../../support/rigs/program.js'
import { tempDir } from '../../support/rigs/temp-dir.js'
import { until } from '../../support/rigs/until.js'
import { killOnce, runsOf } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** Where a running run says that its socket is. */
function socketOf(stage: Scene): string {
  const file = join(stage.repo.dir, '.autopilot', 'runs', runsOf(stage)[0]!, 'control')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : ''
}

async function atWork(env: Record<string, string> = {}) {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  Object.assign(stage.env, env)
  const running = stage.start(['run', '--output', 'json'])
  onTestFinished(() => stop(running))
  const one = await agents.next('one')
  return { agents, stage, running, one }
}

async function stop(running: Running): Promise<void> {
  running.kill('SIGKILL')
  await running.ended
}

test('without a run at work, commands say so and exit with 4', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  for (const command of [['pause'], ['unpause'], ['cancel', 'a'], ['cancel', '--all'], ['agents', '2']]) {
    const { code, stderr } = await stage.run(command)
    expect(code).toBe(4)
    expect(stderr).toContain('no run is at work here')
  }
  const json = await stage.run(['pause', '--output', 'json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ type: 'error', text: 'no run is at work here' })
  expect(await stage.run(['pause', '--run', '20261123-064726-3fa2'])).toMatchObject({ code: 4 })
})

test('the socket and its directory are for the user alone, and both are gone with the run', async () => {
  const { stage, running, one } = await atWork({ XDG_RUNTIME_DIR: privateDir() })
  const socket = socketOf(stage)
  expect(dirname(socket)).toBe(join(stage.env.XDG_RUNTIME_DIR!, 'autopilot'))
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700)
  await one.write('one.txt', 'one')
  await one.exit(0)
  expect((await running.ended).code).toBe(0)
  expect(existsSync(socket)).toBe(false)
})

test('a run is reached from another work tree of its repository, and from below its root', async () => {
  const { stage, running } = await atWork()
  const other = join(tempDir(), 'other')
  stage.repo.git('worktree', 'add', '-q', other)
  expect((await stage.run(['pause'], { cwd: other })).code).toBe(0)
  await running.saw('run_paused')
  const below = join(stage.repo.dir, 'below')
  mkdirSync(below)
  expect((await stage.run(['unpause'], { cwd: below })).code).toBe(0)
})

test('a run whose records or whose whole repository are gone is still reached', async () => {
  const { stage, running } = await atWork()
  const [id] = runsOf(stage)
  stage.repo.git('clean', '-fdxq')
  expect((await stage.run(['pause'])).code).toBe(0)
  await running.saw('run_paused')
  renameSync(stage.repo.dir, `${stage.repo.dir}-moved`)
  onTestFinished(() => renameSync(`${stage.repo.dir}-moved`, stage.repo.dir))
  const elsewhere = tempDir()
  expect((await stage.run(['unpause'], { cwd: elsewhere })).code).toBe(4)
  expect((await stage.run(['unpause', '--run', id!], { cwd: elsewhere })).code).toBe(0)
})

test('where the runtime directory cannot be used, the socket is below the temporary one', async () => {
  const shared = privateDir()
  chmodSync(shared, 0o755)
  for (const runtime of ['relative/path', '/nowhere/at/all', shared]) {
    const { stage, running } = await atWork({ XDG_RUNTIME_DIR: runtime })
    expect(socketOf(stage)).toMatch(/^\/tmp\/autopilot-\d+\//)
    expect((await stage.run(['pause'])).code).toBe(0)
    await stop(running)
  }
})

test('a temporary directory whose path is too long for a socket is not used', async () => {
  const long = join(privateDir(), 'x'.repeat(100))
  mkdirSync(long)
  const { stage } = await atWork({ TMPDIR: long })
  expect(socketOf(stage)).toMatch(/^\/tmp\/autopilot-\d+\//)
  expect(readdirSync(long)).toEqual([])
  expect((await stage.run(['pause'])).code).toBe(0)
})

test('a link, a file or an open directory in place of the socket directory is left alone', async () => {
  const uid = process.getuid!()
  const elsewhere = tempDir()
  const put: readonly ((path: string) => void)[] = [
    (path) => symlinkSync(elsewhere, path),
    (path) => mkdirSync(path, { mode: 0o755 }),
    (path) => symlinkSync('/nowhere', path),
  ]
  for (const make of put) {
    const temporary = privateDir()
    const taken = join(temporary, `autopilot-${uid}`)
    make(taken)
    const { stage, running } = await atWork({ TMPDIR: temporary })
    expect(dirname(socketOf(stage))).not.toBe(taken)
    expect((await stage.run(['pause'])).code).toBe(0)
    expect(readdirSync(elsewhere)).toEqual([])
    await stop(running)
  }
})

test('what a killed run left of its socket is removed by a later one', async () => {
  const runtime = privateDir()
  const { stage, running } = await atWork({ XDG_RUNTIME_DIR: runtime })
  const socket = socketOf(stage)
  await killOnce(stage, running, /"attempt_started"/)
  expect(existsSync(socket)).toBe(true)
  expect((await stage.run(['pause'])).code).toBe(4)
  // A minute ago: a younger one might only not listen yet.
  utimesSync(socket, new Date(0), new Date(0))
  const other = await atWork({ XDG_RUNTIME_DIR: runtime })
  await until(() => !existsSync(socket), 'what was left is gone')
  expect(existsSync(socketOf(other.stage))).toBe(true)
})

test('a socket that somebody cleans away is replaced, and the run can be reached again', async () => {
  const { stage } = await atWork({ TMPDIR: privateDir() })
  const before = socketOf(stage)
  rmSync(dirname(before), { recursive: true })
  expect((await stage.run(['pause'])).code).toBe(4)
  await until(() => ![before, ''].includes(socketOf(stage)) && existsSync(socketOf(stage)), 'there is another')
  expect((await stage.run(['pause'])).code).toBe(0)
})

/** Short, since a socket's path has room for 107 bytes. */
function privateDir(): string {
  const dir = tempDir()
  chmodSync(dir, 0o700)
  return dir
}
