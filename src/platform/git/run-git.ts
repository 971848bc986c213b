import type { ExitStatus } from '../../domain/agent/attempt.js'
import { err, ok, type Result } from '../../domain/result.js'
import { realClock } from '../clock.js'
import { fullDisk } from '../files/full-disk.js'
import type { GitFailure } from './git-failure.js'
import { runInLauncher } from './git-launcher.js'
import { locksLeft } from './git-locks.js'
import { runGitChild, type GitCommand, type GitListener, type GitProcess } from './git-process.js'
import { endWhenIdle } from './idle-git.js'

const maxStdoutBytes = 256 * 1024 * 1024
const maxStderrBytes = 1024 * 1024

export interface RunOptions {
  /** Gets git's other output if it ended well: warnings, which the exit status doesn't show. */
  readonly onWarnings?: (stderr: string) => void
}

/** Runs one git to its end and returns its stdout; more than 256 MiB is an error, not a growing heap. */
export async function runGit(command: GitCommand, { onWarnings }: RunOptions): Promise<Result<Buffer, GitFailure>> {
  const began = realClock.now()
  const { exit, stdout, stderr } = (await inLauncher(command)) ?? (await asChild(command))
  if (exit.type === 'code' && exit.code === 0) {
    onWarnings?.(stderr)
    return ok(stdout)
  }
  const { GIT_DIR: gitDir, GIT_OBJECT_DIRECTORY: objectDir } = command.environment.own
  const written = [command.cwd, objectDir, gitDir].filter((path) => path !== undefined)
  const [full, locks] = await Promise.all([
    fullDisk(written),
    exit.type === 'signal' && gitDir !== undefined ? locksLeft(gitDir, began) : [],
  ])
  return err({
    ...{ args: command.args, exit, stderr, stdout },
    ...(full === undefined ? {} : { full }),
    ...(locks.length === 0 ? {} : { locks }),
  })
}

interface EndedGit {
  readonly exit: ExitStatus
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * Undefined if it isn't suitable for a launcher, or if nobody knows how it ended there: then the caller may try again.
 */
async function inLauncher(command: GitCommand): Promise<EndedGit | undefined> {
  const heard = new Heard()
  const git = runInLauncher(command, heard)
  const exit = git && (await endOf(git, heard))
  return exit === undefined || exit === 'lost' ? undefined : heard.outcome(exit)
}

async function asChild(command: GitCommand): Promise<EndedGit> {
  const heard = new Heard()
  return heard.outcome(await endOf(runGitChild(command, heard), heard))
}

/** Waits for git to end, and ends it if it is idle or prints too much. */
async function endOf<End>(git: GitProcess<End>, heard: Heard): Promise<End | ExitStatus> {
  const { pgid, ended, abandon: onOver } = git
  heard.onTooMuch = git.kill
  const onIdle = (ms: number) => {
    heard.complaint = `error: git used neither processor nor disk for ${ms / 1000} s, and was ended\n`
  }
  const stopWatching = pgid === undefined ? () => undefined : endWhenIdle(pgid, { onIdle, onOver })
  const end = await ended
  stopWatching()
  if (heard.isTooMuch) return { type: 'not_started', message: 'git printed more than 256 MiB' }
  if (heard.complaint === '' || isSignal(end)) return end
  // A git that ended well while it was being ended may still not have done its work.
  return { type: 'signal', signal: end === 'lost' ? 'SIGKILL' : 'SIGTERM' }
}

function isSignal(end: unknown): boolean {
  return typeof end === 'object' && end !== null && 'signal' in end
}

/** Git's output: its stdout, and its complaints as far as they are wanted. */
class Heard implements GitListener {
  /** Called when it has printed more to stdout than wanted. */
  onTooMuch: () => void = () => undefined
  /** What is said of git in front of its own words. */
  complaint = ''
  readonly #stdout: Buffer[] = []
  readonly #stderr: Buffer[] = []
  #stdoutBytes = 0
  #stderrBytes = 0

  get isTooMuch(): boolean {
    return this.#stdoutBytes > maxStdoutBytes
  }

  onStdout(chunk: Buffer): void {
    this.#stdoutBytes += chunk.length
    if (this.isTooMuch) this.onTooMuch()
    else this.#stdout.push(chunk)
  }

  onStderr(chunk: Buffer): void {
    if (this.#stderrBytes < maxStderrBytes) this.#stderr.push(chunk)
    this.#stderrBytes += chunk.length
  }

  outcome(exit: ExitStatus): EndedGit {
    const stderr = this.complaint + Buffer.concat(this.#stderr).toString('utf8')
    return { exit, stdout: Buffer.concat(this.#stdout), stderr }
  }
}
