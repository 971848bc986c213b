import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Belongings, Machine, SeenProcess } from '../../domain/process/stray.js'
import { bootId } from './process-identity.js'

/** All processes of the machine; empty on systems without /proc. */
export async function processTable(): Promise<readonly SeenProcess[]> {
  return everyProcess(readEntry)
}

/** The machine with all that shows whose a process is. Without /proc, it has no processes. */
export async function readMachine(): Promise<Machine> {
  const processes = await everyProcess(async (name) => {
    const [entry, belongings] = await Promise.all([readEntry(name), readBelongings(name)])
    return entry && { ...entry, ...belongings }
  })
  return { boot: await bootId(), processes, self: process.pid }
}

/** The environment that a process was started with, `NAME=value` each; empty where that cannot be seen. */
export async function environmentOfProcess(pid: number | string): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0')
}

/** How a process was called, in one line; outside text, not yet clean. Undefined once it is gone. */
export async function commandLine(pid: number): Promise<string | undefined> {
  const called = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return called === '' ? undefined : called.split('\0').join(' ').trim().slice(0, longestCommandLine)
}

const longestCommandLine = 200

/** Reads each process of the machine, leaving out those that are gone by then. */
export async function everyProcess<Seen>(read: (name: string) => Promise<Seen | undefined>): Promise<readonly Seen[]> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  return (await Promise.all(names.map(read))).filter((seen) => seen !== undefined)
}

/** proc(5) counts in ticks of USER_HZ, which is 100 a second on all of Linux that Node runs on. */
const msPerTick = 10

async function readEntry(name: string): Promise<SeenProcess | undefined> {
  const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
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

async function readBelongings(name: string): Promise<Belongings> {
  const cwd = readlink(`/proc/${name}/cwd`).catch(() => '')
  return { environment: await environmentOfProcess(name), cwd: await cwd }
}
