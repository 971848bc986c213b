import { join } from 'node:path'
import { msBetween, type Clock } from '../../domain/clock.js'
import { whyWorn, type WearLimits } from '../../domain/process/wear.js'
import { makePrivateDirectory } from '../../platform/files/private-file.js'
import type { EnvironmentIn } from '../../platform/processes/door.js'
import { residentBytes } from '../../platform/processes/table/process-table.js'
import { lookAtFamily } from '../../platform/processes/table/processor-looks.js'
import type { Provider, ServerCommand, Serving } from '../../providers/adapter/contract.js'
import { attemptVariables } from '../../providers/environment.js'
import type { ClosableRunner, RunningTurn, TurnRequest } from '../agent/contract.js'
import { processRunner, withOwnProgram, type ProcessRunnerParts } from '../agent/process-runner.js'
import { AgentServer, type ServerListener, type WantedServer } from './agent-server.js'
import { ServedTurn, usualLimits, type ServerLimits } from './served-turn.js'

export interface ServerRunnerParts extends ProcessRunnerParts {
  readonly clock: Clock
  /** The environment as it is in a workspace; see `openDoor`. */
  readonly environmentIn: EnvironmentIn
  /** Absolute path of a directory in which servers start and keep files: outside of every workspace, and the run's own. */
  readonly directory: string
  /** Only what has no other mode gets a server. */
  readonly oneShot: boolean
  readonly limits?: ServerLimits
  readonly wear?: WearLimits
}

/** The larger CLIs need 400 to 800 MB, and some grow from conversation to conversation. */
const usualWear: WearLimits = { mostBytes: 1_500_000_000, mostTurns: 200, mostAgeMs: 6 * 60 * 60_000 }

/**
 * Each slot has an agent server, which serves turn after turn as long as they want the same one: the same provider,
 * permissions and environment, account included. Providers without a server get a process for each turn.
 */
export function serverRunner(parts: ServerRunnerParts): ClosableRunner {
  const processes = processRunner(parts)
  const slots = new Map<number, ServerSlot>()
  const slotOf = (number: number) => {
    const slot = slots.get(number) ?? new ServerSlot(parts, number)
    slots.set(number, slot)
    return slot
  }
  return {
    turn(request) {
      const provider = parts.findProvider(request.provider)
      if (!provider) throw new Error(`there is no provider ${request.provider}`)
      const serving = !parts.oneShot || provider.serve?.isOnlyWay ? provider.serve : undefined
      const slot = slotOf(request.where.number)
      const [variables, shared] = divided(request.env)
      const command = serving?.command(request.assignment, slot.directory, shared)
      if (!serving || !command) return processes.turn(request)
      const has = command.isOfOneAttempt ? { variables: {}, env: request.env } : { variables, env: shared }
      return slot.turn(request, provider, { serving, command, ...has })
    },
    rest: (slot) => void slots.get(slot)?.rest(),
    async close() {
      await Promise.all([...slots.values()].map((slot) => slot.close()))
    },
  }
}

interface Service {
  readonly serving: Serving
  readonly command: ServerCommand
  /** What only the turn has. */
  readonly variables: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** A slot with its server. Its turns come one after the other. */
class ServerSlot {
  readonly directory: string
  readonly #parts: ServerRunnerParts
  readonly #number: number
  #server: AgentServer | undefined
  #last: ServedTurn | undefined
  #started = 0

  constructor(parts: ServerRunnerParts, number: number) {
    this.#parts = parts
    this.#number = number
    this.directory = join(parts.directory, String(number))
  }

  turn(request: TurnRequest, provider: Provider, service: Service): RunningTurn {
    const before = this.#last
    const { clock, maskAt, limits = usualLimits } = this.#parts
    const wanted = this.#wanted(request, provider, service)
    const turn = new ServedTurn({
      ...{ request, clock, limits, variables: service.variables, mask: maskAt(request.where) },
      server: async (listener) => {
        await before?.ended
        return this.#serverFor(wanted, request, listener)
      },
    })
    this.#last = turn
    return turn
  }

  /** After its last turn; one that has come meanwhile keeps its server. */
  async rest(): Promise<void> {
    const last = this.#last
    await last?.ended
    if (this.#last === last) await this.#server?.retire()
  }

  async close(): Promise<void> {
    this.#last?.end('canceled')
    await this.#last?.ended
    await this.#server?.retire()
    this.#server = undefined
  }

  #wanted(
    { assignment, provider: name }: TurnRequest,
    provider: Provider,
    { serving, command, env }: Service,
  ): WantedServer {
    const { request } = assignment
    const own = withOwnProgram(command, provider, env.PATH)
    const rights = assignment.type === 'work' ? [assignment.request.permissions, assignment.request.allow] : 'review'
    const inPlace = this.#parts.environmentIn(env, request.cwd)
    return {
      ...{ provider: name, serving, command: own, env, root: request.cwd },
      cwd: own.cwd ?? this.directory,
      key: JSON.stringify([name, { ...own, argsAtStart: [] }, rights, inPlace]),
    }
  }

  async #serverFor(wanted: WantedServer, request: TurnRequest, listener: ServerListener): Promise<AgentServer> {
    const old = this.#server
    if (old && this.#suits(old, wanted, request)) return old
    await old?.retire()
    // Where it can't be made, the server can't start, and says so.
    await makePrivateDirectory(this.directory).catch(() => undefined)
    const { start, clock } = this.#parts
    const mark = `${this.directory}-${++this.#started}`
    this.#server = new AgentServer(wanted, { start, clock, mark }, listener)
    return this.#server
  }

  #suits(server: AgentServer, { key }: WantedServer, { assignment }: TurnRequest): boolean {
    if (!server.isUsable || server.isDoubtful || server.key !== key || server.dialogue.fits?.(assignment) === false)
      return false
    const { clock, wear = usualWear } = this.#parts
    const bytes = memoryOf(server.pid)
    return (
      whyWorn({ bytes, turns: server.turns, ageMs: msBetween(server.since, clock.monotonic()) }, wear) === undefined
    )
  }
}

/**
 * How old a look at the machine may be that tells which processes are a server's, ms. A look costs 10 ms where there are
 * hundreds of processes, and a turn may be over in 100.
 */
const familyAgeMs = 5_000

function memoryOf(pid: number): number {
  const { members } = lookAtFamily(pid, familyAgeMs)
  // A look that is older than the server doesn't know it.
  return residentBytes(members.length > 0 ? members : lookAtFamily(pid, 0).members)
}

/** What only this turn has, and the rest. */
function divided(env: Readonly<Record<string, string>>): readonly [Record<string, string>, Record<string, string>] {
  const isOwn = ([name]: readonly [string, string]) => attemptVariables.includes(name)
  const entries = Object.entries(env)
  return [Object.fromEntries(entries.filter(isOwn)), Object.fromEntries(entries.filter((entry) => !isOwn(entry)))]
}
