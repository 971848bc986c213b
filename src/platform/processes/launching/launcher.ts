import { existsSync, rmSync } from 'node:fs'
import { ownProgram } from '../../programs/own-programs.js'
import type { Launched, LaunchSpec } from './launch.js'
import { LauncherShell, type LauncherPrograms } from './launcher-shell.js'

/**
 * Starts processes at a third of what it costs Node to start one: by a shell that lives on. Each process gets three fifos
 * for its streams, and a shell of its own that waits for it and tells how it ended.
 */
export interface Launcher {
  /**
   * As `launch`. Undefined when it is not for the launcher, and when the promise gives nothing: then the process will
   * never be the program, and the caller launches it itself, or learns why that cannot be.
   */
  readonly launch: (spec: LaunchSpec) => Promise<Launched | undefined> | undefined
  /** Nothing more is launched; what runs, runs on. Resolves when the fifos are removed. Never rejects. */
  readonly close: () => Promise<void>
}

export interface LauncherOptions {
  /** A directory for the fifos, which is emptied, and in which nobody else may write. */
  readonly directory: string
  /** So many processes are left to Node first: a run that starts no more is quicker without a launcher. */
  readonly leftToNode?: number
  /** How long a process may take until it stands ready, ms. */
  readonly readyMs?: number
  /** How often is looked whether a process is still there whose end nobody has told, ms. */
  readonly lookMs?: number
}

/** The kernel takes no word of 128 KiB and more; who has one shall be told by Node. */
const maxBytes = 100_000

export function openLauncher(options: LauncherOptions): Launcher {
  const { directory, leftToNode = 4, readyMs = 10_000, lookMs = 1_000 } = options
  const programs = findPrograms()
  let starts = 0
  let shell: LauncherShell | undefined
  let isClosed = false
  const warmUp = () => {
    // One that has ended still tells how what it has launched ends.
    if (programs && !isClosed && shell?.isOver !== false)
      shell = new LauncherShell({ directory, programs, readyMs, lookMs })
  }
  return {
    launch(spec) {
      starts++
      if (starts >= leftToNode) warmUp()
      return starts > leftToNode && isFit(spec) ? shell?.launch(spec) : undefined
    },
    async close() {
      isClosed = true
      await shell?.close()
      removeFifos(directory)
    },
  }
}

function isFit({ args, cwd, env }: LaunchSpec): boolean {
  const bytes = args.reduce((sum, word) => sum + Buffer.byteLength(word), Buffer.byteLength(cwd))
  // What is missing, Node shall say. Without PATH, a shell would look for programs where it likes.
  return bytes < maxBytes && env.PATH !== undefined && existsSync(cwd)
}

/** Only where it can be seen whether a process is gone; that is where starting one is dear, too. */
function findPrograms(): LauncherPrograms | undefined {
  const [setsid, mkfifo] = [ownProgram('setsid'), ownProgram('mkfifo')]
  const isFound = existsSync('/proc/self/stat') && setsid !== undefined && mkfifo !== undefined
  return isFound ? { setsid, mkfifo } : undefined
}

/** What stays is in nobody's way, and removed when the run is resumed. */
function removeFifos(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // See above.
  }
}
