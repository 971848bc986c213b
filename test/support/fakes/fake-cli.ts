import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Scene } from '../scenes/scene.js'

/** One start of a fake CLI, as it saw it. */
export interface FakeCall {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly prompt: string
}

/** What a fake CLI can do. */
export interface FakeActor {
  /** The id in the prompt. */
  readonly task: string
  /** Which start of this CLI for this task it is, from 1. */
  readonly attempt: number
  readonly prompt: string
  readonly write: (path: string, content: string) => void
  readonly read: (path: string) => string
  /** Prints a line of its stream. */
  readonly say: (line: unknown) => void
  /** Prints the first line and a final event of success, as recorded streams have them. */
  readonly succeed: (more?: Readonly<Record<string, unknown>>) => void
  /** Begins a command that it is not permitted; claude reports it again in its final event. */
  readonly refuse: (command: string) => void
  /** Whether it is asked to review. */
  readonly reviews: boolean
  /** As `succeed`, with an answer to a schema. */
  readonly answer: (answer: unknown) => void
  /** Prints a recorded stream, each line as `change` has it, and ends as it did. */
  readonly play: (scenario: string, change?: (line: string) => string) => void
  readonly exit: (code: number) => void
}

type CliName = 'claude' | 'codex'

const versions: Readonly<Record<CliName, string>> = { claude: '2.1.332 (Claude Code)', codex: 'codex-cli 0.171.0' }
const streams = fileURLToPath(new URL('../../fixtures/streams', import.meta.url))

/**
 * Puts a real program called `claude` or `codex` on the PATH that answers `--version`, takes its prompt from stdin, or
 * one after the other if it is started so, and
 * then does what `act` says. `act` runs in that program: it can use nothing from around it. Returns a reader of the
 * calls so far.
 */
export function fakeCli(scene: Scene, name: CliName, act: (actor: FakeActor) => void): () => readonly FakeCall[] {
  const log = scene.repo.beside(`${name}-calls.jsonl`)
  const text = `#!${process.execPath}
'use strict'
// Not require: a package.json in some directory above may make a module of this file.
const [fs, path] = ['node:fs', 'node:path'].map((name) => process.getBuiltinModule(name))
if (process.argv[2] === '--version') {
  console.log(${JSON.stringify(versions[name])})
  process.exit(0)
}
const log = ${JSON.stringify(log)}
const isServer = process.argv.includes('--input-format')
if (isServer) {
  const input = process.getBuiltinModule('node:readline').createInterface({ input: process.stdin })
  input.on('line', (line) => turn(JSON.parse(line).message.content[0].text))
} else turn(fs.readFileSync(0, 'utf8'))
function turn(prompt) {
const task = (/^Task (.+)\\.$/m.exec(prompt) || [])[1]
const call = { args: process.argv.slice(2), cwd: process.cwd(), env: process.env, prompt }
fs.appendFileSync(log, JSON.stringify(call) + '\\n')
const calls = fs.readFileSync(log, 'utf8').split('\\n').filter(Boolean).map((line) => JSON.parse(line))
const attempt = calls.filter((one) => one.prompt.includes('\\nTask ' + task + '.\\n')).length
const say = (line) => fs.writeSync(1, JSON.stringify(line) + '\\n')
const denials = []
const refuse = {
  claude(command) {
    const id = 'toolu_' + process.pid + '_' + denials.length
    denials.push({ tool_name: 'Bash', tool_use_id: id, tool_input: { command } })
    const tool = { type: 'tool_use', id, name: 'Bash', input: { command } }
    say({ type: 'assistant', message: { content: [tool] } })
    say({ type: 'system', subtype: 'permission_denied', tool_name: 'Bash', tool_use_id: id, message: 'This command requires approval' })
  },
  codex(command) {
    say({ type: 'item.completed', item: { id: 'item_0', type: 'command_execution', command, status: 'declined' } })
  },
}.${name}
const succeed = {
  claude(more) {
    say({ type: 'system', subtype: 'init', session_id: 'session-of-' + task, model: 'claude-test' })
    say({ type: 'result', subtype: 'success', is_error: false, result: 'Did ' + task + '.', num_turns: 1,
      total_cost_usd: 0.25, usage: { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 20, output_tokens: 30 },
      ...(denials.length === 0 ? {} : { permission_denials: denials }), ...more })
  },
  codex(more) {
    say({ type: 'thread.started', thread_id: 'thread-of-' + task })
    say({ type: 'turn.started' })
    say({ type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text: 'Did ' + task + '.' } })
    say({ type: 'turn.completed', usage: { input_tokens: 200, cached_input_tokens: 50, output_tokens: 40 }, ...more })
  },
}.${name}
const answer = {
  claude: (said) => succeed({ result: JSON.stringify(said), structured_output: said }),
  codex(said) {
    say({ type: 'thread.started', thread_id: 'review-of-' + task })
    say({ type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text: JSON.stringify(said) } })
    say({ type: 'turn.completed', usage: { input_tokens: 200, cached_input_tokens: 50, output_tokens: 40 } })
  },
}.${name}
const actor = {
  task, attempt, prompt, say, succeed, refuse, answer,
  reviews: prompt.startsWith('# Review'),
  write(file, content) {
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
    fs.writeFileSync(file, content)
  },
  read: (file) => fs.readFileSync(file, 'utf8'),
  exit: (code) => process.exit(code),
  play(scenario, change = (line) => line) {
    const file = path.join(${JSON.stringify(streams)}, ${JSON.stringify(name)}, scenario + '.jsonl')
    const [first, ...lines] = fs.readFileSync(file, 'utf8').split('\\n').filter(Boolean)
    const { recorded } = JSON.parse(first)
    for (const line of lines) fs.writeSync(1, change(line) + '\\n')
    fs.writeSync(2, recorded.stderr)
    process.exit(recorded.exitCode)
  },
}
;(${act.toString()})(actor)
}
`
  scene.program(name, text)
  return () =>
    (existsSync(log) ? readFileSync(log, 'utf8') : '')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as FakeCall)
}
