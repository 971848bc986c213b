import { readdir, readFile } from 'node:fs/promises'

const living = new Set<number>()

/** Notes a group that autopilot started; see {@link killLivingGroups}. */
export function rememberGroup(pgid: number): void {
  living.add(pgid)
}

export function forgetGroup(pgid: number): void {
  living.delete(pgid)
}

/** The last resort, at the end of the process: KILL to every group that was started and has not been seen to end. */
export function killLivingGroups(): void {
  for (const pgid of living) signalGroup(pgid, 'SIGKILL')
}

/** Whether a process group has a member that is more than a zombie. Groups of foreign users count as alive. */
export function isGroupAlive(pgid: number): boolean {
  try {
    process.kill(-pgid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Sends a signal to every member of a group; a group that is gone is no error. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal)
  } catch {
    // Gone already, which is what was wanted.
  }
}

/**
 * The pids of all descendants of `pid`, also those in groups of their own: agents run their shell tools so. Read from
 * /proc; on systems without it the list is empty and only the group is ended.
 */
export async function descendants(pid: number): Promise<readonly number[]> {
  const children = new Map<number, number[]>()
  const entries = await readdir('/proc').catch(() => [])
  await Promise.all(
    entries
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
        // `pid (comm) state ppid …`, where comm may itself hold blanks and parentheses: proc(5).
        const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1])
        if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
      }),
  )
  const found: number[] = []
  const queue = [pid]
  for (const next of queue) {
    for (const child of children.get(next) ?? []) {
      found.push(child)
      queue.push(child)
    }
  }
  return found
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
}
