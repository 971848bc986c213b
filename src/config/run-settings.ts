import type { PermissionChoice } from '../domain/agent/permissions.js'
import type { ProviderChoice } from '../domain/agent/provider-model.js'
import type { OutputFormat, UiForm } from '../domain/output-format.js'
import type { WaitPolicy } from '../domain/accounts/governor.js'

/** The settings of a run; the table of them is in `settings.ts`. Times in ms. */
export interface RunSettings {
  readonly agents: number
  readonly iterations: number
  /** How often, within one attempt, refused work goes back to its agent. */
  readonly repairRounds: number
  readonly providers?: readonly ProviderChoice[]
  readonly isolation: 'workspace' | 'none'
  readonly target?: string
  readonly permissions: PermissionChoice
  /** Whether a refused tool is only reported, or makes the turn fail. */
  readonly onDenied: 'warn' | 'fail'
  readonly timeoutMs: number
  /** How long an agent may show no sign of life; 0: forever. */
  readonly idleTimeoutMs: number
  /** Whether agent CLIs may run work in the background. */
  readonly background: boolean
  /** How long an agent's background work may run after its last result; 0: forever. */
  readonly backgroundTimeoutMs: number
  /** How long the run may take before it starts nothing more. */
  readonly timeLimitMs?: number
  /** How long running agents may continue once the run is stopping. */
  readonly drainMs: number
  /** What the run does when every provider has hit a limit. Default: wait, but stop in CI. */
  readonly onLimit?: WaitPolicy['onLimit']
  /** The longest it waits then. */
  readonly maxWaitMs?: number
  /** Most attempts per task over all resumes. */
  readonly maxTotalAttempts?: number
  /** What the run may cost, in USD. */
  readonly budgetUsd?: number
  /** How many tokens the run may use. */
  readonly budgetTokens?: number
  /** What happens to running agents when a budget is used up. */
  readonly budgetAction: 'finish' | 'end'
  /** How many gates run at once. */
  readonly gateJobs: number
  /** How many setups run at once. */
  readonly setupJobs: number
  /** Most finished tasks that are judged together. */
  readonly mergeBatch: number
  /** Whether `gates:` also judge the target's tip. */
  readonly baseGates: 'judge' | 'skip'
  /** Whether turns run in worker processes. */
  readonly workers: boolean
  /** Whether each turn on a worker starts its CLI anew, although the CLI could live on. */
  readonly oneShot: boolean
  /** The file for GitLab's dotenv reports, as the user named it. */
  readonly dotenv?: string
  /** Whether the summary tells what each slot did. */
  readonly verbose: boolean
  readonly output: OutputFormat
  /** Whether a run is shown as a screen or as lines; default: a screen where there is one. */
  readonly ui?: UiForm
  /** Files that the run writes when it ends, as they were named. */
  readonly report?: string
  readonly junit?: string
  readonly summaryFile?: string
  /** Whether a page on this machine follows the run, and at which port if not at any. */
  readonly serve: boolean
  readonly servePort?: number
  readonly dryRun: boolean
  readonly only?: readonly string[]
  readonly limit?: number
  /** Tasks to do again, although they have landed. */
  readonly redo?: readonly string[]
}
