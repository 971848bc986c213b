import { access, constants, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine, listFirst } from '../../domain/text.js'
import type { Repository } from '../../workspace/contract.js'
import { driversOfOthers } from '../../workspace/land/merge-drivers.js'

/** Hooks that look at a commit, or change it. Source: githooks(5). */
const commitHooks = ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit']

/** What of the user's git does not hold for the commits that land, a line each. */
export async function gitWarnings(
  { hooksDir, signsCommits }: Pick<Repository, 'hooksDir' | 'signsCommits'>,
  env: Environment,
): Promise<readonly string[]> {
  const hooks = await commitHooksIn(hooksDir)
  const facts = [
    ...(hooks.length > 0 ? [`your commit hooks (${hooks.join(', ')}) do not run`] : []),
    ...(signsCommits ? ['they are not signed'] : []),
  ]
  const followed = ['GIT_DIR', 'GIT_WORK_TREE'].filter((name) => (env[name] ?? '') !== '')
  const ignored = `ignored: ${followed.join(', ')}; autopilot uses the repository around the directory (-C)`
  return [
    ...(facts.length > 0 ? [`commits that land: ${facts.join(', and ')}; put what hooks check under gates:`] : []),
    ...(followed.length > 0 ? [ignored] : []),
  ]
}

/** That files of the target are merged in another way than its attributes ask for. */
export async function driverWarnings(...where: Parameters<typeof driversOfOthers>): Promise<readonly string[]> {
  const names = await driversOfOthers(...where)
  if (names.length === 0) return []
  const named = listFirst(names, 5, (name) => cleanLine(name, 60))
  return [
    `merge drivers that .gitattributes asks for do not run here; their files are merged as text: ` +
      `${named}; only git's own run: text, binary, union`,
  ]
}

async function commitHooksIn(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir).catch((): string[] => [])
  const hooks = commitHooks.filter((name) => names.includes(name))
  const counts = await Promise.all(hooks.map((name) => checksCommits(join(dir, name))))
  return hooks.filter((_, index) => counts[index])
}

/** Whether git runs it, and it is more than what `git lfs install` puts there, which checks nothing of a commit. */
async function checksCommits(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => !/^\s*(#|$)/.test(line))
    return lines.length === 0 || !lines.every((line) => /\bgit[- ]lfs\b/.test(line))
  } catch {
    return false
  }
}
