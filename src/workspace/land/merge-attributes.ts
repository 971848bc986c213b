import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { err, ok, type Result } from '../../domain/result.js'
import { removeAtOnce } from '../../platform/files/at-once.js'
import { gitBytes, type GitPlace } from '../../platform/git/git.js'
import { failedBefore, type GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { onDisk, splitNul, type GitPath } from '../git-path.js'
import { readBlobBytes } from '../git/head-tree.js'

/**
 * Gives a merge a work tree that contains only the attributes files that it should obey. While git merges, it takes
 * attributes only from its current directory (git before 2.41 can't be given a tree): in `/`, where gits without a
 * work tree run, it would read `/tmp/.gitattributes` for a file of the repository in `tmp/`.
 */
export async function withAttributesTree<Merged>(
  { trusted, commonDir }: Pick<Repository, 'trusted' | 'commonDir'>,
  merge: (place: GitPlace & { readonly workTree: string }) => Promise<Result<Merged, GitFailure>>,
): Promise<Result<Merged, GitFailure>> {
  const workTree = join(commonDir, 'autopilot', 'merging', randomUUID())
  try {
    mkdirSync(workTree, { recursive: true, mode: 0o700 })
    return await merge({ ...trusted, workTree })
  } catch (error) {
    return err(failedBefore(['merge-tree'], error))
  } finally {
    removeAtOnce(workTree)
  }
}

/**
 * Writes those attributes files of a commit into a work tree that apply to these paths; says whether there are any.
 * One process, or two if there are any. Throws what the file system throws.
 */
export async function placeAttributes(
  { workTree, ...place }: GitPlace & { readonly workTree: string },
  commit: CommitId,
  paths: readonly GitPath[],
): Promise<Result<boolean, GitFailure>> {
  const listed = await attributesFiles(place, commit, foldersOf(paths))
  if (!listed.ok) return listed
  const files = within(maxBytes, listed.value)
  const contents = await readBlobBytes(
    place,
    files.map(({ oid }) => oid),
  )
  if (!contents.ok) return contents
  for (const [index, { path }] of files.entries()) {
    const file = onDisk(workTree, path)
    const folder = onDisk(workTree, dirname(path) === '.' ? '' : dirname(path))
    await mkdir(folder, { recursive: true })
      .then(() => writeFile(file, contents.value[index] ?? ''))
      .catch(unlessTooLong)
  }
  return ok(files.length > 0)
}

/** Total size, in bytes; files beyond it are left out, because a tree must not be able to fill the memory. */
const maxBytes = 32 * 1024 * 1024

/** git couldn't read it there either. */
function unlessTooLong(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENAMETOOLONG') throw error
}

/** All directories that contain these paths, outer ones first; the root is the empty one. */
function foldersOf(paths: readonly GitPath[]): readonly GitPath[] {
  const folders = new Set<GitPath>([''])
  for (const path of paths)
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) folders.add(path.slice(0, end))
  return [...folders].sort((one, other) => one.split('/').length - other.split('/').length)
}

interface AttributesFile {
  readonly path: GitPath
  readonly oid: string
  readonly size: number
}

/** The attributes files in these directories. */
async function attributesFiles(
  place: GitPlace,
  commit: CommitId,
  folders: readonly GitPath[],
): Promise<Result<readonly AttributesFile[], GitFailure>> {
  const wanted = folders.map((folder) => (folder === '' ? fileName : `${folder}/${fileName}`))
  const names = wanted.map((path) => Buffer.from(path, 'latin1').toString('utf8'))
  const isNamed = names.join('').length < maxNamed && !names.some((name) => name.includes('\ufffd'))
  // For a name that isn't text, or more names than fit on a command line, all are listed.
  const which = isNamed ? ['--', commit, ...names] : ['-r', commit]
  const listed = await gitBytes(place, ['ls-tree', '-z', '--long', '--full-tree', ...which])
  if (!listed.ok) return listed
  const found = new Map(splitNul(listed.value).flatMap(attributesFile))
  return ok(wanted.flatMap((path) => found.get(path) ?? []))
}

const fileName = '.gitattributes'
const maxNamed = 64 * 1024

/** Source: git-ls-tree(1), `--long`: mode, type, id and padded size, then a tab and the path. */
function attributesFile(entry: string): readonly (readonly [GitPath, AttributesFile])[] {
  const tab = entry.indexOf('\t')
  const [mode = '', , oid = '', size] = entry.slice(0, tab).split(/ +/)
  const path = entry.slice(tab + 1)
  // git reads no attributes through a symbolic link.
  const counts = mode.startsWith('100') && !path.split('/').some((name) => name === '..' || name === '.' || name === '')
  return counts ? [[path, { path, oid, size: Number(size) }]] : []
}

function within(bytes: number, files: readonly AttributesFile[]): readonly AttributesFile[] {
  let left = bytes
  return files.filter(({ size }) => {
    if (size > left) return false
    left -= size
    return true
  })
}
