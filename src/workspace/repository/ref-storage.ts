import { cleanLine } from '../../domain/text.js'
import { refuse } from '../git/refusal.js'
import { lastValue, type GitSetting } from '../git/user-config.js'

/**
 * Whether git knows no such form of refs: it is older than the repository. Source: git's setup.c, "unknown repository
 * extension found:" and on the next line its name.
 */
export function foreignRefs(stderr: string): boolean {
  return /unknown repository extensions? found:\s+(\S+\s+)*refstorage\b/i.test(stderr)
}

/**
 * How the repository keeps its refs, where that is not the usual files. Source: git-config(1), `extensions.refStorage`:
 * `files` or `reftable`. In tables HEAD as a file says `refs/heads/.invalid`, whatever is checked out, so moving the
 * person's branch together with their files, and watching over it, would go by a lie.
 */
export function refStorage(settings: readonly GitSetting[]): string | undefined {
  const form = lastValue(settings, 'extensions.refstorage')
  return form === undefined || form.toLowerCase() === 'files' ? undefined : form
}

/** `place`: clean. */
export function refuseRefStorage(place: string, form = 'reftable') {
  return refuse(
    'refs_in_tables',
    `The repository ${place} does not keep its refs in files (extensions.refStorage = ${cleanLine(form, 60)}), and autopilot cannot read them.`,
    'Convert them to files with git 2.46 or newer: git refs migrate --ref-format=files; or run in a clone: git clone --ref-format=files',
  )
}
