import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExitStatus } from '../../../domain/agent/attempt.js'
import { LineSplitter } from '../../streams/lines.js'
import { giveInput, type Input } from '../../streams/open-input.js'
import { exitStatusInShell } from './exit-status.js'
import { fifoPaths, openFifos, redirections } from './fifos.js'
import { keepAlive } from '../keep-alive.js'
import { scriptOf, type Launched, type LaunchSpec } from './launch.js'
import { hasPipes } from '../open-files.js'
import { isZombie, startOf } from '../table/process-identity.js'
import { SharedEnvironments } from './shared-environments.js'
import { inShell, isPlainName } from './shell-words.js'

/** Absolute paths. */
export interface LauncherPrograms {
  readonly setsid: string
  readonly mkfifo: string
}

interface ShellParts {
  readonly directory: string
  readonly programs: LauncherPrograms
  readonly readyMs: number
  readonly lookMs: number
}

interface ReadyProcess {
  readonly pid: number
  /** When it started, and the shell that waits for it, by pid: a number alone may be another's soon. */
  readonly starts: ReadonlyMap<number, string>
}

interface Job {
  /** Once it stands ready. */
  process?: ReadyProcess
  readonly onReady: (pid: number) => void
  /** By the shell's word; without one, nobody knows how it ended. */
  readonly onEnd: (status: number | undefined) => void
  /** Neither was there when they were looked for; but what was said of the end may not have been heard yet. */
  isMissed?: boolean
}

/** Fifos are made for so many processes at a time, and again when half of them are used. */
const fifosAtATime = 16
const closeMs = 1_000

/** A shell that reads commands from stdin, and says on descriptor 3 `fifos`, `ready ID PID WAITING` and `end ID STATUS`. */
export class LauncherShell {
  readonly #parts: ShellParts
  readonly #child: ChildProcess
  readonly #jobs = new Map<number, Job>()
  readonly #environments = new SharedEnvironments()
  readonly #looking: NodeJS.Timeout
  readonly #ended: Promise<unknown>
  #isOver = false
  readonly #fifos: string[] = []
  /** Those that the shell makes just now. */
  #coming: string[] = []
  #made = 0
  #lastId = 0

  constructor(parts: ShellParts) {
    this.#parts = parts
    // Nothing in its environment: a process has its own, and no more.
    const child = spawn('/bin/sh', ['-s', 'autopilot-launcher'], {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      detached: true,
    })
    this.#child = child
    this.#looking = setInterval(() => this.#look(), parts.lookMs).unref()
    this.#ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
    void this.#ended.then(() => this.#onExit())
    // The last of those who tell an end is gone, too.
    child.once('close', () => {
      clearInterval(this.#looking)
      this.#endAll(() => true)
    })
    if (!hasPipes(child)) return
    const lines = new LineSplitter((line) => this.#heard(line))
    const said = child.stdio[3] as Readable
    said.on('error', () => undefined).on('data', (chunk: Buffer) => lines.push(chunk))
    child.stdin?.on('error', () => undefined)
    keepAlive(child, false)
    this.#makeFifos()
  }

  /** It launches nothing more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** See `Launcher`. */
  launch(spec: LaunchSpec): Promise<Launched | undefined> | undefined {
    if (this.#isOver || !Object.keys(spec.env).every(isPlainName)) return undefined
    const path = this.#fifos.pop()
    if (this.#fifos.length < fifosAtATime / 2) this.#makeFifos()
    const ends = path === undefined ? undefined : openFifos(path)
    if (path === undefined || !ends) return undefined
    const id = ++this.#lastId
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end(id, undefined), this.#parts.readyMs)
      let settle: (exit: ExitStatus) => void
      const ended = new Promise<ExitStatus>((resolveEnd) => (settle = resolveEnd))
      const job: Job = {
        onReady(pid) {
          clearTimeout(timer)
          const { stdin, stdout, stderr } = ends.connect()
          // It may have been killed meanwhile; its exit status tells.
          stdin.on('error', () => undefined)
          const go = (input: Input) => {
            stdin.cork()
            stdin.write('go\n')
            giveInput(stdin, input)
            stdin.uncork()
          }
          resolve({ pid, stdout, stderr, ended, go, refuse: () => stdin.destroy() })
        },
        onEnd(status) {
          clearTimeout(timer)
          if (job.process) {
            settle(status === undefined ? { type: 'lost' } : exitStatusInShell(status))
            return
          }
          // Should it still come, it finds the end of its input, and goes.
          ends.close()
          resolve(undefined)
        },
      }
      this.#jobs.set(id, job)
      keepAlive(this.#child, true)
      this.#tell(this.#commandOf(id, spec, path))
    })
  }

  /** Resolves when the shell has ended, and makes no more fifos; one that hangs is not waited for. */
  close(): Promise<unknown> {
    this.#isOver = true
    this.#child.stdin?.end()
    return Promise.race([this.#ended, delay(closeMs, undefined, { ref: false })])
  }

  #tell(command: string): void {
    this.#child.stdin?.write(command)
  }

  /**
   * The process leads a session and a group of its own when it says that it is ready. Whoever waits for it does nothing
   * else, and holds none of its streams.
   */
  #commandOf(id: number, spec: LaunchSpec, path: string): string {
    const { definition, command } = this.#environments.exporting(spec.env)
    const { script, words } = scriptOf(spec)
    const isHere = `echo "ready ${id} $$ $PPID" >&3; exec 3>&-`
    const isIn = `cd ${inShell(spec.cwd)} || exit 125; unset OLDPWD`
    const shell = [
      '/bin/sh',
      '-c',
      `${isHere}; read -r autopilot_go || exit 125; unset autopilot_go; ${isIn}; ${script}`,
    ]
    const process = [this.#parts.programs.setsid, ...shell, ...words].map(inShell).join(' ')
    const telling = `wait $!; echo "end ${id} $?" >&3`
    return `${definition}{ ${command}; ${process} ${redirections(path)} & ${telling}; } &\n`
  }

  /** `jobs`: only when it is asked for them does the shell look for those who have told an end, and lets them go. */
  #makeFifos(): void {
    if (this.#coming.length > 0 || this.#isOver) return
    try {
      if (this.#made === 0) {
        rmSync(this.#parts.directory, { recursive: true, force: true })
        mkdirSync(this.#parts.directory, { recursive: true, mode: 0o700 })
      }
    } catch {
      void this.close()
      return
    }
    this.#coming = Array.from({ length: fifosAtATime }, () => join(this.#parts.directory, String(++this.#made)))
    const paths = this.#coming.flatMap(fifoPaths).map(inShell)
    this.#tell(`${this.#parts.programs.mkfifo} -m 600 ${paths.join(' ')} && echo fifos >&3; jobs >/dev/null\n`)
  }

  #heard(line: string): void {
    const [what, id, value, waiting] = line.split(' ')
    const job = this.#jobs.get(Number(id))
    if (what === 'fifos') this.#fifos.push(...this.#coming.splice(0))
    else if (what === 'end') this.#end(Number(id), Number(value))
    else if (job) {
      const pids = [Number(value), Number(waiting)]
      job.process = { pid: Number(value), starts: new Map(pids.map((pid) => [pid, startOf(pid)])) }
      job.onReady(job.process.pid)
    }
  }

  #end(id: number, status: number | undefined): void {
    const job = this.#jobs.get(id)
    if (!job) return
    this.#jobs.delete(id)
    if (this.#jobs.size === 0) keepAlive(this.#child, false)
    job.onEnd(status)
  }

  #endAll(isMeant: (job: Job) => boolean): void {
    for (const [id, job] of this.#jobs) if (isMeant(job)) this.#end(id, undefined)
  }

  /** What is not ready by now is given up; what runs, runs on, and somebody waits for it. */
  #onExit(): void {
    void this.close()
    this.#endAll(({ process }) => process === undefined)
  }

  /** Of a process that is gone, with the shell that waited for it, nobody will tell how it ended. */
  #look(): void {
    this.#endAll((job) => {
      if (!job.process || [...job.process.starts].some(isRunning)) return false
      const wasMissed = job.isMissed === true
      job.isMissed = true
      return wasMissed
    })
  }
}

function isRunning([pid, start]: readonly [number, string]): boolean {
  return start !== '' && startOf(pid) === start && !isZombie(pid)
}
