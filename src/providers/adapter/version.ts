import { cleanLine } from '../../domain/text.js'

const version = String.raw`v?(\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,60})?)`

/**
 * Finds a CLI's version in what it printed: in the first line that is nothing but the CLI's own name and a version, in
 * either order, else in one that is a version alone. A notice that there is an update has other words beside them.
 * Source: `2.1.330 (Claude Code)`, `codex-cli 0.169.0`.
 */
export function versionOf(name: string): (stdout: string) => string | undefined {
  const own = [`^(?:${name}),? ${version}(?: \\(.*\\))?$`, `^${version} \\((?:${name})\\)$`]
  const patterns = [own.join('|'), `^${version}$`].map((pattern) => new RegExp(pattern, 'i'))
  return (stdout) => {
    const lines = stdout.split('\n').map((line) => cleanLine(line))
    for (const pattern of patterns) {
      const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null)
      if (found) return found[1] ?? found[2]
    }
    // A form that nobody has seen yet.
    const [only, ...others] = lines.filter((line) => line !== '')
    return others.length > 0 || only === undefined ? undefined : new RegExp(version).exec(only)?.[1]
  }
}
