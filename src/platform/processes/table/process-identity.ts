import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { uptime } from 'node:os'
import type { SpawnedProcess } from '../../../domain/process/stray.js'

/** What tells a process from another that is given the same pid later; its pid alone on systems without /proc. */
export async function identify(pid: number): Promise<SpawnedProcess> {
  const [start, boot] = [startOf(pid), await bootId()]
  return start === '' || boot === '' ? { pid } : { pid, start, boot }
}

/**
 * When a process started: field 22 of proc(5)'s stat, in clock ticks since boot. Empty on systems without /proc: then a
 * pid that is in use counts as the one that is meant.
 */
export function startOf(pid: number): string {
  return statFields(pid)[19] ?? ''
}

/**
 * Whether the process has ended and is only not yet reaped: in a container the first process may never do that. Field 3 of
 * proc(5)'s stat; false on systems without /proc.
 */
export function isZombie(pid: number): boolean {
  return ['Z', 'X'].includes(statFields(pid)[0] ?? '')
}

/** Whether the process is stopped, as after SIGSTOP. Field 3 of proc(5)'s stat; false on systems without /proc. */
export function isStopped(pid: number): boolean {
  return ['T', 't'].includes(statFields(pid)[0] ?? '')
}

/** Within which processes are counted: each container has its own. Empty on systems without /proc. See pid_namespaces(7). */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** The fields of proc(5)'s stat from the third on, behind the name, which may hold anything. */
function statFields(pid: number): readonly string[] {
  const stat = statOf(pid)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** At once: the kernel answers from memory, and every start of an agent waits for it. */
function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

let boot: Promise<string> | undefined

/** The id of the machine's boot, empty on systems without /proc. It cannot change while this process lives. */
export function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  )
  return boot
}

/** The wall clock may have been set since: a file that seems a little older than the boot counts as younger. */
const clockSlackMs = 24 * 3_600_000

/** Whether a file was written since the machine was booted, as far as its clock tells; false when it is not there. */
export async function modifiedSinceBoot(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined)
  return stats !== undefined && stats.mtimeMs > Date.now() - uptime() * 1000 - clockSlackMs
}

/** Whether some process has this pid now, a zombie included. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
