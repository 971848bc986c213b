/**
 * By which people tell Git LFS to leave pointers in the place of content that it has not.
 * Source: git-lfs-config(5), "Environment variables".
 */
export const filterVariables = ['GIT_LFS_SKIP_SMUDGE', 'GIT_LFS_SKIP_DOWNLOAD_ERRORS'] as const

/** What git tells of a content filter that failed. */
export interface FilterTrouble {
  /** Its name, where git gives it. */
  readonly name?: string
  /** What it printed itself, which comes before git's own words; not clean. */
  readonly said: string
}

/** What git-lfs prints beside the cause. */
const chatter = /^(Downloading |Errors logged to |Use `git lfs logs)/

/**
 * A content filter failed, and said why: git's own words name the filter at best. A filter that runs as one process and
 * is not there is a peer that hung up.
 * Source: git's convert.c, "%s: smudge filter %s failed", "external filter '%s' failed", "cannot run %s"; pkt-line.c.
 */
export function filterTrouble(stderr: string): FilterTrouble | undefined {
  const lines = stderr.split('\n')
  const own = lines.findIndex((line) => /^(fatal|error): /.test(line))
  if (own < 0) return undefined
  const words = lines.slice(own).join('\n')
  const named = /^(?:fatal|error): .*: (?:smudge|clean) filter '?([^'\n]+?)'? failed/m.exec(words)?.[1]
  const isFilter = /^error: (external filter|cannot (run|feed|fork)|read from external filter)/m.test(words)
  const hungUp =
    words.includes('the remote end hung up unexpectedly') || words.includes('could not read from external filter')
  if (named === undefined && !isFilter && !hungUp) return undefined
  const said = lines
    .slice(0, own)
    .filter((line) => line.trim() !== '' && !chatter.test(line))
    .join(' ')
    // Again, in other words, with how its server was asked.
    .replace(/: Smudge error: [^]*/, '')
  return { said, ...(named === undefined ? {} : { name: named }) }
}
