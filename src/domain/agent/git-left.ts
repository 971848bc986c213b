/** What an agent's git stopped in the middle of, as a line among what a turn left unfinished. */
export function gitLeft(what: string): string {
  return `${prefix}${what}`
}

export function isGitLeft(line: string): boolean {
  return line.startsWith(prefix)
}

const prefix = 'git: '
