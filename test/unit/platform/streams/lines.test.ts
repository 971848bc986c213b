import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../../src/platform/streams/lines.js'

function split(chunks: readonly Uint8Array[], maxBytes?: number): readonly string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line), maxBytes)
  for (const chunk of chunks) splitter.push(Buffer.from(chunk))
  splitter.end()
  return lines
}

/** The plain way, which holds everything at once: by bytes, so that a cut counts bytes too. */
function splitWhole(bytes: Uint8Array, maxBytes = Number.POSITIVE_INFINITY): readonly string[] {
  const parts = Buffer.from(bytes).toString('latin1').split('\n')
  if (parts.at(-1) === '') parts.pop()
  return parts.map((part) => Buffer.from(part.slice(0, maxBytes), 'latin1').toString('utf8').replace(/\r$/, ''))
}

/** Bytes of a stream as agents print it: line feeds are frequent, text is UTF-8, and now and then it is not. */
const streams = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', '').map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts))

function chunksOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

describe('splitting a stream into lines', () => {
  it('gives the same lines however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 30 }), (bytes, cuts) => {
        expect(split(chunksOf(bytes, cuts))).toEqual(splitWhole(bytes))
      }),
    )
  })

  it('cuts lines at the cap, whatever the chunks, and continues with the next line', () => {
    fc.assert(
      fc.property(
        streams,
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        (bytes, cuts, cap) => {
          expect(split(chunksOf(bytes, cuts), cap)).toEqual(splitWhole(bytes, cap))
        },
      ),
    )
  })

  it('tells of a line that is too long once, as soon as it is', () => {
    const told: number[] = []
    let [pushed, lines] = [0, 0]
    const splitter = new LineSplitter(
      () => lines++,
      4,
      'all',
      () => told.push(pushed),
    )
    for (const chunk of ['abc', 'de', 'fgh\n', 'abcd\n', 'abcdefg\n']) {
      pushed++
      splitter.push(Buffer.from(chunk))
    }
    expect(told).toEqual([2, 5])
    expect(lines).toBe(3)
  })

  it('accepts Windows line ends, keeps empty lines and a last line without an end', () => {
    expect(split([Buffer.from('one\r\n\r\ntwo\n\nthree')])).toEqual(['one', '', 'two', '', 'three'])
  })

  it('splits at line feeds alone: a lone carriage return and Unicode separators are part of the line', () => {
    expect(split([Buffer.from('a\rb\u2028c\u0085d\n')])).toEqual(['a\rb\u2028c\u0085d'])
  })

  it('keeps characters whole whose bytes come in two chunks', () => {
    const bytes = Buffer.from('€😀\n')
    expect(split([bytes.subarray(0, 1), bytes.subarray(1, 5), bytes.subarray(5)])).toEqual(['€😀'])
  })

  it('puts U+FFFD for what is not UTF-8', () => {
    expect(split([Buffer.from([0x61, 0xff, 0x62, 0x0a])])).toEqual(['a\ufffdb'])
  })

  it('gives at most the last line of each chunk that is not blank, if no more is wanted', () => {
    const blank = /^[ \t\r]*$/
    const bare = (line: string) => line.replace(/[ \t\r]+$/, '')
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 30 }), (bytes, cuts) => {
        const chunks = chunksOf(bytes, cuts)
        const latest: string[] = []
        const splitter = new LineSplitter((line) => latest.push(line), undefined, 'latest')
        for (const chunk of chunks) splitter.push(chunk)
        splitter.end()
        const said = latest.filter((line) => !blank.test(line)).map(bare)
        const all = splitWhole(bytes)
          .filter((line) => !blank.test(line))
          .map(bare)
        expect(said.at(-1)).toBe(all.at(-1))
        expect(latest.length).toBeLessThanOrEqual(chunks.length + 1)
        let from = 0
        for (const line of said) {
          const place = all.indexOf(line, from)
          expect(place).toBeGreaterThanOrEqual(from)
          from = place + 1
        }
      }),
    )
  })

  it('takes one step for a chunk of a million lines when only the last is wanted', () => {
    const latest: string[] = []
    const splitter = new LineSplitter((line) => latest.push(line), undefined, 'latest')
    splitter.push(Buffer.from(`${'y\n'.repeat(1_000_000)}the end\n\n`))
    splitter.push(Buffer.from('\n'.repeat(1_000_000)))
    splitter.end()
    expect(latest).toEqual(['the end'])
  })

  it('emits a line as soon as its end has come, and nothing for an empty stream', () => {
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    splitter.push(Buffer.from('one\ntw'))
    expect(lines).toEqual(['one'])
    splitter.push(Buffer.from('o\n'))
    expect(lines).toEqual(['one', 'two'])
    splitter.end()
    expect(lines).toEqual(['one', 'two'])
    expect(split([])).toEqual([])
  })
})
