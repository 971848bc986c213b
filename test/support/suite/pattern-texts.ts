/** A dot, until it is known how often it may come: once, it is a blank or a character that means none. */
const anything = '.…'

/**
 * The texts that a pattern is about, as a person would look for them: alternatives apart, `…` for what may be anything.
 * It knows what the tables of failures use.
 */
export function patternTexts({ source }: RegExp): readonly string[] {
  const reading = new PatternReading(source)
  const texts = reading.alternatives().map((text) =>
    text
      .replace(/…(?:\s*…)+/g, '…')
      .replace(/ {2,}/g, ' ')
      .trim(),
  )
  if (!reading.isAtEnd) throw new Error(`cannot read the pattern ${source}`)
  return texts
}

class PatternReading {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length
  }

  alternatives(): readonly string[] {
    const found = [...this.#sequence()]
    while (this.#take('|')) found.push(...this.#sequence())
    return found
  }

  #sequence(): readonly string[] {
    let texts = ['']
    while (!this.isAtEnd && !['|', ')'].includes(this.#source.charAt(this.#at))) {
      const parts = this.#repeated(this.#one())
      texts = texts.flatMap((text) => parts.map((part) => text + part))
    }
    return texts
  }

  /** One character, class or group. */
  #one(): readonly string[] {
    const [char, next] = [this.#next(), this.#source.charAt(this.#at)]
    if (char === '^' || char === '$') return ['']
    if (char === '.') return [anything]
    if (char === '(') return this.#group()
    if (char === '[') return [this.#class()]
    if (char !== '\\') return [char]
    this.#at++
    if (next === 'b') return ['']
    if (next === 's') return [' ']
    return [/[SWDwd]/.test(next) ? '…' : next]
  }

  #group(): readonly string[] {
    this.#take('?:')
    const inner = this.alternatives()
    if (!this.#take(')')) throw new Error(`a group without an end in ${this.#source}`)
    return inner
  }

  /** Its first character stands for it. */
  #class(): string {
    const end = this.#source.indexOf(']', this.#at)
    const first = this.#source.charAt(this.#at)
    this.#at = end + 1
    return first === '^' ? '…' : first
  }

  /** What may be missing is shown, unless it is a whole group: then both. */
  #repeated(one: readonly string[]): readonly string[] {
    const times = /^(?:[?*+]|\{[\d,]+\})/.exec(this.#source.slice(this.#at))?.[0] ?? ''
    const isGroup = this.#source.charAt(this.#at - 1) === ')'
    this.#at += times.length
    if (times === '?' && isGroup) return ['', ...one]
    if (one[0] === anything) return [/^\??$/.test(times) ? ' ' : ' … ']
    return times === '*' && one[0] === ' ' ? [''] : one
  }

  #next(): string {
    return this.#source.charAt(this.#at++)
  }

  #take(text: string): boolean {
    const isThere = this.#source.startsWith(text, this.#at)
    if (isThere) this.#at += text.length
    return isThere
  }
}
