import { cleanLine } from '../../domain/text.js'

const maxChars = 2000

/** What is wrong, clean: the lines after the first are further in. */
export function troubleText(text: string | readonly string[]): string {
  return [text]
    .flat()
    .map((line, index) => (index === 0 ? '' : '  ') + indented(line))
    .join('\n')
}

/** What to do next, clean. */
export function helpText(help: string): string {
  return cleanLine(help, maxChars)
}

/** A clean line, as far in as it was. */
function indented(line: string): string {
  return (/^ */.exec(line)?.[0] ?? '') + cleanLine(line, maxChars)
}
