import { cleanLine, listFirst } from '../../domain/text.js'
import type { Repository } from '../../workspace/contract.js'
import { findPaths, hasWildcard } from '../../workspace/prepare/found-paths.js'

/** What workspaces get from the user's tree, as it is now. */
export interface Brought {
  readonly copy: readonly string[]
  readonly link: readonly string[]
  /** What is not there, in words. */
  readonly warnings: readonly string[]
}

/** Looks up what `copy:` and `link:` name; what has wildcards becomes the paths that match. */
export async function lookUpBrought(
  root: string,
  given: { readonly copy: readonly string[]; readonly link: readonly string[] },
): Promise<Brought> {
  const [copy, link] = [await findPaths(root, given.copy), await findPaths(root, given.link)]
  const warnings = [...notThere('copy', copy.missing), ...notThere('link', link.missing)]
  return { copy: copy.paths, link: link.paths, warnings }
}

function notThere(what: 'copy' | 'link', missing: readonly string[]): readonly string[] {
  return missing.map((path) => {
    const shown = cleanLine(path, 100)
    const fact = hasWildcard(path) ? `no file here matches ${shown}` : `there is no ${shown} here`
    return `${what}: ${fact}, so agents don't have it either`
  })
}

/** What agents will miss: changes that are not committed. */
export async function dirtyWarnings(repository: Repository, excluding: readonly string[]): Promise<readonly string[]> {
  const dirty = (await repository.dirtyPaths(excluding)) ?? []
  if (dirty.length === 0) return []
  const named = listFirst(dirty, 5, (path) => cleanLine(path, 80))
  return [`agents start from the last commit and do not see your uncommitted changes: ${named}`]
}
