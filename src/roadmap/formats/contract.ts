import type { TaskId } from '../../domain/brand.js'
import type { TaskGraph } from '../../domain/roadmap/graph.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import type { Roadmap, TaskStatus } from '../../domain/roadmap/task.js'
import type { Encoding } from '../syntax/decode.js'

/** Reads a roadmap in one format, from the bytes of a file. Touches no disk, never throws. */
export type ParseRoadmap = (bytes: Uint8Array, options: ParseOptions) => ParsedRoadmap

/** What a parse may be told. */
export interface ParseOptions {
  /** The path to show in messages. Its extension decides between YAML and JSON. */
  readonly file: string
  /** More words for statuses, from the configuration: `{icebox: 'on_hold'}`. */
  readonly statuses?: Readonly<Record<string, string>>
  /** The allowed names for `provider:`; without them every name is accepted. */
  readonly providers?: readonly string[]
}

/** A roadmap with everything that was found in it: plain data that can be sent to a worker thread. */
export interface ParsedRoadmap {
  /** Present if tasks could be read; if the problems contain an error, it must not be run. */
  readonly roadmap?: Roadmap
  readonly graph?: TaskGraph
  /** Errors and warnings, sorted by position. */
  readonly problems: readonly Problem[]
  /** For each task id, where its status is written. */
  readonly values: ReadonlyMap<TaskId, StatusValue>
  readonly encoding: Encoding
}

/** Where a task's status is in the text, and what to write for done. Offsets: UTF-16 units, without a BOM. */
export type StatusValue =
  | {
      /** `text` replaces the range from `start` to `end`, which must contain `before`. */
      readonly kind: 'edit'
      readonly start: number
      readonly end: number
      readonly before: string
      readonly text: string
      /**
       * A plain word for a plain word on one line, or a line after a plain one: certain to read back right, so no
       * second parse is needed.
       */
      readonly plain: boolean
      readonly status: TaskStatus
    }
  | {
      /** The value serves several places, or the task has none of its own: it is never written. */
      readonly kind: 'shared'
      readonly status: TaskStatus
      readonly line: number
    }
