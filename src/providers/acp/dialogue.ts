import { failure, type Failure } from '../../domain/agent/failure.js'
import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { Dialogue, DialogueTurn, TurnToServe, Wire } from '../adapter/contract.js'
import { numberAt, objectAt, type JsonObject } from '../adapter/json.js'
import { unreadableEvent } from '../adapter/line.js'
import type { AcpAgent } from './agent.js'
import type { AcpConnection, Peer } from './connection.js'
import { rpcErrorIn } from './rpc-error.js'
import { canceledPermission } from './permission.js'
import { Sessions } from './sessions.js'
import { Turn } from './turn.js'

/** The version of the protocol that is spoken here. */
const protocolVersion = 1

interface Opened {
  readonly connection: AcpConnection
  readonly sessions: Sessions
}

/**
 * The client's side of the Agent Client Protocol. The agent has a session for each conversation, each with a directory
 * of its own. No files and no terminals are offered to it: it has its own tools, which its CLI restricts.
 */
export class AcpDialogue implements Dialogue {
  readonly #agent: AcpAgent
  readonly #wire: Wire
  #connection: AcpConnection | undefined
  #opened: Opened | undefined
  #turn: Turn | undefined

  constructor(agent: AcpAgent, wire: Wire) {
    this.#agent = agent
    this.#wire = wire
  }

  receive(line: string): void {
    if (line.trim() === '' || this.#connection?.receive(line) === true) return
    // Some print notices on their stdout, too.
    this.#turn?.tell(this.#agent.readAside?.(line) ?? [unreadableEvent(line)])
  }

  async open(): Promise<void> {
    // Only who has a server needs the library of the protocol.
    const { openConnection } = await import('./connection.js')
    const connection = openConnection(this.#peer())
    this.#connection = connection
    const answer = await connection.request('initialize', introduction()).catch((error: unknown) => {
      const said = rpcErrorIn(error)
      return this.#giveUp(said ? this.#agent.failureOf(said) : this.#broken('answered nothing readable'))
    })
    const version = numberAt(answer, 'protocolVersion')
    if (version !== protocolVersion) {
      const said = version === undefined ? 'none' : `version ${version}`
      await this.#giveUp(
        failure(
          'usage',
          `${this.#agent.name} speaks ${said} of the Agent Client Protocol, autopilot version ${protocolVersion}: use another version of the CLI.`,
        ),
      )
    }
    this.#opened = {
      connection,
      sessions: new Sessions(this.#agent, connection, objectAt(answer, 'agentCapabilities')),
    }
  }

  turn({ assignment }: TurnToServe, hear: (events: readonly AgentEvent[]) => void): DialogueTurn {
    if (!this.#opened) throw new Error('A turn was given before the handshake.')
    const fail = (why: Failure) => this.#wire.fail(why)
    this.#turn = new Turn({ ...this.#opened, agent: this.#agent, assignment, hear, fail })
    return this.#turn
  }

  #peer(): Peer {
    return {
      send: (line) => this.#wire.send(line),
      updated: (params) => this.#turn?.update(params),
      asked: (method, params) => this.#answer(method, params),
    }
  }

  /** Undefined for what is not known here. */
  #answer(method: string, params: JsonObject): JsonObject | undefined {
    if (method === 'session/request_permission') return this.#turn?.permission(params) ?? canceledPermission.result
    return this.#agent.answers?.get(method)
  }

  #broken(how: string): Failure {
    return failure('crash', `${this.#agent.name}: the agent server ${how}.`)
  }

  /** The server is ended, so nothing follows. */
  #giveUp(why: Failure): Promise<never> {
    this.#wire.fail(why)
    return new Promise(() => undefined)
  }
}

function introduction(): JsonObject {
  return {
    protocolVersion,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: { name: 'autopilot', version: AUTOPILOT_VERSION },
  }
}
