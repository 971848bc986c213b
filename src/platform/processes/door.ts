import { join } from 'node:path'
import { present } from '../../domain/present.js'
import { openLauncher } from './launching/launcher.js'
import { startProcess, type RunningProcess, type ProcessSpec } from './running-process.js'
import { pathInWorkspace } from '../programs/own-programs.js'
import type { Watchdog } from './watchdog.js'

/** Starts an agent, a gate or a command of the user's; see {@link startProcess}. */
export type StartProcess = (spec: DoorSpec) => RunningProcess

export interface DoorSpec extends ProcessSpec {
  /** The root of the workspace, where that is not where it starts. */
  readonly root?: string
}

export type EnvironmentIn = (env: Readonly<Record<string, string>>, root: string) => Readonly<Record<string, string>>

/** The one door of a run. */
export interface Door {
  readonly start: StartProcess
  /** An environment as it is in a workspace with this root. */
  readonly environmentIn: EnvironmentIn
  readonly close: () => Promise<void>
}

export interface DoorParts {
  readonly runDir: string
  readonly watchdog: Watchdog
  /** The root of the user's tree. */
  readonly repository: string
  /** Further variables that all bear who start here. */
  readonly marks?: Readonly<Record<string, string>>
  /** Many start here: a launcher saves more than it costs. */
  readonly isBusy: boolean
}

/** The variables by which all that a run, or one of its workers, starts is known, wherever it goes: their directories. */
const markVariables = { run: 'AUTOPILOT_RUN', worker: 'AUTOPILOT_WORKER' } as const
type Marked = keyof typeof markVariables

/** What all processes of a run, or of a worker, bear. */
export function markOf(whose: Marked, directory: string): Readonly<Record<string, string>> {
  return { [markVariables[whose]]: valueOf(directory) }
}

/** The same as an entry of the environment. */
export function entryOf(whose: Marked, directory: string): string {
  return `${markVariables[whose]}=${valueOf(directory)}`
}

/**
 * What starts through a run's door bears the run's mark, ends with autopilot, and has the workspace's entries
 * on PATH in place of those of `repository`, the root of the user's tree.
 */
export function openDoor({ runDir, watchdog, repository, marks, isBusy }: DoorParts): Door {
  const launcher = isBusy ? openLauncher({ directory: join(runDir, 'launcher') }) : undefined
  const mark = { ...marks, ...markOf('run', runDir) }
  const environmentIn: EnvironmentIn = (env, root) =>
    env.PATH === undefined ? env : { ...env, PATH: pathInWorkspace(env.PATH, repository, root) }
  const start: StartProcess = ({ root, ...spec }) => {
    const env = { ...environmentIn(spec.env, root ?? spec.cwd), ...mark }
    return startProcess({ ...spec, env, watchdog, ...present({ launcher }) })
  }
  return { start, environmentIn, close: async () => launcher?.close() }
}

/** The watchdog's grep would take the lines of one with a line feed for patterns of their own. */
function valueOf(directory: string): string {
  return directory.replaceAll('\n', '?')
}
