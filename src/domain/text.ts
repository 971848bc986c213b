/**
 * Outside text made fit for a terminal, a journal or a commit message: escape sequences, C0 and C1 controls (but tab
 * and line feed) and bidi controls removed, so that nothing an agent prints can move a cursor or reorder a line.
 */
export function cleanText(text: string): string {
  return (
    text
      // OSC, DCS, SOS, PM and APC strings up to their terminator; then CSI; then the remaining two-byte escapes.
      .replace(/(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/g, '')
      .replace(/(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?/g, '')
      .replace(/\x1b[ -/]*[0-~]?/g, '')
      .replace(/\r\n?/g, '\n')
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  )
}

/** As {@link cleanText}, on one line of at most `max` UTF-16 units, never cut inside a surrogate pair. */
export function cleanLine(text: string, max = 200): string {
  return clip(cleanText(text).replace(/\s+/g, ' ').trim(), max)
}

/** What stands last, such as the reason at the end of a program's complaints. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

/** `1 task`, `2 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** What was thrown, in words. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The first `max` UTF-16 units, with an ellipsis in place of what is cut. */
export function clip(line: string, max: number): string {
  if (line.length <= max) return line
  const cut = line.slice(0, max - 1)
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
