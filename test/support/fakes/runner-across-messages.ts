import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type {
  AgentExit,
  AgentRunner,
  RunningTurn,
  TurnEvent,
  TurnRequest,
} from '../../../src/orchestration/agent/contract.js'
import type { EndReason } from '../../../src/domain/agent/attempt.js'
import { EventStream } from '../../../src/orchestration/agent/event-stream.js'

type ToRunner =
  | { readonly type: 'turn'; readonly request: TurnRequest }
  | { readonly type: 'begin' }
  | { readonly type: 'end'; readonly reason: EndReason }
  | { readonly type: 'look'; readonly id: number; readonly maxAgeMs: number }

type FromRunner =
  | { readonly type: 'event'; readonly event: TurnEvent }
  | { readonly type: 'ended'; readonly end: AgentExit }
  | {
      readonly type: 'looked'
      readonly id: number
      readonly times: readonly [number, number][]
      readonly ageMs: number
      readonly isStopped: boolean
    }

/**
 * A second runner, behind a border that lets only text pass. What it is asked and what it reports
 * are JSON, as between processes or machines. Its suite shows that the contract needs no more.
 */
export function runnerAcrossMessages(runner: AgentRunner): AgentRunner {
  return {
    turn(request) {
      const { port1: here, port2: there } = new MessageChannel()
      serve(runner, there)
      const events = new EventStream<TurnEvent>()
      const looks = new Map<number, (look: Awaited<ReturnType<RunningTurn['life']['processorTimes']>>) => void>()
      let isStopped = false
      const ended = new Promise<AgentExit>((resolve) => {
        listen(here, (text) => {
          const told = JSON.parse(text) as FromRunner
          if (told.type === 'event') events.push(told.event)
          else if (told.type === 'looked') {
            isStopped = told.isStopped
            looks.get(told.id)?.({ times: new Map(told.times), ageMs: told.ageMs })
          } else {
            events.close()
            here.close()
            resolve(told.end)
          }
        })
      })
      const tell = (message: ToRunner) => send(here, message)
      tell({ type: 'turn', request })
      return {
        events,
        ended,
        begin: () => tell({ type: 'begin' }),
        end: (reason) => tell({ type: 'end', reason }),
        life: {
          processorTimes: (maxAgeMs) =>
            new Promise((resolve) => {
              const id = looks.size
              looks.set(id, resolve)
              tell({ type: 'look', id, maxAgeMs })
            }),
          isStopped: () => isStopped,
        },
      }
    },
  }
}

/** The other side: what a worker would do. */
function serve(runner: AgentRunner, port: MessagePort): void {
  let turn: RunningTurn | undefined
  const tell = (message: FromRunner) => send(port, message)
  const forward = async (running: RunningTurn) => {
    for await (const event of running.events) tell({ type: 'event', event })
    tell({ type: 'ended', end: await running.ended })
  }
  listen(port, (text) => {
    const asked = JSON.parse(text) as ToRunner
    switch (asked.type) {
      case 'turn':
        turn = runner.turn(asked.request)
        void forward(turn)
        break
      case 'begin':
        turn?.begin()
        break
      case 'end':
        turn?.end(asked.reason)
        break
      case 'look':
        void turn?.life.processorTimes(asked.maxAgeMs).then(({ times, ageMs }) =>
          tell({
            type: 'looked',
            id: asked.id,
            times: [...times],
            ageMs,
            isStopped: turn?.life.isStopped() === true,
          }),
        )
    }
  })
}

function send(port: MessagePort, message: unknown): void {
  port.postMessage(JSON.stringify(message))
}

function listen(port: MessagePort, onText: (text: string) => void): void {
  port.on('message', onText)
}
