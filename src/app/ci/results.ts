import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { RunState, TaskRecord } from '../../domain/run/run-state.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import { ciHost } from '../../ui/print/ci-host.js'
import { formatFailure, showId } from '../../ui/format.js'
import type { Printer } from '../../ui/print/printer.js'

export interface CiResultsParts {
  readonly state: RunState
  readonly tasks: ReadonlyMap<string, Pick<Task, 'position'>>
  /** Absolute path of the roadmap. */
  readonly roadmap: string
  readonly env: Environment
  readonly printer: Printer
  /** The file for GitLab's `artifacts:reports:dotenv`, as the user named it. */
  readonly dotenv?: string
  /** The page that is written when the run has ended, as the user named it. */
  readonly report?: string
}

/** Tells the CI service what came of the run. What cannot be written is said; the run's result stays what it is. */
export async function tellCi(parts: CiResultsParts): Promise<void> {
  annotateFailures(parts)
  const { env, dotenv, printer } = parts
  const results = resultsOf(parts)
  const write = async (file: string, writing: (path: string) => Promise<void>) => {
    const path = resolve(file)
    await writing(path).catch((error: unknown) => {
      printer.trouble(`cannot write ${cleanLine(path, 300)}: ${cleanLine(errorText(error))}`)
    })
  }
  const { GITHUB_ACTIONS, GITHUB_OUTPUT } = env
  if (GITHUB_ACTIONS === 'true' && GITHUB_OUTPUT)
    await write(GITHUB_OUTPUT, (path) => appendFile(path, outputs(results)))
  if (dotenv !== undefined) await write(dotenv, (path) => writePrivateFile(path, dotenvOf(results)))
}

/** The runner shows no more than ten of a step. Source: GitHub docs, workflow commands, limits. */
const maxAnnotations = 10

/** Each failed task at its line in the roadmap, as it stands in the commit that was checked out. */
function annotateFailures({ state, tasks, roadmap, env }: CiResultsParts): void {
  const host = ciHost(env)
  const file = relative(env.GITHUB_WORKSPACE ?? process.cwd(), roadmap)
  const failed = [...state.tasks.values()].filter(isFailed)
  for (const { id, state: taskState } of failed.slice(0, maxAnnotations)) {
    const { line = 1, column = 1 } = tasks.get(id)?.position ?? {}
    const text = `${formatFailure(taskState.failure)} (${taskState.failure.kind})`
    host.annotate({ level: 'error', file, line, column, title: `task ${showId(id)} failed`, text })
  }
}

type FailedTask = TaskRecord & { readonly state: { readonly type: 'failed' } }

function isFailed(task: TaskRecord): task is FailedTask {
  return task.state.type === 'failed'
}

/** What later steps of a pipeline can use. */
type Results = Readonly<Record<string, string>>

function resultsOf({ state: { start, tasks }, report }: CiResultsParts): Results {
  const count = (type: string) => String([...tasks.values()].filter(({ state }) => state.type === type).length)
  return {
    done: count('done'),
    failed: count('failed'),
    target: cleanLine(start.target?.branch ?? ''),
    'run-id': start.runId,
    ...(report === undefined ? {} : { report: cleanLine(resolve(report), 1000) }),
  }
}

/** With a delimiter that no value has. Source: GitHub docs, workflow commands, multiline strings. */
function outputs(results: Results): string {
  const delimiter = `autopilot-${randomBytes(16).toString('hex')}`
  return Object.entries(results)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('')
}

/** `AUTOPILOT_RUN_ID=…`; no value has a line feed. */
function dotenvOf(results: Results): string {
  return Object.entries(results)
    .map(([name, value]) => `AUTOPILOT_${name.toUpperCase().replaceAll('-', '_')}=${value}\n`)
    .join('')
}
