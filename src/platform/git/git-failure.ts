import type { ExitStatus } from '../../domain/agent/attempt.js'
import { formatExitStatus } from '../../domain/agent/attempt.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { filterTrouble } from './filter-words.js'

/** git did not do what was asked: the first line of what it said, cleaned, with its exit status. */
export interface GitFailure {
  readonly args: readonly string[]
  readonly exit: ExitStatus
  readonly stderr: string
  /** stdout so far: `merge-tree` reports conflicts there and ends with status 1. */
  readonly stdout: Buffer
  /** A directory that git writes to and whose disk was full, which its own words often leave out. */
  readonly full?: string
  /** Lock files that stand in its git directory since it was ended: they are in the way of every git. */
  readonly locks?: readonly string[]
}

/** An exception of the file system before git could run, in the form of git's own failure. */
export function failedBefore(args: readonly string[], error: unknown): GitFailure {
  return { args, exit: { type: 'code', code: 128 }, stderr: `fatal: ${errorText(error)}`, stdout: Buffer.alloc(0) }
}

/** `git update-ref: fatal: … (exit code 128)`: one clean line. */
export function formatGitFailure({ args, exit, stderr, full, locks = [] }: GitFailure): string {
  const own = stderr.split('\n').find((line) => /^(fatal|error):/.test(line)) ?? stderr
  const filter = filterTrouble(stderr)
  const said = cleanLine(filter && filter.said !== '' ? `a content filter failed: ${filter.said}` : own, 300)
  const why = full === undefined ? '' : `; no space is left on the disk of ${cleanLine(full, 300)}`
  const left = locks.length === 0 ? '' : `; if no git is running there, remove ${cleanLine(locks.join(' and '), 400)}`
  return `git ${args[0] ?? ''}: ${said === '' ? '' : `${said} `}(${formatExitStatus(exit)})${why}${left}`
}

/**
 * Whether git was ended or ran out of something of the machine's, whatever it was asked: that says nothing about what it
 * was to read. Source: the C library's words for ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EAGAIN and EIO; git's own for memory.
 */
export function isMachineTrouble({ exit, stderr, full }: GitFailure): boolean {
  if (full !== undefined || exit.type === 'signal') return true
  return /No space left|quota exceeded|allocate memory|Out of memory|Too many open files|Resource temporarily|Input\/output error/.test(
    stderr,
  )
}

/** What a failure to find a repository was about, read from git's words, which the fixed locale keeps the same. */
export function discoveryProblem({ exit, stderr }: GitFailure): 'no_git' | 'not_trusted' | 'no_repository' | 'other' {
  if (exit.type === 'not_started') return 'no_git'
  // Source: git's setup.c, "detected dubious ownership in repository at" and "not a git repository".
  if (stderr.includes('dubious ownership')) return 'not_trusted'
  return stderr.includes('not a git repository') ? 'no_repository' : 'other'
}
