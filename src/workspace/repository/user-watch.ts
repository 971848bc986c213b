import { join } from 'node:path'
import { listAtOnce, readAtOnce, statAtOnce } from '../../platform/files/at-once.js'
import { ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { openGitSession } from '../../platform/git/git-session.js'
import type { Repository, Target } from '../contract.js'
import { listUntrusted, readUntrusted } from '../git/untrusted-file.js'

/** Something of the user's that has changed. */
export interface UserChange {
  readonly kind: 'branch' | 'tag' | 'head' | 'config' | 'hooks'
  /** The branch's short name; else a path within the git directory. */
  readonly name: string
  /** A commit, or for HEAD the content of its file; absent if there was or is nothing, and for config and hooks. */
  readonly from?: string
  readonly to?: string
}

/** Checks whether somebody has changed what autopilot doesn't touch: the user, or an agent outside its workspace. */
export interface UserWatch {
  /**
   * What has changed since the last look, or the start. Starts no process after the first look: a new branch or tag is
   * a file of its own until somebody packs it.
   */
  readonly look: () => Promise<readonly UserChange[]>
}

/** More branches than this are not checked. */
const maxBranches = 1000

/** More files than this are not listed. */
const maxLoose = 50_000

const heads = 'refs/heads/'

/** What a look has seen, by kind and name, as strings that are only compared. */
type Seen = ReadonlyMap<string, UserChange & { readonly to: string }>

/** Starts watching: the user's branches except the target, HEAD, and what can make git start programs. */
export async function watchUser(repository: Repository, { ref }: Target): Promise<Result<UserWatch, GitFailure>> {
  const listed = await git(repository.user, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'])
  if (!listed.ok) return listed
  const refs = listed.value.split('\n').filter((name) => name !== '')
  const known = new Set([...refs, ref])
  const branches = refs.filter((name) => name.startsWith(heads) && name !== ref).slice(0, maxBranches)
  const session = openGitSession(repository.user, ['cat-file', '--batch-check=%(objectname)'], {
    repeatable: true,
  })

  const readBranches = async (): Promise<readonly string[]> => {
    if (branches.length === 0) return []
    const question = branches.map((name) => `${name}\n`).join('')
    const answer = await session.ask(question, (text) => text.split('\n').length > branches.length)
    return answer.ok ? answer.value.split('\n') : []
  }
  const see = async (): Promise<Seen> => {
    const tips = await readBranches()
    const files = readFiles(repository)
    // Source: git-cat-file(1): an oid, or `NAME missing`.
    const there = branches.flatMap((name, index): UserChange[] => {
      const tip = tips[index] ?? ''
      return /^[0-9a-f]+$/.test(tip) ? [{ kind: 'branch', name: name.slice(heads.length), to: tip }] : []
    })
    return new Map([...there, ...files].map((seen) => [`${seen.kind} ${seen.name}`, { ...seen, to: seen.to ?? '' }]))
  }
  let last = see()
  return ok({
    look: () => {
      const previous = last
      last = previous.then(see)
      const fresh = newRefs(repository, known)
      return Promise.all([previous, last]).then(([was, is]) => [...difference(was, is), ...fresh])
    },
  })
}

/** New branches and tags; each is reported once. */
function newRefs({ commonDir }: Repository, known: Set<string>): readonly UserChange[] {
  const kinds = [
    { kind: 'branch', below: heads },
    { kind: 'tag', below: 'refs/tags/' },
  ] as const
  const found: UserChange[] = []
  for (const { kind, below } of kinds) {
    const names = listUntrusted(join(commonDir, below), maxLoose)
    for (const name of names.ok ? names.value : []) {
      if (known.has(`${below}${name}`) || name.endsWith('.lock')) continue
      known.add(`${below}${name}`)
      const text = readUntrusted(join(commonDir, below, name), 1000)
      const to = text.ok ? text.value?.toString('latin1').trim() : undefined
      found.push({ kind, name, ...(to === undefined ? {} : { to }) })
    }
  }
  return found
}

function difference(was: Seen, is: Seen): readonly UserChange[] {
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((key): UserChange[] => {
    const [before, now] = [was.get(key), is.get(key)]
    const shown = now ?? before
    if (!shown || before?.to === now?.to) return []
    const { kind, name } = shown
    // Nobody needs the text of a configuration: it contains passwords.
    if (kind === 'config' || kind === 'hooks') return [{ kind, name }]
    return [{ kind, name, ...(before ? { from: before.to } : {}), ...(now ? { to: now.to } : {}) }]
  })
}

/** HEAD, and what of the git directory can make git start a program. */
function readFiles({ gitDir, commonDir }: Repository): UserChange[] {
  const text = (path: string) => readAtOnce(path)?.toString('utf8') ?? ''
  return [
    { kind: 'head', name: 'HEAD', to: text(join(gitDir, 'HEAD')).trim() },
    ...['config', 'info/attributes'].map((name): UserChange => ({
      kind: 'config',
      name,
      to: text(join(commonDir, name)),
    })),
    { kind: 'hooks', name: 'hooks', to: listHooks(join(commonDir, 'hooks')) },
  ]
}

function listHooks(dir: string): string {
  const names = listAtOnce(dir)?.map(({ name }) => name) ?? []
  return names
    .sort()
    .map((name) => {
      const stats = statAtOnce(Buffer.from(join(dir, name), 'latin1'))
      return `${name} ${stats?.size} ${stats?.mtimeMs}`
    })
    .join('\n')
}
