import type { Baseline } from '../../domain/accounts/counted.js'
import { mergeGates, type Gate, gatesOf } from '../../domain/landing/gate.js'
import type { ProviderModel, Permissions } from '../../domain/agent/provider-model.js'
import type { Review } from '../../domain/landing/review.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { Begun } from '../../domain/attempt/course.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import type { Agent } from '../../pool/contract.js'
import { renderPrompt } from '../../prompt/render.js'
import type { Provider } from '../../providers/adapter/contract.js'
import { findProvider } from '../../providers/index.js'
import { isSessionId } from '../../providers/adapter/session-id.js'
import type { BaseWatch } from '../landing/base-watch.js'
import type { Allowances } from '../accounts/budget-keeper.js'
import { attemptDirectory } from '../agent/attempt-files.js'
import type { Isolation, Place, ReviewWork } from '../place/isolation.js'
import type { AgentEnd, AgentSettings } from '../agent/agent-work.js'
import { runAgent } from '../agent/run-agent.js'
import type { AttemptOf } from '../attempt-of.js'

/** What is the same for all attempts of a run. */
export interface AttemptSettings extends AgentSettings {
  readonly isolation: Isolation
  readonly base: BaseWatch
  readonly allowances: Allowances
  /** What every task's work must pass. */
  readonly gates: readonly Gate[]
  /** Judges work before it may land; see also `gates`. */
  readonly review: ReviewWork
  /** What reviewers judge by, so that the author knows. */
  readonly reviews: readonly Review[]
  readonly permissions: Permissions
  /** What follows when the agent was refused a tool in its last turn, beside its being told. */
  readonly onDenied: 'warn' | 'fail'
  readonly allow: readonly string[]
  readonly asRoot: boolean
  /** Replaces the default prompt. */
  readonly template?: string
  /** Paths that agents are told to leave alone, relative to the place. */
  readonly offLimits: readonly string[]
  readonly timeoutMs: number
  /** How long an agent may give no sign of life; 0: for ever. */
  readonly idleTimeoutMs: number
  /** Background work is left to the agents' CLIs. */
  readonly background: boolean
  /** How long what an agent left in the background may go on after its last result; 0: for ever. */
  readonly backgroundTimeoutMs: number
  readonly maxAttempts: number
  /** How often, within an attempt, work that was kept out goes back to its agent. */
  readonly repairRounds: number
  /** Where attempts keep prompt and output. */
  readonly attemptsDir: string
}

/** What an attempt of a task begins with. */
export interface AttemptRequest {
  readonly task: Task
  /** The attempt's number among those that count, and how many of them the task has: what its agent is told. */
  readonly counted: { readonly number: number; readonly most: number }
  /** Why an attempt before failed. */
  readonly feedback?: string
  /** What the attempt before left, which was cut off in the middle of its work. */
  readonly inherited?: Inheritance
}

/** A slot that is held for one turn. */
export interface HeldSlot {
  readonly agent: Agent
  /** Called the moment that the agent's process has ended; a second time does nothing. */
  readonly release: () => void
}

/** A conversation that can be resumed, and what its next total is to be compared with. */
export interface Conversation {
  readonly sessionId: string
  readonly used: Baseline
}

/** A turn that holds its slot, with all that its agent is told. */
export interface HeldTurn {
  readonly slot: HeldSlot
  readonly prompt: string
  /** The repair round, counted from 1; 0 for the attempt's first agent. */
  readonly round: number
  /** Goes on with this conversation; without, begins one. */
  readonly resumes?: Conversation
  /** It stands in for one whose CLI did not know the conversation any more. */
  readonly standsIn?: true
  /** It finishes what a turn before left unfinished; counts from 1 within the attempt. */
  readonly finishing?: number
  /** How often the run was resumed, where the turn takes up one that was interrupted with it. */
  readonly takenUp?: number
}

/** Runs the agent of a turn in a place. The slot is released at its exit. */
export function runTurn(
  { task, attempt }: AttemptOf,
  { slot, prompt, round, resumes, finishing, standsIn, takenUp }: HeldTurn,
  { cwd, base }: Place,
  settings: AttemptSettings,
): Promise<AgentEnd> {
  const { agent } = slot
  const budget = settings.allowances.allowance(agent.provider, task)
  const limits = { timeoutMs: task.timeoutMs ?? settings.timeoutMs, idleTimeoutMs: settings.idleTimeoutMs }
  return runAgent(
    {
      taskId: task.id,
      attempt,
      slot: agent.id,
      provider: providerOf(agent, settings),
      logDir: attemptDirectory(settings.attemptsDir, task.id, attempt),
      ...limits,
      backgroundTimeoutMs: settings.backgroundTimeoutMs,
      budget,
      ...(base === undefined ? {} : { base }),
      ...(round === 0 ? {} : { round }),
      ...(finishing === undefined ? {} : { finishing }),
      ...(standsIn ? { standsIn } : {}),
      ...(takenUp === undefined ? {} : { takenUp }),
      ...(resumes ? { usedBefore: resumes.used } : {}),
      assignment: {
        type: 'work',
        ...(resumes ? { conversation: resumes.sessionId } : {}),
        request: {
          cwd,
          prompt,
          permissions: settings.permissions,
          allow: settings.allow,
          asRoot: settings.asRoot,
          limits,
          ...(settings.background ? { background: true } : {}),
          ...(agent.model === undefined ? {} : { model: agent.model }),
          ...(budget.usd === undefined ? {} : { budgetUsd: budget.usd }),
          ...(task.run === undefined ? {} : { run: task.run }),
        },
      },
    },
    settings,
    slot.release,
  )
}

/** The conversation of an attempt, or of one that was cut off; undefined where it cannot be resumed. */
export function conversationOf({
  agent,
  sessionId,
  used,
}: Pick<Begun, 'agent' | 'sessionId' | 'used'>): Conversation | undefined {
  const canResume = findProvider(agent.provider)?.resume !== undefined
  return canResume && sessionId !== undefined && isSessionId(sessionId) ? { sessionId, used } : undefined
}

/** The provider and model of a slot, without what else it has. */
export function shown({ provider, model }: ProviderModel): ProviderModel {
  return model === undefined ? { provider } : { provider, model }
}

function providerOf({ provider: name }: ProviderModel, settings: Pick<AgentSettings, 'findProvider'>): Provider {
  const provider = settings.findProvider(name)
  if (!provider) throw new Error(`the pool chose the unknown provider ${name}`)
  return provider
}

/** What the agent is told that begins the task. */
export function taskPrompt({ task, counted, feedback }: AttemptRequest, settings: AttemptSettings): string {
  const prompt = renderPrompt(settings.template, {
    task,
    offLimits: settings.offLimits,
    checks: checksOf(task, settings),
    attempt: counted.number,
    maxAttempts: counted.most,
    ...(feedback === undefined ? {} : { feedback }),
  })
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
