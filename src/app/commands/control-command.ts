import type { RunId } from '../../domain/brand.js'
import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodeOfAnswer, type Order } from '../../domain/run/control.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { nearest } from '../../domain/nearest.js'
import { cleanLine } from '../../domain/text.js'
import { askLine } from '../../platform/sockets/ask-line.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { findRuns, type FoundRuns } from '../control/find-runs.js'
import { readAnswer, writeMessage } from '../control/messages.js'
import { ownActor } from '../control/own-actor.js'
import { refuse } from '../refuse.js'

export interface ControlArguments {
  readonly order: Exclude<Order, { type: 'hello' }>
  /** The run's id; without one, the run that is at work here. */
  readonly run?: string
  readonly directory: string
  readonly output: OutputFormat
}

/** How long an answer may take, ms: that to a canceled task comes when its agent has ended. */
const answerMs = 20_000

/** `autopilot pause`, `unpause`, `cancel` and `agents`: tells a run at work what to do. Returns the exit code. */
export async function controlCommand(args: ControlArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const found = await findRuns(args.directory, args.run, env)
  const [run, another] = found.runs
  if (!run) return nobodyThere(args.run, found, printer)
  if (another) {
    const ids = found.runs.map(({ run: id, root }) => `${id} in ${cleanLine(root, 300)}`)
    printer.trouble(['several runs are at work here:', ...ids.map((id) => `  ${id}`)], 'name one with --run')
    return exitCodes.usage
  }
  const line = await askLine(run.socket, writeMessage(args.order, ownActor('command')), { patienceMs: answerMs })
  const answer = line.ok ? readAnswer(line.value) : undefined
  if (!answer) return refuse({ message: `run ${run.run} did not answer`, help: isItDone(run.run) }, printer)
  printer.answered(run.run, answer)
  return exitCodeOfAnswer[answer.type]
}

function isItDone(run: RunId): string {
  return `autopilot status ${run} shows whether it is still at work, and what it has done`
}

function nobodyThere(wanted: string | undefined, { silent, known, holder }: FoundRuns, printer: Printer): ExitCode {
  const [quiet] = silent
  if (quiet !== undefined) {
    const pid = holder ? `; if it is stopped: kill -CONT ${holder.pid}` : ''
    return refuse({ message: `run ${cleanLine(quiet, 60)} does not answer`, help: `try again${pid}` }, printer)
  }
  const what = wanted === undefined ? 'no run is at work here' : `no run ${cleanLine(wanted, 60)} is at work`
  if (wanted !== undefined && !known.some((id) => id === wanted)) {
    const guess = nearest(wanted, known)
    return refuse({ message: what, help: guess === undefined ? undefined : `did you mean ${guess}?` }, printer)
  }
  if (!holder) return refuse({ message: what, help: 'autopilot status shows the last run' }, printer)
  const where = `process ${holder.pid} on ${cleanLine(holder.host, 100)}`
  const message = `${what} that can be reached: ${where} holds the lock`
  const help = 'a run is reached only on its own machine, by its own user, and while its tasks are worked on'
  return refuse({ message, help }, printer)
}
