import type { TaskId } from '../../domain/brand.js'
import { countBefore } from '../../domain/ordered.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { ParsedRoadmap, StatusValue } from '../formats/contract.js'
import { decode, encode, type Encoding } from '../syntax/decode.js'
import { heldNow } from './held-now.js'

/** A roadmap file at one moment. */
export interface View {
  readonly bytes: Uint8Array
  readonly text: string
  readonly encoding: Encoding
  readonly values: ReadonlyMap<TaskId, StatusValue>
  readonly tasks: () => ReadonlyMap<TaskId, Task>
  /** What the file keeps from running. */
  readonly held: ReadonlyMap<TaskId, HoldReason>
}

/** A status that can be written. */
export type StatusEdit = Extract<StatusValue, { kind: 'edit' }>

/** Those that write `done`, by task. */
export type StatusEdits = ReadonlyMap<TaskId, StatusEdit>

export type ParseView = (bytes: Uint8Array) => Promise<ParsedRoadmap>

export function viewOf(bytes: Uint8Array, parsed: ParsedRoadmap): View {
  const decoded = decode(bytes, '')
  const text = decoded.ok ? decoded.value.text : ''
  const { values, encoding } = parsed
  return { bytes, text, encoding, values, tasks: tasksOf(parsed), held: heldNow(parsed) }
}

export function tasksOf({ roadmap }: ParsedRoadmap): View['tasks'] {
  let tasks: ReadonlyMap<TaskId, Task> | undefined
  return () => (tasks ??= new Map(roadmap?.tasks.map((task) => [task.id, task])))
}

/** The file with these edits in it; undefined if it would not read as it should. */
export async function edited(view: View, edits: StatusEdits, parse: ParseView): Promise<View | undefined> {
  const inOrder = [...edits.values()].sort((a, b) => a.start - b.start)
  if (inOrder.some(({ start, end, before }) => view.text.slice(start, end) !== before)) return undefined
  if (inOrder.some(({ start }, index) => start < (inOrder[index - 1]?.end ?? 0))) return undefined
  const text = splicedText(view.text, inOrder)
  const bytes = encode(text, view.encoding)
  if (!inOrder.every(({ plain }) => plain)) return readAgain(view, edits, bytes, parse)
  return { ...view, bytes, text, values: movedValues(view, edits, inOrder) }
}

function splicedText(text: string, inOrder: readonly StatusEdit[]): string {
  const pieces: string[] = []
  let from = 0
  for (const { start, end, text: inserted } of inOrder) {
    pieces.push(text.slice(from, start), inserted)
    from = end
  }
  return pieces.join('') + text.slice(from)
}

/** From an offset on, everything has moved by so much. */
interface Shift {
  readonly from: number
  readonly by: number
}

/** The values after plain edits: everything behind an edit has moved by its change in length. */
function movedValues(
  { values }: View,
  edits: StatusEdits,
  inOrder: readonly StatusEdit[],
): ReadonlyMap<TaskId, StatusValue> {
  const written = new Map<StatusEdit, StatusEdit>()
  const shifts: Shift[] = []
  let by = 0
  for (const edit of inOrder) {
    const start = edit.start + by
    written.set(edit, { ...edit, start, end: start + edit.text.length, before: edit.text, status: 'done' })
    by += edit.text.length - edit.before.length
    shifts.push({ from: edit.end, by })
  }
  const moved = new Map<TaskId, StatusValue>()
  for (const [id, value] of values) {
    const edit = edits.get(id)
    moved.set(id, (edit && written.get(edit)) ?? shifted(value, shifts))
  }
  return moved
}

/** `shifts` are in order; the last one that begins before the value counts. */
function shifted(value: StatusValue, shifts: readonly Shift[]): StatusValue {
  if (value.kind !== 'edit') return value
  const by = shifts[countBefore(shifts, ({ from }) => from <= value.start) - 1]?.by ?? 0
  return { ...value, start: value.start + by, end: value.end + by }
}

/** The view after any other edits: it must have the same tasks, and the same statuses except these. */
async function readAgain(
  view: View,
  edits: StatusEdits,
  bytes: Uint8Array,
  parse: ParseView,
): Promise<View | undefined> {
  const parsed = await parse(bytes)
  const isSame = [...view.values].every(([id, { status }]) => {
    return parsed.values.get(id)?.status === (edits.has(id) ? 'done' : status)
  })
  return parsed.roadmap && isSame && parsed.values.size === view.values.size ? viewOf(bytes, parsed) : undefined
}
