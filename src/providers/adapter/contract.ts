import type { Permissions } from '../../domain/agent/permissions.js'
import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { Evidence } from '../../domain/agent/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'

/**
 * The axis of agent CLIs. A provider is two pure functions, `command` and `readLine`, and some facts about its CLI.
 * What only some CLIs can do is a member that carries its functions, so that code that uses it must handle providers
 * without it. Nothing on this axis starts a process or reads a file, the clock or `process.env`: the caller does that
 * and passes the result in. So recorded streams are enough to test a provider. It leaves out judging how the process
 * ended (`judgeAgent`), time limits, killing, cool-downs.
 */
export interface Provider {
  readonly name: string
  /**
   * A working turn in a new conversation. Only for a request that `refusal` accepts. The prompt goes into `input`,
   * never into `args`.
   */
  command(request: WorkRequest): AgentCommand
  /** Continues a conversation. Absent if the CLI can't. */
  readonly resume?: Resume
  /** Reviews work. Absent if the CLI can't be restricted to reading: such a provider never reviews. */
  readonly review?: Reviewing
  /** Lives on as a server that serves turn after turn. Absent if the CLI can't. */
  readonly serve?: Serving
  /**
   * The id of the conversation that {@link command} begins, for a CLI that takes one and tells it only in its final event:
   * a turn that is cut off has none.
   */
  readonly conversationOf?: (request: WorkRequest) => string
  /**
   * Why a request would certainly fail, as a failure of kind `usage`, or `model` if its name can't be valid. `env` is
   * the environment that the agent will see.
   */
  refusal(
    request: AgentRequest & Partial<Pick<WorkRequest, 'permissions' | 'allow' | 'run'>>,
    env: Readonly<Record<string, string>>,
  ): Failure | undefined
  /**
   * Reads one whole line of stdout, without its line break, or one object of it (`eventReader`). Keeps no state
   * between lines and never throws: a broken or unknown line gives an `unknown` event, a line without information
   * gives none.
   */
  readLine(line: string): readonly AgentEvent[]
  /** `latest`: of many such lines in a row, the last is enough for `readLine`. Without it, each line is read. */
  readonly wantedLines?: 'latest'
  /** `pieces`: texts in a row are one message, and `eventReader` joins them. Without it, each is a message. */
  readonly textComesIn?: 'pieces'
  /** `process`: the usage in the final event doesn't include earlier turns of a resumed conversation. */
  readonly countsUsageOf?: 'process'
  /** Whether the CLI reports the agent's cost, in USD: in its final event, or with each call of the model. */
  readonly tellsCost: boolean
  /**
   * The entry of `allow:` that would have permitted a call that was refused under `edit`, as narrow as possible, on
   * one line; undefined if none is known. Absent if the CLI has no such list. `cwd` as in the request.
   */
  readonly allowEntry?: (refused: RefusedCall, cwd: string) => string | undefined
  /** What an agent may do without a refusal, in sentences for the agent. */
  permitted(request: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[]
  /** `stream`: a `result` event must come. `exit`: there is none, the exit status counts. */
  readonly finalEvent: 'stream' | 'exit'
  /** Why no final event came, as far as the end of stderr says. */
  explainCrash?(stderrTail: string): Failure | undefined
  /** The CLI behind this provider; absent if there is nothing to install or log in to. */
  readonly program?: Program
  /** What must work here for these permissions to be enforced; it is tried before a run. */
  readonly enforcer?: (permissions: Permissions) => Enforcer | undefined
  /** The CLI's own name for the permissions, for the summary. */
  readonly permissionNames: Readonly<Record<Permissions, string>>
  /** Variables of the parent that the agent may see, in addition to the common ones of `childEnvironment`. */
  readonly passedVariables: readonly PassedVariables[]
}

export interface Resume {
  /**
   * `conversation`: its id, as the CLI gave it; see `isSessionId`. Pass permissions and model again: resuming restores
   * neither. Source: observed with claude 2.1.330 and codex 0.169.0.
   */
  command(request: WorkRequest, conversation: string): AgentCommand
}

/**
 * An agent that only reads and answers: nothing that it may call changes a file, no instruction or setting of the
 * workspace counts, and its final answer is JSON that matches a schema. The CLI enforces all of it.
 */
export interface Reviewing {
  command(request: ReviewRequest): AgentCommand
  /** The JSON text of its answer; undefined if there is none. */
  answer(evidence: Evidence): string | undefined
}

/**
 * The CLI as an agent server. A server is used for another turn only if the same one would be started for it: whatever
 * else differs from turn to turn (directory, model, conversation) its protocol must be able to say.
 */
export interface Serving {
  /**
   * Undefined if its protocol can't do this, such as a review that only reads: then the turn gets a process of its own.
   * `ownDir` is the absolute path of a directory outside of every workspace, the server's own, for
   * {@link AgentCommand.files}. `env` is the environment that the server will see.
   */
  command(assignment: Assignment, ownDir: string, env: Readonly<Record<string, string>>): ServerCommand | undefined
  /** There is no other way: the CLI has no process for one turn. */
  readonly isOnlyWay?: true
  /** The client's side of its protocol, for one server that has just been started. */
  dialogue(wire: Wire): Dialogue
}

/** What to start as a server. Its stdin stays open. */
export interface ServerCommand extends Omit<AgentCommand, 'input'> {
  /** The working directory, if it is the only one that it can serve. Without it, the server gets one of its own. */
  readonly cwd?: string
  /** Further arguments for the start, such as a conversation to continue: a server that runs already needs none. */
  readonly argsAtStart?: readonly string[]
  /** It serves a single attempt, so its environment has what otherwise only a turn's tools have. */
  readonly isOfOneAttempt?: true
}

/** The way to one server. */
export interface Wire {
  /** The server's environment, for what it only takes from its client, such as a key. */
  readonly env: Readonly<Record<string, string>>
  /** Sends a line; the line break is added. */
  send(line: string): void
  /** The server broke its protocol: it is ended, and the turn under way has failed because of this. */
  fail(why: Failure): void
}

/**
 * A conversation about turns with one server. It does no I/O and knows no time: it is given each line that the server
 * prints, and whoever gives it watches over time limits and over the server's end.
 */
export interface Dialogue {
  /** A whole line of stdout, without its line break. Never throws. */
  receive(line: string): void
  /** The handshake, before anything else. Resolves when the server may be given a turn. */
  open(): Promise<void>
  /** Gives it a turn. There is one at a time. What the turn tells is passed on in order. */
  turn(turn: TurnToServe, hear: (events: readonly AgentEvent[]) => void): DialogueTurn
  /** Whether it can take this turn on; without it, it can take any. For servers that hold only one conversation. */
  fits?(assignment: Assignment): boolean
}

export interface TurnToServe {
  readonly assignment: Assignment
  /** Variables that only this turn's tools should have. Ignored if the protocol can't pass them on. */
  readonly variables: Readonly<Record<string, string>>
}

/** A turn that a server was given. Its promises never reject. */
export interface DialogueTurn {
  /** Resolves when the server works on it, or when it is over. */
  readonly taken: Promise<void>
  /** Resolves when the turn is over, its `result` event included; after that, nothing more is heard of it. */
  readonly over: Promise<void>
  /** Asks the server to end it. */
  interrupt(): void
  /** Has the server end what the turn left running, as far as the protocol can. Called when it is over. */
  clean(): Promise<void>
}

/** What a turn is for. Plain data: it may go to another process. */
export type Assignment =
  /** `conversation`: continue this one; without it, start one. */
  | { readonly type: 'work'; readonly request: WorkRequest; readonly conversation?: string }
  | { readonly type: 'review'; readonly request: ReviewRequest }

/** What every agent is told. */
export interface AgentRequest {
  /** Absolute path of the workspace. */
  readonly cwd: string
  /** Absolute path of a directory outside of the workspace: this turn's own, for {@link AgentCommand.files}. */
  readonly ownDir: string
  readonly prompt: string
  /** Default: the CLI's own default. It may come from the roadmap, so it is outside text. */
  readonly model?: string
  /** The agent will run as root. */
  readonly asRoot: boolean
  /**
   * The most that this process may spend, in USD, including sub-agents; earlier cost of a resumed conversation doesn't
   * count. For CLIs with such a limit, which check it after each call of the model. Source: `claude --max-budget-usd`,
   * recorded with 2.1.332.
   */
  readonly budgetUsd?: number
  /** When the agent will be ended, for limits that the CLI itself has. */
  readonly limits?: AgentLimits
}

/** What an agent that works on a task is told. */
export interface WorkRequest extends AgentRequest {
  readonly permissions: Permissions
  /** Additional tools that `edit` permits, in claude's notation (`Bash(npm test:*)`); codex has no such list. */
  readonly allow: readonly string[]
  /** Background work is left to the CLI. Otherwise it is turned off if possible: all work happens inside the turn. */
  readonly background?: true
  /** The task's shell command, only for the provider `command`. */
  readonly run?: string
}

export interface ReviewRequest extends AgentRequest {
  /** The JSON schema of the answer. */
  readonly schema: string
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

/**
 * What to start; `file` is the CLI's name, or a path. `input` is written to stdin, which is then closed: some CLIs
 * wait forever on an open one.
 */
export interface AgentCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly input: string
  /** Settings of the CLI that autopilot wants; the user's own settings win. */
  readonly env: Readonly<Record<string, string>>
  /** Files that exist before the CLI starts: settings or policies that it takes only from a file. */
  readonly files?: readonly OwnFile[]
}

/** A file below {@link AgentRequest.ownDir}. */
export interface OwnFile {
  /** Absolute path. */
  readonly path: string
  readonly content: string
}

export interface Program {
  readonly file: string
  readonly versionArgs: readonly string[]
  /** Where it prints its version; default: stdout. */
  readonly versionStream?: 'stderr'
  /** Where the program itself may be, from the directory of the launcher that `file` is. */
  native?(machine: { readonly platform: string; readonly arch: string }): readonly string[]
  /** The version in the output of `versionArgs`. */
  parseVersion(stdout: string): string | undefined
  /** The version whose recorded streams the tests use. */
  readonly testedVersion: string
  /** Shown to users, never run. */
  readonly loginCommand: string
  /** How to tell whether it is logged in, without a request and without a look at what it has stored. */
  readonly login: LoginCheck
  /** The most that one agent was seen to need, in MB. Source: measured with the tested version. */
  readonly memoryMb: number
  /** Shown to users, never run. */
  readonly installCommand: string
}

/** Whether somebody is logged in to a CLI. */
export interface LoginCheck {
  /** Variables, each of which is a login by itself. */
  readonly keys: readonly string[]
  /** What the CLI itself says; absent if it has no such command. */
  readonly status?: {
    readonly args: readonly string[]
    /** Undefined if its answer is not understood. */
    readonly isLoggedIn: (answer: StatusAnswer) => boolean | undefined
  }
}

/** What a CLI printed when it was asked for its login; `code` is absent if it did not end by itself. */
export interface StatusAnswer {
  readonly code?: number
  readonly stdout: string
  readonly stderr: string
}

/** A program of the machine that a CLI restricts its tools with. */
export interface Enforcer {
  readonly file: string
  /** A call that ends well if it can do its work here. */
  readonly args: readonly string[]
  /** What to do if it can't. Shown to users. */
  readonly help: string
}

export interface PassedVariables {
  /** Exact names; a trailing `*` makes it a prefix. */
  readonly names: readonly string[]
  /** They pass only if this variable is on (`1`, `true`, `yes`, `on`). */
  readonly when?: string
}
