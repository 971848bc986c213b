import { copyFile, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { onFileSystem } from '../workspace.js'

/**
 * Copies untracked paths such as `.env` from the user's tree into a workspace. Skips a path that doesn't exist (CI
 * seldom has an `.env`). Follows no symbolic link; one that leads out of the tree is a failure.
 */
export async function copyPaths(from: string, to: string, paths: readonly string[]): Promise<Result<void, Failure>> {
  for (const path of paths) {
    const copied = await onFileSystem(`Copying ${path} into the workspace`, () => copyPath(from, to, path))
    if (!copied.ok) return copied
    if (copied.value !== undefined)
      return err(failure('infrastructure', `copy: ${path} ${copied.value}.`, { inSetup: true }))
  }
  return ok(undefined)
}

/**
 * Why a path may not be brought into a workspace; undefined if it may: it must be in the work tree and not be a git
 * directory.
 */
export function refusedPath(path: string): string | undefined {
  const names = path.split(/[/\\]/)
  if (isAbsolute(path) || names.includes('..')) return 'is outside of the repository'
  if (names.every((name) => name === '' || name === '.')) return 'is the repository itself'
  return names.some((name) => name.toLowerCase() === '.git') ? 'is a git directory' : undefined
}

async function copyPath(from: string, to: string, path: string): Promise<string | undefined> {
  const refused = refusedPath(path)
  if (refused !== undefined) return refused
  const [source, target] = [join(from, path), join(to, path)]
  const behind = (await linkAbove(from, path)) ?? (await linkAbove(to, path))
  if (behind !== undefined) return `is behind ${behind}, which is not a directory`
  if (!(await lstat(source).catch(() => undefined))) return undefined
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { recursive: true, force: true })
  return copyTree(from, source, target)
}

/** The first thing above the path that is there and is no directory: a link in its place could lead anywhere. */
export async function linkAbove(root: string, path: string): Promise<string | undefined> {
  let above = root
  for (const name of dirname(path)
    .split('/')
    .filter((part) => part !== '.' && part !== '')) {
    above = join(above, name)
    const stats = await lstat(above).catch(() => undefined)
    if (stats && !stats.isDirectory()) return relative(root, above)
  }
  return undefined
}

async function copyTree(root: string, source: string, target: string): Promise<string | undefined> {
  const stats = await lstat(source)
  if (stats.isSymbolicLink()) return copyLink(root, source, target)
  if (stats.isFile()) {
    await copyFile(source, target)
    return undefined
  }
  // A socket or a pipe is of use only where it was made.
  if (!stats.isDirectory()) return undefined
  await mkdir(target, { mode: stats.mode })
  for (const name of await readdir(source)) {
    const refused = await copyTree(root, join(source, name), join(target, name))
    if (refused !== undefined) return refused
  }
  return undefined
}

async function copyLink(root: string, source: string, target: string): Promise<string | undefined> {
  const aim = await readlink(source)
  const inside = relative(root, resolve(dirname(source), aim))
  const leaves = isAbsolute(aim) || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
  if (leaves) return `contains a symbolic link that leads out of the repository (${relative(root, source)})`
  await symlink(aim, target)
  return undefined
}
