import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '../../../src/domain/run/event.js'

/** The project's own directory. */
export const projectRoot = fileURLToPath(new URL('../../..', import.meta.url))

/** The program as users start it. */
export const programFile = fileURLToPath(new URL('../../../bin/autopilot.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The lines of stdout, each of which must be JSON. */
  readonly records: () => readonly RunRecord[]
}

export type RecordOf<Type extends RunRecord['type']> = Extract<RunRecord, { type: Type }>

/** The records of one type that a run printed (`--output json`), in order. */
export function recordsOf<Type extends RunRecord['type']>(ended: Ended, type: Type): readonly RecordOf<Type>[] {
  return ended.records().filter((record): record is RecordOf<Type> => record.type === type)
}

export interface Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** Resolves with the first record on stdout that fits (`--output json`), even one that has come already. */
  readonly saw: <Type extends RunRecord['type']>(
    type: Type,
    fits?: (record: RecordOf<Type>) => boolean,
  ) => Promise<RecordOf<Type>>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Closes the reading end of its stdout, as `head -1` does. */
  readonly stopReading: () => void
}

export interface ProgramOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Instead of `autopilot`. */
  readonly file?: string
  /** In a session of its own. */
  readonly isAlone?: true
}

/** Starts `autopilot`, or another program, with exactly this environment and without a terminal. */
export function startProgram(args: readonly string[], { cwd, env, file, isAlone }: ProgramOptions): Running {
  const command = file === undefined ? [process.execPath, programFile, ...args] : [file, ...args]
  const child = spawn(command[0]!, command.slice(1), {
    ...{ cwd, env, detached: isAlone === true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const waiters = new Set<() => void>()
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    for (const waiter of waiters) waiter()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, records: () => parseRecords(stdout) })
    })
  })
  return {
    pid: child.pid ?? 0,
    ended,
    saw: (type, fits = () => true) => waitFor(type, fits),
    kill: (signal) => void child.kill(signal),
    stopReading: () => void child.stdout.destroy(),
  }

  function waitFor<Type extends RunRecord['type']>(type: Type, fits: (record: RecordOf<Type>) => boolean) {
    return new Promise<RecordOf<Type>>((resolve, reject) => {
      const look = () => {
        const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
        const found = parseRecords(whole).find((record): record is RecordOf<Type> => {
          return record.type === type && fits(record as RecordOf<Type>)
        })
        if (!found) return
        waiters.delete(look)
        resolve(found)
      }
      waiters.add(look)
      look()
      void ended.then(() => reject(new Error(`it ended without ${type}:\n${stdout}\n${stderr}`)))
    })
  }
}

function parseRecords(text: string): readonly RunRecord[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RunRecord)
}

/** Whether a process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return existsSync('/proc/self/stat') ? !/^\d+ \(.*\) Z /s.test(readStat(pid)) : true
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return `${pid} () Z `
  }
}
