import { spawnSync } from 'node:child_process'
import { programFile, startProgram, type Running } from './program.js'
import type { Scene } from './scene.js'

const unshare = '/usr/bin/unshare'

/** Whether this user may have mounts of their own here, which nobody else sees and which go with the process. */
export const canMount = spawnSync(unshare, ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

/** Starts `autopilot` in a scene behind shell commands that mount something; only it and its children see that. */
export function startBehind(mounts: string, args: readonly string[], { repo, env }: Scene): Running {
  const script = `set -e; PATH="$PATH:/usr/bin:/bin:/usr/sbin:/sbin"; ${mounts}; exec "$0" "$@"`
  const words = ['-rm', '/bin/sh', '-c', script, process.execPath]
  return startProgram([...words, programFile, ...args], { cwd: repo.dir, env, file: unshare })
}
