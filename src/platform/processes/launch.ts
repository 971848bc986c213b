import { spawn, type ChildProcess } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import { holdsNul } from '../streams/nul.js'
import { isShellName } from './shell-words.js'
import { isProgram } from '../programs/own-programs.js'

/** What to start, in its own process group. `env` is its whole environment. */
export interface LaunchSpec {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** A process that is ready: it becomes the program when told to continue. */
export interface Launched {
  readonly child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable }
  /** Absent if not even the launcher could start; the reason is the child's `error`. */
  readonly pid?: number
  /** Lets it become the program. */
  readonly go: () => void
  /** It is never to be the program. */
  readonly refuse: () => void
}

/** A program that can't be started; the message is for people. */
export interface NotLaunched {
  readonly message: string
}

const shell = '/bin/sh'

/**
 * Waits for a line on descriptor 3, whose other end only autopilot holds: if autopilot dies before it has recorded the
 * process, this reads the end of the file and the program never runs. `env` and `nohup` also exit with 125 if they
 * couldn't run their program.
 */
const wait = 'read -r autopilot_go <&3 || exit 125'

/**
 * Starts a program in two phases, so that its pid can be recorded before it does anything. A command line (`/bin/sh -c
 * LINE`) needs no second shell: the waiting one continues with it.
 */
export function launch({ file, args, cwd, env }: LaunchSpec): Launched | NotLaunched {
  if (holdsNul([file, ...args])) return { message: 'The command contains a NUL character.' }
  const line = file === shell && args[0] === '-c' && args.length === 2 ? args[1] : undefined
  const missing = line === undefined ? whyMissing(file, cwd, env.PATH ?? '') : undefined
  if (missing !== undefined) return { message: missing }
  const script = line === undefined ? `${wait}; exec "$@" 3<&-` : `${wait}; exec 3<&-; unset autopilot_go; ${line}`
  const words = line === undefined ? ['sh', ...shellProof(env), file, ...args] : []
  try {
    const child = spawn(shell, ['-c', script, ...words], { cwd, env, detached: true, stdio: fourPipes })
    return launched(child)
  } catch (error) {
    return { message: startFailure(error as NodeJS.ErrnoException) }
  }
}

const fourPipes: 'pipe'[] = ['pipe', 'pipe', 'pipe', 'pipe']

function launched(child: Launched['child']): Launched {
  const { pid } = child
  // Without a free descriptor (EMFILE) there are no streams at all.
  const third = (child.stdio as ChildProcess['stdio'] | undefined)?.[3] as Duplex | undefined
  // It may have been killed meanwhile; its exit status shows that.
  third?.on('error', () => undefined)
  return {
    child,
    ...(pid === undefined ? {} : { pid }),
    go: () => void third?.end('go\n', () => third.destroy()),
    refuse: () => void third?.destroy(),
  }
}

/** Why a process couldn't start, in words. */
export function startFailure({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return notThere
  if (code === 'EACCES') return 'The program is not executable.'
  if (code === 'EMFILE' || code === 'ENFILE') return 'Too many files are open; ulimit -n shows the limit.'
  if (code === 'E2BIG') return 'The command is longer than the system allows.'
  return message.split('\n')[0] ?? 'The program could not be started.'
}

const notThere = 'The program or its working directory does not exist.'

/** The launcher itself always exists, so a missing program must be noticed beforehand, as execvp(3) would. */
function whyMissing(file: string, cwd: string, path: string): string | undefined {
  const places = file.includes('/') ? [''] : path.split(delimiter)
  const found = places.map((place) => resolve(cwd, place, file)).filter(isThere)
  if (found.length === 0) return notThere
  return found.some(isProgram) ? undefined : 'The program is not executable.'
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Shells such as dash drop variables whose names they couldn't write themselves; env(1) sets those again. */
function shellProof(env: Readonly<Record<string, string>>): readonly string[] {
  const odd = Object.entries(env).filter(([name]) => !isShellName(name))
  return odd.length === 0 ? [] : ['/usr/bin/env', ...odd.map(([name, value]) => `${name}=${value}`)]
}
