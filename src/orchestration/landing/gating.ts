import { join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { msBetween, type Clock } from '../../domain/clock.js'
import type { Verdict } from '../../domain/landing/gate.js'
import type { RunEvent } from '../../domain/run/event.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { slugOf } from '../../domain/name.js'
import { ok } from '../../domain/result.js'
import { numbersFor } from '../../platform/files/file-numbers.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import type { WorkNumber } from '../../domain/agent/work-number.js'
import { command } from '../../providers/command.js'
import { baseVariable, type EnvironmentOf } from '../../providers/environment.js'
import type { OnSpawned } from '../../platform/processes/running-process.js'
import type { StartProcess } from '../../platform/processes/door.js'
import { runGate } from '../../verify/run-gate.js'
import { createVerifier, type CheckOut, type Verifier } from '../../verify/verifier.js'
import type { Workspaces } from '../../workspace/lease/workspaces.js'
import { freshWorkspace } from '../../workspace/lease/fresh-workspace.js'
import { limit } from '../../platform/limit.js'
import { errorText } from '../../domain/text.js'

export interface GatingParts {
  /** Workspaces of the gates' own: no agent ever works in one. */
  readonly workspaces: Workspaces
  /** At most so many gates at once. */
  readonly jobs: number
  /** How many numbers are the agents'; those of gates come after them. */
  readonly slots: number
  /** The commit at which the target stands. */
  readonly tip: () => CommitId
  readonly environmentOf: EnvironmentOf
  /** What gates print goes there. */
  readonly logDir: string
  readonly maskAt: (where: WorkNumber) => Mask
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onSpawned: OnSpawned
  /** A gate runs, or has run. */
  readonly onRun: (event: RunEventOf<'gate_started' | 'gate_ended'>) => void
  readonly start: StartProcess
}

type RunEventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** Judging in clean checkouts, beside the agents: none ever holds a slot. */
export interface Gating {
  readonly verifier: Verifier
  /** A clean checkout of a commit, in a workspace of the gates' own. */
  readonly checkOut: CheckOut
  /** Undefined where a gate could begin at once; otherwise resolves when the next one ends. */
  readonly whenFree: () => Promise<void> | undefined
}

export function createGating(parts: GatingParts): Gating {
  const { clock, signal, onSpawned, onRun, start } = parts
  const checkOut = checkOuts(parts.workspaces)
  const number = numbersFor(parts.logDir)
  const limited = limit(parts.jobs)
  const told = async (about: Omit<RunEventOf<'gate_started'>, 'type'>, judge: () => Promise<Verdict>) => {
    const began = clock.monotonic()
    onRun({ type: 'gate_started', ...about })
    try {
      return await judge()
    } finally {
      onRun({ type: 'gate_ended', run: about.run, durationMs: msBetween(began, clock.monotonic()) })
    }
  }
  const verifier = createVerifier({
    limited,
    monotonic: () => clock.monotonic(),
    signal,
    checkOut,
    tip: parts.tip,
    distrustAll: () => parts.workspaces.distrustAll(),
    async judge(gate, root, { job, base, tree, attempt, taskIds = [], unwanted }) {
      // For people: the number alone keeps the names apart.
      const whose = attempt ? `${slugOf(attempt.taskId) || 'task'}-${attempt.attempt}` : 'base'
      const run = await number()
      const logFile = join(parts.logDir, `${whose}-${run}-${slugOf(gate.name) || 'gate'}.log`)
      try {
        // People get its name, even if it stays empty.
        await writePrivateFile(logFile, '')
      } catch (error) {
        return { type: 'errored', message: errorText(error) }
      }
      const where = { number: parts.slots + job, ...(attempt ? { taskId: attempt.taskId } : {}) }
      const env = { ...baseVariable(base), ...parts.environmentOf(command, where) }
      const mask = parts.maskAt(where)
      const inTree = attempt && taskIds.length === 0 ? [attempt.taskId] : taskIds
      const verdict = await told({ run, gate: gate.name, tree, taskIds: inTree }, () =>
        runGate(gate, { root, env, logFile, mask, clock, signal, unwanted, onSpawned, start }),
      )
      return { ...verdict, log: logFile }
    },
  })
  return { verifier, checkOut, whenFree: limited.whenFree }
}

function checkOuts(workspaces: Workspaces): Gating['checkOut'] {
  let checkouts = 0
  return async (commit, how) => {
    const leased = await freshWorkspace(workspaces, commit, { checkout: ++checkouts }, how)
    if (!leased.ok) return leased
    const workspace = leased.value
    const release = () => workspaces.release(workspace)
    const distrust = () => workspaces.distrust(workspace)
    const older = workspace.holdsOlder ? ({ holdsOlder: true } as const) : {}
    return ok({ root: workspace.root, release, distrust, ...older })
  }
}
