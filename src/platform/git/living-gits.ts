import { signalGroup } from '../processes/process-group.js'

/** Groups of git commands that have not been seen to end. */
const living = new Set<number>()
/** Those of them that autopilot ends because it stops. */
const ending = new Set<number>()

let steps = 0

export function rememberGit(pgid: number): void {
  living.add(pgid)
}

export function forgetGit(pgid: number): void {
  living.delete(pgid)
  ending.delete(pgid)
}

/** Sends a signal to every git that runs: TERM lets it remove its lock files. */
export function endGits(signal: NodeJS.Signals): void {
  for (const pgid of living) {
    ending.add(pgid)
    signalGroup(pgid, signal)
  }
}

/** Whether {@link endGits} has ended it, so that nothing is to be asked again. */
export function isGitEnding(pgid: number): boolean {
  return ending.has(pgid)
}

/** How many gits have ended, and questions been answered, so far: while that grows, what waits for git gets on. */
export function gitSteps(): number {
  return steps
}

/** A git has ended, or one that goes on running has answered. */
export function noteGitStep(): void {
  steps++
}
