import { join } from 'node:path'
import { judgeUnchanged, type Evidence } from '../domain/attempt.js'
import { failure, type Failure } from '../domain/failure.js'
import { mergeGates, type Gate } from '../domain/gate.js'
import { safeName } from '../domain/name.js'
import type { Agent } from '../pool/agent-pool.js'
import type { Task } from '../domain/task.js'
import { renderPrompt } from '../prompt/render.js'
import type { Permissions } from '../providers/contract.js'
import { findProvider } from '../providers/index.js'
import { gatesOf } from './gating.js'
import type { AttemptOf, Harvest, Isolation, Kept } from './isolation.js'
import type { Recorder } from './recorder.js'
import { runAgent, type AgentSettings } from './run-agent.js'

/** What is the same for all attempts of a run. */
export interface AttemptSettings extends AgentSettings {
  readonly isolation: Isolation
  /** What every task's work must pass. */
  readonly gates: readonly Gate[]
  readonly permissions: Permissions
  readonly allow: readonly string[]
  readonly asRoot: boolean
  /** Replaces the default prompt. */
  readonly template?: string
  /** Paths that agents are told to leave alone, relative to the place. */
  readonly offLimits: readonly string[]
  readonly timeoutMs: number
  readonly maxAttempts: number
  /** Where attempts keep prompt and output. */
  readonly attemptsDir: string
}

export interface AttemptRequest {
  readonly task: Task
  readonly attempt: number
  /** The attempt's number among those that count, and how many of them the task has: what its agent is told. */
  readonly counted: { readonly number: number; readonly most: number }
  readonly agent: Agent
  /** Why an attempt before failed. */
  readonly feedback?: string
}

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly type: 'done'; readonly how: 'integrated' | 'unchanged' | 'in_place' }
  | { readonly type: 'failed'; readonly failure: Failure }

/**
 * One attempt on a reserved slot: a place, the agent, its work collected and landed. `release` is called the moment
 * that the agent's process has ended, or cannot be started. Never rejects for what can happen in normal life.
 */
export async function performAttempt(
  request: AttemptRequest,
  settings: AttemptSettings,
  release: () => void,
): Promise<AttemptEnd> {
  const { task, attempt, agent } = request
  const { recorder, isolation } = settings
  const of: AttemptOf = { task, attempt, agent }
  const opened = await isolation.open(of)
  if (!opened.ok) {
    // The slot was reserved, so that its release is a fact of the run, too.
    await recorder.record(started(request, ''))
    release()
    const exit = { type: 'not_started', message: opened.error.message } as const
    await recorder.record({ type: 'agent_exited', taskId: task.id, attempt, slot: agent.id, exit, durationMs: 0 })
    return { type: 'failed', failure: opened.error }
  }
  const { place } = opened.value
  const from = place.base === undefined ? {} : { base: place.base }
  void recorder.record({ ...started(request, place.cwd), ...from })
  const { evidence, failure: ended } = await work(request, place.cwd, settings, release)
  const harvest = await opened.value.harvest()
  const based: Based = { ...of, ...from }
  recordHarvest(recorder, based, harvest)
  return ended ? failed(based, recorder, harvest, ended) : settle(based, settings, harvest, evidence)
}

/** An attempt, and the commit that it started from; in place there is none. */
interface Based extends AttemptOf {
  readonly base?: string
}

function started({ task, attempt, agent }: AttemptRequest, workspace: string) {
  const { id, provider, model } = agent
  return {
    type: 'attempt_started',
    taskId: task.id,
    attempt,
    slot: id,
    agent: model === undefined ? { provider } : { provider, model },
    workspace,
  } as const
}

async function work(request: AttemptRequest, cwd: string, settings: AttemptSettings, release: () => void) {
  const { task, attempt, counted, agent, feedback } = request
  const provider = findProvider(agent.provider)
  if (!provider) throw new Error(`the pool chose the unknown provider ${agent.provider}`)
  const prompt = renderPrompt(settings.template, {
    task,
    offLimits: settings.offLimits,
    checks: checksOf(task, settings.gates),
    attempt: counted.number,
    maxAttempts: counted.most,
    ...(feedback === undefined ? {} : { feedback }),
  })
  if (!prompt.ok) throw new Error(`the prompt's template was not checked at the start: ${prompt.error}`)
  const logDir = join(settings.attemptsDir, `${safeName(task.id)}-${attempt}`)
  return runAgent(
    {
      taskId: task.id,
      attempt,
      slot: agent.id,
      provider,
      logDir,
      timeoutMs: task.timeoutMs ?? settings.timeoutMs,
      request: {
        cwd,
        prompt: prompt.value,
        permissions: settings.permissions,
        allow: settings.allow,
        asRoot: settings.asRoot,
        ...(agent.model === undefined ? {} : { model: agent.model }),
        ...(task.run === undefined ? {} : { run: task.run }),
      },
    },
    settings,
    release,
  )
}

/** How the work will be checked, in words for the agent. */
function checksOf(task: Task, gates: readonly Gate[]): readonly string[] {
  return [
    ...(task.expects === 'change'
      ? ['The files in this directory must have changed; an answer alone is not enough.']
      : []),
    ...mergeGates(gates, gatesOf(task)).map(({ run }) => run),
    ...task.verify.flatMap(({ run, text }) => (run === undefined ? (text ?? []) : [])),
    'The change must apply without conflict on top of what others have finished meanwhile.',
  ]
}

function recordHarvest(recorder: Recorder, of: Based, harvest: Harvest): void {
  const { task, attempt } = of
  const taskId = task.id
  if (harvest.type === 'in_place') return
  if (harvest.type === 'stuck') {
    if (harvest.workspace === undefined) return
    void recorder.record({
      type: 'workspace_kept',
      path: harvest.workspace,
      why: `${taskId}: ${harvest.failure.message}`,
    })
    return
  }
  if (harvest.type === 'candidate') {
    const { commit, ref, leftOut, watched } = harvest
    void recorder.record({ type: 'candidate_created', taskId, attempt, commit, ref, leftOut })
    for (const path of watched) {
      const text = `${taskId}: its change to ${path} has no effect on this run, which uses what stood there at the start`
      void recorder.record({ type: 'notice', level: 'warning', text })
    }
  }
  for (const kept of harvest.kept) recordKept(recorder, of, kept)
}

function recordKept(recorder: Recorder, { task, attempt, base }: Based, kept: Kept): void {
  void recorder.record({
    type: 'commit_kept',
    taskId: task.id,
    attempt,
    ...kept,
    ...(base === undefined ? {} : { base }),
  })
}

/** What an agent that did not end well had done until then is kept, never landed. */
function failed(of: Based, recorder: Recorder, harvest: Harvest, why: Failure): AttemptEnd {
  if (harvest.type === 'candidate') {
    const { ref, commit } = harvest
    recordKept(recorder, of, { ref, commit, why: 'the unfinished work of a failed attempt' })
  }
  return { type: 'failed', failure: why }
}

async function settle(of: Based, settings: AttemptSettings, harvest: Harvest, evidence: Evidence): Promise<AttemptEnd> {
  switch (harvest.type) {
    case 'in_place':
      return { type: 'done', how: 'in_place' }
    case 'stuck':
      return { type: 'failed', failure: harvest.failure }
    case 'unchanged': {
      const unchanged = judgeUnchanged(of.task, evidence)
      return unchanged ? { type: 'failed', failure: unchanged } : { type: 'done', how: 'unchanged' }
    }
    case 'candidate':
      return land(of, settings, harvest)
  }
}

async function land(
  of: Based,
  { isolation, recorder, signal }: AttemptSettings,
  candidate: Extract<Harvest, { type: 'candidate' }>,
): Promise<AttemptEnd> {
  const taskId = of.task.id
  // Work that ended well before the run was canceled has been paid for: it still lands.
  const landed = await isolation.land(of, candidate, of.base ?? '')
  if (!landed.ok) {
    const { ref, commit } = candidate
    recordKept(recorder, of, { ref, commit, why: 'work that could not be integrated' })
    const stopped = signal.aborted && landed.error.kind === 'canceled'
    return { type: 'failed', failure: stopped ? failure('canceled', landed.error.message) : landed.error }
  }
  await recorder.record({ type: 'task_integrated', taskId, attempt: of.attempt, ...landed.value })
  return { type: 'done', how: 'integrated' }
}
