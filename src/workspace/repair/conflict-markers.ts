import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId, TreeId } from '../../domain/brand.js'
import type { Result } from '../../domain/result.js'
import { ok } from '../../domain/result.js'
import { git, gitBytes } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { joinNul, splitNul, type GitPath } from '../git-path.js'
import { diffCommits, readTexts } from '../git/objects.js'

/** Where conflict markers may have been left, over all rounds of an attempt. */
export interface MarkerWatch {
  /** What git wrote behind its markers: ids of commits, which nobody else would write there. */
  readonly labels: readonly string[]
  /** The files that a conflict touched, each with the lines that only look like markers and were there before. */
  readonly files: ReadonlyMap<GitPath, ReadonlySet<string>>
}

export const nothingWatched: MarkerWatch = { labels: [], files: new Map() }

/** A conflict that was put into a work tree. */
interface PlacedConflict {
  readonly tree: TreeId
  readonly touched: readonly GitPath[]
  readonly labels: readonly string[]
}

/** Adds a conflict to what is watched; says in which of the touched paths no marker is. Two processes. */
export async function watchMarkers(
  repository: Repository,
  { tree, touched, labels }: PlacedConflict,
  earlier: MarkerWatch,
): Promise<Result<{ readonly watch: MarkerWatch; readonly unmarked: readonly GitPath[] }, GitFailure>> {
  const all = [...earlier.labels, ...labels]
  const read = await markerLines(repository, tree, (path) => touched.includes(path))
  if (!read.ok) return read
  const files = new Map(earlier.files)
  const isLabeled = (line: string) => all.some((label) => line.includes(label))
  for (const path of touched) {
    const own = (read.value.get(path) ?? []).filter((line) => !isLabeled(line))
    files.set(path, new Set([...(files.get(path) ?? []), ...own]))
  }
  const unmarked = touched.filter((path) => !read.value.get(path)?.some(isLabeled))
  return ok({ watch: { labels: all, files }, unmarked })
}

/**
 * The files of a tree in which markers are left: of the touched ones those with any line that looks like a marker and
 * was not there before; of all others, which may be a touched one under a new name, those with a label of git's. Two
 * processes; none when nothing is watched.
 */
export async function leftMarkers(
  repository: Repository,
  tree: TreeId,
  base: CommitId,
  { labels, files }: MarkerWatch,
): Promise<Result<readonly GitPath[], GitFailure>> {
  if (files.size === 0) return ok([])
  const changes = await diffCommits(repository, base, tree)
  if (!changes.ok) return changes
  const changed = new Set(changes.value.map(({ path }) => path))
  const read = await markerLines(repository, tree, (path) => files.has(path) || changed.has(path))
  if (!read.ok) return read
  const isLeft = (path: GitPath, line: string) =>
    labels.some((label) => line.includes(label)) || files.get(path)?.has(line) === false
  return ok([...read.value].flatMap(([path, lines]) => (lines.some((line) => isLeft(path, line)) ? [path] : [])))
}

/**
 * The files of a tree with lines that look like markers of a conflict, as any git of the agent's may have left them, and
 * that no changed file of the base has. A file for which the base sets `conflict-marker-size` has them in that size.
 * No process; some where there are such lines.
 */
export async function newMarkers(
  repository: Repository,
  tree: TreeId,
  base: CommitId,
): Promise<Result<readonly GitPath[], GitFailure>> {
  const changes = await diffCommits(repository, base, tree)
  if (!changes.ok) return changes
  const files = changes.value.filter(({ newMode }) => newMode.startsWith('100'))
  const after = await readTexts(
    repository,
    files.map(({ newOid }) => newOid),
    labeledLines,
  )
  if (!after.ok) return after
  const marked = files.flatMap(({ path }, index) => {
    const lines = after.value[index] ?? []
    return lines.length > 0 ? [{ path, lines }] : []
  })
  if (marked.length === 0) return ok([])
  const textsBefore = await readTexts(
    repository,
    changes.value.filter(({ oldMode }) => oldMode.startsWith('100')).map(({ oldOid }) => oldOid),
    labeledLines,
  )
  if (!textsBefore.ok) return textsBefore
  const known = new Set(textsBefore.value.flat())
  const sizes = await markerSizes(
    repository,
    base,
    marked.map(({ path }) => path),
  )
  if (!sizes.ok) return sizes
  const isLeft = (path: GitPath, line: string) => !known.has(line) && line.indexOf(' ') === (sizes.value.get(path) ?? 7)
  return ok(marked.filter(({ path, lines }) => lines.some((line) => isLeft(path, line))).map(({ path }) => path))
}

/** Begin, end and base of a conflict, each with a label, as git always writes them. */
const labeled = /^([<>|])\1{6,} \S/

function labeledLines(content: string): string[] {
  return content.split(/\r?\n/).filter((line) => labeled.test(line))
}

/** How long markers are in these files, by the attributes of a commit; 7 for those that are not named. */
async function markerSizes(
  { trusted }: Repository,
  commit: CommitId,
  paths: readonly GitPath[],
): Promise<Result<ReadonlyMap<GitPath, number>, GitFailure>> {
  const indexFile = join(trusted.gitDir, `markers-${randomBytes(6).toString('hex')}`)
  const place = { ...trusted, indexFile }
  const read = await git(place, ['read-tree', commit])
  const args = ['check-attr', '--cached', '-z', '--stdin', 'conflict-marker-size']
  const asked = read.ok ? await gitBytes(place, args, { input: joinNul(paths) }) : read
  await rm(indexFile, { force: true })
  if (!asked.ok) return asked
  const sizes = new Map<GitPath, number>()
  const fields = splitNul(asked.value)
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const size = Number(fields[at + 2])
    if (Number.isInteger(size) && size > 0) sizes.set(fields[at] ?? '', size)
  }
  return ok(sizes)
}

/**
 * Begin, end and, of the styles with a base, middle. The line of equals signs is left out: text has such lines.
 * Source: git's xdiff/xmerge.c; `conflict-marker-size` makes markers longer, or shorter: those are known by the id of a
 * commit behind them.
 */
const marker = /^(?:(?:<{7,}|>{7,}|\|{7,})(?: .*)?|(?:<+|>+|\|+) [0-9a-f]{40}.*)$/

/** The lines that look like markers, by path, of the chosen files of a tree. */
async function markerLines(
  repository: Repository,
  tree: TreeId,
  chosen: (path: GitPath) => boolean,
): Promise<Result<Map<GitPath, readonly string[]>, GitFailure>> {
  const listed = await gitBytes(repository.trusted, ['ls-tree', '-r', '-z', '--full-tree', tree])
  if (!listed.ok) return listed
  const files = splitNul(listed.value)
    .map(parseEntry)
    .filter(({ path, isFile }) => isFile && chosen(path))
  const read = await readTexts(
    repository,
    files.map(({ oid }) => oid),
    (text) => text.split(/\r?\n/).filter((line) => marker.test(line)),
  )
  if (!read.ok) return read
  return ok(new Map(files.map(({ path }, index) => [path, read.value[index] ?? []])))
}

function parseEntry(entry: string): { readonly path: GitPath; readonly oid: string; readonly isFile: boolean } {
  const tab = entry.indexOf('\t')
  const [mode = '', , oid = ''] = entry.slice(0, tab).split(' ')
  return { path: entry.slice(tab + 1), oid, isFile: mode.startsWith('100') }
}
