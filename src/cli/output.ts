import type { Environment } from '../domain/environment.js'
import type { Reporter, Sink } from '../ui/contract.js'
import { jsonReporter } from '../ui/json-reporter.js'
import type { Line } from '../ui/describe.js'
import { painter } from '../ui/paint.js'
import { plainReporter } from '../ui/plain-reporter.js'

/** Where a command's words go: stdout is the result's, stderr the progress's. */
export interface Output {
  readonly reporter: Reporter
  /** A line of the result. */
  result(line: Line): void
}

/** Whether a stream is a terminal that wants more than plain lines. */
export function isLively(stream: NodeJS.WriteStream, env: Environment): boolean {
  const off = [env.CI, env.NO_COLOR].some((value) => value !== undefined && value !== '')
  return stream.isTTY && !off && env.TERM !== 'dumb'
}

/** Chooses the form of output. The spinner's library is loaded only for a terminal. */
export async function openOutput(format: 'human' | 'json', env: Environment): Promise<Output> {
  const [stdout, stderr] = [sinkOf(process.stdout), sinkOf(process.stderr)]
  if (format === 'json') return { reporter: jsonReporter(stdout), result: () => undefined }
  const paint = painter(isLively(process.stdout, env))
  const result = (line: Line) => stdout.write(`${paint(line)}\n`)
  if (!isLively(process.stderr, env)) return { reporter: plainReporter(stderr), result }
  const { terminalReporter } = await import('../ui/terminal-reporter.js')
  return { reporter: terminalReporter(process.stderr), result }
}

const deaf = new WeakSet<NodeJS.WriteStream>()

/** A sink that goes quiet when its reader is gone (EPIPE): a run does not end because nobody watches it. */
export function sinkOf(stream: NodeJS.WriteStream): Sink {
  if (!deaf.has(stream)) {
    deaf.add(stream)
    stream.on('error', () => undefined)
  }
  return {
    write(text) {
      if (!stream.destroyed && !stream.writableEnded) stream.write(text)
    },
  }
}
