import { PatternSearch, type Span } from './pattern-search.js'
import { encodedForms, formsOf } from './secret-forms.js'
import { unbroken, type Unbroken } from './unbroken.js'

/**
 * Finds secrets in all their forms. Encoders such as `base64` break long lines, so these forms are searched once more
 * in the bytes without line breaks.
 */
export class SecretSearch {
  readonly #forms: PatternSearch
  readonly #encoded: PatternSearch

  /** Undefined when there is nothing to look for. */
  static of(secrets: readonly string[]): SecretSearch | undefined {
    const forms = new Set(secrets.flatMap(formsOf))
    return forms.size === 0 ? undefined : new SecretSearch(forms, new Set(secrets.flatMap(encodedForms)))
  }

  private constructor(forms: ReadonlySet<string>, encoded: ReadonlySet<string>) {
    this.#forms = searchFor(forms)
    this.#encoded = searchFor(encoded)
  }

  /** Each position where a secret begins before `limit`, in order. They may overlap. */
  find(bytes: Uint8Array, limit = bytes.length): readonly Span[] {
    const found = this.#forms.find(bytes, limit)
    const whole = unbroken(bytes)
    if (!whole) return found
    const broken = this.#encoded.find(whole.bytes).flatMap((span) => spanOf(whole, span, limit))
    return broken.length === 0 ? found : [...found, ...broken].sort((a, b) => a.start - b.start)
  }

  /** The first position where the bytes end in the start of a secret; their length if there is none. */
  unfinished(bytes: Uint8Array): number {
    const begun = this.#forms.unfinished(bytes)
    const whole = unbroken(bytes)
    if (!whole) return begun
    const at = this.#encoded.unfinished(whole.bytes)
    return at === whole.bytes.length ? begun : Math.min(begun, whole.placeOf(at))
  }
}

function spanOf(whole: Unbroken, { start, end }: Span, limit: number): readonly Span[] {
  const place = whole.placeOf(start)
  return place < limit ? [{ start: place, end: whole.placeOf(end - 1) + 1 }] : []
}

function searchFor(forms: ReadonlySet<string>): PatternSearch {
  const encoder = new TextEncoder()
  return new PatternSearch([...forms].map((form) => encoder.encode(form)))
}
