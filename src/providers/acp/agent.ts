import type { AgentEvent, Usage } from '../../domain/agent/agent-event.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Assignment } from '../adapter/contract.js'
import type { JsonObject } from '../adapter/json.js'
import type { ToldCall } from '../adapter/line.js'
import type { RpcError } from './rpc-error.js'

/**
 * What is particular about one agent that speaks the Agent Client Protocol, version 1. The protocol leaves open what a
 * tool is called, how a refused call looks, and what an error says.
 */
export interface AcpAgent {
  /** For messages. */
  readonly name: string
  /** What must be set in each session, in this order, and where nothing else may be set during a turn. */
  settings(assignment: Assignment): readonly SessionSetting[]
  /** The name of a model that it uses of its own accord, by its value among the settings. Default: that value. */
  readonly modelName?: (value: string) => string
  /** The agent answered a request with an error. */
  failureOf(error: RpcError): Failure
  /** What its own name for a tool is, and what a call is about. */
  callOf(call: AcpCall): ToldCall
  /** Whether a failed call was refused, by what it says and its code, if it has one. */
  refusalOf(said: string, code: string | undefined): Refused | undefined
  /** Whether a call that the agent calls completed has failed all the same: its command ended badly. */
  readonly hasFailed?: (update: JsonObject) => boolean
  /** What the answer to a prompt says about tokens. Default: by the words of the protocol. */
  readonly usageOf?: (answer: JsonObject) => Usage | undefined
  /** What an update says about one call of the model. */
  readonly callUsageOf?: (update: JsonObject) => Usage | undefined
  /** A piece of text that the CLI itself says, and not the model. */
  readonly isNotice?: (piece: string) => boolean
  /** Why a turn has failed although it ended well; `lastWords`: the last piece of text, if nothing came after it. */
  readonly failureInWords?: (lastWords: string) => Failure | undefined
  /** Requests beyond the protocol that it sends, and the answers. Others are answered with an error. */
  readonly answers?: ReadonlyMap<string, JsonObject>
  /** What a line means that is no message of the protocol. */
  readonly readAside?: (line: string) => readonly AgentEvent[]
}

/** A setting that sessions have, such as the model or the mode, by the protocol's category or the agent's id. */
export interface SessionSetting {
  readonly name: string
  readonly value: string
  /** `permissions`: it restricts the agent, so it must be so throughout the turn. `model`: as the task wants it. */
  readonly for: 'permissions' | 'model'
  /** An agent without it is as it should be. */
  readonly isOptional?: true
}

export interface Refused {
  readonly byRule?: true
}

/** A tool call as far as it is known. */
export interface AcpCall {
  readonly id: string
  /** As it was called first, and now. */
  readonly firstTitle: string | undefined
  readonly title: string | undefined
  readonly kind: string | undefined
  readonly input: JsonObject | undefined
  /** The files that it is about. */
  readonly paths: readonly string[]
  readonly meta: JsonObject | undefined
}
