import { createConnection } from 'node:net'
import { err, ok, type Result } from '../../domain/result.js'

export interface AskOptions {
  /** So long, ms, the answer may take. */
  readonly patienceMs: number
  /** So many bytes it has at most. */
  readonly mostBytes?: number
}

/** Why there is no answer: nobody listens there; nobody has answered in time; what came is no line. */
export type NoAnswer = 'nobody' | 'silent' | 'odd'

const usualBytes = 1024 * 1024

/** Others, such as EAGAIN for a full queue of connections, come from one that is there and does not get round to it. */
const isNobody: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'])

/** Says one line at a socket, and waits for one; neither has its line feed. Never rejects. */
export function askLine(
  path: string,
  line: string,
  { patienceMs, mostBytes = usualBytes }: AskOptions,
): Promise<Result<string, NoAnswer>> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    const chunks: Buffer[] = []
    let bytes = 0
    let isConnected = false
    const settle = (result: Result<string, NoAnswer>) => {
      clearTimeout(timer)
      resolve(result)
      socket.destroy()
    }
    const timer = setTimeout(() => settle(err('silent')), patienceMs)
    socket.once('connect', () => {
      isConnected = true
      socket.write(`${line}\n`)
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      settle(err(isConnected ? 'odd' : code !== undefined && isNobody.has(code) ? 'nobody' : 'silent'))
    })
    socket.once('close', () => settle(err('odd')))
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf('\n')
      bytes += chunk.length
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
      if (end >= 0) settle(ok(Buffer.concat(chunks).toString('utf8')))
      else if (bytes > mostBytes) settle(err('odd'))
    })
  })
}
