import { connect, type Socket } from 'node:net'
import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { openLoopbackServer, type LoopbackServer } from '../../../../src/platform/http/loopback-server.js'
import { realClock } from '../../../../src/platform/clock.js'
import { until } from '../../../support/rigs/until.js'

const servers: LoopbackServer[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await server.close()
})

async function serve(port = 0): Promise<LoopbackServer> {
  const opened = await openLoopbackServer({
    ...{ port, clock: realClock },
    answer: (path) => Promise.resolve(path === '' ? { type: 'text/html', body: Buffer.from('the page') } : undefined),
    onReader: (send, last) => send(last ?? 0, 'hello', Buffer.from('first')),
  })
  if (!opened.ok) throw new Error(opened.error)
  servers.push(opened.value)
  return opened.value
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

function ask(
  url: string,
  { method = 'GET', headers = {} }: Asked = {},
): Promise<readonly [status: number, body: string]> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve([response.statusCode ?? 0, body]))
    })
      .on('error', reject)
      .end()
  })
}

/** Asks for the events, and never reads what comes. */
function neverReading(url: string): Promise<Socket> {
  const { port, pathname, host } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(`GET ${pathname}events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      resolve(socket)
    })
    socket.on('error', () => undefined).pause()
    sockets.push(socket)
  })
}

describe('a server for this machine', () => {
  it('listens to the loopback address only, and gives the page to who knows its URL', async () => {
    const { url } = await serve()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
    expect(await ask(url)).toEqual([200, 'the page'])
  })

  it('has nothing for who does not know the token, or only a part of it', async () => {
    const { url } = await serve()
    const { origin, pathname } = new URL(url)
    for (const path of ['/', '//', '/x/', pathname.slice(0, -3), `${pathname.slice(0, -2)}x/`, `/x${pathname}`])
      expect((await ask(origin + path))[0], path).toBe(404)
  })

  it.each([
    ['a name of another site that leads here', { Host: 'evil.example' }],
    ['that name with the port', { Host: 'evil.example:80' }],
    ['the page of another site', { Origin: 'https://evil.example' }],
    ['a page without an origin of its own', { Origin: 'null' }],
  ])('refuses a request under %s, although it knows the token', async (_, headers) => {
    const { url } = await serve()
    expect(await ask(url, { headers })).toEqual([403, ''])
    expect((await ask(`${url}events`, { headers }))[0]).toBe(403)
  })

  it('takes its own name and localhost for itself', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    expect((await ask(url, { headers: { Host: `localhost:${port}`, Origin: `http://localhost:${port}` } }))[0]).toBe(
      200,
    )
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s: nothing can be changed', async (method) => {
    const { url } = await serve()
    expect((await ask(url, { method }))[0]).toBe(405)
  })

  it('says at once if its port is taken', async () => {
    const { url } = await serve()
    const opened = await openLoopbackServer({
      ...{ port: Number(new URL(url).port), clock: realClock },
      answer: () => Promise.resolve(undefined),
      onReader: () => undefined,
    })
    expect(opened).toEqual({ ok: false, error: 'EADDRINUSE' })
  })

  it('waits for no reader that takes nothing, and keeps little for it, however much is sent', async () => {
    const { url, streams } = await serve()
    await Promise.all(Array.from({ length: 20 }, () => neverReading(url)))
    await until(() => streams.count === 20, 'all follow')
    const before = process.memoryUsage().rss
    const data = Buffer.alloc(200_000, 'x')
    for (let number = 1; number <= 1000; number++) {
      streams.send(number, 'patch', data)
      if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // 4 GB were not sent.
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
  })

  it('tells a reader that has missed something to ask for all of it, once it reads again', async () => {
    const { url, streams } = await serve()
    const socket = await neverReading(url)
    await until(() => streams.count === 1, 'it follows')
    const data = Buffer.alloc(900_000, 'x')
    for (let number = 1; number <= 20; number++) streams.send(number, 'patch', data)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text = (text + chunk).slice(-2000)))
    socket.resume()
    await until(() => text.includes('event: stale'), 'it is told')
  })

  it('has no more than some readers', async () => {
    const { url, streams } = await serve()
    await Promise.all(Array.from({ length: 40 }, () => neverReading(url)))
    await until(() => streams.count === 32, 'as many as there may be follow')
    expect((await ask(url))[0]).toBe(200)
  })

  it('ends with all that is open, whatever its readers do', async () => {
    const { url, close } = await serve()
    const closed = neverReading(url).then((socket) => new Promise((resolve) => socket.on('close', resolve).resume()))
    await neverReading(url)
    await close()
    await closed
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
  })
})
