import { misshapen } from '../../domain/shape/check.js'
import type { AgentRunner, RunningTurn, TurnRequest } from '../agent/contract.js'
import { protocol, toWorkerShape, type FromWorker, type ToWorker, type WorkerSetup } from './messages.js'

/** How often a worker says that it is alive, ms. */
export const beatMs = 1_000

export interface ServeParts {
  /** Resolves when the message is on its way: what a turn says must not pile up here. */
  readonly send: (message: FromWorker) => Promise<void>
  readonly open: (setup: WorkerSetup) => AgentRunner
  /** The other side says what nobody here understands; does not return. */
  readonly onStranger: (what: string) => never
}

/** A worker's side: runs the turns that it is told to, and tells what they tell. Gives what takes in a message. */
export function serve({ send, open, onStranger }: ServeParts): (message: unknown) => void {
  const turns = new Map<number, RunningTurn>()
  let runner: AgentRunner | undefined

  const forward = async (turn: number, running: RunningTurn) => {
    for await (const event of running.events) await send({ type: 'event', turn, event })
    const end = await running.ended
    turns.delete(turn)
    await send({ type: 'ended', turn, end })
  }
  const begin = (theirs: number, setup: WorkerSetup) => {
    if (theirs === protocol) runner = open(setup)
    else onStranger(`protocol ${theirs}`)
    void send({ type: 'ready', protocol })
  }
  const run = (turn: number, request: TurnRequest) => {
    if (!runner) throw new Error('a turn was asked for before anything else was said')
    const running = runner.turn(request)
    turns.set(turn, running)
    void forward(turn, running)
  }
  const heed = (message: ToWorker) => {
    switch (message.type) {
      case 'hello':
        begin(message.protocol, message.setup)
        break
      case 'turn':
        run(message.turn, message.request)
        break
      case 'begin':
        turns.get(message.turn)?.begin()
        break
      case 'end':
        turns.get(message.turn)?.end(message.reason)
        break
      case 'look':
        void look(message)
    }
  }
  const look = async ({ turn, question, maxAgeMs }: Extract<ToWorker, { type: 'look' }>) => {
    const life = turns.get(turn)?.life
    const { times, ageMs } = (await life?.processorTimes(maxAgeMs)) ?? { times: new Map<number, number>(), ageMs: 0 }
    const each = [...times].map(([pid, ms]) => ({ pid, ms }))
    await send({ type: 'looked', turn, question, times: each, ageMs, isStopped: life?.isStopped() === true })
  }
  return (message) => {
    const wrong = misshapen(toWorkerShape, message)
    if (wrong === undefined) heed(message as ToWorker)
    else onStranger(`a message with an odd ${wrong}`)
  }
}
