import { readFileSync } from 'node:fs'

/**
 * Whether this process belongs to the group that its terminal listens to: a job in the background would draw over the shell
 * of whoever works there, and be stopped if it read. Without a terminal that controls it, and where there is no /proc,
 * it does. Fields 5, 7 and 8 of proc(5)'s stat.
 */
export function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const [, , group, , terminal, listened] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return terminal === '0' || group === listened
  } catch {
    return true
  }
}
