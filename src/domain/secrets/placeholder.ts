/** What stands in a value of `env:` for what each slot and gate job has of its own. */
export const placeholderNames = ['slot', 'port', 'task'] as const

export type PlaceholderName = (typeof placeholderNames)[number]

/** As in templates of prompts, where spaces may stand inside, too. Other braces are text: `docker ps --format` has them. */
const placeholder = new RegExp(`\\{\\{[ \\t]*(${placeholderNames.join('|')})[ \\t]*\\}\\}`, 'g')

/** The placeholders of a text, each once. */
export function placeholdersIn(text: string): readonly PlaceholderName[] {
  return [...new Set([...text.matchAll(placeholder)].map(([, name]) => name as PlaceholderName))]
}

/** The text with these values. One that is filled in is never read again. */
export function fillPlaceholders(text: string, values: Readonly<Record<PlaceholderName, string>>): string {
  return text.replace(placeholder, (_, name: PlaceholderName) => values[name])
}
