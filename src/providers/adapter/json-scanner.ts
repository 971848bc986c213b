/** Where an object ends: behind this place; in a later line; or it is none. */
export type Scanned =
  { readonly type: 'closed'; readonly end: number } | { readonly type: 'open' } | { readonly type: 'broken' }

/**
 * Finds the end of one JSON object that may be spread over lines. It looks at brackets, strings and the starts of
 * members, which is enough to notice early that something isn't an object; the parser decides whether it is one.
 */
export class JsonScanner {
  /** The brackets that are open, as the characters that close them. */
  readonly #closers: string[] = []
  /** The last character that is neither blank nor in a string. */
  #last = ''

  /** Goes on with the next line, from this place on. */
  scan(line: string, from: number): Scanned {
    for (let at = from; at < line.length; at++) {
      const char = line.charAt(at)
      if (char === ' ' || char === '\t' || char === '\r' || char === '\n') continue
      if (!this.#fits(char)) return broken
      if (char === '"') {
        at = endOfString(line, at)
        // A string does not go on in the next line.
        if (at < 0) return broken
      } else if (char === '{' || char === '[') this.#closers.push(char === '{' ? '}' : ']')
      else if ((char === '}' || char === ']') && this.#closers.pop() !== char) return broken
      this.#last = char
      if (this.#closers.length === 0) return { type: 'closed', end: at + 1 }
    }
    return { type: 'open' }
  }

  /** Only an object starts here, and inside one a name follows a brace or a comma. */
  #fits(char: string): boolean {
    if (this.#closers.length === 0) return char === '{'
    if (this.#closers.at(-1) === ']') return true
    if (this.#last === '{') return char === '"' || char === '}'
    return this.#last !== ',' || char === '"'
  }
}

const broken = { type: 'broken' } as const

/** The position of the quote that ends the string starting here; -1 if there is none. */
function endOfString(line: string, from: number): number {
  for (let at = line.indexOf('"', from + 1); at >= 0; at = line.indexOf('"', at + 1)) {
    let firstBackslash = at
    while (line[firstBackslash - 1] === '\\') firstBackslash--
    if ((at - firstBackslash) % 2 === 0) return at
  }
  return -1
}
