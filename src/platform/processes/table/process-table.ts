import { readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Machine, SeenProcess } from '../../../domain/process/stray.js'
import { orNothing, readAtOnce } from '../../files/at-once.js'
import { bootId } from './process-identity.js'

/**
 * All processes of the machine; empty on systems without /proc. Synchronous, like everything here: the kernel answers
 * from memory, and hundreds of such files in Node's thread pool would delay all other file reads.
 */
export function processTable(): readonly SeenProcess[] {
  return everyProcess((process) => process)
}

/** The machine, with everything that shows whose a process is. Without /proc, it has no processes. */
export async function readMachine(): Promise<Machine> {
  const boot = await bootId()
  for (let looks = 1; ; looks++) {
    const seen = everyProcess((known) => ({
      ...known,
      environment: environmentOf(known),
      cwd: orNothing(() => readlinkSync(`/proc/${known.pid}/cwd`)) ?? '',
    }))
    const isWhole = seen.every(({ environment }) => environment !== undefined)
    const processes = seen.map(({ environment = [], ...rest }) => ({ ...rest, environment }))
    if (isWhole || looks === maxLooks) return { boot, processes, self: process.pid }
    await delay(pauseMs)
  }
}

/** How often to try again for what couldn't be seen; a process that waits for a working disk is done by then. */
const maxLooks = 5
const pauseMs = 20

/**
 * The environment that a process was started with, `NAME=value` each; empty if this user may not see it, undefined if
 * it can't be seen at the moment.
 */
export function environmentOf(process: SeenProcess, proc = '/proc'): readonly string[] | undefined {
  return wordsOf(process, 'environ', proc)
}

/** The arguments of a process; like {@link environmentOf}. */
export function argumentsOf(process: SeenProcess): readonly string[] | undefined {
  return wordsOf(process, 'cmdline', '/proc')
}

/** The command line of a process, as one line; outside text, not cleaned yet. Undefined once it is gone. */
export function commandLine(pid: number): string | undefined {
  const called = readEntry(String(pid), '/proc')
  const words = called && argumentsOf(called)?.join(' ').trim()
  return words === '' ? undefined : words?.slice(0, longestCommandLine)
}

const longestCommandLine = 200

/** The memory that processes use, bytes, what they share counted for each; 0 on systems without /proc. */
export function residentBytes(processes: readonly Pick<SeenProcess, 'pid'>[]): number {
  const kibibytes = processes.map(({ pid }) =>
    Number(/^VmRSS:\s*(\d+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0),
  )
  return kibibytes.reduce((sum, each) => sum + each * 1024, 0)
}

/** Reads each process of the machine, except those that are gone by then. */
export function everyProcess<Seen>(read: (process: SeenProcess) => Seen | undefined, proc = '/proc'): readonly Seen[] {
  const names = orNothing(() => readdirSync(proc)) ?? []
  return names.flatMap((name) => {
    const process = /^\d+$/.test(name) ? readEntry(name, proc) : undefined
    const seen = process && read(process)
    return seen === undefined ? [] : [seen]
  })
}

/**
 * These words are in the memory of the process, and the kernel locks that memory to read them. If a process waits
 * forever, for example for a network file system that is gone, whoever reads them would wait just as long, and no
 * signal would end that. Source: proc(5), state D.
 */
function wordsOf({ pid, state, parent }: SeenProcess, file: string, proc: string): readonly string[] | undefined {
  if (state === 'D' && parent !== kernelThreads) return undefined
  return textOf(`${proc}/${pid}/${file}`).split('\0')
}

/** The parent of the kernel's own threads, which have no memory. */
const kernelThreads = 2

/** Empty if it may not be seen, or is gone. */
function textOf(path: string): string {
  return readAtOnce(path)?.toString('utf8') ?? ''
}

/** proc(5) counts in ticks of USER_HZ, which is 100 per second on every Linux that Node runs on. */
const msPerTick = 10

function readEntry(name: string, proc: string): SeenProcess | undefined {
  const stat = textOf(`${proc}/${name}/stat`)
  // `pid (comm) state ppid pgrp session tty_nr …`; comm may contain blanks and parentheses: proc(5).
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
 * A number that changes when any of these processes reads or writes: bytes moved by system calls, and to and from
 * disks. Source: proc(5), /proc/PID/io; another user's can't be read, nor one that is gone.
 */
export async function diskUse(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')))
  const counts = texts.flatMap((text) => [...text.matchAll(/^(?:rchar|wchar|read_bytes|write_bytes): (\d+)$/gm)])
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
