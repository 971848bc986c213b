import type { Socket } from 'node:net'

/** What a fake agent says about itself when it has started. */
export interface Hello {
  readonly name: string
  /** Its arguments behind its name: what autopilot gave to the program. */
  readonly args: readonly string[]
  readonly cwd: string
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly pid: number
}

/** The test's end of the connection to a fake agent; `fake-agent.js` describes the protocol. */
export interface AgentConnection {
  /** Gives an order and waits for its answer; rejects when it failed, or when the agent is gone. */
  order(order: string, how?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Resolves when the agent's process has ended, however it did. */
  readonly gone: Promise<void>
  /** Resolves with all of its stdin, once that has been closed. */
  readonly stdin: Promise<string>
  /** The next line of its stdin, of those that have not been asked for yet; rejects when it is gone and none is left. */
  line(): Promise<string>
  /** Resolves when it has received a signal that it traps. */
  received(signal: string): Promise<void>
}

interface Message {
  readonly id?: number
  readonly value?: unknown
  readonly error?: string
  readonly event?: 'stdin' | 'line' | 'signal'
  readonly text?: string
  readonly signal?: string
}

/** A promise with its handles outside. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(error: Error): void
}

export function defer<Value>(): Deferred<Value> {
  const handles: Partial<Deferred<Value>> = {}
  const promise = new Promise<Value>((resolve, reject) => Object.assign(handles, { resolve, reject }))
  // Its rejection is no error for those who do not wait for it.
  promise.catch(() => undefined)
  return Object.assign(handles, { promise }) as Deferred<Value>
}

/** Serves one fake agent; `onHello` is called once, when it has said who it is. */
export function serveAgent(socket: Socket, onHello: (hello: Hello, connection: AgentConnection) => void): void {
  const answers = new Map<number, Deferred<unknown>>()
  const signals = new Map<string, Deferred<undefined>>()
  const signalOf = (name: string) => signals.get(name) ?? signals.set(name, defer()).get(name)!
  const stdin = defer<string>()
  const lines: Deferred<string>[] = []
  let [linesHeard, linesAsked] = [0, 0]
  const lineAt = (index: number) => (lines[index] ??= defer())
  const gone = defer<undefined>()
  let isGone = false
  const connection: AgentConnection = {
    gone: gone.promise,
    stdin: stdin.promise,
    line: () => lineAt(linesAsked++).promise,
    received: (signal) => signalOf(signal).promise,
    order(order, how = {}) {
      if (isGone) return Promise.reject(new Error(`The fake agent is gone: it cannot ${order}.`))
      const id = answers.size
      const answer = defer<unknown>()
      answers.set(id, answer)
      socket.write(`${JSON.stringify({ ...how, id, order })}\n`)
      return answer.promise
    },
  }
  const hear = ({ id, value, error, event, text = '', signal = '' }: Message) => {
    if (event === 'stdin') stdin.resolve(text)
    else if (event === 'line') lineAt(linesHeard++).resolve(text)
    else if (event === 'signal') signalOf(signal).resolve(undefined)
    else if (error !== undefined) answers.get(id!)?.reject(new Error(error))
    else answers.get(id!)?.resolve(value)
  }
  let greeted = false
  onLine(socket, (line) => {
    const message: unknown = JSON.parse(line)
    if (greeted) hear(message as Message)
    else onHello(message as Hello, connection)
    greeted = true
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isGone = true
    const lost = new Error('The fake agent has ended.')
    for (const waiting of [...answers.values(), ...signals.values(), ...lines, stdin]) waiting.reject(lost)
    gone.resolve(undefined)
  })
}

function onLine(socket: Socket, line: (text: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    lines.forEach(line)
  })
}
