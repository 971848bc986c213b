import { lstatSync, readdirSync, readFileSync, rmSync, type BigIntStats, type Dirent, type Stats } from 'node:fs'

/**
 * Small files, read at once. On the way of a slot there are dozens a task: each turn through Node's four threads waits behind
 * all that others ask of the disk, while the file itself is in memory. What is large, or not known to be small, is not for here.
 */
export function readAtOnce(path: string): Buffer | undefined {
  return orNothing(() => readFileSync(path))
}

/** What is there, a symbolic link as itself; undefined if nothing is, or it can't be seen. */
export function lookAtOnce(path: string | Buffer): BigIntStats | undefined {
  return orNothing(() => lstatSync(path, { bigint: true }))
}

/** The entries of a directory, one UTF-16 unit per byte of a name; undefined if it can't be read. */
export function listAtOnce(path: string | Buffer): Dirent[] | undefined {
  return orNothing(() => readdirSync(path, { withFileTypes: true, encoding: 'latin1' }))
}

/** A file's size, kind and times without the cost of large numbers. */
export function statAtOnce(path: string | Buffer): Stats | undefined {
  return orNothing(() => lstatSync(path))
}

/** Removes a file, or a small directory with all that is in it; leaves it when that cannot be done. */
export function removeAtOnce(path: string): void {
  orNothing(() => rmSync(path, { recursive: true, force: true }))
}

/** What is read, or undefined where it cannot be. */
export function orNothing<Value>(read: () => Value): Value | undefined {
  const { stackTraceLimit } = Error
  // That nothing is there is an ordinary answer, and the trace of its exception costs more than all the rest.
  Error.stackTraceLimit = 0
  try {
    return read()
  } catch {
    return undefined
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
