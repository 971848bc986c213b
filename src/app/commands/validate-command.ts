import { dirname, resolve } from 'node:path'
import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { planRun } from '../../domain/roadmap/plan.js'
import { emptySubmodules, lookUpSubmodules } from '../ground/empty-submodules.js'
import { locate } from '../ground/location.js'
import { misplacedConfigs } from '../../config/config-name.js'
import { openConfig } from '../prepare/open-config.js'
import { printerFor } from '../../ui/print/printers.js'
import { openRoadmap } from '../prepare/roadmap-source.js'

export interface ValidateArguments {
  readonly roadmap?: string
  readonly directory: string
  readonly output: OutputFormat
}

/** `autopilot validate`: reads a roadmap as a run would, and says what is wrong, what is held and what may run. */
export async function validateCommand(args: ValidateArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const here = resolve(args.directory)
  const repository = await locate(here, env)
  const configRoot = repository.ok ? repository.value.root : here
  const config = await openConfig(configRoot, env)
  if (!config.ok) {
    printer.problems(config.error)
    return exitCodes.usage
  }
  const loaded = await openRoadmap(args.roadmap, args.directory, config.value.config.file)
  printer.problems(loaded.ok ? loaded.value.warnings : loaded.error)
  if (!loaded.ok) return exitCodes.usage
  const misplaced = await misplacedConfigs([here, dirname(loaded.value.path)], configRoot)
  printer.problems(misplaced)
  if (misplaced.length > 0) return exitCodes.usage
  const { tasks, runnable } = planRun(loaded.value.graph, loaded.value.roadmap.groups)
  const submodules = repository.ok ? await lookUpSubmodules(repository.value) : []
  const warnings = emptySubmodules(submodules, config.value.config.file.setup !== undefined)
  printer.valid({ file: loaded.value.options.file, tasks, runnable: runnable.length, warnings })
  return exitCodes.done
}
