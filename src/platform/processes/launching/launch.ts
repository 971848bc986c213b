import { spawn, type ChildProcess } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { ExitStatus } from '../../../domain/agent/attempt.js'
import { holdsNul } from '../../streams/nul.js'
import { giveInput, type Input } from '../../streams/open-input.js'
import { exitStatus } from './exit-status.js'
import { isShellName } from './shell-words.js'
import { isProgram } from '../../programs/own-programs.js'

/** What to start, in its own process group. `env` is its whole environment. */
export interface LaunchSpec {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** A process that is ready: it becomes the program when told to continue. */
export interface Launched {
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process itself has ended; its output may still be on the way. Never rejects. */
  readonly ended: Promise<ExitStatus>
  /** Lets it become the program, with this on its stdin. */
  readonly go: (input: Input) => void
  /** It is never to be the program. */
  readonly refuse: () => void
}

/** Why a process could not even be launched; the message is for people. */
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

/** A shell script that begins so goes on once it has been told to. */
export const waitForGo = `${wait}; exec 3<&-; unset autopilot_go`

/**
 * Starts a program in two phases, so that its pid can be recorded before it does anything. A command line (`/bin/sh -c
 * LINE`) needs no second shell: the waiting one continues with it.
 */
export function launch(spec: LaunchSpec): Launched | Promise<NotLaunched> {
  const { cwd, env } = spec
  const { script, words } = scriptOf(spec)
  try {
    return launched(
      spawn(shell, ['-c', `${waitForGo}; ${script}`, ...words], { cwd, env, detached: true, stdio: fourPipes }),
    )
  } catch (error) {
    return Promise.resolve({ message: startFailure(error as NodeJS.ErrnoException) })
  }
}

/** How a shell that has waited becomes the program: the end of its script, with its further words. */
export function scriptOf(spec: LaunchSpec): { readonly script: string; readonly words: readonly string[] } {
  const line = lineOf(spec)
  if (line !== undefined) return { script: line, words: [] }
  return { script: 'exec "$@"', words: ['sh', ...shellProof(spec.env), spec.file, ...spec.args] }
}

function lineOf({ file, args }: LaunchSpec): string | undefined {
  return file === shell && args[0] === '-c' && args.length === 2 ? args[1] : undefined
}

const fourPipes: 'pipe'[] = ['pipe', 'pipe', 'pipe', 'pipe']

function launched(child: ChildProcess): Launched | Promise<NotLaunched> {
  const { pid } = child
  if (pid === undefined) {
    return new Promise((resolve) => child.once('error', (error) => resolve({ message: startFailure(error) })))
  }
  const [stdin, stdout, stderr, third] = child.stdio as unknown as [Writable, Readable, Readable, Duplex]
  // It may have been killed meanwhile; its exit status tells.
  for (const stream of [stdin, third]) stream.on('error', () => undefined)
  const ended = new Promise<ExitStatus>((resolve) =>
    child.once('exit', (code, signal) => resolve(exitStatus(code, signal))),
  )
  return {
    ...{ pid, stdout, stderr, ended },
    go(input) {
      third.end('go\n', () => third.destroy())
      giveInput(stdin, input)
    },
    refuse: () => void third.destroy(),
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

/**
 * Why a program cannot be launched, as far as that is seen beforehand. The shell that becomes it is always there: whether
 * the program is must be looked for as execvp(3) would.
 */
export function whyNot(spec: LaunchSpec): NotLaunched | undefined {
  const { file, args, cwd, env } = spec
  if (holdsNul([file, ...args])) return { message: 'The command contains a NUL character.' }
  if (lineOf(spec) !== undefined) return undefined
  const places = file.includes('/') ? [''] : (env.PATH ?? '').split(delimiter)
  const programs = places.map((place) => resolve(cwd, place, file)).filter(isThere)
  if (programs.some(isProgram)) return undefined
  return { message: programs.length === 0 ? notThere : 'The program is not executable.' }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Shells such as dash drop variables whose names they couldn't write themselves; env(1) sets those again. */
function shellProof(env: Readonly<Record<string, string>>): readonly string[] {
  const odd = Object.entries(env).filter(([name]) => !isShellName(name))
  return odd.length === 0 ? [] : ['/usr/bin/env', ...odd.map(([name, value]) => `${name}=${value}`)]
}
