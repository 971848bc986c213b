import type { TaskId } from '../../domain/brand.js'
import { err, type Result } from '../../domain/result.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { problemAt } from '../../domain/roadmap/source.js'
import type { TaskStatus } from '../../domain/roadmap/task.js'
import type { NoRoadmap } from './seen-file.js'

/** Why a status was not written. */
export interface Unwritten extends Problem {
  /** The problem is the file's current state, not the task (W180, W183, W184): trying again may help. */
  readonly passing: boolean
  /** The same problem was reported since the last write. */
  readonly repeated: boolean
}

type NotWritten = Result<never, Unwritten>

const byHand = 'set finished tasks to done by hand'
const nextRun = 'the next run does the new text; set the task to done by hand if that is done, too'

/** Reports why statuses of a file are not written. */
export class UnwrittenReports {
  readonly #file: string
  /** The codes of passing problems that were reported since the last write. */
  readonly #reported = new Set<string>()

  constructor(file: string) {
    this.#file = file
  }

  /** A status was written: no problem has been reported since. */
  clear(): void {
    this.#reported.clear()
  }

  keepsChanging(): NotWritten {
    return this.#passing('W180', 'the roadmap keeps changing: statuses are not written', byHand)
  }

  notWritable(error: string): NotWritten {
    const help = `make the file and its directory writable, or ${byHand}`
    return this.#passing('W183', `cannot write the roadmap (${error}): statuses are not written`, help)
  }

  noRoadmap({ text, line }: NoRoadmap): NotWritten {
    return this.#passing('W184', text, `restore the file, or ${byHand}`, line)
  }

  wouldChangeMore(id: TaskId): NotWritten {
    const text = `writing the status of "${id}" would change more than the status: not written`
    return this.#lasting('E181', text, 'set it to done by hand')
  }

  shared(id: TaskId, line: number): NotWritten {
    const text = `the status of "${id}" is shared with other parts of the file, or the task has none of its own: not written`
    return this.#lasting('E182', text, 'give the task its own map and its own status', line)
  }

  otherStatus(id: TaskId, status: TaskStatus): NotWritten {
    const text = `"${id}" is done, but somebody set it to ${status} meanwhile: left as it is`
    return this.#lasting('W185', text, 'set it to done by hand if that is right')
  }

  gone(id: TaskId): NotWritten {
    const text = `task "${id}" is no longer in the roadmap: its status is not written`
    return this.#lasting('W186', text, 'the journal has it')
  }

  reworded(id: TaskId, line: number): NotWritten {
    const text = `the text of "${id}" has changed since the task started, so its status is not written`
    return this.#lasting('W187', text, nextRun, line)
  }

  #lasting(code: string, text: string, help: string, line?: number): NotWritten {
    return err({ ...this.#problem(code, text, help, line), passing: false, repeated: false })
  }

  #passing(code: string, text: string, help: string, line?: number): NotWritten {
    const repeated = this.#reported.has(code)
    this.#reported.add(code)
    return err({ ...this.#problem(code, text, help, line), passing: true, repeated })
  }

  #problem(code: string, text: string, help: string, line = 1): Problem {
    return problemAt(code, { file: this.#file, line, column: 1 }, text, { help })
  }
}
