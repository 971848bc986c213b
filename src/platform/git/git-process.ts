import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import { exitStatus } from '../processes/launching/exit-status.js'
import { hasPipes } from '../processes/open-files.js'
import { signalGroup } from '../processes/process-group.js'
import { noProgram, ownProgram } from '../programs/own-programs.js'
import type { GitEnvironment } from './git-environment.js'
import { forgetGit, noteGitStep, rememberGit } from './living-gits.js'

/** One git to start. */
export interface GitCommand {
  readonly cwd: string
  readonly environment: GitEnvironment
  readonly args: readonly string[]
  readonly input?: string | Uint8Array
  readonly signal?: AbortSignal
}

/** A git that runs, in a process group of its own. */
export interface GitProcess<End = ExitStatus> {
  /** Absent when it could not be started. */
  readonly pgid?: number
  /** Resolves when it has ended and all that it printed was heard. Never rejects. */
  readonly ended: Promise<End>
  /** KILL, at once. */
  readonly kill: () => void
  /** Its pipes are not waited for any more: somebody else may hold them. */
  readonly abandon: () => void
}

/** Gets a git's output as it arrives. */
export interface GitListener {
  onStdout(chunk: Buffer): void
  onStderr(chunk: Buffer): void
}

/** The absolute path of git; a path to nothing if there is none. */
export function gitProgram({ shared, own }: GitEnvironment): string {
  return ownProgram('git', own.PATH ?? shared.PATH) ?? noProgram
}

/** Starts one git as a child of this process. */
export function startGitChild(command: GitCommand): ChildProcessWithoutNullStreams {
  const { cwd, environment, args, signal } = command
  const child = spawn(gitProgram(environment), args, {
    env: { ...environment.shared, ...environment.own },
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    // In its own group, so that Ctrl-C in the terminal doesn't interrupt a landing.
    detached: true,
    ...(signal ? { signal } : {}),
  })
  const { pid } = child
  if (pid !== undefined) rememberGit(pid)
  child.once('exit', () => {
    noteGitStep()
    if (pid !== undefined) forgetGit(pid)
  })
  // A command that ends without reading its input is judged by its exit status, not by the broken pipe.
  if (hasPipes(child)) child.stdin.on('error', () => undefined)
  return child
}

/** Runs one git as a child of this process. */
export function runGitChild(command: GitCommand, listener: GitListener): GitProcess {
  const child = startGitChild(command)
  let notStarted: string | undefined
  const ended = new Promise<ExitStatus>((resolve) => {
    child.on('error', ({ message }) => {
      notStarted = message
      if (!hasPipes(child)) resolve({ type: 'not_started', message })
    })
    child.on('close', (code, signal) => {
      if (notStarted === undefined) resolve(exitStatus(code, signal))
      else resolve({ type: 'not_started', message: notStarted })
    })
  })
  if (!hasPipes(child)) return { ended, kill: () => undefined, abandon: () => undefined }
  child.stdout.on('data', (chunk: Buffer) => listener.onStdout(chunk))
  child.stderr.on('data', (chunk: Buffer) => listener.onStderr(chunk))
  child.stdin.end(command.input ?? '')
  const { pid } = child
  return {
    ...(pid === undefined ? {} : { pgid: pid }),
    ended,
    kill: () => pid !== undefined && signalGroup(pid, 'SIGKILL'),
    abandon() {
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
}
