import { cleanLine } from '../domain/text.js'
import type { Repository } from '../workspace/contract.js'
import { missingPaths } from '../workspace/link.js'

/** What agents will miss: changes that are not committed, and files that a link should lead to. */
export async function filesWarnings(
  repository: Repository,
  leaveOut: readonly string[],
  link: readonly string[],
): Promise<readonly string[]> {
  return [...(await dirtyWarning(repository, leaveOut)), ...(await missingLinks(repository.root, link))]
}

async function missingLinks(root: string, link: readonly string[]): Promise<readonly string[]> {
  const missing = await missingPaths(root, link)
  return missing.map((path) => `link: there is no ${cleanLine(path, 100)} here, so agents have none either`)
}

async function dirtyWarning(repository: Repository, excluding: readonly string[]): Promise<readonly string[]> {
  const dirty = (await repository.dirtyPaths(excluding)) ?? []
  if (dirty.length === 0) return []
  const shown = dirty
    .slice(0, 5)
    .map((path) => cleanLine(path, 80))
    .join(', ')
  const more = dirty.length > 5 ? ` and ${dirty.length - 5} more` : ''
  return [`agents start from the last commit and do not see your uncommitted changes: ${shown}${more}`]
}
