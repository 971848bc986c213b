/** Names of the content filters (`filter=NAME`) that a `.gitattributes` text asks for. */
export function filtersNamed(attributes: string): string[] {
  return valuesNamed(attributes, 'filter')
}

/**
 * The values that a `.gitattributes` text gives to an attribute.
 * Source: gitattributes(5): a pattern, possibly in double quotes, then attributes parted by white space; `#` comments.
 */
export function valuesNamed(attributes: string, attribute: 'filter' | 'merge'): string[] {
  return attributes.split('\n').flatMap((line) => {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return []
    const afterPattern = text.replace(/^(?:"(?:[^"\\]|\\.)*"|\S+)/, '')
    return [...afterPattern.matchAll(/(?<=\s)(\w+)=(\S+)/g)].flatMap(([, name, value]) =>
      name === attribute && value !== undefined ? [value] : [],
    )
  })
}

/** Filters that are requested but not defined: content would be committed, or checked out, in the wrong form. */
export function missingFilters(attributes: readonly string[], defined: ReadonlySet<string>): string[] {
  return [...new Set(attributes.flatMap(filtersNamed))].filter((name) => !defined.has(name)).sort()
}

/** The program at the start of a filter's command, if it is a plain word; a shell takes the rest. */
export function filterProgram(command: string): string | undefined {
  const [, quoted, plain] = /^\s*(?:"([^"$`\\]+)"|([\w./+-]+))(?=\s|$)/.exec(command) ?? []
  return quoted ?? plain
}

/**
 * What to do when a filter fails while files are checked out; undefined where nothing is known of it.
 * Source: git-lfs's smudge, "Error downloading object"; sh, "not found".
 */
export function filterFailureHelp(said: string, commit: string): string | undefined {
  if (said.includes('Error downloading object'))
    return `autopilot downloads nothing: git lfs fetch origin ${commit} (in CI, check out with LFS), or set GIT_LFS_SKIP_SMUDGE=1, then agents and gates see pointers`
  if (/not found|No such file/.test(said))
    return 'install the programs that your filter.* settings name, so that they are on PATH'
  return undefined
}

/** What to do about a missing filter; the well-known ones by their own command. */
export function filterHelp(name: string): string {
  if (name === 'lfs') return 'Install Git LFS and run: git lfs install && git lfs pull'
  if (name.startsWith('git-crypt')) return 'Install git-crypt and run: git-crypt unlock'
  return `Define it: git config filter.${name}.clean COMMAND, and filter.${name}.smudge; or remove the attribute.`
}
