import { readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { RepositoryRefusal } from '../contract.js'
import { contains } from '../home.js'
import { refuse, refuseGit } from '../git/refusal.js'

/** So many entries of directories are looked at: a big `node_modules` has some hundred thousand. */
const maxEntries = 1_000_000

/**
 * Refuses a path of `link:` in which a symbolic link leads to tracked files: `node_modules` of a monorepo links to its
 * packages, and through it gates would judge the user's packages in place of the work's. Looks once, before anything runs.
 */
export async function refuseLinksBack(
  root: string,
  links: readonly string[],
  { place, commit }: { readonly place: GitPlace; readonly commit: CommitId },
): Promise<Result<void, RepositoryRefusal>> {
  if (links.length === 0) return ok(undefined)
  const top = await realpath(root)
  const ends = await leadingBack(
    top,
    links.map((path) => join(top, path)),
  )
  if (ends.size === 0) return ok(undefined)
  const paths = [...ends.keys()]
  if (ends.has('.')) return ledBack(top, ends.get('.') ?? top, 'the root of your repository')
  // What is tracked at or below a path shows as one entry of that name.
  const listed = await git(place, ['ls-tree', '-z', '--name-only', '--full-tree', commit, '--', ...paths])
  if (!listed.ok) return refuseGit(listed.error)
  const [tracked] = listed.value.split('\0').filter((path) => path !== '')
  if (tracked === undefined) return ok(undefined)
  return ledBack(top, ends.get(tracked) ?? top, `${cleanLine(tracked, 200)} of yours`)
}

function ledBack(top: string, link: string, to: string) {
  const through = cleanLine(relative(top, link), 200)
  return refuse(
    'links_back',
    `link: ${through} leads to ${to}, so gates would judge that instead of the task's work.`,
    'Remove it from link:, and let setup: install it in each workspace (keep: keeps it from one task to the next).',
  )
}

/** Where links at and below `linked` lead inside the tree but outside of them: each path, and one link that leads there. */
async function leadingBack(top: string, linked: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const ends = new Map<string, string>()
  let left = maxEntries
  const walk = async (dir: string): Promise<void> => {
    const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (left-- <= 0) return
      const path = join(dir, entry.name)
      if (entry.isDirectory()) await walk(path)
      else if (entry.isSymbolicLink()) {
        const end = await realpath(path).catch(() => undefined)
        if (end === undefined || !contains(top, end) || linked.some((one) => contains(one, end))) continue
        ends.set(end === top ? '.' : relative(top, end).replaceAll(sep, '/'), path)
      }
    }
  }
  for (const path of linked) await walk(path)
  return ends
}
