import { spawnSync } from 'node:child_process'
import { programFile, startProgram, type Running } from '../rigs/program.js'
import type { Scene } from './scene.js'

const unshare = '/usr/bin/unshare'

/** Whether this user may have mounts of their own here, which nobody else sees and which go with the process. */
export const canMount = spawnSync(unshare, ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

export interface Behind {
  /** Shell commands that mount something before it starts. */
  readonly mounts: string
  /** Shell commands once it has ended, while the mounts are still there. */
  readonly after?: string
}

/** Starts `autopilot` in a scene behind mounts; only it and its children see them. */
export function startBehind(scene: Scene, args: readonly string[], { mounts, after = ':' }: Behind): Running {
  const path = 'PATH="$PATH:/usr/bin:/bin:/usr/sbin:/sbin"'
  const script = `(${path}; set -e; ${mounts}) || exit 99; cd .; "$0" "$@"; code=$?; (${path}; ${after}); exit $code`
  const words = ['-rm', '/bin/sh', '-c', script, process.execPath, programFile, ...args]
  return startProgram(words, { cwd: scene.repo.dir, env: scene.env, file: unshare })
}
