import { isDeepStrictEqual } from 'node:util'
import { compareProblems, type Problem } from '../../domain/roadmap/problem.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import { countBefore } from '../../domain/ordered.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { Task, TaskStatus } from '../../domain/roadmap/task.js'
import { wordsOf } from '../../domain/roadmap/task-text.js'
import { replaceFile } from '../../platform/files/atomic-write.js'
import { stampOf } from '../../platform/files/file-stamp.js'
import { readWhole } from '../../platform/files/read-whole.js'
import { decode, encode, maxBytes, type Encoding } from '../syntax/decode.js'
import { heldNow } from './held-now.js'
import type { LoadedRoadmap } from '../load.js'
import type { ParsedRoadmap } from '../formats/contract.js'
import { problemAt } from '../../domain/roadmap/source.js'
import type { StatusValue } from '../formats/contract.js'

/** Writes `done` into the roadmap file, and nothing else. */
export interface StatusWriter {
  /**
   * Records in the file that a task is done. `unchanged`: the file says so already. An error is a line for the
   * summary, never a reason to fail: E181 a check prevented the write, E182 shared value, W180 the file keeps
   * changing, W183 read-only, W184 unreadable, W185 a person set another status, W186 the task is gone, W187 its text
   * has changed.
   */
  markDone(taskId: string): Promise<Result<'written' | 'unchanged', Unwritten>>
  /**
   * Checks whether a person has put the task on hold meanwhile: blocked, canceled, done by hand, or removed from the
   * file. Reads only a file that has changed. If the file isn't a roadmap at the moment, nothing changes.
   */
  held(taskId: string): Promise<HoldReason | undefined>
  /** The size of the file when it was last read or written. */
  bytes(): number
}

/** Why a status was not written. */
export interface Unwritten extends Problem {
  /** The problem is the file's current state, not the task (W180, W183, W184): trying again may help. */
  readonly passing: boolean
  /** The same problem was reported since the last write. */
  readonly repeated: boolean
}

/** What the writer needs from outside. */
export interface StatusWriterOptions {
  /** Parses off the main thread; called only if the file differs from the last read. */
  readonly parse: (bytes: Uint8Array) => Promise<ParsedRoadmap>
}

/** The file as last seen. */
interface View {
  readonly bytes: Uint8Array
  readonly text: string
  readonly encoding: Encoding
  readonly values: Map<string, StatusValue>
  readonly tasks: () => ReadonlyMap<string, Task>
  /** What the file keeps from running. */
  readonly held: ReadonlyMap<string, HoldReason>
}

type Written = Result<'written' | 'unchanged', Unwritten>
type Edit = Extract<StatusValue, { kind: 'edit' }>

/** Why the file isn't a roadmap at the moment. */
interface Unreadable {
  readonly text: string
  readonly line?: number
  /** The file was read, but its content isn't a roadmap; otherwise it couldn't be read. */
  readonly broken?: true
}

const maxTries = 5

/** Creates the one writer of a loaded roadmap; its calls run one after the other. */
export function createStatusWriter(loaded: LoadedRoadmap, { parse }: StatusWriterOptions): StatusWriter {
  const seen = new Map([...loaded.parsed.values].map(([id, { status }]) => [id, status]))
  const first = tasksOf(loaded.parsed)
  const said = new Set<string>()
  let view: View = viewOf(loaded.bytes, loaded.parsed)
  const heldBefore = view.held
  let stamp: string | undefined
  let last: Promise<unknown> = Promise.resolve()
  let looking: Promise<unknown> = Promise.resolve()
  let nextLook: Promise<void> | undefined

  const problemOf = (code: string, text: string, help: string, line = 1) =>
    problemAt(code, { file: loaded.options.file, line, column: 1 }, text, { help })
  const problem = (code: string, text: string, help: string, line?: number): Written =>
    err({ ...problemOf(code, text, help, line), passing: false, repeated: false })
  const passing = (code: string, text: string, help: string, line?: number): Written => {
    const repeated = said.has(code)
    said.add(code)
    return err({ ...problemOf(code, text, help, line), passing: true, repeated })
  }

  /**
   * Writes everything that waits in as few steps as possible: all plain edits at once, then all others with one parse.
   * If that would change more than it should, it tries fewer and fewer at a time until it finds the cause.
   */
  async function writeAll(waiting: Map<string, (written: Written) => void>): Promise<void> {
    const answer = (ids: Iterable<string>, written: Written) => {
      for (const id of [...ids]) {
        waiting.get(id)?.(written)
        waiting.delete(id)
      }
    }
    let most = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < maxTries && waiting.size > 0;) {
      const unreadable = await refresh()
      if (unreadable) answer(waiting.keys(), unreadable)
      for (const id of [...waiting.keys()]) {
        const settled = settle(id, view.values.get(id))
        if (settled) answer([id], settled)
      }
      const edits = nextEdits(waiting.keys(), most)
      const written = edits.size > 0 ? await splice(edits) : 'changed'
      if (written === 'changed') tries++
      else if (written === 'wrong' && edits.size > 1) most = Math.ceil(edits.size / 2)
      else {
        answer(edits.keys(), written === 'wrong' ? wouldChangeMore(edits) : written)
        most *= 2
      }
    }
    if (waiting.size > 0)
      answer(waiting.keys(), passing('W180', 'the roadmap keeps changing: statuses are not written', byHand))
  }

  /** All plain edits of these tasks, or else at most this many of the others. */
  function nextEdits(ids: Iterable<string>, most: number): ReadonlyMap<string, Edit> {
    const edits = [...ids].map((id) => [id, view.values.get(id) as Edit] as const)
    const plain = edits.filter(([, { plain: isPlain }]) => isPlain)
    return new Map(plain.length > 0 ? plain : edits.slice(0, most))
  }

  function wouldChangeMore(edits: ReadonlyMap<string, Edit>): Written {
    const [id = ''] = edits.keys()
    return problem(
      'E181',
      `writing the status of "${id}" would change more than the status: not written`,
      'set it to done by hand',
    )
  }

  /** Reads what others wrote; an error means that the file isn't a roadmap at the moment. */
  async function reread(): Promise<Result<void, Unreadable>> {
    const now = await readWhole(loaded.path, maxBytes)
    if (!now.ok) return err({ text: `cannot read the roadmap (${now.error}): statuses are not written` })
    if (Buffer.compare(now.value, view.bytes) === 0) return ok(undefined)
    const parsed = await parse(now.value)
    if (parsed.roadmap) {
      view = viewOf(now.value, parsed)
      return ok(undefined)
    }
    const [fault] = parsed.problems.filter(({ severity }) => severity === 'error').sort(compareProblems)
    const why = fault ? `: ${fault.code} ${fault.text}` : ''
    const text = `the roadmap cannot be read at the moment, so statuses are not written${why}`
    return err({ text, broken: true, ...(fault ? { line: fault.position.line } : {}) })
  }

  /** Like {@link reread}; a result is for those whose status can't be written. */
  async function refresh(): Promise<Written | undefined> {
    const read = await reread()
    return read.ok ? undefined : passing('W184', read.error.text, restore, read.error.line)
  }

  /** Updates the view if the file isn't what was last read or written. */
  async function look(): Promise<void> {
    const now = await stampOf(loaded.path)
    if (now !== undefined && now === stamp) return
    const bytes = await readWhole(loaded.path, maxBytes)
    if (!bytes.ok || Buffer.compare(bytes.value, view.bytes) !== 0) {
      // Not while a status is being written: it may be what was just written.
      const reading = last.then(reread)
      last = reading
      const read = await reading
      // A file that isn't a roadmap is not read again until it changes.
      if (!read.ok && read.error.broken !== true) return
    }
    stamp = now
  }

  /** A read that starts after the call, shared by all who ask while another one is in progress. */
  function lookAgain(): Promise<void> {
    if (nextLook) return nextLook
    nextLook = looking.then(() => {
      nextLook = undefined
      return look()
    })
    looking = nextLook
    return nextLook
  }

  /** Everything that needs no writing. */
  function settle(id: string, value: StatusValue | undefined): Written | undefined {
    if (!value)
      return problem(
        'W186',
        `task "${id}" is no longer in the roadmap: its status is not written`,
        'the journal has it',
      )
    if (value.status === 'done') return ok('unchanged')
    if (value.status !== seen.get(id))
      return problem('W185', edited(id, value.status), 'set it to done by hand if that is right')
    const [before, now] = [first().get(id), view.tasks().get(id)]
    // What is done is the text that the run began with.
    if (before && now && wordsOf(before) !== wordsOf(now))
      return problem('W187', reworded(id), nextRun, now.position.line)
    if (value.kind === 'edit') return undefined
    const text = `the status of "${id}" is shared with other parts of the file, or the task has none of its own: not written`
    return problem('E182', text, 'give the task its own map and its own status', value.line)
  }

  /** `changed`: somebody changed the file meanwhile. `wrong`: the result would not read as it should. */
  async function splice(edits: ReadonlyMap<string, Edit>): Promise<Written | 'changed' | 'wrong'> {
    const inOrder = [...edits.values()].sort((a, b) => a.start - b.start)
    if (inOrder.some(({ start, end, before }) => view.text.slice(start, end) !== before)) return 'wrong'
    if (inOrder.some(({ start }, index) => start < (inOrder[index - 1]?.end ?? 0))) return 'wrong'
    const next = splicedText(view.text, inOrder)
    const bytes = encode(next, view.encoding)
    const plain = inOrder.every((edit) => edit.plain)
    const after = plain ? spliced(view, edits, next, bytes) : await verified(view, edits, bytes, parse)
    if (!after) return 'wrong'
    const replaced = await replaceFile(loaded.path, view.bytes, bytes)
    if (!replaced.ok)
      return passing('W183', `cannot write the roadmap (${replaced.error}): statuses are not written`, readOnly)
    if (replaced.value === 'changed') return 'changed'
    view = after
    for (const id of edits.keys()) seen.set(id, 'done')
    said.clear()
    return ok('written')
  }

  const waiting = new Map<string, (written: Written) => void>()
  return {
    async held(taskId) {
      await lookAgain()
      if (!view.values.has(taskId)) return { type: 'removed' }
      const held = view.held.get(taskId)
      // A run may include tasks that were already done in the file when it began, for example to redo them.
      return isDeepStrictEqual(held, heldBefore.get(taskId)) ? undefined : held
    },
    bytes: () => view.bytes.length,
    markDone(taskId) {
      return new Promise((resolve) => {
        const before = waiting.get(taskId)
        waiting.set(taskId, (written) => {
          before?.(written)
          resolve(written)
        })
        // Requests that arrive during a write go into the next one, together.
        last = last.then(() => {
          const batch = new Map(waiting)
          waiting.clear()
          return writeAll(batch)
        })
      })
    },
  }
}

const byHand = 'set finished tasks to done by hand'
const restore = `restore the file, or ${byHand}`
const readOnly = `make the file and its directory writable, or ${byHand}`

const nextRun = 'the next run does the new text; set the task to done by hand if that is done, too'

function reworded(id: string): string {
  return `the text of "${id}" has changed since the task started, so its status is not written`
}

function tasksOf({ roadmap }: ParsedRoadmap): View['tasks'] {
  let tasks: ReadonlyMap<string, Task> | undefined
  return () => (tasks ??= new Map(roadmap?.tasks.map((task) => [task.id, task])))
}

function edited(id: string, status: TaskStatus): string {
  return `"${id}" is done, but somebody set it to ${status} meanwhile: left as it is`
}

function viewOf(bytes: Uint8Array, parsed: ParsedRoadmap): View {
  const decoded = decode(bytes, '')
  const text = decoded.ok ? decoded.value.text : ''
  const tasks = tasksOf(parsed)
  return { bytes, text, encoding: parsed.encoding, values: new Map(parsed.values), tasks, held: heldNow(parsed) }
}

function splicedText(text: string, inOrder: readonly Edit[]): string {
  const pieces: string[] = []
  let from = 0
  for (const { start, end, text: inserted } of inOrder) {
    pieces.push(text.slice(from, start), inserted)
    from = end
  }
  return pieces.join('') + text.slice(from)
}

/** The view after plain edits: everything behind an edit has moved by its change in length. */
function spliced(view: View, edits: ReadonlyMap<string, Edit>, text: string, bytes: Uint8Array): View {
  const written = new Map<Edit, Edit>()
  const moves: { readonly from: number; readonly by: number }[] = []
  let by = 0
  for (const edit of [...edits.values()].sort((a, b) => a.start - b.start)) {
    const start = edit.start + by
    written.set(edit, { ...edit, start, end: start + edit.text.length, before: edit.text, status: 'done' })
    by += edit.text.length - edit.before.length
    moves.push({ from: edit.end, by })
  }
  const values = new Map<string, StatusValue>()
  for (const [id, value] of view.values) {
    const edit = edits.get(id)
    const own = edit && written.get(edit)
    values.set(id, own ?? moved(value, moves))
  }
  return { ...view, bytes, text, values }
}

/** `moves` are in order; the last one that begins before the value counts. */
function moved(value: StatusValue, moves: readonly { readonly from: number; readonly by: number }[]): StatusValue {
  if (value.kind !== 'edit') return value
  const by = moves[countBefore(moves, ({ from }) => from <= value.start) - 1]?.by ?? 0
  return { ...value, start: value.start + by, end: value.end + by }
}

/** The view after any other edits, read again: the same tasks, the same statuses except these. */
async function verified(
  view: View,
  edits: ReadonlyMap<string, Edit>,
  bytes: Uint8Array,
  parse: StatusWriterOptions['parse'],
): Promise<View | undefined> {
  const parsed = await parse(bytes)
  const same = [...view.values].every(([other, { status }]) => {
    return parsed.values.get(other)?.status === (edits.has(other) ? 'done' : status)
  })
  return parsed.roadmap && same && parsed.values.size === view.values.size ? viewOf(bytes, parsed) : undefined
}
