import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import { endGroup } from './end-group.js'
import { exitStatus } from './launching/exit-status.js'
import { waitForGo } from './launching/launch.js'
import { forgetGroup, rememberGroup } from './process-group.js'
import { identify } from './table/process-identity.js'
import type { Watchdog } from './watchdog.js'

/** What to start: a file of autopilot's own, by the Node that runs this. */
export interface WorkerSpec {
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What it prints is added there: nothing, unless something is badly wrong. */
  readonly logFile: string
  readonly watchdog: Watchdog
  /** Is told who it is; the program starts when this has resolved. */
  readonly onSpawned: (process: SpawnedProcess) => Promise<void>
  /** Messages are plain data. */
  readonly onMessage: (message: unknown) => void
}

/** A process of autopilot's own, spoken with by messages. */
export interface WorkerProcess {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined
  /** What it can't be told any more is dropped: its end tells. */
  send(message: object): void
  /** Resolves when it has ended. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** TERM to its group, grace, KILL; ms. */
  end(graceMs: number): void
}

/** Starts a worker process in two phases, in a group of its own that the watchdog knows before it does anything. */
export function startWorkerProcess(spec: WorkerSpec): WorkerProcess {
  const { file, env, cwd, watchdog, onSpawned, onMessage } = spec
  const log = openSync(spec.logFile, 'a', 0o600)
  const child = spawn('/bin/sh', ['-c', `${waitForGo}; exec "$@"`, 'sh', process.execPath, file], {
    ...{ env, cwd, detached: true },
    // The shell waits on the fourth; the fifth is Node's channel, of which it knows nothing and which it passes on.
    stdio: ['ignore', log, log, 'pipe', 'ipc'],
  })
  closeSync(log)
  const { pid } = child
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve(exitStatus(code, signal)))
    child.once('error', ({ message }) => resolve({ type: 'not_started', message }))
  })
  if (pid === undefined) return { pid, send: () => undefined, exited, end: () => undefined }
  rememberGroup(pid)
  child.on('message', onMessage)
  const go = child.stdio[3] as Duplex
  go.on('error', () => undefined)
  void (async () => {
    await Promise.all([watchdog.watch(pid), identify(pid).then(onSpawned)])
    go.end('go\n', () => go.destroy())
  })()
  void exited.then(() => {
    forgetGroup(pid)
    watchdog.unwatch(pid)
  })
  return {
    ...{ pid, exited },
    send(message) {
      if (child.connected) child.send(message, () => undefined)
    },
    end: (graceMs) => void endGroup(pid, exited, graceMs),
  }
}
