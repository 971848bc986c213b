import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../domain/clock.js'
import { err, ok, type Result } from '../../domain/result.js'
import { faultCode } from '../files/regular-file.js'
import { EventStreams } from './event-streams.js'

/** What a path has. */
export interface Answer {
  readonly type: string
  readonly body: Buffer
}

export interface LoopbackOptions {
  /** 0 for one that is free. */
  readonly port: number
  readonly clock: Clock
  /** What is at a path below the token, such as `report.json`; the empty one is the page itself. */
  readonly answer: (path: string) => Promise<Answer | undefined>
  /** A reader follows the events at `events`; `last` is the id of the last one that it knows. */
  readonly onReader: (send: (id: number, event: string, data: Buffer) => void, last: number | undefined) => void
}

/** A server that only this machine reaches, and only who knows its URL. It is read-only. */
export interface LoopbackServer {
  readonly url: string
  readonly streams: EventStreams
  /** Ends it with all its connections, whatever their readers do. */
  readonly close: () => Promise<void>
}

const maxConnections = 64
/** What readers have to take the last event, ms. */
const farewellMs = 300

export async function openLoopbackServer(options: LoopbackOptions): Promise<Result<LoopbackServer, string>> {
  const token = randomBytes(24).toString('base64url')
  const streams = new EventStreams(options.clock)
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000 },
    (request, response) => void serve(request, response),
  )
  server.maxConnections = maxConnections
  // Who takes nothing of an answer for so long is gone; event streams look after themselves.
  server.setTimeout(60_000)
  const listening = await listen(server, options.port)
  if (!listening.ok) return listening
  server.unref()
  const { port } = server.address() as AddressInfo
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A reader that goes away is no error of ours.
    response.on('error', () => undefined)
    try {
      const path = pathOf(request)
      if (!isFromHere(request)) refuse(response, 403)
      else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405)
      else if (path === 'events') follow(request, response)
      else await give(response, path, request.method === 'HEAD')
    } catch {
      // A bug of the page's; the run has nothing to do with it.
      refuse(response, 500)
    }
  }

  /** A page of another site may make the browser ask, under a name of its own for this machine: the browser tells which. */
  function isFromHere({ headers: { host = '', origin } }: IncomingMessage): boolean {
    return hosts.includes(host) && (origin === undefined || hosts.some((name) => origin === `http://${name}`))
  }

  /** The path below the token; undefined for whoever doesn't know that. */
  function pathOf({ url = '' }: IncomingMessage): string | undefined {
    const [, given = '', path] = /^\/([^/?]*)\/([^?]*)/.exec(url) ?? []
    return isSame(given, token) ? path : undefined
  }

  async function give(response: ServerResponse, path: string | undefined, onlyHead: boolean): Promise<void> {
    const found = path === undefined ? undefined : await options.answer(path)
    if (!found) {
      refuse(response, 404)
      return
    }
    response.writeHead(200, { ...headers, 'Content-Type': found.type, 'Content-Length': found.body.length })
    response.end(onlyHead ? undefined : found.body)
  }

  function follow(request: IncomingMessage, response: ServerResponse): void {
    const named =
      request.headers['last-event-id'] ?? new URL(request.url ?? '', 'http://localhost').searchParams.get('from')
    const last = typeof named === 'string' && /^\d{1,15}$/.test(named) ? Number(named) : undefined
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' })
    const send = streams.add(response)
    if (send) options.onReader(send, last)
  }

  return ok({
    url: `http://127.0.0.1:${port}/${token}/`,
    streams,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      streams.end()
      const cancel = options.clock.schedule(farewellMs, () => server.closeAllConnections())
      await Promise.race([closed, new Promise<void>((resolve) => options.clock.schedule(2 * farewellMs, resolve))])
      cancel()
      server.closeAllConnections()
    },
  })
}

const headers = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const

function refuse(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status, { ...headers, Connection: 'close' })
  response.end()
}

/** How long it takes says nothing about where they differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

async function listen(server: Server, port: number): Promise<Result<void, string>> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(err(faultCode(error))))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.removeAllListeners('error')
      // Such as no descriptors left for a further reader.
      server.on('error', () => undefined)
      resolve(ok(undefined))
    })
  })
}
