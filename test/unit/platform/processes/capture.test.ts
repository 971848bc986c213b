import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { capture } from '../../../../src/platform/processes/capture.js'
import { killLivingGroups } from '../../../../src/platform/processes/process-group.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { until } from '../../../support/rigs/until.js'

const env = { PATH: process.env.PATH ?? '' }
const sh = (script: string, options: Partial<Parameters<typeof capture>[2]> = {}) =>
  capture('/bin/sh', ['-c', script], { env, ...options })

/** A script that writes its process id into a file and then runs forever. */
const lasting = 'echo $$ > "$PIDFILE"; exec sleep 100000'

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0)
    // Killed, though perhaps not yet reaped.
    return existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return true
  }
}

describe('capturing a program', () => {
  it('returns its exit code and what it printed on both streams', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toEqual({
      exit: { type: 'code', code: 3 },
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('gives it the environment and the directory that were named, and no input', async () => {
    const cwd = tempDir()
    const got = await capture(
      process.execPath,
      [
        '-e',
        'process.stdin.on("data", () => 0).on("end", () => console.log(JSON.stringify([process.env, process.cwd()])))',
      ],
      { env: { ONLY: 'this' }, cwd },
    )
    expect(JSON.parse(got.stdout)).toEqual([{ ONLY: 'this' }, cwd])
  })

  it('names the signal that ended it', async () => {
    expect((await sh('kill -KILL $$')).exit).toEqual({ type: 'signal', signal: 'SIGKILL' })
  })

  it('says that a program is missing', async () => {
    expect(await capture('/nowhere/claude', ['--version'], { env })).toEqual({
      exit: { type: 'not_started', message: 'not found' },
      stdout: '',
      stderr: '',
    })
  })

  it('keeps the beginning of a flood and lets the program end as it will', async () => {
    const got = await sh('head -c 1000000 /dev/zero | tr "\\0" x; echo last >&2; exit 4')
    expect(got.exit).toEqual({ type: 'code', code: 4 })
    expect(got.stdout).toBe('x'.repeat(256 * 1024))
    expect(got.stderr).toBe('last\n')
  })

  it('keeps characters whole', async () => {
    expect((await sh("printf '\\342\\202'; printf '\\254'")).stdout).toBe('€')
  })

  it('ends a program that takes too long, and returns what it had printed', async () => {
    const got = await sh('echo begun; exec sleep 100000', { timeoutMs: 300 })
    expect(got).toEqual({
      exit: { type: 'not_started', message: 'no end within 300 ms' },
      stdout: 'begun\n',
      stderr: '',
    })
  })

  it('also ends what that program started, even if it keeps the pipes open and ignores TERM', async () => {
    const pidFile = join(tempDir(), 'pid')
    const script = `(trap '' TERM; ${lasting}) & wait`
    const got = await sh(script, { env: { ...env, PIDFILE: pidFile }, timeoutMs: 500 })
    expect(got.exit.type).toBe('not_started')
    await until(() => isGone(Number(readFileSync(pidFile, 'utf8'))), 'the child is gone')
  })

  it('does not wait for what the program left running with its pipes open, and leaves that alone', async () => {
    const got = await sh('sleep 60 & echo $!; echo told >&2; exit 2')
    const pid = Number(got.stdout)
    expect(isGone(pid)).toBe(false)
    process.kill(pid, 'SIGKILL')
    expect(got).toMatchObject({ exit: { type: 'code', code: 2 }, stderr: 'told\n' })
  })

  it('ends a program when it is canceled', async () => {
    const pidFile = join(tempDir(), 'pid')
    const controller = new AbortController()
    const running = sh(lasting, { env: { ...env, PIDFILE: pidFile }, signal: controller.signal })
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), 'it has started')
    controller.abort()
    expect((await running).exit).toEqual({ type: 'not_started', message: 'canceled' })
    expect(isGone(Number(readFileSync(pidFile, 'utf8')))).toBe(true)
  })

  it('ends a program at once if the cancel came first', async () => {
    expect((await sh('exec sleep 100000', { signal: AbortSignal.abort() })).exit).toEqual({
      type: 'not_started',
      message: 'canceled',
    })
  })

  it('never throws, whatever the command', async () => {
    expect((await sh('exit 0\0')).exit.type).toBe('not_started')
  })

  it('leaves what the program put in the background running, but not beyond the end of autopilot', async () => {
    const pidFile = join(tempDir(), 'pid')
    const { exit } = await sh(`sh -c '${lasting}' > /dev/null 2>&1 &`, { env: { ...env, PIDFILE: pidFile } })
    expect(exit).toEqual({ type: 'code', code: 0 })
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), 'it has started')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    expect(isGone(pid)).toBe(false)
    killLivingGroups()
    await until(() => isGone(pid), 'it is gone')
  })
})
