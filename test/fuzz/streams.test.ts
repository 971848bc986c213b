import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AgentEvent } from '../../src/domain/agent/agent-event.js'
import { applyAgentEvent, noEvidence, type Evidence } from '../../src/domain/agent/attempt.js'
import { LineSplitter } from '../../src/platform/streams/lines.js'
import { eventReader } from '../../src/providers/event-reader.js'
import { judgeAgent } from '../../src/providers/judge.js'
import { providersWith } from '../../src/providers/index.js'
import { fuzzRuns, fuzzTimeoutMs, hostileInputs } from '../support/games/mutations.js'
import { readStream } from '../support/rigs/recorded-stream.js'

const findProvider = providersWith({})

const names = ['claude', 'codex', 'gemini', 'opencode', 'qwen', 'copilot', 'pi'] as const
const samples = names.flatMap((name) => {
  const folder = fileURLToPath(new URL(`../fixtures/streams/${name}`, import.meta.url))
  return readdirSync(folder).map((file) => readStream(name, file.replace(/\.jsonl$/, '')).lines.join('\n'))
})
// A whole stream can be long: fuzzing wants many small ones.
const short = samples.flatMap((text) => [text.slice(0, 3000), text.slice(-3000)])
const words = [
  ...[
    '{"type":"',
    'result',
    'assistant',
    'system',
    'rate_limit_event',
    'tool_result',
    'message',
    'turn.failed',
    'item.completed',
    'error',
    '"}',
    '\n',
    '\r\n',
  ],
  ...[
    '"is_error":true',
    '"message":',
    '"content":[',
    '{"type":"text","text":',
    '"usage":',
    '"session_id":"x"',
    '"item":{',
    '"part":{"reason":"stop","tokens":{',
    'null',
    '{}',
  ],
  ...[
    '[]',
    '""',
    '1e999',
    '-1',
    '"__proto__":{',
    '"\\ud800"',
    '\u001b[2J',
    '\ufeff',
    '}'.repeat(20),
    '['.repeat(2000),
    '"resetsAt":',
  ],
]

/** What a provider reads from a stream that arrives in chunks cut at these places. */
function evidenceOf(name: (typeof names)[number], bytes: Uint8Array, cuts: readonly number[]): Evidence {
  const provider = findProvider(name)!
  let evidence = noEvidence
  const reader = eventReader(provider)
  const take = (events: readonly AgentEvent[]) => {
    for (const event of events) evidence = applyAgentEvent(evidence, event)
  }
  const lines = new LineSplitter((line) => take(reader.read(line)), 2000)
  let from = 0
  for (const cut of [...cuts.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    lines.push(Buffer.from(bytes.slice(from, cut)))
    from = cut
  }
  lines.end()
  take(reader.end())
  return evidence
}

test(
  'whatever a CLI prints, and however it arrives, reading it gives the same evidence and a clean verdict',
  () => {
    const cuts = fc.array(fc.nat(100_000), { maxLength: 8 })
    const tails = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('', ...words))
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        hostileInputs(short, words),
        cuts,
        tails,
        (name, bytes, places, stderrTail) => {
          const evidence = evidenceOf(name, bytes, places)
          expect(evidence).toEqual(evidenceOf(name, bytes, []))
          for (const code of [0, 1]) {
            const failure = judgeAgent(findProvider(name)!, { exit: { type: 'code', code }, evidence, stderrTail })
            expect(failure === undefined && code === 0 ? evidence.result : failure).toBeDefined()
            if (failure) expect(failure.message).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e]+$/)
          }
          expect(Object.values(evidence.usage).every((count) => Number.isFinite(count) && count >= 0)).toBe(true)
        },
      ),
      { numRuns: fuzzRuns },
    )
  },
  fuzzTimeoutMs,
)
