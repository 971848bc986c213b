import { plural } from '../../domain/text.js'
import { dirname, resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { planRun } from '../../domain/roadmap/plan.js'
import { formatHold, showId } from '../../ui/format.js'
import { emptySubmodules, lookUpSubmodules } from '../ground/empty-submodules.js'
import { locate } from '../ground/location.js'
import { misplacedConfigs } from '../../config/config-name.js'
import { openConfig } from '../prepare/open-config.js'
import { printJson, sinkOf } from '../../ui/print/output.js'
import { printProblems } from '../../ui/print/problem-output.js'
import { openRoadmap } from '../prepare/roadmap-source.js'

export interface ValidateArguments {
  readonly roadmap?: string
  readonly directory: string
  readonly output: 'human' | 'json'
}

/** `autopilot validate`: reads a roadmap as a run would, and says what is wrong, what is held and what may run. */
export async function validateCommand(args: ValidateArguments, env: Environment): Promise<ExitCode> {
  const here = resolve(args.directory)
  const repository = await locate(here, env)
  const configRoot = repository.ok ? repository.value.root : here
  const config = await openConfig(configRoot, env)
  if (!config.ok) {
    printProblems(config.error, args.output)
    return exitCodes.usage
  }
  const loaded = await openRoadmap(args.roadmap, args.directory, config.value.config.file)
  printProblems(loaded.ok ? loaded.value.warnings : loaded.error, args.output)
  if (!loaded.ok) return exitCodes.usage
  const misplaced = await misplacedConfigs([here, dirname(loaded.value.path)], configRoot)
  printProblems(misplaced, args.output)
  if (misplaced.length > 0) return exitCodes.usage
  const { tasks, runnable } = planRun(loaded.value.graph, loaded.value.roadmap.groups)
  const held = tasks.flatMap(({ id, hold }) => (hold ? [{ taskId: id, reason: hold }] : []))
  const done = tasks.filter(({ state }) => state === 'done').length
  const sink = sinkOf(process.stdout)
  const submodules = repository.ok ? await lookUpSubmodules(repository.value) : []
  const empty = emptySubmodules(submodules, config.value.config.file.setup !== undefined)
  if (args.output === 'json') {
    for (const hold of held) printJson(process.stdout, { type: 'held', ...hold })
    for (const text of empty) printJson(process.stdout, { type: 'notice', level: 'warning', text })
    const counts = { tasks: tasks.length, runnable: runnable.length, held: held.length, done }
    printJson(process.stdout, { type: 'valid', file: loaded.value.options.file, ...counts })
    return exitCodes.done
  }
  for (const text of empty) sink.write(`${text}\n`)
  for (const { taskId, reason } of held) sink.write(`held  ${showId(taskId)}: ${formatHold(reason)}\n`)
  sink.write(
    `${loaded.value.options.file} is valid: ${plural(tasks.length, 'task')}, ` +
      `${runnable.length} to run, ${held.length} held, ${done} done\n`,
  )
  return exitCodes.done
}
