import type { TreeId } from '../brand.js'
import type { Task } from '../roadmap/task.js'

/** A check that must pass on exactly the tree that lands. The command is the user's own and goes through a shell. */
export interface Gate {
  /** How it is shown; the command itself where nobody named it. */
  readonly name: string
  readonly run: string
  /** Directory to start in, relative to the root of the tree. */
  readonly cwd?: string
  /** A gate that takes longer has failed. */
  readonly timeoutMs: number
  /** Never two of it at once, whatever trees they judge. */
  readonly exclusive?: true
}

/**
 * What a gate said. `failed` is about the tree; `errored` never is: the gate could not be run (no process, no disk),
 * and is tried again.
 */
export type Verdict = (
  | { readonly type: 'passed' }
  /** `inSetup`: the gate itself has not run, as setup fails on this tree, and passes on the target's tip. */
  | { readonly type: 'failed'; readonly message: string; readonly tail: string; readonly inSetup?: true }
  | { readonly type: 'errored'; readonly message: string }
) & {
  /** The file with all that it printed; absent if it did not run. */
  readonly log?: string
}

/** The words of verdicts. */
export const verdictTypes = ['passed', 'failed', 'errored'] as const satisfies readonly Verdict['type'][]

/** What setup is called where it fails as a gate does. */
export const setupGate = 'setup'

/** What decides a verdict; equal keys need no second run. A gate's base, number and task are no part of it. */
export function verdictKey(tree: TreeId, gate: Gate): string {
  return JSON.stringify([tree, gate.run, gate.cwd ?? ''])
}

/** What a gate is known by, whatever it is called and whatever tree it judges. */
export function gateKey(gate: Gate): string {
  return JSON.stringify([gate.run, gate.cwd ?? ''])
}

/** The gates of a task after `gates:`, each command in a directory once; exclusive if either says so. */
export function mergeGates(common: readonly Gate[], own: readonly Gate[]): readonly Gate[] {
  const merged = new Map<string, Gate>()
  for (const gate of [...common, ...own]) {
    const key = gateKey(gate)
    const known = merged.get(key)
    merged.set(key, known === undefined ? gate : { ...known, ...(gate.exclusive ? { exclusive: true } : {}) })
  }
  return [...merged.values()]
}

/** A gate without a limit of its own may take so long. */
export const defaultGateTimeoutMs = 10 * 60_000

/** The gates that a task asks for by `verify:`; its entries without a command are text for the agent. */
export function gatesOf(task: Task): readonly Gate[] {
  return task.verify.flatMap(({ run, name, cwd, timeoutMs = defaultGateTimeoutMs, exclusive }): Gate[] =>
    run === undefined
      ? []
      : [
          {
            name: name ?? run,
            run,
            timeoutMs,
            ...(cwd === undefined ? {} : { cwd }),
            ...(exclusive ? { exclusive } : {}),
          },
        ],
  )
}
