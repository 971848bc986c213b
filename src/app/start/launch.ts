import type { Environment } from '../../domain/process/environment.js'
import type { Selected } from '../../domain/run/event.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { KnownRun } from '../../journal/runs.js'
import { formatGitFailure } from '../../platform/git/git.js'
import { gitHelp } from '../../workspace/git/refusal.js'
import { findClis } from './find-clis.js'
import { goOnWith } from './go-on.js'
import { openGround, type Ground } from '../ground/ground.js'
import { guarded, type Guard } from './guarded.js'
import { planLanded } from '../resume/landed.js'
import { landedAs, standingAfter } from '../resume/standing.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { limitIdleGits } from '../../platform/git/idle-git.js'
import { lockGround } from '../ground/lock-ground.js'
import { giveNumbers, type Numbered } from './numbered.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { printTrouble } from '../../ui/print/problem-output.js'
import type { ProviderSetup } from '../agents/providers.js'
import { landedOfOthers } from '../prepare/redo.js'
import { lookAround, replayRun, type Replayed } from '../resume/resumed.js'
import type { RunSettings } from '../../config/settings.js'
import { fitSlots } from './slots-that-fit.js'
import { startRun } from './start-run.js'

/** A run that was stopped, and how to go on with it. */
export interface PastRun {
  readonly run: KnownRun
  /** A journal with a bad line is cut back to what stands before it. */
  readonly repair: boolean
  /** Tasks that failed for good are tried again, as if they had not been tried. */
  readonly retryFailed: boolean
}

export interface LaunchParts {
  readonly prepared: Prepared
  readonly env: Environment
  readonly runId: string
  /** What a person should know first. */
  readonly notices: readonly string[]
  /** What was asked for where it was not the whole roadmap. */
  readonly selection?: Selected
  readonly past?: PastRun
  /** Takes the lock of a run elsewhere that gives no sign of life. */
  readonly takeOver: boolean
}

/** Starts a run, or goes on with one, when nothing is in the way. Gives the exit code. */
export async function launch({ prepared: wanted, env, ...rest }: LaunchParts): Promise<ExitCode> {
  const fitting = fitSlots(wanted.settings.agents)
  if (!fitting.ok) return refuse(fitting.error, wanted.settings)
  const settings = { ...wanted.settings, agents: fitting.value.agents }
  const prepared = { ...wanted, settings }
  const parts = {
    ...rest,
    notices: [...rest.notices, ...fitting.value.notices],
  }
  return guarded(prepared, { env, runId: parts.runId }, (guard) => makeReady({ ...prepared, ...parts, ...guard, env }))
}

interface ReadyParts extends Prepared, Omit<LaunchParts, 'prepared'>, Guard {}

interface LockedParts extends ReadyParts, Numbered {
  readonly setup: ProviderSetup
  /** Aborted when another has taken the lock. */
  readonly lockLost: AbortSignal
}

/** Finds the agent CLIs and takes the lock; the run starts when neither is refused. */
async function makeReady(parts: ReadyParts): Promise<ExitCode> {
  limitIdleGits(parts.settings.idleTimeoutMs)
  const setup = await findClis(parts, parts)
  if (!setup.ok) return setup.error
  const lost = new AbortController()
  const onLost = () => lost.abort()
  const locked = await lockGround(parts.location.lock, { takeOver: parts.takeOver, onLost, place: parts.location.root })
  if (!locked.ok) return refuse(locked.error, parts.settings)
  return withNumbers({ ...parts, setup: setup.value, lockLost: lost.signal }).finally(locked.value)
}

/** Gives each slot and gate job its ports, for as long as the run lasts. */
async function withNumbers(parts: ReadyParts & Omit<LockedParts, keyof Numbered>): Promise<ExitCode> {
  const given = await giveNumbers(parts, parts.env)
  if (!given.ok) return refuse(given.error, parts.settings)
  const notices = [...parts.notices, ...given.value.notices]
  return replayAndStart({ ...parts, ...given.value, notices }).finally(given.value.releasePorts)
}

/** With the lock held: nobody else writes the journal that is read here. */
async function replayAndStart(parts: LockedParts): Promise<ExitCode> {
  const { past, settings } = parts
  const replayed = past && (await replayRun(past.run, { repair: past.repair, now: Date.now() }))
  if (past && replayed?.ok === false) return printJournalTrouble(past.run, replayed.error, settings.output)
  return start(parts, replayed?.ok === true ? replayed.value : undefined)
}

async function start(parts: LockedParts, replayed: Replayed | undefined): Promise<ExitCode> {
  const { settings } = parts
  const opened = await openGround({
    ...parts,
    isResumed: replayed !== undefined,
  })
  if (!opened.ok) return refuse(opened.error, settings)
  const ground = opened.value
  return begin(parts, ground, replayed).finally(ground.close)
}

async function begin(parts: LockedParts, ground: Ground, replayed: Replayed | undefined): Promise<ExitCode> {
  const { settings, past } = parts
  const landed = landedOfOthers(settings, ground.landed)
  if (!replayed) {
    const begun = {
      ...parts,
      ...planLanded(parts, (task) => landedAs(task, landed)),
      ground,
    }
    return startRun({
      ...begun,
      notices: [...parts.notices, ...(await ground.history(begun))],
    })
  }
  const found = await lookAround(ground.repository?.user, replayed, ground.tips)
  if (!found.ok) return refuse({ message: formatGitFailure(found.error), help: gitHelp(found.error) }, settings)
  const standing = (task: Task) => standingAfter(task, replayed, found.value, landed)
  const begun = { ...parts, ...planLanded(parts, standing), ground }
  const resumed = await goOnWith(begun, replayed, found.value, past?.retryFailed === true)
  const notices = [...parts.notices, ...(await ground.history(begun))]
  return startRun({ ...begun, notices, resumed })
}

function refuse(
  { message, help }: { readonly message: string; readonly help?: string },
  settings: RunSettings,
): ExitCode {
  printTrouble(message, help, settings.output)
  return exitCodes.notSafe
}
