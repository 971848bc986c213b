import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { EndReason, ExitStatus } from '../../domain/agent/attempt.js'
import type { WorkNumber } from '../../domain/agent/work-number.js'
import type { ProcessorLook } from '../../domain/process/process-family.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import type { Assignment } from '../../providers/adapter/contract.js'

/**
 * What runs a turn of an agent: a process each (`process-runner.ts`), or a server that lives on (`../server`). Requests
 * and answers are plain data, so that they can go to another process or machine.
 *
 * It leaves these to the caller: evidence and its judgement, budgets, time limits, the journal, and the slot.
 * `test/support/rigs/agent-runners.ts` runs its suite on every implementation.
 */
export interface AgentRunner {
  /** Never throws for what can happen in normal life: a turn that cannot start has exited. */
  turn(request: TurnRequest): RunningTurn
}

/** A runner that must be closed, since something of it lives on from turn to turn. */
export interface ClosableRunner extends AgentRunner {
  /** A slot gets no turn for now: what lives on for it ends once its last turn has ended. A later turn may come. */
  rest(slot: number): void
  /** Ends that, and turns that are under way. No other comes. Never rejects. */
  close(): Promise<void>
}

/** A turn, as plain data. */
export interface TurnRequest {
  /** The provider's name. */
  readonly provider: string
  readonly assignment: Assignment
  /** Whose secrets its output may hold. */
  readonly where: WorkNumber
  /** The agent's whole environment, but for settings of the CLI that autopilot wants and that it does not name. */
  readonly env: Readonly<Record<string, string>>
  /** The name of a variable in `env` with a unique value: whatever still has it at the end is ended. */
  readonly mark?: string
  /** Nobody else works in its directory: an agent server's turn ends whatever has begun to work there meanwhile. */
  readonly isAlone?: true
  /** Absolute paths of the files that keep what it prints. */
  readonly output: { readonly stdout: string; readonly stderr: string }
}

/** A running turn. */
export interface RunningTurn {
  /** What happens, in order, up to the last thing that it has printed. For one reader. */
  readonly events: AsyncIterable<TurnEvent>
  /** Lets the agent start, once its `spawned` event has made it known. */
  begin(): void
  /** Resolves when nothing is left of it and its output is in the files. Never rejects. */
  readonly ended: Promise<AgentExit>
  /** Ends the agent, politely first. The first reason counts; none does once it has ended by itself. */
  end(reason: EndReason): void
  readonly life: SignsOfLife
}

export type TurnEvent =
  /** It is ready, and does nothing before {@link RunningTurn.begin}. Not called for an agent that can't start. */
  | { readonly type: 'spawned'; readonly process: SpawnedProcess }
  /** It has printed something, whatever that was. */
  | { readonly type: 'printed' }
  /** A whole line has been read; `events`: what it tells, perhaps nothing. */
  | { readonly type: 'said'; readonly events: readonly AgentEvent[] }
  /** It works no more, though what it has printed may not have been read to its end. */
  | { readonly type: 'exited'; readonly exit: ExitStatus }

/** How a turn's agent ended. */
export interface AgentExit {
  readonly exit: ExitStatus
  /** Why autopilot ended it, if it did. */
  readonly ended?: EndReason
  /** The last few KiB of stderr, without secrets. */
  readonly stderrTail: string
  /** It has printed a line that was read. */
  readonly hasPrinted: boolean
  /** The command lines of what it left running when it ended by itself; outside text, not yet clean. */
  readonly leftovers?: readonly string[]
}

/** What shows that an agent is working although it prints nothing. */
export interface SignsOfLife {
  /** What its processes have used so far, by a look no older than this; empty if that can't be seen. */
  processorTimes(maxAgeMs: number): Promise<ProcessorLook>
  /** It is stopped, as after SIGSTOP, as far as is known: nobody knows what it would do. */
  isStopped(): boolean
}
