import { cleanName } from '../domain/text.js'

/**
 * A path as git knows it: relative to the work tree's root, `/` between names, one UTF-16 unit for each byte (latin1),
 * so that names that are not UTF-8 survive being read from git and handed back.
 */
export type GitPath = string

/** A path from a configuration or a person, as git knows it. */
export function gitPath(text: string): GitPath {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A path for people and for the journal: decoded, on one line, what cannot be seen shown by its code. */
export function pathText(path: GitPath): string {
  return cleanName(Buffer.from(path, 'latin1').toString('utf8'), 500)
}

/** Where a path lies on disk, as bytes. */
export function onDisk(root: string, path: GitPath): Buffer {
  return path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
}

/** Whether the path is one of these or lies below one of them. */
export function isWithin(path: GitPath, tops: Iterable<GitPath>): boolean {
  for (const top of tops) if (path === top || path.startsWith(`${top}/`)) return true
  return false
}

/** The records of a `-z` output. */
export function splitNul(bytes: Buffer): string[] {
  const records = bytes.toString('latin1').split('\0')
  if (records.at(-1) === '') records.pop()
  return records
}

/** The input of a `-z --stdin` command. */
export function joinNul(records: readonly string[]): Buffer {
  return Buffer.from(records.map((record) => `${record}\0`).join(''), 'latin1')
}

/** A line of an exclude file, or a `-e` of `git clean`, that matches this one path and nothing else. */
export function excludePattern(path: GitPath): string {
  return `/${path.replace(/[\\*?[\] ]/g, '\\$&')}`
}
