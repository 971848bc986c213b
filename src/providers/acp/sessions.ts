import { failure, type Failure } from '../../domain/agent/failure.js'
import { shortLine } from '../adapter/line.js'
import type { Assignment } from '../adapter/contract.js'
import { objectAt, objectsAt, stringAt, type JsonObject } from '../adapter/json.js'
import { isSessionId } from '../adapter/session-id.js'
import type { AcpAgent, SessionSetting } from './agent.js'
import type { AcpConnection } from './connection.js'
import { rpcErrorIn } from './rpc-error.js'

/** A conversation that the agent has open. */
export interface Session {
  readonly id: string
  readonly cwd: string
  /** What the agent says of its settings. */
  readonly state: JsonObject
}

/** Why a turn cannot begin. */
export class NotBegun extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message)
  }
}

/** The sessions of one agent. One is open at a time: a slot has one conversation after the other. */
export class Sessions {
  readonly #agent: AcpAgent
  readonly #connection: AcpConnection
  readonly #capabilities: JsonObject | undefined
  #open: Session | undefined

  constructor(agent: AcpAgent, connection: AcpConnection, capabilities: JsonObject | undefined) {
    this.#agent = agent
    this.#connection = connection
    this.#capabilities = capabilities
  }

  /** The session for a turn, set as its request wants it. Throws {@link NotBegun}, or an error of the agent's. */
  async for(assignment: Assignment): Promise<Session> {
    const session = await this.#opened(assignment)
    this.#open = session
    return this.#set(session, this.#agent.settings(assignment))
  }

  async #opened(assignment: Assignment): Promise<Session> {
    const { cwd } = assignment.request
    const conversation = assignment.type === 'work' ? assignment.conversation : undefined
    const open = this.#open
    // What it has in memory it need not read again.
    if (conversation !== undefined && open?.id === conversation && open.cwd === cwd) return open
    await this.#close()
    const where = { cwd, mcpServers: [] }
    if (conversation !== undefined) {
      const sessionId = conversation
      return { id: sessionId, cwd, state: await this.#takeUp({ sessionId, ...where }) }
    }
    const state = await this.#connection.request('session/new', where)
    const id = stringAt(state, 'sessionId') ?? ''
    if (!isSessionId(id)) throw this.#notBegun('crash', 'the agent opened a session without giving its id')
    return { id, cwd, state }
  }

  /** Without a replay of what was said, if the agent can. */
  async #takeUp(params: { readonly sessionId: string }): Promise<JsonObject> {
    const canResume = objectAt(objectAt(this.#capabilities, 'sessionCapabilities'), 'resume') !== undefined
    if (!canResume && this.#capabilities?.loadSession !== true) {
      throw this.#notBegun('session_lost', 'the agent cannot take up a conversation again')
    }
    try {
      return await this.#connection.request(canResume ? 'session/resume' : 'session/load', params)
    } catch (error) {
      const said = rpcErrorIn(error)
      const known = said && this.#agent.failureOf(said)
      if (known?.kind !== 'crash') throw error
      throw new NotBegun({ ...known, kind: 'session_lost' })
    }
  }

  /** It is kept on disk, where the agent keeps any. */
  async #close(): Promise<void> {
    const session = this.#open
    this.#open = undefined
    const canClose = objectAt(objectAt(this.#capabilities, 'sessionCapabilities'), 'close') !== undefined
    if (session === undefined || !canClose) return
    await this.#connection.request('session/close', { sessionId: session.id }).catch(() => undefined)
  }

  async #set(session: Session, settings: readonly SessionSetting[]): Promise<Session> {
    let [known] = [session]
    for (const setting of settings) {
      known = await this.#setOne(known, setting)
      this.#open = known
    }
    return known
  }

  async #setOne(session: Session, setting: SessionSetting): Promise<Session> {
    const { name, value } = setting
    const current = settingIn(session.state, name)
    if (current?.value === value || (current === undefined && setting.isOptional)) return session
    if (current === undefined) throw this.#cannotSet(setting, `it has no setting ${name}`)
    try {
      const answer = await this.#connection.request(current.method, {
        sessionId: session.id,
        ...current.params,
        [current.key]: value,
      })
      const reached = settingIn(answer, name)?.value ?? value
      if (reached !== value) throw this.#cannotSet(setting, `it is ${reached}`)
      return { ...session, state: { ...session.state, ...current.changedTo(value), ...answer } }
    } catch (error) {
      const said = rpcErrorIn(error)
      throw said ? this.#cannotSet(setting, said.message) : error
    }
  }

  #cannotSet({ name, value, for: what }: SessionSetting, why: string): NotBegun {
    const said = `${shortLine(name, 60)} cannot be set to ${shortLine(value, 100)}: ${shortLine(why)}`
    return this.#notBegun(what === 'model' ? 'model' : 'usage', said)
  }

  #notBegun(kind: Failure['kind'], said: string): NotBegun {
    return new NotBegun(failure(kind, `${this.#agent.name}: ${said}.`))
  }
}

/** A setting as an agent has it, and how it is changed. */
interface FoundSetting {
  readonly value: string | undefined
  readonly method: string
  readonly key: string
  readonly params: JsonObject
  /** The setting once it is changed, if no answer says so. */
  readonly changedTo: (value: string) => JsonObject
}

/** The protocol has settings in general; older agents have the mode and the model each in a way of its own. */
export function settingIn(state: JsonObject, name: string): FoundSetting | undefined {
  const option = objectsAt(state, 'configOptions').find(
    (one) => stringAt(one, 'category') === name || stringAt(one, 'id') === name,
  )
  if (option) {
    const params = { configId: stringAt(option, 'id') ?? name }
    return {
      value: stringAt(option, 'currentValue'),
      method: 'session/set_config_option',
      key: 'value',
      params,
      changedTo: () => ({}),
    }
  }
  const [list, current, method, key] =
    name === 'model'
      ? (['models', 'currentModelId', 'session/set_model', 'modelId'] as const)
      : (['modes', 'currentModeId', 'session/set_mode', 'modeId'] as const)
  const found = name === 'model' || name === 'mode' ? objectAt(state, list) : undefined
  const changedTo = (value: string) => ({ [list]: { ...found, [current]: value } })
  return found && { value: stringAt(found, current), method, key, params: {}, changedTo }
}
