import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import type { GitPath } from '../git-path.js'
import { compareKept, isFile, type Entries, type Entry } from './compare.js'
import { entryOf, inTree, scan, type KeptPaths } from './scan.js'

/** What a thread is asked about what setup made. */
export interface KeptQuestion extends KeptPaths {
  /**
   * `note` it; `check` it before the place is used again, and remove what is new there; or only `look` whether
   * everything is the same.
   */
  readonly action: 'note' | 'check' | 'look'
  /** Where the fingerprint lies. */
  readonly file: string
}

/** `fine`: it is noted, or all of it is as it was noted, and nothing else is there any more. */
export type KeptAnswer = 'fine' | 'touched'

/** Synchronous, for a thread of its own. */
export function answerKept(question: KeptQuestion): KeptAnswer {
  try {
    return question.action === 'note' ? note(question) : check(question)
  } catch {
    // What cannot be read, or removed, is not as setup left it.
    return 'touched'
  }
}

function note(question: KeptQuestion): KeptAnswer {
  const entries = scan(question)
  for (const [path, entry] of entries) {
    if (isFile(entry) && entry.links > 1) entries.set(path, { ...entry, content: digest(question.root, path, entry) })
  }
  if (!awaitLaterTime(question.root, entries)) return 'touched'
  write(question.file, entries)
  return 'fine'
}

function check(question: KeptQuestion): KeptAnswer {
  const { root, file, action } = question
  const noted = new Map(JSON.parse(readFileSync(file, 'utf8')) as [GitPath, Entry][])
  const compared = compareKept(
    noted,
    scan(question, (path) => noted.has(path)),
  )
  if (compared.type === 'touched') return 'touched'
  for (const path of compared.relinked) {
    const entry = noted.get(path)
    const now = entryOf(lstatSync(inTree(root, path)))
    if (!entry || !isFile(entry) || !isFile(now) || digest(root, path, now) !== entry.content) return 'touched'
    noted.set(path, { ...entry, changed: now.changed })
  }
  if (action === 'look' && compared.added.length > 0) return 'touched'
  for (const path of compared.added) rmSync(inTree(root, path), { recursive: true, force: true })
  if (compared.relinked.length > 0) write(file, noted)
  return 'fine'
}

function write(file: string, entries: Entries): void {
  writeFileSync(file, JSON.stringify([...entries]), { mode: 0o600 })
}

/** Of a file's content; a link, or a pipe, has none that could be read. */
function digest(root: string, path: GitPath, { mode }: Entry): string {
  if ((mode & fileTypes) !== regularFile) return ''
  return createHash('sha256')
    .update(readFileSync(inTree(root, path)))
    .digest('base64')
}

/** Source: inode(7). */
const fileTypes = 0o170000
const regularFile = 0o100000

/** File systems count time in ticks, of 4 ms or even 1 s: a change within the last tick would be missed. */
const maxWaitMs = 3000

/** Waits until the file system's time is later than that of the last change. */
function awaitLaterTime(root: string, entries: Entries): boolean {
  const last = [...entries.values()].reduce((most, one) => (isFile(one) ? Math.max(most, one.changed) : most), 0)
  for (let waited = 0; waited < maxWaitMs; waited += 2) {
    const { atime, mtime } = lstatSync(root)
    utimesSync(root, atime, mtime)
    if (lstatSync(root).ctimeMs > last) return true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
  }
  return false
}
