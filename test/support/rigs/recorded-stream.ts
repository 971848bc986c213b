import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import { applyAgentEvent, noEvidence, type Evidence, type ExitStatus } from '../../../src/domain/agent/attempt.js'
import { refusalLog } from '../../../src/orchestration/agent/refusal-log.js'
import type { Provider } from '../../../src/providers/adapter/contract.js'
import { eventReader } from '../../../src/providers/event-reader.js'

/** One run of a real CLI against a stub model server: how it ended, and what it printed. */
export interface RecordedStream {
  readonly exit: ExitStatus
  readonly stderr: string
  readonly lines: readonly string[]
}

interface Ending {
  readonly exitCode: number | null
  readonly signal?: string
  readonly stderr: string
}

/** `test/fixtures/streams/<provider>/<scenario>.jsonl`: the first line says how the run ended, the rest is its stdout. */
export function readStream(provider: string, scenario: string): RecordedStream {
  const path = fileURLToPath(new URL(`../../fixtures/streams/${provider}/${scenario}.jsonl`, import.meta.url))
  const [first = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  const { recorded } = JSON.parse(first) as { recorded: Ending }
  return { exit: exitOf(recorded.exitCode, recorded.signal), stderr: recorded.stderr, lines }
}

function exitOf(code: number | null | undefined, signal: string | null | undefined): ExitStatus {
  return typeof code === 'number' ? { type: 'code', code } : { type: 'signal', signal: signal ?? 'SIGKILL' }
}

/** A stream of the whole collection, which not every machine has: `<folder>/<scenario>.{meta.json,stdout.*,stderr.txt}`. */
export function readCollected(folder: string, scenario: string): RecordedStream {
  const meta = JSON.parse(readFileSync(`${folder}/${scenario}.meta.json`, 'utf8')) as {
    exitCode: number | null
    exitSignal?: string
  }
  const stdout = ['jsonl', 'json', 'txt'].map((end) => `${folder}/${scenario}.stdout.${end}`).find(existsSync)
  const stderr = `${folder}/${scenario}.stderr.txt`
  return {
    exit: exitOf(meta.exitCode, meta.exitSignal),
    stderr: existsSync(stderr) ? readFileSync(stderr, 'utf8') : '',
    lines: stdout === undefined ? [] : readFileSync(stdout, 'utf8').split('\n'),
  }
}

export function eventsOf(provider: Provider, stream: RecordedStream): readonly AgentEvent[] {
  const reader = eventReader(provider)
  return [...stream.lines.flatMap((line) => reader.read(line)), ...reader.end()]
}

/** The refusals of a stream, each once, as a run takes them in; `cwd` is where it was recorded. */
export function refusedIn(
  provider: Provider,
  stream: RecordedStream,
  cwd = '/repo',
): readonly Extract<AgentEvent, { type: 'denied' }>[] {
  const complete = refusalLog(provider, { cwd, permissions: 'edit', allow: [] })
  return eventsOf(provider, stream).flatMap((told) => {
    const event = complete(told)
    return event?.type === 'denied' ? [event] : []
  })
}

export function evidenceOf(provider: Provider, stream: RecordedStream): Evidence {
  return eventsOf(provider, stream).reduce(applyAgentEvent, noEvidence)
}
