import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** Three fifos by which a process is spoken with, by their common path. */
const names = ['in', 'out', 'err'] as const

export function fifoPaths(path: string): readonly string[] {
  return names.map((name) => `${path}.${name}`)
}

/**
 * The redirections of a shell that make them its streams. Each is first opened in both directions, which waits for nobody:
 * when autopilot is gone, the process finds the end of its input instead of waiting without end for somebody.
 */
export function redirections(path: string): string {
  return `5<>${path}.in <${path}.in 5>&- 6<>${path}.out >${path}.out 6>&- 7<>${path}.err 2>${path}.err 7>&-`
}

/** Autopilot's ends of them. */
export interface FifoEnds {
  /** The process has its own ends by now. Nobody else will find these fifos. */
  readonly connect: () => { readonly stdin: Socket; readonly stdout: Readable; readonly stderr: Readable }
  /** There is nobody to be spoken with. */
  readonly close: () => void
}

/** Undefined when too many files are open. */
export function openFifos(path: string): FifoEnds | undefined {
  const [input, ...outputs] = fifoPaths(path) as [string, ...string[]]
  const opened: number[] = []
  try {
    // Held in both directions until the process has it, so that it does not find its end at once.
    opened.push(openSync(input, constants.O_RDWR | constants.O_NONBLOCK))
    for (const output of outputs) opened.push(openSync(output, constants.O_RDONLY | constants.O_NONBLOCK))
  } catch {
    for (const fd of opened) closeSync(fd)
    return undefined
  }
  const [held, ...reading] = opened as [number, number, number]
  return {
    connect() {
      const stdin = new Socket({ fd: writingEnd(input, held), readable: false, writable: true })
      for (const fifo of fifoPaths(path)) rmSync(fifo, { force: true })
      const [stdout, stderr] = reading.map((fd) => new Socket({ fd, readable: true, writable: false })) as [
        Socket,
        Socket,
      ]
      return { stdin, stdout, stderr }
    },
    close() {
      for (const fd of opened) closeSync(fd)
    },
  }
}

/** An end that only writes is told when nobody reads any more. Where it cannot be had, the one that is held will do. */
function writingEnd(input: string, held: number): number {
  try {
    const writing = openSync(input, constants.O_WRONLY | constants.O_NONBLOCK)
    closeSync(held)
    return writing
  } catch {
    return held
  }
}
