import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import { applyAgentEvent, noEvidence } from '../../../src/domain/agent/attempt.js'
import { eventReader } from '../../../src/providers/event-reader.js'
import { providers } from '../../../src/providers/index.js'
import { judgeAgent } from '../../../src/providers/judge.js'
import { readStream } from '../../support/rigs/recorded-stream.js'

const { claude, codex, command } = providers

function read(text: string, provider: typeof claude = claude): readonly AgentEvent[] {
  const reader = eventReader(provider)
  return [...text.split('\n').flatMap((line) => reader.read(line)), ...reader.end()]
}

const isUnreadable = (event: AgentEvent) => event.type === 'unknown' && event.line !== undefined
const readable = (events: readonly AgentEvent[]) => events.filter((event) => !isUnreadable(event))

const init = '{"type":"system","subtype":"init","session_id":"s1","model":"m"}'
const said = '{"type":"assistant","message":{"content":[{"type":"text","text":"a } \\" ] { [ \\\\"}]}}'
const result = '{"type":"result","subtype":"success","is_error":false,"result":"done","total_cost_usd":1,"num_turns":2}'
const three = [init, said, result]
const wanted = read(three.join('\n'))
const pretty = (line: string, indent: number | string = 2) => JSON.stringify(JSON.parse(line), null, indent)

describe('a stream that is not quite one object a line is read all the same', () => {
  it('and gives the same three events as one that is', () => {
    expect(wanted.map(({ type }) => type)).toEqual(['session', 'text', 'result'])
  })

  it.each([
    ['a byte order mark', `\ufeff${init}\n${said}\n\ufeff${result}`],
    ['a byte that is no UTF-8', `${init}\n${said}\n\ufffd${result}\ufffd`],
    ['a NUL', `${init}\n${said}\n\u0000${result}\u0000`],
    [
      'escape codes',
      `\u001b[?25l${init}\u001b[0m\n\u001b]0;title\u0007${said}\n\u001b[2K\u001b[1G${result}\u001b[?25h`,
    ],
    ['an escape alone', `${init}\n${said}\n\u001b${result}`],
    ['an escape code in the middle', `${init}\n${said}\n${result.replace(',', ',\u001b[0m')}`],
    ['carriage returns', three.map((line) => `\r${line}\r`).join('\n')],
    ['two on a line', `${init}${said}\n${result}`],
    ['all on a line, with blanks', three.join('  ')],
    ['all on a line, with commas', three.join(', ')],
    ['record separators', three.map((line) => `\u001e${line}`).join('\n')],
    ['an array', `[${three.join(',')}]`],
    ['an array over lines', `[\n${three.join(',\n')}\n]`],
    [
      'an array that is pretty-printed',
      JSON.stringify(
        three.map((line) => JSON.parse(line) as unknown),
        null,
        2,
      ),
    ],
    ['objects over lines', three.map((line) => pretty(line)).join('\n')],
    [
      'objects over lines, with tabs and carriage returns',
      three
        .map((line) => pretty(line, '\t'))
        .join('\n')
        .replaceAll('\n', '\r\n'),
    ],
    ['objects over lines, one behind the other', three.map((line) => pretty(line)).join('')],
    ['a result over lines', `${init}\n${said}\n${pretty(result)}`],
  ])('%s', (_, text) => {
    expect(read(text)).toEqual(wanted)
  })

  it('even with something else after an object', () => {
    expect(readable(read(`${init}\n${said}\n${result} [process exited]`))).toEqual(wanted)
  })
})

describe('a line that is cut off or no event', () => {
  it.each([
    ['in a string', '{"type":"assistant","message":{"content":[{"type":"te'],
    ['behind a colon', '{"type":"assistant","message":'],
    ['behind a comma', '{"type":"assistant",'],
    ['pretty-printed', '{\n  "type": "assistant",\n  "message": {\n    "content": ['],
    ['a brace', '{'],
    ['text', 'npm warn deprecated'],
    ['a log with a brace', 'function main() {'],
  ])('%s costs no later line', (_, broken) => {
    for (const next of [result, pretty(result), `\ufeff${result}`, `[${result}]`]) {
      const events = read(`${init}\n${broken}\n${next}`)
      expect(readable(events).map(({ type }) => type)).toEqual(['session', 'result'])
      expect(events.filter(isUnreadable).length).toBeGreaterThan(0)
    }
  })

  it('is no result even if it quotes one', () => {
    for (const text of [`debug: sent ${result}`, `"${result}"`, `> ${result}`, JSON.stringify(result)]) {
      expect(readable(read(text))).toEqual([])
    }
    // Nor is an object inside another one.
    const inside = `{"type":"user","message":{"content":[${result}]}}`
    expect(read(pretty(inside)).map(({ type }) => type)).not.toContain('result')
  })

  it('is named when no final event came: the last of such lines', () => {
    const judged = (text: string) => {
      const evidence = read(text).reduce(applyAgentEvent, noEvidence)
      return judgeAgent(claude, { exit: { type: 'code', code: 0 }, evidence, stderrTail: '' })?.message
    }
    const cut = result.slice(0, 40)
    expect(judged(`${init}\nfirst\n\u001b[1m${cut}`)).toBe(
      `The agent ended without a final event (exit code 0). The last unreadable line: ${cut}`,
    )
    expect(judged(pretty(result).slice(0, 30))).toMatch(/unreadable line: "subty$/)
    expect(judged(init)).toBe('The agent ended without a final event (exit code 0).')
    expect(judged(`first\n${result}`)).toBeUndefined()
  })
})

describe('reading loosely', () => {
  const events = fc.constantFrom(...three)
  const noise = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' ')),
    fc.constantFrom('{', '}', '[', '{"a":', '"b": {', ',', '  "x": 1,', '\u001b[0m', '{"type":"x"', '[{'),
  )

  it('loses no event that is on a line of its own, whatever comes before it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(events, noise), { maxLength: 30 }), (lines) => {
        const expected = lines.filter((line) => three.includes(line)).flatMap((line) => claude.readLine(line))
        expect(readable(read(lines.join('\n'))).filter(({ type }) => type !== 'unknown')).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads recorded streams as they are, joined, as an array, and pretty-printed', () => {
    for (const provider of [claude, codex]) {
      for (const name of ['text', 'tool', '429', 'review']) {
        const lines = readStream(provider.name, name).lines.filter((line) => line.startsWith('{'))
        const straight = lines.flatMap((line) => provider.readLine(line))
        const values = lines.map((line) => JSON.parse(line) as unknown)
        for (const text of [
          lines.join('\n'),
          lines.join(''),
          JSON.stringify(values),
          JSON.stringify(values, null, 1),
          values.map((value) => JSON.stringify(value, null, 4)).join('\n'),
        ])
          expect(read(text, provider)).toEqual(straight)
      }
    }
  })

  it('takes time in proportion to what is read', () => {
    const lines = Array.from({ length: 200_000 }, () => '{ "a": {')
    expect(readable(read([...lines, result].join('\n'))).map(({ type }) => type)).toEqual(['result'])
    expect(read('{"a":['.repeat(200_000)).filter(isUnreadable)).toHaveLength(1)
  })

  it('leaves the output of a command as it is, whatever it looks like', () => {
    const reader = eventReader(command)
    expect(reader.read('[{"type":"result"}]')).toEqual([{ type: 'text', text: '[{"type":"result"}]' }])
    expect(reader.end()).toEqual([])
  })
})

describe('texts that come in pieces', () => {
  const piece = (content: string) => JSON.stringify({ type: 'message', role: 'assistant', content, delta: true })
  const call = JSON.stringify({ type: 'tool_use', tool_name: 'read_file', tool_id: 't', parameters: {} })
  const texts = (...lines: readonly string[]) =>
    read(lines.join('\n'), providers.gemini).flatMap((event) => (event.type === 'text' ? [event.text] : []))

  it('are one text as far as nothing comes between them', () => {
    expect(texts(piece('I '), piece('look. '), call, piece('It is '), piece('done.'))).toEqual([
      'I look. ',
      'It is done.',
    ])
  })

  it('are told before what comes next, and a whole one at the end of a stream that was cut off', () => {
    expect(read([piece('I '), piece('look.'), call].join('\n'), providers.gemini).map(({ type }) => type)).toEqual([
      'text',
      'tool',
    ])
    expect(texts(piece('a'), piece('b'))).toEqual(['ab'])
  })

  it('do not fill the memory, however many they are', () => {
    const [text = ''] = texts(...Array.from({ length: 300 }, () => piece('x'.repeat(1000))))
    expect(text.length).toBe(64 * 1024)
  })
})
