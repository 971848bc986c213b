import type { EpochMs } from '../domain/brand.js'
import { eventVersion, stampShape, whatIsWrong, type RunRecord } from '../domain/run/event.js'
import { err, ok, type Result } from '../domain/result.js'
import { replayNext, type RunState } from '../domain/run/run-state.js'
import { isShaped } from '../domain/shape/check.js'
import { cleanLine } from '../domain/text.js'
import { readLines } from '../platform/streams/read-lines.js'

/** Why a journal cannot be read back; the message is one clean line. */
export interface JournalFault {
  readonly code: 'not_there' | 'unreadable' | 'empty' | 'bad_line' | 'unknown_version' | 'other_version'
  readonly message: string
  /** The line it is about, from 1. */
  readonly line?: number
}

type OnRecord = (record: RunRecord, state: RunState) => void

/** A run as its journal tells it. */
export interface JournaledRun {
  readonly state: RunState
  /** Times of the first and of the last record. */
  readonly startedAt: EpochMs
  readonly lastAt: EpochMs
  /** When it began or was last continued: a process that is working on it has existed since before that. */
  readonly beganAt: EpochMs
  /** The number of the last record, which is its line number. */
  readonly seq: number
}

/** Reads a journal back, even while another process writes it. `onRecord` sees each record, too, with the state that it led to. */
export function readJournal(
  path: string,
  onRecord: OnRecord = () => undefined,
): Promise<Result<JournaledRun, JournalFault>> {
  return new JournalReader(path).readOn(onRecord)
}

/** Reads a journal in parts, as it grows. */
export class JournalReader {
  readonly #path: string
  #run: JournaledRun | undefined
  #line = 0
  #bytes = 0

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Takes in what was written since the last call. A part after the last line feed is a record in progress, or was when
   * autopilot died, and is left out.
   */
  async readOn(onRecord: OnRecord = () => undefined): Promise<Result<JournaledRun, JournalFault>> {
    let fault: JournalFault | undefined
    const read = await readLines(
      this.#path,
      (text) => {
        const record = readRecord(text, ++this.#line)
        const next = record.ok ? takeIn(this.#run, record.value, this.#line, onRecord) : record
        if (next.ok) this.#run = next.value
        else fault = next.error
        return next.ok
      },
      this.#bytes,
    )
    if (!read.ok) return err(unreadable(read.error))
    if (fault) return err(fault)
    this.#bytes = read.value
    return this.#run ? ok(this.#run) : err(nothingYet)
  }
}

/** How a run began, from the first line of its journal. */
export async function readStart(path: string): Promise<Result<RunState['start'], JournalFault>> {
  let first: Result<RunRecord, JournalFault> | undefined
  const read = await readLines(path, (text) => {
    first = readRecord(text, 1)
    return false
  })
  if (!read.ok) return err(unreadable(read.error))
  if (!first) return err(nothingYet)
  if (!first.ok) return first
  return first.value.type === 'run_started' ? ok(first.value) : badLine(1, 'is not the start of a run')
}

const nothingYet: JournalFault = { code: 'empty', message: 'the journal has no complete record yet' }

function unreadable(code: string): JournalFault {
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? { code: 'not_there', message: 'there is no journal' }
    : { code: 'unreadable', message: `cannot read the journal: ${code}` }
}

function readRecord(text: string, line: number): Result<RunRecord, JournalFault> {
  const value = parseJson(text)
  if (!isShaped(stampShape, value) || !('type' in value) || typeof value.type !== 'string')
    return badLine(line, 'is not a record')
  const record = value as RunRecord
  if (record.v !== eventVersion) {
    const message = `line ${line} of the journal has version ${record.v}, which autopilot ${AUTOPILOT_VERSION} cannot read${writtenBy(record)}`
    return err({ code: 'unknown_version', message, line })
  }
  // Every record has its line number: a lost or repeated line would change the state.
  if (record.seq !== line) return badLine(line, `has the number ${record.seq}`)
  if (line > 1) return ok(record)
  if (record.type !== 'run_started') return badLine(line, 'is not the start of a run')
  const wrong = whatIsWrong(record)
  return wrong === undefined ? ok(record) : misfit(line, wrong, record.version)
}

/** Where a version is told, as in the record of a start. */
function writtenBy(record: object): string {
  const version = 'version' in record && typeof record.version === 'string' ? record.version : undefined
  return version === undefined ? '' : `; autopilot ${cleanLine(version, 40)} wrote it`
}

/** Damage, or, if another version wrote it, a form that this version doesn't know. */
function misfit(line: number, wrong: string, version: unknown): Result<never, JournalFault> {
  const what = `is not a complete record (${cleanLine(wrong, 100)})`
  if (typeof version !== 'string' || version === AUTOPILOT_VERSION) return badLine(line, what)
  const message = `line ${line} of the journal ${what} for autopilot ${AUTOPILOT_VERSION}${writtenBy({ version })}`
  return err({ code: 'other_version', message, line })
}

/** The fold trusts its input; an incomplete record shows here, and nowhere else. */
function takeIn(
  run: JournaledRun | undefined,
  record: RunRecord,
  line: number,
  onRecord: OnRecord,
): Result<JournaledRun, JournalFault> {
  const wrong = whatIsWrong(record)
  if (wrong !== undefined) return misfit(line, wrong, run?.state.start.version)
  try {
    const state = replayNext(run?.state, record)
    if (!state) return badLine(line, 'comes too early')
    onRecord(record, state)
    return ok(next(run, record, state))
  } catch {
    return badLine(line, 'is not a complete record')
  }
}

function next(run: JournaledRun | undefined, record: RunRecord, state: RunState): JournaledRun {
  const { at, seq } = record
  const beganAt = run && record.type !== 'run_resumed' ? run.beganAt : at
  return { state, startedAt: run?.startedAt ?? at, beganAt, lastAt: at, seq }
}

function badLine(line: number, what: string) {
  return err<JournalFault>({ code: 'bad_line', message: `line ${line} of the journal ${what}`, line })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
