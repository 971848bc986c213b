import { join } from 'node:path'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import { safeName } from '../../domain/name.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import type { AgentWork } from './agent-work.js'

/** The directory of an attempt's prompts and output, and of those of its reviews. */
export function attemptDirectory(attemptsDir: string, { taskId, attempt }: AttemptId): string {
  return join(attemptsDir, `${safeName(taskId)}-${attempt}`)
}

/** Keeps what the agent is told. A command is already in the roadmap. */
export async function writePrompt(work: AgentWork, mask: Mask): Promise<Failure | undefined> {
  try {
    const { type, request } = work.assignment
    const isCommand = type === 'work' && request.run !== undefined
    if (!isCommand) await writePrivateFile(logFile(work, 'prompt', 'md'), mask.text(request.prompt))
    return undefined
  } catch (error) {
    const reason = errorText(error)
    return failure('infrastructure', `Cannot write the attempt's directory: ${cleanLine(reason)}`)
  }
}

/**
 * `prompt.md` of the first agent, `prompt-2.md` of the first repair round, `review-1-prompt.md` of the first review, and
 * so on; `-resume1` behind that for what was taken up when the run was first resumed, `-finish1` for the first turn that
 * finishes what was left unfinished.
 */
export function logFile(turn: NamedTurn, name: string, extension: string): string {
  return `${turnPath(turn, name)}.${extension}`
}

/** The directory of the files that the CLI of a turn needs besides its workspace. */
export function ownDirectory(turn: NamedTurn): string {
  return turnPath(turn, 'cli')
}

/** What distinguishes the files of a turn from those of the attempt's others. */
export type NamedTurn = Pick<AgentWork, 'logDir' | 'round' | 'standsIn' | 'review' | 'takenUp' | 'finishing'>

function turnPath({ logDir, round, standsIn, review, takenUp, finishing }: NamedTurn, name: string): string {
  if (review !== undefined) return join(logDir, `review-${review}-${name}`)
  const number = round === undefined ? '' : `-${round + 1}`
  const again = takenUp === undefined ? '' : `-resume${takenUp}`
  const finish = finishing === undefined ? '' : `-finish${finishing}`
  return join(logDir, `${name}${number}${again}${finish}${standsIn ? '-afresh' : ''}`)
}
