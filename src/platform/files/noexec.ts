import { readFile } from 'node:fs/promises'

/** Whether no program may be started from a file below a directory, by how its file system is mounted; Linux only. */
export async function isNoexec(dir: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  return isNoexecAt(dir, mounts)
}

/**
 * By the text of `/proc/self/mountinfo`. The fifth word of a line is the mount point, its blanks and backslashes as `\040`
 * in octal, the sixth its options; a later mount hides what was there before. Source: proc_pid_mountinfo(5).
 */
export function isNoexecAt(dir: string, mounts: string): boolean {
  let [nearest, options] = [-1, '']
  for (const line of mounts.split('\n')) {
    const [, , , , point = '', mountOptions = ''] = line.split(' ')
    const path = point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    const isAbove = path === '/' || path === dir || dir.startsWith(`${path}/`)
    if (path !== '' && isAbove && path.length >= nearest) [nearest, options] = [path.length, mountOptions]
  }
  return options.split(',').includes('noexec')
}
