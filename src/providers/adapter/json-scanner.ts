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
      const one = line.charAt(at)
      if (one === ' ' || one === '\t' || one === '\r' || one === '\n') continue
      if (!this.#fits(one)) return broken
      if (one === '"') {
        at = endOfString(line, at)
        // A string does not go on in the next line.
        if (at < 0) return broken
      } else if (one === '{' || one === '[') this.#closers.push(one === '{' ? '}' : ']')
      else if ((one === '}' || one === ']') && this.#closers.pop() !== one) return broken
      this.#last = one
      if (this.#closers.length === 0) return { type: 'closed', end: at + 1 }
    }
    return { type: 'open' }
  }

  /** Only an object starts here, and inside one a name follows a brace or a comma. */
  #fits(one: string): boolean {
    if (this.#closers.length === 0) return one === '{'
    if (this.#closers.at(-1) === ']') return true
    if (this.#last === '{') return one === '"' || one === '}'
    return this.#last !== ',' || one === '"'
  }
}

const broken = { type: 'broken' } as const

/** The position of the quote that ends the string starting here; -1 if there is none. */
function endOfString(line: string, from: number): number {
  for (let at = line.indexOf('"', from + 1); at >= 0; at = line.indexOf('"', at + 1)) {
    let before = at
    while (line[before - 1] === '\\') before--
    if ((at - before) % 2 === 0) return at
  }
  return -1
}
