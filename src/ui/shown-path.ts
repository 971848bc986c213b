import { relative } from 'node:path'

/** A path as people are shown it: relative where that is shorter. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}
