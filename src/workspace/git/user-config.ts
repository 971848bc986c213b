/** One setting of git's configuration: `section[.subsection].name` with section and name in lower case, and its value. */
export interface GitSetting {
  readonly key: string
  readonly value: string
}

/** Reads `git config --list -z`: `key LF value NUL`; a key without a value means true. */
export function parseSettings(listing: string): GitSetting[] {
  return listing
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('\n')
      return end < 0 ? { key: entry, value: 'true' } : { key: entry.slice(0, end), value: entry.slice(end + 1) }
    })
}

/** The value that counts: the last one. */
export function lastValue(settings: readonly GitSetting[], key: string): string | undefined {
  return settings.findLast((setting) => setting.key === key)?.value
}

/** Whether a setting is true; `standard` applies if it isn't set. Source: git-config(1), "boolean". */
export function isOn(settings: readonly GitSetting[], key: string, standard: boolean): boolean {
  const value = lastValue(settings, key)?.toLowerCase()
  return value === undefined ? standard : !['false', 'no', 'off', '0', ''].includes(value)
}

/**
 * What decides the bytes of a commit or a checkout, and how trees are merged; content filters are the only programs in
 * it. Excludes and attributes files are included as copies, see `trusted.ts`. Source: git-config(1); the merge
 * settings are those that `merge-tree` reads (`merge_recursive_config`).
 */
const carriedKeys = new Set([
  'core.autocrlf',
  'core.eol',
  'core.safecrlf',
  'core.checkroundtripencoding',
  'core.filemode',
  'core.symlinks',
  'core.ignorecase',
  'core.precomposeunicode',
  'core.protecthfs',
  'core.protectntfs',
  'core.longpaths',
  'core.checkstat',
  'core.trustctime',
  'core.sharedrepository',
  'core.bigfilethreshold',
  'merge.conflictstyle',
  'merge.renames',
  'merge.renamelimit',
  'merge.directoryrenames',
  'merge.renormalize',
  'diff.renames',
  'diff.renamelimit',
  // What Git LFS checks out, and what it leaves as pointers. Source: git-lfs-config(5).
  'lfs.fetchinclude',
  'lfs.fetchexclude',
  'lfs.skipdownloaderrors',
])

const filterKey = /^filter\.(.+)\.(clean|smudge|process|required)$/s

export function carriedSettings(settings: readonly GitSetting[]): GitSetting[] {
  const carried = settings.filter(({ key }) => carriedKeys.has(key) || filterKey.test(key))
  return definedFilters(settings).has('lfs') ? [...carried, lfsFormat] : carried
}

/** Git LFS writes it into each configuration that lacks it, including that of autopilot's own git. */
const lfsFormat: GitSetting = { key: 'lfs.repositoryformatversion', value: '0' }

/** Names of the content filters that the configuration defines. */
export function definedFilters(settings: readonly GitSetting[]): ReadonlySet<string> {
  const names = settings.map(({ key, value }) => (value === '' ? null : filterKey.exec(key)))
  return new Set(names.flatMap((match) => (match?.[1] !== undefined && match[2] !== 'required' ? [match[1]] : [])))
}

/** Settings as the text of a configuration file that git reads back as the same values. */
export function formatSettings(settings: readonly GitSetting[]): string {
  return settings
    .map(({ key, value }) => {
      const first = key.indexOf('.')
      const last = key.lastIndexOf('.')
      const subsection = first === last ? '' : ` "${key.slice(first + 1, last).replace(/["\\]/g, '\\$&')}"`
      return `[${key.slice(0, first)}${subsection}]\n\t${key.slice(last + 1)} = ${quote(value)}\n`
    })
    .join('')
}

function quote(value: string): string {
  const escaped = value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
  return `"${escaped}"`
}

/** A variable that is set to nothing counts as unset, as for git and the XDG specification. */
export function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
