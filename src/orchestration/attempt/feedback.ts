import type { Failure } from '../../domain/agent/failure.js'

/** A failure in words for an agent. */
export function feedbackOf({ kind, message, paths, detail }: Failure): string {
  const where = paths?.length ? `\n\nPaths:\n${paths.map((path) => `- ${path}`).join('\n')}` : ''
  const head = kind === 'refused' ? 'What is allowed:' : 'The end of what it printed:'
  const said = detail === undefined ? '' : `\n\n${head}\n\n${detail.replace(/^/gm, '    ')}`
  return `${message} (${kind})${where}${said}`
}

/** What the next attempt is told about an attempt with repair rounds, the last reason first. Undefined if there is nothing. */
export function feedbackOfAll(failures: readonly Failure[]): string | undefined {
  const [last, ...earlier] = failures.map(feedbackOf).reverse()
  const before = earlier.filter((text, index) => text !== last && earlier.indexOf(text) === index)
  return last === undefined ? undefined : [last, ...before.map((text) => `Before that:\n\n${text}`)].join('\n\n')
}
