import type { Writable } from 'node:stream'

/** The stdin of a process that is spoken with for as long as it lives. What is said before it begins waits for it. */
export class OpenInput {
  #waiting: string[] = []
  #stdin: Writable | undefined
  #isClosed = false

  say(text: string): void {
    if (this.#isClosed) return
    if (this.#stdin) this.#stdin.write(text)
    else this.#waiting.push(text)
  }

  /** It finds the end of its input. */
  close(): void {
    this.#isClosed = true
    this.#stdin?.end()
  }

  /** What it has not read yet, besides what the pipe holds. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, text) => sum + Buffer.byteLength(text), this.#stdin?.writableLength ?? 0)
  }

  /** For whoever starts the process. */
  pipeTo(stdin: Writable): void {
    this.#stdin = stdin
    for (const text of this.#waiting) stdin.write(text)
    this.#waiting = []
    if (this.#isClosed) stdin.end()
  }
}

/** A whole text, behind which stdin is closed, or one that stays open. */
export type Input = string | OpenInput

/** Gives a process its stdin. */
export function giveInput(stdin: Writable, input: Input): void {
  if (typeof input === 'string') stdin.end(input)
  else input.pipeTo(stdin)
}
