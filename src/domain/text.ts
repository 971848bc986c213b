/**
 * Outside text made fit for a terminal, a journal or a commit message: escape sequences, C0 and C1 controls (but tab
 * and line feed), bidi controls and invisible characters removed, so that nothing an agent prints can move a cursor,
 * reorder a line or hide in one. Joiners stay between letters and emoji that need them.
 */
export function cleanText(text: string): string {
  if (/^[\t\n -~]*$/.test(text)) return text
  return (
    text
      // OSC, DCS, SOS, PM and APC strings up to their terminator; then CSI; then the remaining two-byte escapes.
      .replace(/(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/g, '')
      .replace(/(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?/g, '')
      .replace(/\x1b[ -/]*[0-~]?/g, '')
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
      .replace(invisible, '')
      .replace(idleJoiner, '')
  )
}

/** What is not to be seen: all that Unicode says to ignore, but for joiners and variation selectors. */
const invisible = /(?![\u200c\u200d\ufe00-\ufe0f])[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu

/** A joiner without a letter of another script, or an emoji, on both sides joins nothing. */
const idleJoiner =
  /(?<![^\x00-\x7f\s\p{Default_Ignorable_Code_Point}]|\ufe0f)[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\s\p{Default_Ignorable_Code_Point}])/gu

/**
 * A name, such as a task's id or a path, on one line of at most `max` UTF-16 units: invisible characters are shown as
 * `<U+200B>`, so that two names that look the same are the same.
 */
export function cleanName(name: string, max = 200): string {
  const shown = name.replace(unseen, (one) => `<U+${hex(one)}>`)
  return clip(cleanText(shown).replace(/\s/g, ' '), max)
}

const unseen = /(?![ \ufe0f])[\s\x00-\x1f\x7f-\x9f\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

/** As {@link cleanText}, on one line of at most `max` UTF-16 units, never cut inside a surrogate pair. */
export function cleanLine(text: string, max = 200): string {
  return clip(cleanText(text).replace(/\s+/g, ' ').trim(), max)
}

/** The end of a text, such as the reason at the end of a program's complaints. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

/** As much of the end of a program's output as says why it failed, clean: at most 6,000 characters. */
export function endOf(output: string): string {
  return cleanText(output).trim().slice(-6_000)
}

/** The first line in which a program complains; undefined if none does. */
export function firstComplaint(output: string): string | undefined {
  return output.split('\n').find((line) => complaint.test(line))
}

const complaint = /(?:^|[^\w/.-])(?:error|err!|err_\w+|fatal|cannot|could not|not found|no such)(?:$|[^\w/-])/i

/** `1 task`, `2 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The first of a list, parted by commas, and how many more there are. */
export function listFirst<Item>(items: readonly Item[], most: number, show: (item: Item) => string): string {
  const shown = items
    .slice(0, most)
    .map((item) => show(item))
    .join(', ')
  return items.length > most ? `${shown} and ${items.length - most} more` : shown
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

/** `12,345`: a whole number for people. Without Intl, whose tables take 37 ms to load. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
