import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Machine, SeenProcess } from '../../domain/process/stray.js'
import { bootId } from './process-identity.js'

/**
 * All processes of the machine; empty on systems without /proc. At once, as all of this: the kernel answers from memory, and
 * hundreds of such files in Node's thread pool keep everything else waiting that reads a file.
 */
export function processTable(): readonly SeenProcess[] {
  return everyProcess(readEntry)
}

/** The machine with all that shows whose a process is. Without /proc, it has no processes. */
export async function readMachine(): Promise<Machine> {
  const boot = await bootId()
  const processes = everyProcess((name) => {
    const entry = readEntry(name)
    return (
      entry && {
        ...entry,
        environment: environmentOfProcess(name),
        cwd: readOr(() => readlinkSync(`/proc/${name}/cwd`)),
      }
    )
  })
  return { boot, processes, self: process.pid }
}

/** The environment that a process was started with, `NAME=value` each; empty where that cannot be seen. */
export function environmentOfProcess(pid: number | string): readonly string[] {
  return textOf(pid, 'environ').split('\0')
}

/** What a process was called with; nothing where that cannot be seen. */
export function argumentsOf(pid: number | string): readonly string[] {
  return textOf(pid, 'cmdline').split('\0')
}

/** How a process was called, in one line; outside text, not yet clean. Undefined once it is gone. */
export async function commandLine(pid: number): Promise<string | undefined> {
  const called = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return called === '' ? undefined : called.split('\0').join(' ').trim().slice(0, longestCommandLine)
}

const longestCommandLine = 200

/** Reads each process of the machine, leaving out those that are gone by then. */
export function everyProcess<Seen>(read: (name: string) => Seen | undefined): readonly Seen[] {
  const { stackTraceLimit } = Error
  // Another's process, or one that is gone, is an exception for each: their traces cost more than all the rest.
  Error.stackTraceLimit = 0
  try {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return names.map(read).filter((seen) => seen !== undefined)
  } catch {
    return []
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function textOf(pid: number | string, file: string): string {
  return readOr(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
}

/** Nothing where it may not be seen, or is gone. */
function readOr(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** proc(5) counts in ticks of USER_HZ, which is 100 a second on all of Linux that Node runs on. */
const msPerTick = 10

function readEntry(name: string): SeenProcess | undefined {
  const stat = textOf(name, 'stat')
  // `pid (comm) state ppid pgrp session tty_nr …`, where comm may itself hold blanks and parentheses: proc(5).
  const end = stat.lastIndexOf(')')
  if (end < 0) return undefined
  const [state = '', parent, group, , terminal, ...rest] = stat.slice(end + 2).split(' ')
  return {
    pid: Number(name),
    name: stat.slice(stat.indexOf('(') + 1, end),
    state,
    parent: Number(parent),
    group: Number(group),
    hasTerminal: terminal !== '0',
    // The first of the rest is field 8: utime, stime, cutime and cstime are 14 to 17, the start is 22.
    processorMs: rest.slice(6, 10).reduce((sum, ticks) => sum + Number(ticks), 0) * msPerTick,
    start: rest[14] ?? '',
  }
}

/**
 * A figure that changes when any of these processes reads or writes: bytes moved by system calls, and to and from disks.
 * Source: proc(5), /proc/PID/io; another user's cannot be read, nor one that is gone.
 */
export async function diskUse(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')))
  const counts = texts.flatMap((text) => [...text.matchAll(/^(?:rchar|wchar|read_bytes|write_bytes): (\d+)$/gm)])
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
