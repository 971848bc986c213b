import { existsSync, readlinkSync } from 'node:fs'

/** Why a stream is not written to any more: the code of the error, or `unread` when its reader has stopped reading. */
export type LostStream = string

const lost = new WeakMap<NodeJS.WriteStream, LostStream>()
const steadied = new WeakSet<NodeJS.WriteStream>()

/** So much may wait for a reader, in bytes; then the stream is given up. */
const maxWaiting = 64_000_000

/**
 * Writes to a standard stream. Whatever happens to its reader (a closed pipe, a terminal that went away, a full disk),
 * it neither throws nor waits: the work must not depend on who watches it.
 */
export function writeTo(stream: NodeJS.WriteStream, text: string | Uint8Array): void {
  steady(stream)
  if (lost.has(stream)) return
  if (stream.writableLength > maxWaiting) lost.set(stream, 'unread')
  else if (!stream.destroyed && !stream.writableEnded) stream.write(text)
}

/** Why what was written last did not arrive; undefined while all is well. */
export function lostStream(stream: NodeJS.WriteStream): LostStream | undefined {
  return lost.get(stream)
}

/**
 * Waits until what was written has been taken, or never will be: for commands that print without end, and have nothing
 * else to do. What comes from a run must not wait, see {@link writeTo}.
 */
export async function drained(stream: NodeJS.WriteStream): Promise<void> {
  while (stream.writableLength > stream.writableHighWaterMark && !lost.has(stream) && !stream.destroyed)
    await new Promise<void>((resolve) => {
      const go = () => {
        for (const name of ['drain', 'error', 'close']) stream.off(name, go)
        resolve()
      }
      for (const name of ['drain', 'error', 'close']) stream.on(name, go)
    })
}

/**
 * Turns an error of the stream into a fact to ask for: unhandled, it would end the process. For code that writes to
 * the stream directly.
 */
export function steady(stream: NodeJS.WriteStream & { readonly fd?: number }): NodeJS.WriteStream {
  if (steadied.has(stream)) return stream
  steadied.add(stream)
  stream.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (!lost.has(stream)) lost.set(stream, code)
  })
  if (stream.isTTY && isOurs(stream.fd)) unblock(stream)
  return stream
}

/**
 * Node waits, with the whole process, for a terminal that takes nothing: one stopped by Ctrl-S, or an ssh connection whose
 * other end sleeps. There is no public way to change that.
 */
function unblock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { readonly _handle?: { readonly setBlocking?: (isBlocking: boolean) => void } }
  handle?.setBlocking?.(false)
}

/**
 * libuv reopens a terminal if it can name it; otherwise it shares it with the shell, which must not find it changed.
 */
function isOurs(fd: number | undefined): boolean {
  try {
    return fd !== undefined && existsSync(readlinkSync(`/proc/self/fd/${fd}`))
  } catch {
    return false
  }
}
