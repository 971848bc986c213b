import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { gitPath, type GitPath } from '../git-path.js'

/** What autopilot must know of a commit's tree before it checks it out. */
export interface HeadTree {
  /** Paths of submodules. */
  readonly gitlinks: readonly string[]
  /** The commits that they are recorded at. */
  readonly links: ReadonlyMap<GitPath, CommitId>
  /** The text of every `.gitattributes` file. */
  readonly attributes: readonly string[]
}

/** Lists a commit's tree, for its submodules and attributes files; once for each commit, which never changes. */
export async function readHeadTree(place: GitPlace, commit: CommitId): Promise<Result<HeadTree, GitFailure>> {
  if (last?.commit === commit) return ok(last.tree)
  const tree = await listHeadTree(place, commit)
  if (tree.ok) last = { commit, tree: tree.value }
  return tree
}

let last: { readonly commit: CommitId; readonly tree: HeadTree } | undefined

async function listHeadTree(place: GitPlace, commit: CommitId): Promise<Result<HeadTree, GitFailure>> {
  const listing = await git(place, ['ls-tree', '-r', '-z', '--full-tree', commit])
  if (!listing.ok) return listing
  const links = new Map<string, CommitId>()
  const blobs: string[] = []
  for (const entry of listing.value.split('\0')) {
    const tab = entry.indexOf('\t')
    const [mode, , oid] = entry.slice(0, tab).split(' ')
    const path = entry.slice(tab + 1)
    if (mode === '160000') links.set(path, (oid ?? '') as CommitId)
    // git reads no attributes through a symbolic link.
    else if (oid && mode !== '120000' && /(^|\/)\.gitattributes$/.test(path)) blobs.push(oid)
  }
  const attributes = blobs.length === 0 ? ok([]) : await readBlobs(place, blobs)
  const byPath = new Map([...links].map(([path, oid]) => [gitPath(path), oid]))
  return attributes.ok ? ok({ gitlinks: [...links.keys()], links: byPath, attributes: attributes.value }) : attributes
}

/** The contents of blobs, as UTF-8. */
export async function readBlobs(place: GitPlace, oids: readonly string[]): Promise<Result<string[], GitFailure>> {
  const read = await readBlobBytes(place, oids)
  return read.ok ? ok(read.value.map((bytes) => bytes.toString('utf8'))) : read
}

/**
 * The contents of blobs. `cat-file --batch` answers `OID SP type SP size LF content LF` for each line of input.
 */
export async function readBlobBytes(place: GitPlace, oids: readonly string[]): Promise<Result<Buffer[], GitFailure>> {
  if (oids.length === 0) return ok([])
  const answer = await gitBytes(place, ['cat-file', '--batch'], { input: `${oids.join('\n')}\n` })
  if (!answer.ok) return answer
  const contents: Buffer[] = []
  let at = 0
  while (at < answer.value.length) {
    const end = answer.value.indexOf('\n', at)
    const size = Number(/ blob (\d+)$/.exec(answer.value.toString('utf8', at, end))?.[1] ?? 0)
    contents.push(answer.value.subarray(end + 1, end + 1 + size))
    at = end + 1 + size + 1
  }
  return ok(contents)
}
