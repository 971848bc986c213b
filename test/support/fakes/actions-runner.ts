/**
 * The commands that GitHub's runner finds in a log, as `ActionCommand.TryParseV2` and `TryParse` of actions/runner do:
 * `::name …::` at the start of a line behind white space (as .NET trims it), `##[name …]` anywhere in one.
 */
export function commandsIn(log: string): readonly string[] {
  return log.split(/\r\n|\r|\n/).flatMap((line) => {
    const trimmed = line.replace(/^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/, '')
    const end = trimmed.indexOf('::', 2)
    if (trimmed.startsWith('::') && end > 0) return [trimmed.slice(2, end).split(' ')[0]!]
    const old = /##\[([^\]]*)\]/.exec(line)
    return old ? [old[1]!.split(' ')[0]!] : []
  })
}
