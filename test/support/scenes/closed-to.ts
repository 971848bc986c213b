import { chmodSync, chownSync, existsSync, statSync } from 'node:fs'
import { programFile, startProgram, type Ended } from '../rigs/program.js'
import type { Scene } from './scene.js'

const setpriv = '/usr/bin/setpriv'
const isRoot = process.getuid?.() === 0

/** Why no file can be closed to the program here: root reads everything. */
export const notClosable = isRoot && !existsSync(setpriv) ? 'setpriv is not installed' : undefined

export interface ClosedTo {
  /** Runs `autopilot` in the scene as somebody who may not read the path, to its end. */
  readonly run: (args: readonly string[]) => Promise<Ended>
  readonly open: () => void
}

/** Runs `autopilot` in the scene to its end as somebody whom the modes of files can stop, as they cannot stop root. */
export function runOrdinary({ repo, env }: Pick<Scene, 'repo' | 'env'>, args: readonly string[]): Promise<Ended> {
  const where = { cwd: repo.dir, env }
  const words = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, programFile]
  return isRoot ? startProgram([...words, ...args], { ...where, file: setpriv }).ended : startProgram(args, where).ended
}

/**
 * Closes a path to the program until it is opened again. For root, who reads everything, it becomes another user's, and
 * the program is started without root's right to pass over that.
 */
export function closedTo({ repo, env }: Scene, path: string): ClosedTo {
  const { uid, gid, mode } = statSync(path)
  chmodSync(path, 0)
  if (isRoot) chownSync(path, 65534, 65534)
  return {
    run: (args) => runOrdinary({ repo, env }, args),
    open() {
      if (isRoot) chownSync(path, uid, gid)
      chmodSync(path, mode)
    },
  }
}
