import { deferred } from '../../domain/deferred.js'
import type { WorkNumber } from '../../domain/agent/work-number.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { DoorSpec, StartProcess } from '../../platform/processes/door.js'
import { isStopped } from '../../platform/processes/table/process-identity.js'
import { processorTimes } from '../../platform/processes/table/processor-looks.js'
import { notStarted, type RunningProcess } from '../../platform/processes/running-process.js'
import { writePrivateFileSync } from '../../platform/files/private-file.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { withOwnInterpreter } from '../../platform/programs/interpreter.js'
import { behindLauncher, noProgram, ownProgram } from '../../platform/programs/own-programs.js'
import type { AgentCommand, OwnFile, Provider } from '../../providers/adapter/contract.js'
import { commandOf } from '../../providers/command-of.js'
import { eventReader, type EventReader } from '../../providers/event-reader.js'
import type { AgentExit, AgentRunner, RunningTurn, TurnEvent, TurnRequest } from './contract.js'
import { EventStream } from './event-stream.js'

export interface ProcessRunnerParts {
  readonly start: StartProcess
  readonly findProvider: (name: string) => Provider | undefined
  /** Hides secrets in what an agent prints. */
  readonly maskAt: (where: WorkNumber) => Mask
}

/** What an agent has between TERM and KILL, ms. */
export const agentGraceMs = 5_000
/** Of each file that keeps what a turn prints. */
export const maxFileBytes = 50 * 1024 * 1024

/** Each turn is a separate process, which starts and ends with it. */
export function processRunner({ start, findProvider, maskAt }: ProcessRunnerParts): AgentRunner {
  return {
    turn(request) {
      const provider = findProvider(request.provider)
      if (!provider) throw new Error(`there is no provider ${request.provider}`)
      const events = new EventStream<TurnEvent>()
      const reader = eventReader(provider)
      const begun = deferred<undefined>()
      let hasPrinted = false
      const read = (line: string) => {
        hasPrinted = true
        events.push({ type: 'said', events: reader.read(line) })
      }
      const { env, mark, output, where, assignment } = request
      const { files = [], ...command } = ownCommandOf(provider, request)
      const agent = startWith(
        files,
        {
          ...command,
          cwd: assignment.request.cwd,
          env: { ...command.env, ...env },
          ...(mark === undefined ? {} : { mark }),
          stdoutFile: output.stdout,
          stderrFile: output.stderr,
          maxFileBytes,
          mask: maskAt(where),
          graceMs: agentGraceMs,
          onStdoutLine: read,
          onOutput: () => events.push({ type: 'printed' }),
          ...(provider.wantedLines === undefined ? {} : { wantedLines: provider.wantedLines }),
          ...(provider.finalEvent === 'exit' ? { onStderrLine: read } : {}),
          onSpawned: (process) => {
            events.push({ type: 'spawned', process })
            return begun.promise
          },
        },
        start,
      )
      const ended = follow(agent, reader, events).then((end) => ({ ...end, hasPrinted }))
      return { ...running(agent, ended), events, begin: () => begun.resolve(undefined) }
    },
  }
}

/** Writes the files that a CLI needs, then starts it. */
export function startWith(files: readonly OwnFile[], spec: DoorSpec, start: StartProcess): RunningProcess {
  try {
    for (const { path, content } of files) writePrivateFileSync(path, content)
  } catch (error) {
    return notStarted({ message: `Cannot write a file that the CLI needs: ${cleanLine(errorText(error))}` })
  }
  return start(spec)
}

async function follow(
  agent: RunningProcess,
  reader: EventReader,
  events: EventStream<TurnEvent>,
): Promise<Omit<AgentExit, 'hasPrinted'>> {
  events.push({ type: 'exited', exit: await agent.exited })
  const end = await agent.finished
  events.push({ type: 'said', events: reader.end() })
  events.close()
  return end
}

function running(agent: RunningProcess, ended: Promise<AgentExit>): Pick<RunningTurn, 'ended' | 'end' | 'life'> {
  return {
    ended,
    end: (reason) => agent.end(reason),
    life: {
      processorTimes: (maxAgeMs) => processorTimes(agent.pid ?? 0, maxAgeMs),
      isStopped: () => isStopped(agent.pid ?? 0),
    },
  }
}

function ownCommandOf(provider: Provider, { assignment, env }: TurnRequest): AgentCommand {
  return withOwnProgram(commandOf(provider, assignment), provider, env.PATH)
}

/** With its CLI, without a launcher that can be avoided, and its interpreter if it is a script: never the ones on a workspace's PATH. */
export function withOwnProgram<Command extends Pick<AgentCommand, 'file' | 'args'>>(
  command: Command,
  { program }: Provider,
  path: string | undefined,
): Command {
  if (!program) return command
  const found = ownProgram(command.file, path) ?? noProgram
  const file = behindLauncher(found, program.native?.(process) ?? [])
  return withOwnInterpreter({ ...command, file }, path)
}
