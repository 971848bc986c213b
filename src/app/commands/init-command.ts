import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { configName, findConfig } from '../../config/config-name.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { ensureLine } from '../../platform/files/ensure-line.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import { findRoadmap } from '../../roadmap/find.js'
import { humanPrinter } from '../../ui/print/human-printer.js'
import { sinkOf } from '../../ui/print/output.js'
import type { Printer } from '../../ui/print/printer.js'
import { shownPath } from '../../ui/shown-path.js'
import { agentGraceMs } from '../../orchestration/agent/process-runner.js'
import { discover } from '../../workspace/repository/discover.js'
import { configFor } from '../init/config-for.js'
import { roadmapText } from '../init/roadmap-text.js'
import { schemaPath } from '../init/schema-path.js'
import { refuse } from '../refuse.js'
import { listenForStop } from '../stop/stop-signals.js'
import { schemaFor, schemaText } from '../schema/schemas.js'

export interface InitArguments {
  readonly directory: string
  /** Prints what would be written, and writes nothing. */
  readonly dryRun: boolean
}

/** A file to write. */
interface NewFile {
  readonly path: string
  readonly text: string
}

/** `autopilot init`: writes a configuration for what it finds, and a small roadmap where there is none. Overwrites nothing. */
export async function initCommand({ directory, dryRun }: InitArguments, env: Environment): Promise<ExitCode> {
  const printer = humanPrinter(env)
  const here = resolve(directory)
  const found = await discover(here, env)
  if (!found.ok && found.error.code === 'no_directory') {
    printer.trouble(found.error.message, found.error.help)
    return exitCodes.usage
  }
  const root = found.ok ? found.value.root : here
  const config = await findConfig(root)
  if (!config.ok) {
    printer.problems(config.error)
    return exitCodes.usage
  }
  const roadmap = await existingRoadmap([here, root])
  const place = found.ok ? { gitDir: found.value.gitDir, workTree: root } : undefined
  const signals = listenForStop({ drainMs: 0, graceMs: agentGraceMs, exitCode: exitCodes.interrupted })
  const text = config.value === undefined ? await configFor(root, place, { env, signal: signals.canceled }) : undefined
  signals.dispose()
  const caught = signals.caught()
  if (caught !== undefined) return caught === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
  const files = [
    ...(text === undefined ? [] : [{ path: join(root, configName), text }]),
    ...(roadmap === undefined ? [{ path: join(root, 'roadmap.yaml'), text: roadmapText(schemaPath('roadmap')) }] : []),
  ]
  const kept = [config.value, roadmap].flatMap((name) => name ?? [])
  if (kept.length > 0)
    printer.notice(`${kept.map((name) => cleanLine(name)).join(' and ')}: there already, left as it is`)
  if (dryRun) {
    for (const { path, text } of files) sinkOf(process.stdout).write(`# ${shownPath(path)}\n${text}\n`)
    return exitCodes.done
  }
  const trouble = await writeAll(files, { root, ...(found.ok ? { commonDir: found.value.commonDir } : {}) }, printer)
  if (trouble !== undefined) return refuse({ message: trouble }, printer)
  if (!found.ok) printer.trouble(found.error.message, found.error.help)
  printer.notice(nextSteps(here, root))
  return exitCodes.done
}

/** The roadmap that a run would take, or one of those between which it could not choose. */
async function existingRoadmap(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const found = await findRoadmap(directory)
    if (found.ok) return shownPath(found.value)
    if (found.error.code === 'E006') return shownPath(found.error.position.file)
  }
  return undefined
}

/** Writes what is new, and says so; why it could not, in words. */
async function writeAll(
  files: readonly NewFile[],
  { root, commonDir }: { readonly root: string; readonly commonDir?: string },
  printer: Printer,
): Promise<string | undefined> {
  try {
    if (commonDir !== undefined) await ensureLine(join(commonDir, 'info', 'exclude'), '/.autopilot/')
    for (const name of ['config', 'roadmap'] as const)
      await writePrivateFile(join(root, schemaPath(name)), schemaText(schemaFor(name)))
    for (const { path, text } of files) {
      // Also what a link leads to, and what came meanwhile, stays as it is.
      await writeFile(path, text, { flag: 'wx' })
      printer.notice(`wrote ${shownPath(path)}`)
    }
    return undefined
  } catch (error) {
    return `cannot write in ${cleanLine(root, 300)}: ${cleanLine(errorText(error), 300)}`
  }
}

function nextSteps(here: string, root: string): string {
  const there = here === root ? '' : ` -C ${shownPath(root)}`
  return [
    'Next, after a look at both files:',
    `  autopilot doctor${there}         what is missing for a run`,
    `  autopilot run${there} --dry-run  what would run`,
  ].join('\n')
}
