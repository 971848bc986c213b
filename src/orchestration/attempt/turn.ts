import type { Attempt, AttemptId } from '../../domain/attempt/attempt.js'
import type { Baseline } from '../../domain/accounts/counted.js'
import type { Budget } from '../../domain/accounts/budget.js'
import { mergeGates, type Gate, gatesOf } from '../../domain/landing/gate.js'
import { permissionsOf, type PermissionChoice } from '../../domain/agent/permissions.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import type { Review } from '../../domain/landing/review.js'
import { present } from '../../domain/present.js'
import type { Task } from '../../domain/roadmap/task.js'
import { textOf } from '../../domain/roadmap/task-text.js'
import type { Begun } from '../../domain/attempt/course.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import { digestOf } from '../../platform/files/digest.js'
import type { Agent } from '../../pool/contract.js'
import { renderPrompt } from '../../prompt/render.js'
import type { Assignment } from '../../providers/adapter/contract.js'
import type { FindProvider } from '../../providers/index.js'
import { isSessionId } from '../../providers/adapter/session-id.js'
import type { BaseWatch } from '../landing/base-watch.js'
import type { Allowances } from '../accounts/budget-keeper.js'
import { attemptDirectory, ownDirectory } from '../agent/attempt-files.js'
import type { Isolation, Place, ReviewWork } from '../place/isolation.js'
import type { AgentEnd, AgentSettings, AgentWork } from '../agent/agent-work.js'
import { runAgent } from '../agent/run-agent.js'

/** What all agents of a run's attempts share, authors and reviewers. */
export interface SlotSettings extends AgentSettings {
  readonly allowances: Allowances
  /** The criteria of the reviews, so that the author knows them. */
  readonly reviews: readonly Review[]
  readonly asRoot: boolean
  /** How long an agent may show no sign of life; 0: forever. */
  readonly idleTimeoutMs: number
  /** How long an agent's background work may run after its last result; 0: forever. */
  readonly backgroundTimeoutMs: number
  /** Where attempts keep prompt and output; those of their reviews are next to them. */
  readonly attemptsDir: string
}

/** What all attempts of a run share. */
export interface AttemptSettings extends SlotSettings {
  readonly isolation: Isolation
  readonly base: BaseWatch
  /** What every task's work must pass. */
  readonly gates: readonly Gate[]
  /** Reviews work before it may land; see also `gates`. */
  readonly review: ReviewWork
  readonly permissions: PermissionChoice
  /** What follows if the agent was refused a tool in its last turn, besides reporting it. */
  readonly onDenied: 'warn' | 'fail'
  readonly allow: readonly string[]
  /** Replaces the default prompt. */
  readonly template?: string
  /** Paths that agents must leave alone, relative to the place. */
  readonly offLimits: readonly string[]
  readonly timeoutMs: number
  /** Background work is left to the agent CLIs. */
  readonly background: boolean
  readonly maxAttempts: number
  /** How often, within one attempt, refused work goes back to its agent. */
  readonly repairRounds: number
}

/** What an attempt of a task starts with. */
export interface AttemptRequest {
  readonly task: Task
  /** The attempt's number among those that count, and how many the task has, as the agent is told. */
  readonly counted: { readonly number: number; readonly most: number }
  /** Why an attempt before failed. */
  readonly feedback?: string
  /** What the previous attempt left if it was cut off in the middle of its work. */
  readonly inherited?: Inheritance
}

/** A slot that is held for one turn. */
export interface HeldSlot {
  readonly agent: Agent
  /** Called the moment the agent's process has ended; a second call does nothing. */
  readonly release: () => void
}

/** A conversation that can be resumed, and what to compare its next total with. */
export interface Conversation {
  readonly sessionId: string
  readonly used: Baseline
}

/**
 * A turn that holds its slot, with everything that its agent is told, and what distinguishes its files from those of
 * other turns.
 */
export interface HeldTurn extends Pick<AgentWork, 'round' | 'finishing' | 'standsIn' | 'takenUp'> {
  readonly slot: HeldSlot
  readonly prompt: string
  /** Continues this conversation; without it, starts one. */
  readonly resumes?: Conversation
}

/** Runs the agent of a turn in a place. The slot is released at its exit. */
export function runTurn(
  { id, task }: Attempt,
  { slot, prompt, resumes, ...turn }: HeldTurn,
  { cwd, base }: Place,
  settings: AttemptSettings,
): Promise<AgentEnd> {
  const budget = settings.allowances.allowance(slot.agent.provider, task)
  const { work, request } = onSlot(slot, id, { timeoutMs: task.timeoutMs ?? settings.timeoutMs, budget }, settings)
  const permissions = permissionsOf(settings.permissions, slot.agent.provider)
  const { allow } = settings
  const background = settings.background ? (true as const) : undefined
  const assignment: Assignment = {
    type: 'work',
    ...present({ conversation: resumes?.sessionId }),
    request: {
      ...{ ...request, cwd, ownDir: ownDirectory({ ...work, ...turn }), prompt, permissions, allow },
      ...present({ background, run: task.run }),
    },
  }
  const more = present({ base, usedBefore: resumes?.used })
  return runAgent({ ...work, ...turn, ...more, assignment }, settings, slot.release)
}

/** What is known about the agent on a slot, whatever it does for an attempt, and what its CLI is asked for. */
export function onSlot(
  { agent }: HeldSlot,
  id: AttemptId,
  { timeoutMs, budget }: { readonly timeoutMs: number; readonly budget: Budget },
  settings: SlotSettings,
) {
  const { asRoot, idleTimeoutMs, backgroundTimeoutMs } = settings
  const provider = settings.findProvider(agent.provider)
  if (!provider) throw new Error(`the pool chose the unknown provider ${agent.provider}`)
  const limits = { timeoutMs, idleTimeoutMs }
  const logDir = attemptDirectory(settings.attemptsDir, id)
  return {
    work: { ...id, slot: agent.id, provider, logDir, ...limits, backgroundTimeoutMs, budget },
    request: { asRoot, limits, ...present({ model: agent.model, budgetUsd: budget.usd }) },
  }
}

/** The conversation of an attempt, or of one that was cut off; undefined if it can't be resumed. */
export function conversationOf(
  { agent, sessionId, used }: Pick<Begun, 'agent' | 'sessionId' | 'used'>,
  findProvider: FindProvider,
): Conversation | undefined {
  const canResume = findProvider(agent.provider)?.resume !== undefined
  return canResume && sessionId !== undefined && isSessionId(sessionId) ? { sessionId, used } : undefined
}

/** The provider and model of a slot, without its other properties. */
export function shown({ provider, model }: ProviderModel): ProviderModel {
  return { provider, ...present({ model }) }
}

/** The digest of what an agent that begins the task is told. */
export function attemptText(task: Task, { template }: Pick<AttemptSettings, 'template'>): string {
  return textOf(task, template, digestOf)
}

/** What an agent that starts the task is told. */
export function taskPrompt({ task, counted, feedback }: AttemptRequest, settings: AttemptSettings): string {
  const { offLimits } = settings
  const tries = { attempt: counted.number, maxAttempts: counted.most }
  const checks = checksOf(task, settings)
  const prompt = renderPrompt(settings.template, { task, offLimits, checks, ...tries, ...present({ feedback }) })
  if (!prompt.ok) throw new Error(`the prompt's template was not checked at the start: ${prompt.error}`)
  return prompt.value
}

/** How the work will be checked, in words for the agent. */
function checksOf(task: Task, { gates, reviews }: AttemptSettings): readonly string[] {
  return [
    ...(task.expects === 'change'
      ? ['The files in this directory must have changed; an answer alone is not enough.']
      : []),
    ...mergeGates(gates, gatesOf(task)).map(({ run }) => run),
    ...task.verify.flatMap(({ run, text }) => (run === undefined ? (text ?? []) : [])),
    ...reviews.map(({ criteria }) => `Another agent reviews the change by this: ${criteria.join('; ')}`),
    'The change must apply without conflict on top of what others have finished meanwhile.',
  ]
}
