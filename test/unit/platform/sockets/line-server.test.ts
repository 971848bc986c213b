import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { statSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { err, ok } from '../../../../src/domain/result.js'
import { askLine } from '../../../../src/platform/sockets/ask-line.js'
import { serveLines, type LineLimits } from '../../../../src/platform/sockets/line-server.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

async function serving(
  answer: (line: string) => Promise<string> = (line) => Promise.resolve(`heard ${line}`),
  limits: Partial<LineLimits> = {},
) {
  const path = join(tempDir(), 's')
  const heard: string[] = []
  const served = await serveLines({
    path,
    answer(line) {
      heard.push(line)
      return answer(line)
    },
    limits: { mostBytes: 100, patienceMs: 5_000, mostPeers: 4, ...limits },
  })
  if (!served.ok) throw new Error(served.error)
  onTestFinished(served.value.close)
  return { path, heard, ask: (line: string) => askLine(path, line, { patienceMs: 5_000 }), close: served.value.close }
}

/** A peer that does what the test says; resolves with what it got once the server has closed the connection. */
function peer(path: string) {
  const socket: Socket = createConnection({ path, allowHalfOpen: true })
  let got = ''
  socket.on('data', (chunk) => (got += chunk.toString()))
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(got))
    socket.once('end', () => {
      resolve(got)
      socket.destroy()
    })
  })
  return { socket, closed }
}

test('a line gets its answer, and the socket is for its owner alone', async () => {
  const { path, ask } = await serving()
  expect(await ask('hello')).toEqual(ok('heard hello'))
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a line that comes in pieces, and whose sender closes its side at once, is answered; what follows it is not read', async () => {
  const { path, heard } = await serving()
  const { socket, closed } = peer(path)
  socket.write('hel')
  socket.end('lo\nand more\n')
  expect(await closed).toBe('heard hello\n')
  expect(heard).toEqual(['hello'])
})

test('a peer that says too much, or nothing, is let go without an answer', async () => {
  const { path, heard } = await serving(undefined, { patienceMs: 100 })
  const [loud, mute] = [peer(path), peer(path)]
  loud.socket.write('x'.repeat(101))
  expect(await Promise.all([loud.closed, mute.closed])).toEqual(['', ''])
  expect(heard).toEqual([])
})

test('a peer that never reads its answer holds up nobody', async () => {
  const { path, ask } = await serving(() => Promise.resolve('x'.repeat(1_000_000)), { patienceMs: 200 })
  const deaf = createConnection(path)
  deaf.on('error', () => undefined)
  const gone = new Promise((resolve) => deaf.once('close', resolve))
  deaf.pause()
  deaf.write('say\n')
  expect((await ask('say')).ok).toBe(true)
  deaf.resume()
  await gone
})

test('peers beyond the limit are turned away until others are gone', async () => {
  const { path, ask } = await serving(undefined, { mostPeers: 2 })
  const held = [peer(path), peer(path)]
  await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
  expect(await ask('third')).toEqual(err('odd'))
  held[0]!.socket.destroy()
  await expect.poll(() => ask('fourth')).toEqual(ok('heard fourth'))
})

test('after its end nobody listens, and those who wait are let go', async () => {
  const { path, ask, close } = await serving(() => new Promise(() => undefined))
  const waiting = peer(path)
  waiting.socket.write('wait\n')
  await new Promise((resolve) => waiting.socket.once('connect', resolve))
  await close()
  expect(await waiting.closed).toBe('')
  expect(await ask('hello')).toEqual(err('nobody'))
})

test('whoever asks a server that never answers is told in time', async () => {
  const { path } = await serving(() => new Promise(() => undefined))
  expect(await askLine(path, 'hello', { patienceMs: 50 })).toEqual(err('silent'))
})

test('a process that is stopped, its queue of connections full, is silent, and not nobody', async () => {
  const path = join(tempDir(), 's')
  // Listens, and takes nobody in.
  const script = `require('net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => { console.log('up'); process.kill(process.pid, 'SIGSTOP') })`
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const asked = await Promise.all(Array.from({ length: 12 }, () => askLine(path, 'hello', { patienceMs: 500 })))
  expect(new Set(asked.map((one) => !one.ok && one.error))).toEqual(new Set(['silent']))
})
