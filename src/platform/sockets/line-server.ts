import { chmod } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { err, ok, type Result } from '../../domain/result.js'
import { errorText } from '../../domain/text.js'

export interface LineServerParts {
  readonly path: string
  /** The answer to a line, as one line; neither has its line feed. Never rejects. */
  readonly answer: (line: string) => Promise<string>
  readonly limits?: LineLimits
}

/** What a peer may take, whatever it does. */
export interface LineLimits {
  /** So many bytes has a line at most. */
  readonly mostBytes: number
  /** So long, ms, it may take to send its line, and to read the answer. */
  readonly patienceMs: number
  /** So many may be connected at once; others are turned away. */
  readonly mostPeers: number
}

const lineLimits: LineLimits = { mostBytes: 16 * 1024, patienceMs: 3_000, mostPeers: 16 }

export interface LineServer {
  /** Nobody is answered any more. The socket is gone. */
  readonly close: () => Promise<void>
}

/**
 * Answers one line of each peer with one line, at a socket of mode 0600. Nothing that a peer does or leaves undone keeps the
 * process alive, or costs more than the limits.
 */
export async function serveLines({
  path,
  answer,
  limits = lineLimits,
}: LineServerParts): Promise<Result<LineServer, string>> {
  const peers = new Set<Socket>()
  // A peer that has said its line may close its side before it has the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    peers.add(socket)
    socket.once('close', () => peers.delete(socket))
    serve(socket, answer, limits)
  })
  server.maxConnections = limits.mostPeers
  try {
    await listening(server, path)
    await chmod(path, 0o600)
  } catch (error) {
    server.close()
    return err(errorText(error))
  }
  // A lack of descriptors, for example: the next peer may have more luck.
  server.on('error', () => undefined)
  server.unref()
  return ok({
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of peers) socket.destroy()
      await closed
    },
  })
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function serve(socket: Socket, answer: LineServerParts['answer'], { mostBytes, patienceMs }: LineLimits): void {
  socket.unref()
  socket.on('error', () => undefined)
  let timer = setTimeout(() => socket.destroy(), patienceMs).unref()
  socket.once('close', () => clearTimeout(timer))
  const chunks: Buffer[] = []
  let bytes = 0
  const onData = (chunk: Buffer) => {
    const end = chunk.indexOf(lineFeed)
    bytes += end < 0 ? chunk.length : end
    if (bytes > mostBytes) {
      socket.destroy()
      return
    }
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
    if (end < 0) return
    // What it says besides is not read.
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.pause()
    clearTimeout(timer)
    void answer(Buffer.concat(chunks).toString('utf8')).then((line) => {
      timer = setTimeout(() => socket.destroy(), patienceMs).unref()
      socket.end(`${line}\n`, () => socket.destroySoon())
    })
  }
  // It has closed its side, or is gone, before it has said anything.
  const onEnd = () => socket.destroy()
  socket.on('end', onEnd)
  socket.on('data', onData)
}

const lineFeed = 0x0a
