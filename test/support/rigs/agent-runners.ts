import type { AgentRunner } from '../../../src/orchestration/agent/contract.js'
import { processRunner, type ProcessRunnerParts } from '../../../src/orchestration/agent/process-runner.js'
import { runnerAcrossMessages } from '../fakes/runner-across-messages.js'

export type MakeRunner = (parts: ProcessRunnerParts) => AgentRunner

/** Every implementation of the agent runner, by name, for `describe.each`: its suite runs on each. */
export const agentRunners: readonly (readonly [string, MakeRunner])[] = [
  ['a process for each turn', processRunner],
  ['a process for each turn, behind a border of messages', (parts) => runnerAcrossMessages(processRunner(parts))],
]
