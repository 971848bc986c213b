import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  isPrivateSocket,
  longestSocketPath,
  openSocketDirectory,
  socketDirectories,
} from '../../../../src/platform/sockets/socket-directory.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const isRoot = process.getuid?.() === 0

function ofAnother(path: string): void {
  mkdirSync(path, { mode: 0o700 })
  chownSync(path, 12_345, 12_345)
}

/** A directory of the user's alone. */
function own(): string {
  const dir = tempDir()
  chmodSync(dir, 0o700)
  return dir
}

test("the runtime directory comes first if it is absolute, there, and the user's alone", async () => {
  const [runtime, open, TMPDIR] = [own(), own(), own()]
  chmodSync(open, 0o750)
  const temporary = [join(TMPDIR, `autopilot-${process.getuid!()}`), `/tmp/autopilot-${process.getuid!()}`]
  expect(await socketDirectories({ XDG_RUNTIME_DIR: runtime, TMPDIR })).toEqual([
    join(runtime, 'autopilot'),
    ...temporary,
  ])
  for (const XDG_RUNTIME_DIR of ['', 'run/user', join(runtime, 'nowhere'), open])
    expect(await socketDirectories({ XDG_RUNTIME_DIR, TMPDIR })).toEqual(temporary)
  expect(await socketDirectories({ TMPDIR: 'relative' })).toEqual(temporary.slice(1))
})

test('a directory is made for the user alone, whatever the umask, and is used again', async () => {
  const place = join(own(), 'sockets')
  const before = process.umask(0)
  const opened = await openSocketDirectory([place], 10).finally(() => process.umask(before))
  expect(opened).toMatchObject({ ok: true, value: { path: place } })
  expect(statSync(place).mode & 0o777).toBe(0o700)
  expect(await openSocketDirectory([place], 10)).toMatchObject({ value: { path: place } })
})

test("what is not a directory of the user's alone is left as it is, and another with a new name is made", async () => {
  const target = own()
  const puts: readonly ((path: string) => void)[] = [
    (path) => symlinkSync(target, path),
    (path) => mkdirSync(path, { mode: 0o770 }),
    (path) => writeFileSync(path, ''),
    ...(isRoot ? [ofAnother] : []),
  ]
  for (const put of puts) {
    const parent = own()
    const place = join(parent, 'sockets')
    put(place)
    const opened = await openSocketDirectory([place], 10)
    if (!opened.ok) throw new Error(opened.error)
    expect(opened.value.path).not.toBe(place)
    expect(dirname(opened.value.path)).toBe(parent)
    expect(statSync(opened.value.path).mode & 0o777).toBe(0o700)
    await opened.value.close()
    expect(readdirSync(parent)).toEqual(['sockets'])
    expect(readdirSync(target)).toEqual([])
  }
})

test("nothing is made where others could take it away, nor where a socket's path would be too long", async () => {
  const shared = own()
  chmodSync(shared, 0o777)
  expect(await openSocketDirectory([join(shared, 'sockets')], 10)).toMatchObject({ ok: false })
  const long = join(own(), 'x'.repeat(longestSocketPath))
  const result = await openSocketDirectory([long], 10)
  expect(result).toMatchObject({ ok: false })
  expect(!result.ok && result.error).toContain('too long')
})

test('a file is not taken for a socket', async () => {
  const file = join(own(), 'file')
  writeFileSync(file, '')
  expect(await isPrivateSocket(file)).toBe(false)
  expect(await isPrivateSocket(join(dirname(file), 'nothing'))).toBe(false)
})
