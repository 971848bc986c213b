import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommitId, TreeId } from '../../domain/brand.js'
import { err, ok, type Result } from '../../domain/result.js'
import { isAnswerLost, openGitSession } from '../../platform/git/git-session.js'
import { removeAtOnce } from '../../platform/files/at-once.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import { failedBefore, type GitFailure } from '../../platform/git/git-failure.js'
import { gitTimestamp } from '../../platform/git/git-timestamp.js'
import type { Identity, MadeCommit, Repository, Sessions } from '../contract.js'
import { identityEnv } from './identity.js'
import { rawDiff } from './index-changes.js'

/** Opens the long-lived gits of a repository; nothing starts before the first question. */
export function openSessions(user: GitPlace, trusted: GitPlace, identity: Identity): Sessions {
  const env = identityEnv(identity)
  return {
    refs: openGitSession(user, ['update-ref', '-m', 'autopilot', '--stdin'], { env }),
    commits: openGitSession(trusted, ['hash-object', '-t', 'commit', '-w', '--no-filters', '--stdin-paths'], {
      repeatable: true,
    }),
    objects: openGitSession(trusted, ['cat-file', '--batch-command'], { repeatable: true }),
    diffs: openGitSession(trusted, ['diff-tree', '--stdin', '-r', ...rawDiff], { repeatable: true }),
    made: new Map(),
  }
}

/**
 * Changes refs of the user's repository, all or none, with lines for `git update-ref --stdin` (`create REF NEW`,
 * `update REF NEW OLD`). A failed transaction leaves everything as it was. If git is killed before it answers, the
 * refs show how far it came, and the rest is requested again, at most twice.
 */
export async function changeRefs(
  { sessions, user }: Pick<Repository, 'sessions' | 'user'>,
  lines: readonly string[],
): Promise<Result<void, GitFailure>> {
  let missing = lines
  for (let left = maxTries; ; left--) {
    const done = await transact(sessions, missing)
    if (done.ok || !isAnswerLost(done.error)) return done
    // Also after the last try: what was done but counts as failed would be done twice.
    const open = await notYet(user, missing)
    if (open?.length === 0) return ok(undefined)
    if (open === undefined || left <= 1) return done
    missing = open
  }
}

const maxTries = 3

async function transact({ refs }: Sessions, lines: readonly string[]): Promise<Result<void, GitFailure>> {
  const question = ['start', ...lines, 'prepare', 'commit', ''].join('\n')
  // Source: git-update-ref(1), the transaction commands each answer `COMMAND: ok`.
  const done = await refs.ask(question, (answer) => answer.endsWith('commit: ok\n'))
  return done.ok ? ok(undefined) : done
}

/** Of these lines, those whose ref isn't at the new value yet; undefined if that can't be read. */
async function notYet(user: GitPlace, lines: readonly string[]): Promise<readonly string[] | undefined> {
  const wanted = lines.map((line) => line.split(' '))
  const refs = wanted.length > maxNamed ? [] : wanted.map(([, ref = '']) => ref)
  const listed = await git(user, ['for-each-ref', '--format=%(refname) %(objectname)', ...refs])
  if (!listed.ok) return undefined
  const standing = new Set(listed.value.split('\n'))
  return lines.filter((_, index) => !standing.has(`${wanted[index]?.[1]} ${wanted[index]?.[2]}`))
}

/** More refs than this don't fit on a command line: then all are listed. */
const maxNamed = 200

/**
 * Makes a commit under the repository's identity and gives its id; no hook, no signature, no ref. `tree` and `parents`
 * are full ids. git itself checks and writes the object, from a file beside the trusted directory.
 */
export async function commitTree(
  { sessions, commonDir, identity }: Pick<Repository, 'sessions' | 'commonDir' | 'identity'>,
  tree: TreeId,
  parents: readonly CommitId[],
  message: string,
): Promise<Result<CommitId, GitFailure>> {
  const folder = join(commonDir, 'autopilot', 'commits')
  const path = join(folder, randomUUID())
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(path, commitObject(tree, parents, identity, message), { mode: 0o600 })
    const hashed = await sessions.commits.ask(`${path}\n`, (answer) => answer.endsWith('\n'))
    if (!hashed.ok) return hashed
    const commit = hashed.value.trim() as CommitId
    remember(sessions.made, commit, { tree, parents })
    return ok(commit)
  } catch (error) {
    return err(failedBefore(['hash-object'], error))
  } finally {
    removeAtOnce(path)
  }
}

function remember(made: Sessions['made'], commit: CommitId, what: MadeCommit): void {
  made.set(commit, what)
  const [oldest] = made.keys()
  if (made.size > maxRemembered && oldest !== undefined) made.delete(oldest)
}

/** Commits that are asked about belong to the last few attempts. */
const maxRemembered = 10_000

/**
 * Whether a commit's chain of first parents, as far as this run created it, leads back to another. If it doesn't, git
 * must be asked.
 */
export function leadsBack({ made }: Pick<Sessions, 'made'>, from: CommitId, to: CommitId): boolean {
  let commit: CommitId | undefined = from
  while (commit !== undefined && commit !== to) commit = made.get(commit)?.parents[0]
  return commit === to
}

/** The content of a commit. Source: git's gitformat and `commit-tree`: headers, an empty line, the message. */
function commitObject(tree: TreeId, parents: readonly CommitId[], { name, email }: Identity, message: string): string {
  const who = `${name} <${email}> ${gitTimestamp()}`
  const headers = [
    `tree ${tree}`,
    ...[...new Set(parents)].map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
  ]
  return `${headers.join('\n')}\n\n${message.endsWith('\n') ? message : `${message}\n`}`
}
