import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { utimesSync, writeFileSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readLockHolder, takeLock } from '../../../../src/platform/locks/lock.js'
import { bootId } from '../../../../src/platform/processes/table/process-identity.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { until } from '../../../support/rigs/until.js'

const source = fileURLToPath(new URL('../../../../src/platform/locks/lock.ts', import.meta.url))

/** A program that tries to take the lock of its argument when told, says what came of it, and then lives on. */
const folder = mkdtempSync(join(tmpdir(), 'autopilot-lock-'))
const contender = join(folder, 'contender.mjs')
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeAll(async () => {
  await build({
    stdin: {
      contents: `
        import { takeLock } from ${JSON.stringify(source)}
        process.stdin.once('data', async () => {
          const taken = await takeLock(process.argv[2])
          console.log(taken.ok ? 'got' : 'refused by ' + taken.error.pid)
        })
        process.stdin.on('end', () => process.exit())
        console.log('ready')`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: contender,
  })
})

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function start(path: string) {
  const child = spawn(process.execPath, [contender, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => String((await lines.next()).value)
  expect(await next()).toBe('ready')
  const take = () => {
    child.stdin.write('go\n')
    return next()
  }
  const kill = async () => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  return { child, take, kill }
}

describe('the lock', () => {
  it.skipIf(!existsSync('/proc/self/stat'))(
    'is taken over at once from a holder that was killed and not yet reaped',
    async () => {
      const path = join(tempDir(), 'lock')
      // A parent that never waits for its child, as the first process of a container may be.
      const line = '"$@" <&3 & exec sleep 1000'
      const parent = spawn('/bin/sh', ['-c', line, 'sh', process.execPath, contender, path], {
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      })
      children.push(parent)
      const lines = createInterface({ input: parent.stdout! })[Symbol.asyncIterator]()
      expect((await lines.next()).value).toBe('ready')
      const go = parent.stdio[3] as Writable
      go.write('go\n')
      expect((await lines.next()).value).toBe('got')
      const { pid } = (await readLockHolder(path))!
      process.kill(pid, 'SIGKILL')
      await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), 'the holder is a zombie')
      expect(await readLockHolder(path)).toBeUndefined()
      expect((await takeLock(path)).ok).toBe(true)
    },
  )

  it('is held by one process until it is given back', async () => {
    const path = join(tempDir(), 'lock')
    const first = await takeLock(path)
    const other = await start(path)
    expect(await other.take()).toBe(`refused by ${process.pid}`)
    if (first.ok) await first.value()
    const later = await start(path)
    expect(await later.take()).toBe('got')
    expect(await takeLock(path)).toMatchObject({ ok: false, error: { pid: later.child.pid, host: hostname() } })
  })

  it('is taken over at once from a holder that was killed', async () => {
    const path = join(tempDir(), 'lock')
    const holder = await start(path)
    expect(await holder.take()).toBe('got')
    await holder.kill()
    expect((await takeLock(path)).ok).toBe(true)
  })

  it('names its holder, and nobody once it was given back or its holder is gone', async () => {
    const path = join(tempDir(), 'lock')
    expect(await readLockHolder(path)).toBeUndefined()
    const own = await takeLock(path)
    expect(await readLockHolder(path)).toMatchObject({ pid: process.pid, host: hostname() })
    if (own.ok) await own.value()
    expect(await readLockHolder(path)).toBeUndefined()
    const holder = await start(path)
    expect(await holder.take()).toBe('got')
    expect(await readLockHolder(path)).toMatchObject({ pid: holder.child.pid })
    await holder.kill()
    expect(await readLockHolder(path)).toBeUndefined()
  })

  it('is never taken from a process that is only stopped', async () => {
    const path = join(tempDir(), 'lock')
    const holder = await start(path)
    expect(await holder.take()).toBe('got')
    holder.child.kill('SIGSTOP')
    expect((await takeLock(path)).ok).toBe(false)
  })

  it.runIf(process.platform === 'linux')('recognises a reused pid, and another host', async () => {
    const path = join(tempDir(), 'lock')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stamp = { pid: process.ppid, host: hostname(), since: 1, boot, start: '1' }
    writeFileSync(path, JSON.stringify({ ...stamp, host: 'elsewhere.example', boot: 'other' }))
    expect(await takeLock(path, { silentMs: 1 })).toMatchObject({ ok: false, error: { host: 'elsewhere.example' } })
    writeFileSync(path, JSON.stringify(stamp))
    expect((await takeLock(path)).ok).toBe(true)
  })

  it('is replaced if it is not readable', async () => {
    const path = join(tempDir(), 'lock')
    const mine = { pid: process.pid, host: 'elsewhere.example', boot: 'other', start: '1' }
    for (const stamp of ['{"pid":', JSON.stringify({ ...mine, since: 1e300 })]) {
      writeFileSync(path, stamp)
      expect(await readLockHolder(path)).toBeUndefined()
      const taken = await takeLock(path)
      expect(taken.ok).toBe(true)
      if (taken.ok) await taken.value()
    }
  })

  it('has one winner when eight race for a dead lock, round after round', async () => {
    const boot = await bootId()
    for (let round = 0; round < 5; round++) {
      const dir = tempDir()
      const path = join(dir, 'lock')
      writeFileSync(path, JSON.stringify({ pid: 999_999_999, host: hostname(), since: 1, boot, start: '1' }))
      const storm = await Promise.all(Array.from({ length: 8 }, () => start(path)))
      const answers = await Promise.all(storm.map(({ take }) => take()))
      expect(answers.filter((answer) => answer === 'got')).toHaveLength(1)
      await Promise.all(storm.map(({ kill }) => kill()))
      expect(readdirSync(dir)).toEqual(['lock'])
    }
  })

  it('of a holder that cannot be looked at is kept while its heartbeat goes on, and is never taken unasked from another host', async () => {
    const path = join(tempDir(), 'lock')
    elsewhere(path)
    const beating = setInterval(() => utimesSync(path, new Date(), new Date()), 5)
    // Asked for or not: a sign of life comes while the other one watches.
    const refused = await takeLock(path, { takeOver: true, silentMs: 2_000 })
    clearInterval(beating)
    expect(refused).toMatchObject({ ok: false, error: { pid: 7 } })
    expect(refused.ok || refused.error.silentSince).toBeUndefined()
    await age(path)
    const unasked = await takeLock(path)
    expect(unasked).toMatchObject({ ok: false, error: { host: 'elsewhere.example', silentSince: 60_000 } })
    expect(await readLockHolder(path)).toMatchObject({ pid: 7, silentSince: 60_000 })
    expect((await takeLock(path, { takeOver: true })).ok).toBe(true)
    expect(await readLockHolder(path)).toMatchObject({ pid: process.pid })
    expect(readdirSync(join(path, '..'))).toEqual(['lock'])
  })

  it('of a container that was started again under its old name is taken over automatically once it is silent', async () => {
    const path = join(tempDir(), 'lock')
    // The pid is there, in this container; the one that is meant was counted in another.
    const other = { pid: process.ppid, host: hostname(), since: 1, boot: await bootId(), start: '1' }
    writeFileSync(path, JSON.stringify({ ...other, namespace: 'pid:[1]' }))
    expect(await readLockHolder(path)).toMatchObject({ pid: process.ppid })
    await age(path)
    expect((await takeLock(path)).ok).toBe(true)
  })

  it('is not taken over by --take-over from a process that exists, even a stopped one', async () => {
    const path = join(tempDir(), 'lock')
    const holder = await start(path)
    expect(await holder.take()).toBe('got')
    holder.child.kill('SIGSTOP')
    await age(path)
    expect(await takeLock(path, { takeOver: true })).toMatchObject({ ok: false, error: { pid: holder.child.pid } })
  })

  it('beats while it is held, and tells its holder once another process has it, or nobody', async () => {
    for (const lose of [rmSync, (path: string) => replaced(path)]) {
      const path = join(tempDir(), 'lock')
      let lost = 0
      const taken = await takeLock(path, { beatMs: 5, onLost: () => lost++ })
      const before = statSync(path).mtimeMs
      await until(() => statSync(path).mtimeMs > before, 'the lock beats')
      expect(lost).toBe(0)
      lose(path)
      const after = existsSync(path) ? readFileSync(path, 'utf8') : ''
      await until(() => lost === 1, 'the holder knows')
      if (taken.ok) await taken.value()
      // Another process's lock is left alone.
      expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(after)
    }
  })
})

function elsewhere(path: string): void {
  writeFileSync(path, JSON.stringify({ pid: 7, host: 'elsewhere.example', since: 1, boot: 'other', start: '1' }))
}

function replaced(path: string): void {
  elsewhere(`${path}.new`)
  renameSync(`${path}.new`, path)
}

/** Written long ago. */
async function age(path: string): Promise<void> {
  await utimes(path, 60, 60)
}
