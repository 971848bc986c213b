import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Gate } from '../../../src/domain/landing/gate.js'
import { noMask } from '../../../src/domain/secrets/mask.js'
import { startProcess } from '../../../src/platform/processes/running-process.js'
import { runGate } from '../../../src/verify/run-gate.js'
import { isAlive } from '../../support/rigs/program.js'
import { rig } from '../../support/scenes/rigged-scene.js'
import { tempDir } from '../../support/rigs/temp-dir.js'
import { virtualClock } from '../../support/fakes/virtual-clock.js'

const minute = 60_000

/** A directory to run gates in, and a log beside it. */
function stage() {
  const dir = tempDir()
  const root = join(dir, 'tree')
  mkdirSync(root)
  const [clock, stop, logFile] = [virtualClock(), new AbortController(), join(dir, 'gate.log')]
  const env = { PATH: process.env.PATH ?? '' }
  const judge = (run: string, more: Partial<Gate> = {}) =>
    runGate(
      { name: 'gate', run, timeoutMs: minute, ...more },
      {
        root,
        env,
        logFile,
        mask: noMask,
        clock,
        signal: stop.signal,
        onSpawned: () => Promise.resolve(),
        start: startProcess,
      },
    )
  return { dir, root, clock, stop, judge, logFile, log: () => readFileSync(logFile, 'utf8') }
}

test('a command that ends with 0 has passed, whatever it printed', async () => {
  const { judge, log, clock } = stage()
  expect(await judge('echo out; echo ENOSPC >&2')).toEqual({ type: 'passed' })
  expect(log()).toBe('out\nENOSPC\n')
  expect(clock.timers).toBe(0)
})

test('a command that ends otherwise has failed, with its status and the end of what it printed in the order printed', async () => {
  const { judge } = stage()
  const verdict = await judge('echo one; echo two >&2; echo three; exit 3')
  expect(verdict).toEqual({ type: 'failed', message: 'exit code 3', tail: 'one\ntwo\nthree' })
  const killed = await judge('kill -KILL $$')
  expect(killed.type === 'failed' && killed.message).toMatch(/SIGKILL/)
})

test('a gate starts in its directory of the tree, with only its environment, and its log belongs to its owner alone', async () => {
  const { judge, root, log, logFile } = stage()
  mkdirSync(join(root, 'sub'))
  await judge('pwd; env', { cwd: 'sub' })
  const [place, ...env] = log().trim().split('\n')
  expect(place).toBe(join(root, 'sub'))
  // A shell adds PWD and its kin by itself.
  const names = env.map((line) => line.split('=')[0]!).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
  expect(names.sort()).toEqual(['AUTOPILOT_GATE', 'PATH'])
  expect(statSync(logFile).mode & 0o777).toBe(0o600)
})

test.each([
  ['that the tree does not have', 'nope'],
  ['that is a file', 'file'],
  ['that is a link to some place outside', 'link'],
])('a directory %s is the fault of the tree, and nothing runs', async (_, cwd) => {
  const { judge, root, dir } = stage()
  writeFileSync(join(root, 'file'), '')
  symlinkSync(dir, join(root, 'link'))
  const verdict = await judge(`touch ${join(dir, 'ran')}`, { cwd })
  expect(verdict).toEqual({ type: 'failed', message: `there is no directory ${cwd}`, tail: '' })
  expect(existsSync(join(dir, 'ran'))).toBe(false)
})

test('a gate that complains about a full disk has failed like any other', async () => {
  const { judge } = stage()
  const verdict = await judge('echo "ENOSPC: No space left on device"; exit 1')
  expect(verdict).toEqual({ type: 'failed', message: 'exit code 1', tail: 'ENOSPC: No space left on device' })
})

test('a command that cannot be passed to a process has not been run', async () => {
  const { judge } = stage()
  expect(await judge('echo \0')).toMatchObject({ type: 'errored' })
})

test('a gate finds its stdin closed', async () => {
  const { judge, log } = stage()
  expect(await judge('cat; read line; echo "read ended with $?"')).toEqual({ type: 'passed' })
  expect(log()).toBe('read ended with 1\n')
})

test('a gate that hangs has failed when its time is up, even if it ignores TERM, and nothing of it lives on', async () => {
  const agents = await rig()
  const { judge, clock } = stage()
  const verdict = judge(`echo begun; ${agents.command('deaf')}`, { timeoutMs: 90_500 })
  const deaf = await agents.next('deaf')
  const child = await deaf.spawnChild({ setsid: true })
  await Promise.all([deaf.ignore('SIGTERM'), child.ignore('SIGTERM')])
  clock.advance(90_499)
  expect(isAlive(deaf.pid)).toBe(true)
  clock.advance(1)
  await deaf.received('SIGTERM')
  expect(await verdict).toEqual({ type: 'failed', message: 'no end within 90.5 s', tail: 'begun' })
  expect([deaf, child].filter(({ pid }) => isAlive(pid))).toEqual([])
})

test('a gate that exits with 0 after the TERM of its time limit has failed all the same', async () => {
  const agents = await rig()
  const { judge, clock } = stage()
  // The shell waits for its child, which also gets TERM, and then exits by itself.
  const verdict = judge(`trap 'exit 0' TERM; (${agents.command('slow')}); exit 0`)
  await agents.next('slow')
  clock.advance(minute)
  expect(await verdict).toMatchObject({ type: 'failed', message: 'no end within 60 s' })
})

test.runIf(existsSync('/proc/self/environ'))(
  'what a gate leaves in the background ends with it, even in a session of its own, and does not delay the verdict',
  async () => {
    const agents = await rig()
    const { judge } = stage()
    const verdict = judge(agents.command('gate'))
    const gate = await agents.next('gate')
    const near = await gate.spawnChild({ holdsPipes: true })
    const far = await gate.spawnChild({ setsid: true, holdsPipes: true })
    await gate.exit(0)
    expect(await verdict).toEqual({ type: 'passed' })
    await Promise.all([near.gone, far.gone])
  },
)

test('a canceled gate says nothing about the tree, and is gone when that is reported', async () => {
  const agents = await rig()
  const { judge, stop, clock } = stage()
  const verdict = judge(agents.command('gate'))
  const gate = await agents.next('gate')
  stop.abort()
  expect(await verdict).toMatchObject({ type: 'errored', message: 'it was canceled' })
  expect(isAlive(gate.pid)).toBe(false)
  expect(clock.timers).toBe(0)
})

test('a gate of a run that was canceled before reaches no verdict', async () => {
  const { judge, stop } = stage()
  stop.abort()
  expect(await judge('exit 0')).toMatchObject({ type: 'errored' })
})

test('of 60 MB that a gate prints, the log stores 50 and the verdict the end, and memory stays small', async () => {
  const { judge, logFile, log } = stage()
  const before = process.memoryUsage().rss
  const line = 'x'.repeat(99)
  const print = `require("fs"); const b = "${line}\\n".repeat(1e4); let n = 60; const w = () => { while (n-- > 0) if (!process.stdout.write(b)) return process.stdout.once("drain", w); console.log("the end"); process.exitCode = 1 }; w()`
  const verdict = await judge(`'${process.execPath}' -e '${print}'`)
  const tail = verdict.type === 'failed' ? verdict.tail : ''
  expect(tail).toMatch(/x\nthe end$/)
  expect(tail.length).toBeLessThanOrEqual(6_000)
  const most = 50 * 1024 * 1024
  expect(statSync(logFile).size).toBeGreaterThanOrEqual(most)
  expect(statSync(logFile).size).toBeLessThan(most + 100)
  expect(process.memoryUsage().rss - before).toBeLessThan(45 * 1024 * 1024)
  expect(log().slice(-60)).toMatch(/the rest is dropped/)
})

test('what an agent will read of a failing gate is clean, and at most 6000 characters of its end', async () => {
  const { judge } = stage()
  const verdict = await judge(`printf '\\033[31mred\\033[0m \\007bell\\n'; printf '%08000d\\n' 1; echo last; exit 1`)
  const tail = verdict.type === 'failed' ? verdict.tail : ''
  expect(tail).toHaveLength(6_000)
  expect(tail).toMatch(/^0+1\nlast$/)
  const short = await judge(`printf '\\033[31mred\\033[0m \\007bell\\n'; exit 1`)
  expect(short).toMatchObject({ tail: 'red bell' })
})
