import fc from 'fast-check'

/** How many inputs a fuzz target is given: a few beside the other tests, thousands with `make fuzz`. */
export const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 300)

/** Long enough for those thousands on a busy machine, ms. */
export const fuzzTimeoutMs = 300_000

type Edit = (bytes: Uint8Array) => Uint8Array

const place = fc.nat(1_000_000)

/** Inputs for a reader of files: valid ones with some edits, the format's own words in disorder, and random bytes. */
export function hostileInputs(samples: readonly string[], words: readonly string[]): fc.Arbitrary<Uint8Array> {
  const text = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 8 }))
  const edits = fc.array(anyEdit(text), { minLength: 1, maxLength: 6 })
  const mutated = fc.tuple(fc.constantFrom(...samples), edits).map(([sample, list]) => {
    return list.reduce((bytes, edit) => edit(bytes), encode(sample))
  })
  const jumble = fc.array(text, { maxLength: 40 }).map((parts) => encode(parts.join('')))
  return fc.oneof(
    { weight: 6, arbitrary: mutated },
    { weight: 3, arbitrary: jumble },
    fc.uint8Array({ maxLength: 300 }),
  )
}

function anyEdit(text: fc.Arbitrary<string>): fc.Arbitrary<Edit> {
  const length = fc.oneof(fc.nat(3), fc.nat(200))
  return fc.oneof(
    fc.tuple(place, text).map(
      ([at, more]): Edit =>
        (bytes) =>
          splice(bytes, at, 0, encode(more)),
    ),
    fc.tuple(place, length).map(
      ([at, most]): Edit =>
        (bytes) =>
          splice(bytes, at, most, new Uint8Array(0)),
    ),
    fc.tuple(place, fc.nat(255)).map(
      ([at, byte]): Edit =>
        (bytes) =>
          splice(bytes, at, 1, Uint8Array.of(byte)),
    ),
    fc.tuple(place, place, length).map(([from, to, most]): Edit => (bytes) => {
      const start = from % (bytes.length + 1)
      return splice(bytes, to, 0, bytes.slice(start, start + most))
    }),
    place.map(
      (at): Edit =>
        (bytes) =>
          bytes.slice(0, at % (bytes.length + 1)),
    ),
  )
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const start = at % (bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)])
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}
