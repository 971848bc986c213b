import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cleanLine } from '../domain/text.js'
import type { Repository } from './contract.js'

/**
 * The work tree of the user's that stands on a branch, if one does. Read as files, without a process, since it is asked
 * before each landing. Source: gitrepository-layout(5): `HEAD`, and `HEAD` and `gitdir` below `worktrees/*`.
 */
export async function checkedOutAt(
  { commonDir }: Pick<Repository, 'commonDir'>,
  ref: string,
): Promise<string | undefined> {
  if (await standsOn(commonDir, ref)) return cleanLine(dirname(commonDir), 300)
  const worktrees = join(commonDir, 'worktrees')
  for (const name of await readdir(worktrees).catch(() => [])) {
    if (!(await standsOn(join(worktrees, name), ref))) continue
    const gitFile = await readFile(join(worktrees, name, 'gitdir'), 'utf8').catch(() => '')
    return cleanLine(dirname(gitFile.trim()), 300)
  }
  return undefined
}

async function standsOn(gitDir: string, ref: string): Promise<boolean> {
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => '')
  return head.trim() === `ref: ${ref}`
}
