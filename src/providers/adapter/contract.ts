import type { Permissions } from '../../domain/agent/provider-model.js'
import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { Evidence } from '../../domain/agent/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'

/**
 * The axis of agent CLIs. A provider is two pure functions, `command` and `readLine`, and some facts about its CLI. What
 * only some CLIs can do is a member that carries the functions for it, so that whoever uses it must say what happens
 * without.
 * Nothing on this axis starts a process, reads a file, the clock or `process.env`: whoever calls does, and passes the
 * result in. So a provider is tested with recorded streams alone. What it leaves out: judging how the process ended
 * (`judgeAgent`), time limits, killing, cool-downs.
 */
export interface Provider {
  readonly name: string
  /**
   * A turn that works, in a conversation of its own. Only for a request that `refusal` lets through. The prompt goes into
   * `input`, never into `args`.
   */
  command(request: WorkRequest): AgentCommand
  /** Goes on with a conversation. Absent where the CLI cannot. */
  readonly resume?: Resume
  /** Judges work. Absent where the CLI cannot be held to looking only: such a provider never reviews. */
  readonly review?: Reviewing
  /**
   * A request that is known to fail before it is tried, as a failure of kind `usage`, or `model` where its name
   * cannot be one. `env` is the environment that
   * the agent is going to see.
   */
  refusal(
    request: AgentRequest & Partial<Pick<WorkRequest, 'permissions' | 'run'>>,
    env: Readonly<Record<string, string>>,
  ): Failure | undefined
  /**
   * Reads one whole line of stdout, without its line break, or one object of it (`eventReader`). Keeps no state between lines and never throws: a line that
   * is broken or unknown gives an `unknown` event, one that tells nothing gives none.
   */
  readLine(line: string): readonly AgentEvent[]
  /** `latest`: of many lines that come together, the last is enough for `readLine`. Without it, each line is read. */
  readonly wantedLines?: 'latest'
  /** Whether the final event tells what the agent cost, in USD. */
  readonly tellsCost: boolean
  /**
   * The entry of `allow:` that would have permitted a call which was refused under `edit`, as narrow as can be, fit for
   * one line; undefined where none is known to. Absent where the CLI has no such list. `cwd` as in the request.
   */
  readonly allowEntry?: (refused: RefusedCall, cwd: string) => string | undefined
  /** What an agent may do without being refused, in sentences for it. */
  permitted(request: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[]
  /** `stream`: a `result` event must come. `exit`: there is none, the exit status is the final word. */
  readonly finalEvent: 'stream' | 'exit'
  /** Why no final event came, as far as the end of stderr tells. */
  explainCrash?(stderrTail: string): Failure | undefined
  /** The CLI behind this provider; absent when there is nothing to install or to log in to. */
  readonly program?: Program
  /** What the permissions are called by the CLI itself, for the summary. */
  readonly permissionNames: Readonly<Record<Permissions, string>>
  /** Variables of the parent that the agent may see, besides the common ones of `childEnvironment`. */
  readonly passedVariables: readonly PassedVariables[]
}

export interface Resume {
  /**
   * `conversation`: its id, as the CLI itself gave it; see `isSessionId`. Permissions and model are to be passed again:
   * resuming restores neither. Source: observed with claude 2.1.330 and codex 0.169.0.
   */
  command(request: WorkRequest, conversation: string): AgentCommand
}

/**
 * An agent that only looks and answers: nothing that it may call changes a file, no instruction or setting of the
 * workspace counts, and its final answer is JSON of a schema. The CLI enforces all of it.
 */
export interface Reviewing {
  command(request: ReviewRequest): AgentCommand
  /** The JSON text of its answer; undefined where it gave none. */
  answer(evidence: Evidence): string | undefined
}

/** What a turn is for. Plain data: it may cross the border of a process. */
export type Assignment =
  /** `conversation`: goes on with it; without, begins one. */
  | { readonly type: 'work'; readonly request: WorkRequest; readonly conversation?: string }
  | { readonly type: 'review'; readonly request: ReviewRequest }

/** What every agent is told. */
export interface AgentRequest {
  /** Absolute path of the workspace. */
  readonly cwd: string
  readonly prompt: string
  /** Without it, the CLI's own default. May come from the roadmap, so it is outside text. */
  readonly model?: string
  /** The agent is going to run as root. */
  readonly asRoot: boolean
  /**
   * The most that this process may spend, in USD, sub-agents included; what a resumed conversation has cost before does
   * not count. For CLIs that can hold it, which look after each call of the model. Source: `claude --max-budget-usd`,
   * recorded with 2.1.332.
   */
  readonly budgetUsd?: number
  /** When the agent is ended, for limits that the CLI has itself. */
  readonly limits?: AgentLimits
}

/** What an agent is told that does a task's work. */
export interface WorkRequest extends AgentRequest {
  readonly permissions: Permissions
  /** Tools that `edit` permits besides, in the notation of claude (`Bash(npm test:*)`); codex has no such list. */
  readonly allow: readonly string[]
  /** Background work is left to the CLI. Else it is switched off where that can be: all work happens inside the turn. */
  readonly background?: true
  /** The task's shell command, for the provider `command` only. */
  readonly run?: string
}

export interface ReviewRequest extends AgentRequest {
  readonly answer: AnswerSchema
}

/** A tool call that was refused. Outside text. */
export interface RefusedCall {
  readonly tool: string
  /** The command, path or address, in full. */
  readonly about?: string
  /** What the CLI said. */
  readonly message: string
}

/** Both in ms; `idleTimeoutMs` 0: never. */
export interface AgentLimits {
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
}

/** A JSON schema, as text and as a file that is there before the CLI starts. */
export interface AnswerSchema {
  readonly schema: string
  /** Absolute path. */
  readonly file: string
}

/** What to start; `file` is the CLI's name, or a path. `input` is written to stdin, which is then closed: some CLIs wait for ever on an open one. */
export interface AgentCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly input: string
  /** Settings of the CLI that autopilot wants; what the user has set goes above them. */
  readonly env: Readonly<Record<string, string>>
}

export interface Program {
  readonly file: string
  readonly versionArgs: readonly string[]
  /** The version in what `versionArgs` printed. */
  parseVersion(stdout: string): string | undefined
  /** The version whose recorded streams the tests use. */
  readonly testedVersion: string
  /** Shown to users, never run. */
  readonly loginCommand: string
  /** Shown to users, never run. */
  readonly installCommand: string
}

export interface PassedVariables {
  /** Exact names; a trailing `*` makes a prefix of it. */
  readonly names: readonly string[]
  /** They pass only when this variable is switched on (`1`, `true`, `yes`, `on`). */
  readonly when?: string
}
