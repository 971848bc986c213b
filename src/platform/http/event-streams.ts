import type { ServerResponse } from 'node:http'
import type { Clock } from '../../domain/clock.js'
import type { MonotonicMs } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'

/** More follow no run at once. */
const maxReaders = 32
/** So much may wait for a reader, bytes; what comes then it is not sent. */
const maxWaiting = 1_000_000
/** A reader that takes nothing for so long is gone, ms. */
const patienceMs = 30_000
/** Something is sent at least as often, so that dead connections show on both sides, ms. */
const heartbeatMs = 15_000

interface Reader {
  readonly response: ServerResponse
  /** Since when what was sent is too much for it; it has missed events from then on. */
  behindSince?: MonotonicMs
}

/** Server-sent events to readers, none of which is waited for, whatever they do: what one can't take, it misses. */
export class EventStreams {
  readonly #readers = new Set<Reader>()
  readonly #clock: Clock
  #cancel: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#beat()
  }

  get count(): number {
    return this.#readers.size
  }

  /** A further reader; gives what sends it alone something, or undefined where there are too many. */
  add(response: ServerResponse): ((id: number, event: string, data: Buffer) => void) | undefined {
    if (this.#readers.size >= maxReaders) {
      response.end()
      return undefined
    }
    // Writes alone would keep a dead connection.
    response.socket?.setTimeout(0)
    const reader: Reader = { response }
    this.#readers.add(reader)
    response.on('close', () => this.#readers.delete(reader))
    response.on('drain', () => this.#caughtUp(reader))
    response.write('retry: 2000\n\n')
    return (id, event, data) => write(reader, frame(id, event, data))
  }

  send(id: number, event: string, data: Buffer): void {
    const text = frame(id, event, data)
    for (const reader of this.#readers) {
      if (reader.response.writableLength > maxWaiting) reader.behindSince ??= this.#clock.monotonic()
      else if (reader.behindSince === undefined) write(reader, text)
    }
  }

  end(): void {
    this.#cancel()
    for (const { response } of this.#readers) response.end()
  }

  /** It has taken all that waited, but has missed something: it is told to ask for all of it. */
  #caughtUp(reader: Reader): void {
    if (reader.behindSince === undefined) return
    delete reader.behindSince
    write(reader, stale)
  }

  #beat(): void {
    this.#cancel = this.#clock.schedule(heartbeatMs, () => {
      const now = this.#clock.monotonic()
      for (const reader of this.#readers) {
        const { response, behindSince } = reader
        if (response.writableLength > 0) {
          reader.behindSince ??= now
          if (behindSince !== undefined && msBetween(behindSince, now) > patienceMs) response.destroy()
        } else if (behindSince === undefined) write(reader, heartbeat)
        else this.#caughtUp(reader)
      }
      this.#beat()
    })
  }
}

function write({ response }: Reader, text: Buffer): void {
  if (!response.writableEnded && !response.destroyed) response.write(text)
}

/** `data` must be one line. */
function frame(id: number, event: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`id: ${id}\nevent: ${event}\ndata: `), data, Buffer.from('\n\n')])
}

const stale = Buffer.from('event: stale\ndata: \n\n')
/** An event and no comment, which a page would never see: a connection may be dead without either end being told. */
const heartbeat = Buffer.from('event: alive\ndata: \n\n')
