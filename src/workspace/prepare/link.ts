import { mkdir, realpath, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { linkAbove, refusedPath } from './copy.js'
import { contains } from '../home.js'
import { onFileSystem } from '../workspace.js'

/**
 * Puts symbolic links into a workspace that lead to the same paths in the user's tree: writing through one writes the
 * user's file. Skips a path that doesn't exist, as with copies; one that leads out of the tree is a failure.
 */
export async function linkPaths(from: string, to: string, paths: readonly string[]): Promise<Result<void, Failure>> {
  for (const path of paths) {
    const linked = await onFileSystem(`Linking ${path} into the workspace`, () => linkPath(from, to, path))
    if (!linked.ok) return linked
    if (linked.value !== undefined)
      return err(failure('infrastructure', `link: ${path} ${linked.value}.`, { inSetup: true }))
  }
  return ok(undefined)
}

async function linkPath(from: string, to: string, path: string): Promise<string | undefined> {
  const refused = refusedPath(path)
  if (refused !== undefined) return refused
  const behind = (await linkAbove(from, path)) ?? (await linkAbove(to, path))
  if (behind !== undefined) return `is behind ${behind}, which is not a directory`
  const source = join(from, path)
  const end = await realpath(source).catch(() => undefined)
  if (end === undefined) return undefined
  if (!contains(await realpath(from), end)) return 'is a symbolic link that leads out of the repository'
  const target = join(to, path).replace(/\/+$/, '')
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { recursive: true, force: true })
  await symlink(source.replace(/\/+$/, ''), target)
  return undefined
}
