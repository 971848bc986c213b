import type { Mask, StreamMask } from '../../domain/secrets/mask.js'
import { CappedFile } from './capped-file.js'
import type { Sink } from './sink.js'

export interface MaskedFileParts {
  readonly path: string
  readonly maxBytes: number
  readonly mask: Mask
  /** Also gets what goes into the file, and what finds no room there. */
  readonly onMasked?: (chunk: Buffer) => void
}

/** A capped file without secrets. */
export class MaskedFile implements Sink {
  readonly #file: CappedFile
  readonly #mask: StreamMask
  readonly #onMasked: ((chunk: Buffer) => void) | undefined

  constructor({ path, maxBytes, mask, onMasked }: MaskedFileParts) {
    this.#file = new CappedFile(path, maxBytes)
    this.#mask = mask.stream()
    this.#onMasked = onMasked
  }

  get isFull(): boolean {
    return this.#file.isFull && !this.#onMasked
  }

  write(chunk: Buffer): boolean {
    // What nobody reads any more needs no masking.
    return this.isFull || this.#take(this.#mask.push(chunk))
  }

  drained(): Promise<void> {
    return this.#file.drained()
  }

  async close(): Promise<void> {
    this.#take(this.#mask.end())
    await this.#file.close()
  }

  #take(bytes: Uint8Array): boolean {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#onMasked?.(chunk)
    return this.#file.write(chunk)
  }
}
