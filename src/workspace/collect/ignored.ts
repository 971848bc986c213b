import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { gitBytes } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { gitPath, isWithin, onDisk, pathText, splitNul, type GitPath } from '../git-path.js'
import { readUntrusted } from '../git/untrusted-file.js'
import { exemptPaths, withExcludes, workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

const listIgnored = ['ls-files', '--others', '--ignored', '--exclude-standard', '-z']

/** Arguments of one process are bounded (128 KB each, some MB in all; Linux). */
const maxAsked = 500

/**
 * Those files among the ones that the agent's own tools wrote that git ignores: they are in no candidate. Asks the
 * trusted index, which by now has everything that counts. Costs a process if the agent wrote anything.
 *
 * @param wrote - as its CLI named them: absolute, or relative to the root
 */
export async function ignoredOf(
  repository: Repository,
  workspace: Workspace,
  wrote: readonly string[],
): Promise<Result<readonly GitPath[], Failure>> {
  const root = await realpath(workspace.root).catch(() => workspace.root)
  const inside = wrote.flatMap((path) => {
    const below = relative(root, resolve(root, path))
    const isInside = below !== '' && below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)
    return isInside && !below.includes('\0') ? [below] : []
  })
  const asked = [...new Set(inside)].slice(0, maxAsked)
  if (asked.length === 0) return ok([])
  const args = ['--literal-pathspecs', ...listIgnored, '--', ...asked]
  const listed = await gitBytes(workspacePlace(repository, workspace), withExcludes(workspace, args))
  if (!listed.ok) return gitFailed(listed.error)
  // A path may have become a directory since, and nobody knows who made what is in it.
  const exactly = new Set(asked.map(gitPath))
  return ok(splitNul(listed.value).filter((path) => exactly.has(path) && !isWithin(path, workspace.furnished)))
}

/**
 * Everything that git ignores and that wasn't there when the agent started, a directory counting as one: without paths
 * that the configuration copies, links or keeps, and without what setup made. Without a trailing slash.
 */
export async function newIgnored(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<readonly GitPath[], Failure>> {
  const args = withExcludes(workspace, [...listIgnored, '--directory', '--no-empty-directory'])
  const listed = await gitBytes(workspacePlace(repository, workspace), args)
  if (!listed.ok) return gitFailed(listed.error)
  const known = exemptPaths(workspace)
  return ok(
    splitNul(listed.value)
      .map((path) => path.replace(/\/$/, ''))
      .filter((path) => !isWithin(path, known)),
  )
}

/** How much is kept for an attempt, in bytes; larger files are only named. */
const maxKept = 10 * 1024 * 1024

/**
 * Copies such files into a directory of autopilot's, for a person: only regular files, because an agent may have put
 * anything there. The first ones, as far as there is room.
 *
 * @returns how many were copied; what can't be copied is left
 */
export async function keepIgnored(root: string, paths: readonly GitPath[], directory: string): Promise<number> {
  let room = maxKept
  let kept = 0
  for (const path of paths) {
    const file = onDisk(root, path)
    // A link on the way could lead anywhere.
    const above = await realpath(dirname(file.toString())).catch(() => '')
    if (above !== root && !above.startsWith(`${root}/`)) continue
    const read = readUntrusted(file.toString(), room)
    if (!read.ok || !read.value) continue
    const to = join(directory, pathText(path))
    const isKept = await mkdir(dirname(to), { recursive: true, mode: 0o700 })
      .then(() => writeFile(to, read.value ?? '', { mode: 0o600 }))
      .then(() => true)
      .catch(() => false)
    if (!isKept) continue
    room -= read.value.length
    kept++
  }
  return kept
}
