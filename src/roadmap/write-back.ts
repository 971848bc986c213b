import { compareProblems, type Problem } from '../domain/problem.js'
import { err, ok, type Result } from '../domain/result.js'
import type { TaskStatus } from '../domain/task.js'
import { replaceFile } from '../platform/atomic-write.js'
import { readWhole } from '../platform/read-whole.js'
import { decode, encode, maxBytes, type Encoding } from './decode.js'
import type { LoadedRoadmap } from './load.js'
import type { ParsedRoadmap } from './parse.js'
import { problemAt } from './source.js'
import type { StatusValue } from './status-value.js'

/** Writes `done` into the roadmap file, and nothing else. */
export interface StatusWriter {
  /**
   * Says in the file that a task is done. `unchanged`: the file says so already. An error is a line for the summary,
   * never a reason to fail: E181 not written after a check, E182 shared value, W180 the file keeps changing, W183
   * read-only, W184 unreadable, W185 a person set another status, W186 the task is gone.
   */
  markDone(taskId: string): Promise<Result<'written' | 'unchanged', Unwritten>>
}

/** Why a status was not written. */
export interface Unwritten extends Problem {
  /** Nothing is wrong with the task, but with the file at the moment (W180, W183, W184): asking again may help. */
  readonly passing: boolean
  /** The same was said since the last write. */
  readonly repeated: boolean
}

/** What the writer needs from outside. */
export interface StatusWriterOptions {
  /** Parses elsewhere than on the main thread; called only when the file is not as last read. */
  readonly parse: (bytes: Uint8Array) => Promise<ParsedRoadmap>
}

/** The file as last seen. */
interface View {
  readonly bytes: Uint8Array
  readonly text: string
  readonly encoding: Encoding
  readonly values: Map<string, StatusValue>
}

type Written = Result<'written' | 'unchanged', Unwritten>
type Edit = Extract<StatusValue, { kind: 'edit' }>

const maxTries = 5

/** Creates the one writer of a loaded roadmap; its calls run one after the other. */
export function createStatusWriter(loaded: LoadedRoadmap, { parse }: StatusWriterOptions): StatusWriter {
  const seen = new Map([...loaded.parsed.values].map(([id, { status }]) => [id, status]))
  const said = new Set<string>()
  let view: View = viewOf(loaded.bytes, loaded.parsed)
  let last: Promise<unknown> = Promise.resolve()

  const problemOf = (code: string, text: string, help: string, line = 1) =>
    problemAt(code, { file: loaded.options.file, line, column: 1 }, text, { help })
  const problem = (code: string, text: string, help: string, line?: number): Written =>
    err({ ...problemOf(code, text, help, line), passing: false, repeated: false })
  const passing = (code: string, text: string, help: string, line?: number): Written => {
    const repeated = said.has(code)
    said.add(code)
    return err({ ...problemOf(code, text, help, line), passing: true, repeated })
  }

  async function write(id: string): Promise<Written> {
    for (let tries = 0; tries < maxTries; tries++) {
      const current = await refresh()
      if (current) return current
      const value = view.values.get(id)
      const settled = settle(id, value)
      if (settled) return settled
      const written = await splice(id, value as Edit)
      if (written) return written
    }
    return passing('W180', 'the roadmap keeps changing: statuses are not written', byHand)
  }

  /** Takes in what others wrote; a result means that the file is no roadmap at the moment. */
  async function refresh(): Promise<Written | undefined> {
    const now = await readWhole(loaded.path, maxBytes)
    if (!now.ok) return passing('W184', `cannot read the roadmap (${now.error}): statuses are not written`, restore)
    if (Buffer.compare(now.value, view.bytes) !== 0) {
      const parsed = await parse(now.value)
      const [fault] = parsed.problems.filter(({ severity }) => severity === 'error').sort(compareProblems)
      if (!parsed.roadmap) {
        const why = fault ? `: ${fault.code} ${fault.text}` : ''
        return passing(
          'W184',
          `the roadmap cannot be read at the moment, so statuses are not written${why}`,
          restore,
          fault?.position.line,
        )
      }
      view = viewOf(now.value, parsed)
    }
    return undefined
  }

  /** Everything that needs no writing. */
  function settle(id: string, value: StatusValue | undefined): Written | undefined {
    if (!value)
      return problem(
        'W186',
        `task "${id}" is no longer in the roadmap: its status is not written`,
        'it stays in the journal',
      )
    if (value.status === 'done') return ok('unchanged')
    if (value.status !== seen.get(id))
      return problem('W185', edited(id, value.status), 'set it to done by hand if that is right')
    if (value.kind === 'edit') return undefined
    const text = `the status of "${id}" is shared with other places of the file, or has none of its own: not written`
    return problem('E182', text, 'give the task a map and a status of its own', value.line)
  }

  async function splice(id: string, value: Edit): Promise<Written | undefined> {
    const failed = () =>
      problem('E181', `writing the status of "${id}" would change more than it: not written`, 'set it to done by hand')
    const { start, end, before, text } = value
    if (view.text.slice(start, end) !== before) return failed()
    const next = view.text.slice(0, start) + text + view.text.slice(end)
    const bytes = encode(next, view.encoding)
    const after = value.plain ? spliced(view, id, value, next, bytes) : await verified(view, id, bytes, parse)
    if (!after) return failed()
    const replaced = await replaceFile(loaded.path, view.bytes, bytes)
    if (!replaced.ok)
      return passing('W183', `cannot write the roadmap (${replaced.error}): statuses are not written`, readOnly)
    if (replaced.value === 'changed') return undefined
    view = after
    seen.set(id, 'done')
    said.clear()
    return ok('written')
  }

  return {
    markDone(taskId) {
      const result = last.then(() => write(taskId))
      last = result.catch(() => undefined)
      return result
    },
  }
}

const byHand = 'set finished tasks to done by hand'
const restore = `restore the file, or ${byHand}`
const readOnly = `make the file and its directory writable, or ${byHand}`

function edited(id: string, status: TaskStatus): string {
  return `"${id}" is done, but somebody set it to ${status} meanwhile: left as it is`
}

function viewOf(bytes: Uint8Array, parsed: ParsedRoadmap): View {
  const decoded = decode(bytes, '')
  const text = decoded.ok ? decoded.value.text : ''
  return { bytes, text, encoding: parsed.encoding, values: new Map(parsed.values) }
}

/** The view after a plain edit: everything behind it has moved by the change of length. */
function spliced(view: View, id: string, edit: Edit, text: string, bytes: Uint8Array): View {
  const shift = edit.text.length - edit.before.length
  const values = new Map<string, StatusValue>()
  for (const [other, value] of view.values) {
    const moved = value.kind === 'edit' && value.start >= edit.end
    values.set(other, moved ? { ...value, start: value.start + shift, end: value.end + shift } : value)
  }
  values.set(id, { ...edit, end: edit.start + edit.text.length, before: edit.text, status: 'done' })
  return { bytes, text, encoding: view.encoding, values }
}

/** The view after any other edit, read anew: the same tasks, the same statuses but this one. */
async function verified(
  view: View,
  id: string,
  bytes: Uint8Array,
  parse: StatusWriterOptions['parse'],
): Promise<View | undefined> {
  const parsed = await parse(bytes)
  const same = [...view.values].every(([other, { status }]) => {
    return parsed.values.get(other)?.status === (other === id ? 'done' : status)
  })
  return parsed.roadmap && same && parsed.values.size === view.values.size ? viewOf(bytes, parsed) : undefined
}
