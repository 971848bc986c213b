import type { GitPath } from '../git-path.js'

/** What tells whether a directory, or anything else, is still the one that setup left. Times in ms since the epoch. */
export type Entry = DirectoryEntry | FileEntry

interface DirectoryEntry {
  readonly mode: number
}

interface FileEntry {
  readonly mode: number
  readonly size: number
  readonly modified: number
  readonly inode: number
  /** The time of the inode's last change (ctime), which no program can set. */
  readonly changed: number
  readonly links: number
  /** A digest of the content, noted of a file with several links: a further link changes `changed` of all of them. */
  readonly content?: string
}

export type Entries = ReadonlyMap<GitPath, Entry>

/** What has become of the entries that were noted. */
export type Comparison =
  /** One is missing, or is another now. */
  | { readonly type: 'touched'; readonly path: GitPath }
  | {
      readonly type: 'standing'
      /** What nobody had noted. */
      readonly added: readonly GitPath[]
      /** Files whose inode change time alone is later; their content decides. */
      readonly relinked: readonly GitPath[]
    }

/** Compares what setup left with what is there now. */
export function compareKept(noted: Entries, present: Entries): Comparison {
  const relinked: GitPath[] = []
  for (const [path, entry] of noted) {
    const how = compareEntry(entry, present.get(path))
    if (how === 'other') return { type: 'touched', path }
    if (how === 'relinked') relinked.push(path)
  }
  return { type: 'standing', added: [...present.keys()].filter((path) => !noted.has(path)), relinked }
}

function compareEntry(noted: Entry, now: Entry | undefined): 'same' | 'relinked' | 'other' {
  if (now?.mode !== noted.mode) return 'other'
  // The mode tells a directory from a file.
  if (!isFile(noted) || !isFile(now)) return isFile(noted) === isFile(now) ? 'same' : 'other'
  const isSame = noted.size === now.size && noted.modified === now.modified && noted.inode === now.inode
  if (!isSame) return 'other'
  if (noted.changed === now.changed) return 'same'
  return noted.content === undefined ? 'other' : 'relinked'
}

export function isFile(entry: Entry): entry is FileEntry {
  return 'inode' in entry
}
