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

/** Filters that are asked for and not defined: content would be committed, or checked out, as what it is not. */
export function missingFilters(attributes: readonly string[], defined: ReadonlySet<string>): string[] {
  return [...new Set(attributes.flatMap(filtersNamed))].filter((name) => !defined.has(name)).sort()
}

/** What to do about a missing filter; the well-known ones by their own command. */
export function filterHelp(name: string): string {
  if (name === 'lfs') return 'Install Git LFS and run: git lfs install && git lfs pull'
  if (name.startsWith('git-crypt')) return 'Install git-crypt and run: git-crypt unlock'
  return `Define it: git config filter.${name}.clean COMMAND, and filter.${name}.smudge; or take the attribute out.`
}
