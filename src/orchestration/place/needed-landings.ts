import type { TaskId } from '../../domain/brand.js'
import type { Attempt } from '../../domain/attempt/attempt.js'

/** How many landings the workspace of an attempt must have in it. */
export class NeededLandings {
  /** Of each landed task, the number of its landing. */
  readonly #numbers = new Map<TaskId, number>()
  readonly #dependenciesOf: (taskId: TaskId) => readonly TaskId[]
  /** The number of the first landing after the base was red; nobody is to start from what failed. */
  #mended = 0

  constructor(dependenciesOf: (taskId: TaskId) => readonly TaskId[]) {
    this.#dependenciesOf = dependenciesOf
  }

  landed(taskId: TaskId, number: number, baseHasBeenRed: boolean): void {
    this.#numbers.set(taskId, number)
    if (this.#mended === 0 && baseHasBeenRed) this.#mended = number
  }

  /** Of so many that there are: a further attempt wants all of them. */
  by({ id }: Attempt, landings: number): number {
    if (id.attempt > 1) return landings
    return Math.max(this.#mended, ...this.#dependenciesOf(id.taskId).map((taskId) => this.#numbers.get(taskId) ?? 0))
  }
}
