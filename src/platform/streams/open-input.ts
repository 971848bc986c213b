import { PassThrough, type Writable } from 'node:stream'

/** The stdin of a process that is spoken with for as long as it lives. What is said before it begins waits for it. */
export class OpenInput {
  readonly #said = new PassThrough()

  say(text: string): void {
    if (!this.#said.writableEnded) this.#said.write(text)
  }

  /** It finds the end of its input. */
  close(): void {
    this.#said.end()
  }

  /** What it has not read yet, besides what the pipe holds. */
  get waitingBytes(): number {
    return this.#said.writableLength + this.#said.readableLength
  }

  /** For whoever starts the process. */
  pipeTo(stdin: Writable): void {
    this.#said.pipe(stdin)
  }
}

/** A whole text, behind which stdin is closed, or one that stays open. */
export type Input = string | OpenInput

/** Gives a process its stdin. */
export function giveInput(stdin: Writable, input: Input): void {
  if (typeof input === 'string') stdin.end(input)
  else input.pipeTo(stdin)
}
