import { readdirSync, readFileSync } from 'node:fs'

/** How many files this process may have open, and has open. */
export interface OpenFiles {
  readonly limit: number
  readonly open: number
}

/** Read from /proc; undefined where there is none, or no limit. Node has raised the soft limit to the hard one by then. */
export function openFiles(): OpenFiles | undefined {
  try {
    // Source: proc(5), limits: `Max open files  SOFT  HARD  files`.
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
    return Number.isNaN(limit) ? undefined : { limit, open: readdirSync('/proc/self/fd').length }
  } catch {
    return undefined
  }
}

/** Without a free descriptor (EMFILE) Node gives a child that has no streams at all, and tells why by its `error`. */
export function hasPipes(child: { readonly stdin: unknown }): boolean {
  return child.stdin !== undefined && child.stdin !== null
}
