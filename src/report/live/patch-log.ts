/** A patch, ready to be sent. */
export interface KeptPatch {
  readonly patch: number
  readonly data: Buffer
}

/** All together; what is older is dropped, and who needs it asks for everything. */
const maxBytes = 4_000_000

/** The last patches, for readers that have lost their connection, or have just got a page that is some seconds old. */
export class PatchLog {
  #kept: KeptPatch[] = []
  #bytes = 0
  #last = 0
  #isKept = false

  /** The number of the last one, whether or not it is still here. */
  get last(): number {
    return this.#last
  }

  /** Somebody has got a page: from now on patches are needed. */
  get isKept(): boolean {
    return this.#isKept
  }

  keep(): void {
    this.#isKept = true
  }

  add(data: Buffer): void {
    this.#kept.push({ patch: ++this.#last, data })
    this.#bytes += data.length
    while (this.#bytes > maxBytes) this.#bytes -= this.#kept.shift()?.data.length ?? this.#bytes
  }

  /** Something has changed, and nobody was to know what. */
  skip(): void {
    this.#last++
    this.#kept = []
    this.#bytes = 0
  }

  /** Those after this one, in order; undefined if some of them are gone. */
  since(patch: number): readonly KeptPatch[] | undefined {
    if (patch > this.#last) return undefined
    const after = this.#kept.filter((kept) => kept.patch > patch)
    return after.length === this.#last - patch ? after : undefined
  }
}
