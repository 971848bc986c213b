import { startAgent, type AgentProcess, type AgentSpawn } from './agent-process.js'
import type { Watchdog } from './watchdog.js'

/** Starts an agent, a gate or a command of the user's; see {@link startAgent}. */
export type StartAgent = (spec: AgentSpawn) => AgentProcess

/** The variable by which all that a run starts is known, wherever it goes: the run's directory. */
const runVariable = 'AUTOPILOT_RUN'

/** The entry of the environment that the processes of a run bear. */
export function runEntry(runDir: string): string {
  return `${runVariable}=${valueOf(runDir)}`
}

/** The one door of a run: what starts through it bears the run's mark, and ends with autopilot. */
export function openDoor(runDir: string, watchdog: Watchdog): StartAgent {
  const mark = { [runVariable]: valueOf(runDir) }
  return (spec) => startAgent({ ...spec, env: { ...spec.env, ...mark }, watchdog })
}

/** The watchdog's grep would take the lines of one with a line feed for patterns of their own. */
function valueOf(runDir: string): string {
  return runDir.replaceAll('\n', '?')
}
