import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defer, serveAgent, type AgentConnection, type Deferred, type Hello } from './agent-connection.js'

const program = fileURLToPath(new URL('../../fixtures/agents/fake-agent.js', import.meta.url))

/** How a child of a fake agent is started. */
export interface ChildOptions {
  /** In a session and group of its own, as agents start their shell tools. */
  readonly setsid?: boolean
  /** Whether it holds the agent's stdout and stderr open; default true. */
  readonly holdsPipes?: boolean
}

/** A fake agent that has started and waits for the test's word. Every promise settles when the thing has been done. */
export interface FakeAgent extends Hello, Pick<AgentConnection, 'gone' | 'stdin' | 'line' | 'received'> {
  /** Prints lines on stdout, such as those of a recorded stream. */
  say(...lines: readonly string[]): Promise<void>
  /** The same on stderr. */
  complain(...lines: readonly string[]): Promise<void>
  /** Prints exactly these bytes on stdout. */
  print(bytes: string | Uint8Array): Promise<void>
  /** Prints one line many times, on stdout. */
  flood(line: string, times: number): Promise<void>
  /** Writes a file, folders included; a relative path counts from its working directory. */
  write(path: string, text: string): Promise<void>
  read(path: string): Promise<string>
  remove(path: string): Promise<void>
  /** Runs a program in its directory and environment; returns its stdout, rejects if it fails. */
  run(file: string, ...args: readonly string[]): Promise<string>
  /** `git` with an identity; returns its trimmed stdout. */
  git(...args: readonly string[]): Promise<string>
  /** Starts another fake agent as its child; that one does not show up in {@link AgentRig.next}. */
  spawnChild(options?: ChildOptions): Promise<FakeAgent>
  /** From now on the signal does not end it; {@link AgentConnection.received} tells when it came. */
  ignore(signal: NodeJS.Signals): Promise<void>
  /** Closes stdout and stderr while it lives on. */
  closeOutput(): Promise<void>
  /** Ends by a signal that it sends to itself. */
  die(signal: NodeJS.Signals): Promise<void>
  /** Ends; resolves when it is gone. */
  exit(code?: number): Promise<void>
}

/** Real programs that act on the test's word, so that order is proved without waiting for time to pass. */
export interface AgentRig {
  /** The program and arguments that start a fake agent of this name. */
  argv(name: string): { readonly file: string; readonly args: readonly string[] }
  /** The same as a shell command line, for `run:` in a roadmap. */
  command(name: string): string
  /** Puts a program `name` into {@link binDir} that answers `--version` and is otherwise a fake agent of that name. */
  install(name: string, options: { readonly version: string }): void
  /** Goes in front of PATH. */
  readonly binDir: string
  /** A temporary place that goes with the rig. */
  readonly dir: string
  /** The next agent that starts (or has started and was not asked for yet): any, or the next of this name. */
  readonly next: (name?: string) => Promise<FakeAgent>
  /** Names of all that ever started, in order. */
  readonly started: readonly string[]
  /** Names of those whose process lives. */
  living(): readonly string[]
  /** Ends every agent, and rejects whoever still waits. */
  close(): Promise<void>
}

interface Waiting {
  readonly name: string | undefined
  readonly agent: Deferred<FakeAgent>
}

/** Starts the test's side; `close()` it after the test. */
export async function startRig(): Promise<AgentRig> {
  // Short: a socket's path has room for 107 bytes.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'ap-rig-')))
  const [socketPath, binDir] = [join(dir, 'socket'), join(dir, 'bin')]
  mkdirSync(binDir)
  const sockets = new Set<Socket>()
  const living = new Set<FakeAgent>()
  const started: string[] = []
  const meeting = meetingPoint()
  const children = new Map<string, Deferred<FakeAgent>>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveAgent(socket, (hello, connection) => {
      const agent = fakeAgent(hello, connection, children)
      const child = children.get(agent.name)
      living.add(agent)
      void agent.gone.then(() => living.delete(agent))
      if (child) {
        child.resolve(agent)
        return
      }
      started.push(agent.name)
      meeting.arrive(agent)
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const argv = (name: string) => ({ file: process.execPath, args: [program, socketPath, name] })
  const command = (name: string) => ['exec', ...[argv(name).file, ...argv(name).args].map(quote)].join(' ')
  return {
    argv,
    command,
    install(name, { version }) {
      const script = `#!/bin/sh\n[ "$1" = --version ] && { echo ${quote(version)}; exit 0; }\n${command(name)} "$@"\n`
      writeFileSync(join(binDir, name), script, { mode: 0o755 })
    },
    binDir,
    dir,
    next: meeting.next,
    started,
    living: () => [...living].map(({ name }) => name),
    async close() {
      meeting.close()
      await closeServer(server, sockets)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** Joins those who have started with those who wait for one, in order. */
function meetingPoint() {
  const arrived: FakeAgent[] = []
  const waiting: Waiting[] = []
  const fits = (agent: FakeAgent, name: string | undefined) => name === undefined || agent.name === name
  return {
    arrive(agent: FakeAgent): void {
      const index = waiting.findIndex(({ name }) => fits(agent, name))
      if (index < 0) arrived.push(agent)
      else waiting.splice(index, 1)[0]!.agent.resolve(agent)
    },
    next: (name?: string): Promise<FakeAgent> => {
      const index = arrived.findIndex((agent) => fits(agent, name))
      if (index >= 0) return Promise.resolve(arrived.splice(index, 1)[0]!)
      const one = { name, agent: defer<FakeAgent>() }
      waiting.push(one)
      return one.agent.promise
    },
    close(): void {
      for (const { name, agent } of waiting) agent.reject(new Error(`No fake agent ${name ?? ''} has started.`))
    },
  }
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of sockets) socket.destroy()
  await closed
}

const identity = ['-c', 'user.name=Fake Agent', '-c', 'user.email=agent@example.org'] as const

function fakeAgent(hello: Hello, connection: AgentConnection, children: Map<string, Deferred<FakeAgent>>): FakeAgent {
  const { gone } = connection
  const act = async (name: string, how?: Readonly<Record<string, unknown>>) => {
    await connection.order(name, how)
  }
  const ask = async (name: string, how?: Readonly<Record<string, unknown>>) =>
    (await connection.order(name, how)) as string
  const print = (stream: 'stdout' | 'stderr', bytes: string | Uint8Array) =>
    act('print', { stream, text: Buffer.from(bytes).toString('base64') })
  const run = (file: string, ...args: readonly string[]) => ask('run', { file, args })
  // The process ends instead of answering.
  const end = async (name: string, how: Readonly<Record<string, unknown>>) => {
    await act(name, how).catch(() => undefined)
    await gone
  }
  return {
    ...hello,
    ...connection,
    say: (...lines) => print('stdout', lines.map((line) => `${line}\n`).join('')),
    complain: (...lines) => print('stderr', lines.map((line) => `${line}\n`).join('')),
    print: (bytes) => print('stdout', bytes),
    flood: (line, times) => act('flood', { line, times, stream: 'stdout' }),
    write: (path, text) => act('write', { path, text }),
    read: (path) => ask('read', { path }),
    remove: (path) => act('remove', { path }),
    run,
    git: async (...args) => (await run('git', ...identity, ...args)).trim(),
    async spawnChild({ setsid = false, holdsPipes = true } = {}) {
      const child = `${hello.name}/child-${children.size + 1}`
      const started = defer<FakeAgent>()
      children.set(child, started)
      await act('spawn', { child, setsid, stdio: holdsPipes ? 'inherit' : 'ignore' })
      return started.promise
    },
    ignore: (signal) => act('trap', { signal }),
    closeOutput: () => act('closeOutput'),
    die: (signal) => end('raise', { signal }),
    exit: (code = 0) => end('exit', { code }),
  }
}
