import { dirname, resolve } from 'node:path'
import type { TaskId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import type { ProviderChoice } from '../../domain/agent/provider-model.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { nearest } from '../../domain/nearest.js'
import { isTask } from '../../domain/roadmap/graph.js'
import type { RunPlan } from '../../domain/roadmap/plan.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { defaultFormat, type OutputFormat } from '../../domain/output-format.js'
import { present } from '../../domain/present.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { showId } from '../../ui/format.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { Config } from '../../config/config.js'
import { misplacedConfigs } from '../../config/config-name.js'
import { locate, plainLocation, type Location } from '../ground/location.js'
import { checkWorkspaces } from '../ground/workspaces-home.js'
import { openConfig } from './open-config.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { refuse } from '../refuse.js'
import { readTemplate } from './prompt-template.js'
import { openRoadmap } from './roadmap-source.js'
import { planWithRedo } from './redo.js'
import { providersInSettings, selectableProviders, unknownProvider } from '../../config/known-providers.js'
import { providersWith, type FindProvider } from '../../providers/index.js'
import { mergeSettings, settingsFromEnvironment, type FileSettings, type RunSettings } from '../../config/settings.js'

/** What was typed after `autopilot run`. */
export interface RunArguments {
  readonly roadmap?: string
  /** In a resumed run: what stays as it was, whatever the current settings. */
  readonly asBefore?: AsBefore
  /** `-C`; where to work. */
  readonly directory: string
  readonly flags: Partial<RunSettings>
}

/** What a resumed run doesn't change. */
export interface AsBefore {
  readonly isolation: RunSettings['isolation']
  readonly target?: string
  /** Its tasks, if it wasn't about the whole roadmap. */
  readonly only?: readonly string[]
  /** Tasks that it does again. */
  readonly redo?: readonly TaskId[]
  /** Those that its command line or environment chose: they stay, unless others are chosen now. */
  readonly providers?: readonly ProviderChoice[]
}

/** Everything that was read before anything starts. */
export interface Prepared {
  readonly settings: RunSettings
  /** The providers that the command line or the environment chose, now or when a resumed run began. */
  readonly providers?: readonly ProviderChoice[]
  readonly printer: Printer
  readonly config: Config
  /** Hides secrets. */
  readonly mask: Mask
  readonly secrets: readonly string[]
  readonly maskWarnings: readonly string[]
  readonly location: Location
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  /** The tasks that the run does again. */
  readonly redo?: readonly TaskId[]
  readonly template?: string
  readonly findProvider: FindProvider
}

/**
 * Reads settings, configuration, roadmap and template. If it isn't ok, the problems are already printed, by `printerOf`
 * the format that is asked for.
 */
export async function prepareRun(
  args: RunArguments,
  env: Environment,
  printerOf: (format: OutputFormat, ui?: RunSettings['ui']) => Printer = (format, ui) => printerFor(format, env, ui),
): Promise<Result<Prepared, ExitCode>> {
  const wanted = printerOf(args.flags.output ?? defaultFormat, args.flags.ui)
  const fromEnvironment = settingsFromEnvironment(env)
  if (!fromEnvironment.ok) return usage(fromEnvironment.error, undefined, wanted)
  const here = resolve(args.directory)
  const repository = await locate(here, env)
  const configRoot = repository.ok ? repository.value.root : here
  const opened = await openConfig(configRoot, env)
  if (!opened.ok) return problems(opened.error, printerOf(mergeSettings(fromEnvironment.value, args.flags).output))
  const { config, mask, secrets, warnings: maskWarnings } = opened.value
  const layered = settingsFrom(config, fromEnvironment.value, args)
  if (!layered.ok) return usage(layered.error.text, layered.error.help, wanted)
  const { settings, providers } = layered.value
  const printer = printerOf(settings.output, settings.ui)
  const { lock } = repository.ok ? repository.value : plainLocation(here)
  const location = settings.isolation === 'none' ? ok({ root: here, lock }) : repository
  if (!location.ok) return err(refuse(location.error, printer))
  if (settings.isolation === 'workspace') {
    const refused = await refuseWorkspaces(config, location.value.root, env, printer)
    if (refused !== undefined) return err(refused)
  }
  const loaded = await openRoadmap(args.roadmap, args.directory, config.file)
  if (!loaded.ok) return problems(loaded.error, printer)
  const misplaced = await misplacedConfigs([here, dirname(loaded.value.path)], configRoot)
  if (misplaced.length > 0) return problems(misplaced, printer)
  const redo = tasksToRedo(args, settings, loaded.value)
  const planned = planWithRedo(loaded.value, settings, redo)
  const { plan } = planned
  // A task of the run that is gone from the roadmap is dropped.
  if (plan.unknown.length > 0 && !args.asBefore) {
    const { graph, roadmap } = loaded.value
    return unknownIds(plan.unknown, [...graph.tasks.keys(), ...roadmap.groups.map(({ id }) => id)], printer)
  }
  if (!args.asBefore && settings.redo !== undefined) {
    const refused = refuseRedo(settings.redo, planned, settings)
    if (refused) return usage(refused.text, refused.help, printer)
  }
  const template = await readTemplate(config.file.prompt, configRoot)
  if (!template.ok) return usage(template.error, undefined, printer)
  return ok({
    settings,
    printer,
    config,
    mask,
    secrets,
    maskWarnings,
    location: location.value,
    loaded: planned.loaded,
    plan,
    findProvider: providersWith(config.file.customProviders),
    ...present({ redo, providers, template: template.value }),
  })
}

/** The settings of a run, from all layers. */
function settingsFrom(
  { run, file }: Config,
  environment: Partial<RunSettings>,
  { flags, asBefore }: RunArguments,
): Result<Pick<Prepared, 'settings' | 'providers'>, { readonly text: string; readonly help?: string }> {
  const layers = { 'the environment': environment, 'the command line': flags }
  for (const [layer, named] of Object.entries(layers)) {
    const unknown = unknownProviderIn(named, file)
    if (unknown !== undefined) return err({ text: `${layer} names an unknown provider: ${unknown}` })
  }
  const now = flags.providers ?? environment.providers
  const before = now === undefined ? present({ providers: asBefore?.providers }) : {}
  const gone = unknownProviderIn(before, file)
  if (gone !== undefined) {
    const help = 'describe it again in the configuration, or name others with --provider'
    return err({ text: `the run was started with an unknown provider: ${gone}`, help })
  }
  const requested = unrestricted(mergeSettings(run, environment, flags, before), file)
  const settings = asBefore ? settingsAsBefore(requested, asBefore) : requested
  return ok({ settings, ...present({ providers: now ?? before.providers }) })
}

/** A provider that a layer of settings names and that does not exist. */
function unknownProviderIn(settings: Partial<RunSettings>, file: FileSettings): string | undefined {
  const selectable = selectableProviders(file)
  return providersInSettings(settings)
    .map((name) => unknownProvider(name, selectable))
    .find((why) => why !== undefined)
}

/** Providers that the configuration describes are restricted only by their own commands, and it says so. */
function unrestricted(settings: RunSettings, { customProviders }: FileSettings): RunSettings {
  const own = Object.keys(customProviders).map((name) => [name, 'full'] as const)
  const { general, ofProviders } = settings.permissions
  return { ...settings, permissions: { general, ofProviders: { ...Object.fromEntries(own), ...ofProviders } } }
}

function settingsAsBefore(requested: RunSettings, { isolation, target, only = [] }: AsBefore): RunSettings {
  const settings: { -readonly [Key in keyof RunSettings]: RunSettings[Key] } = {
    ...requested,
    isolation,
    dryRun: false,
  }
  delete settings.target
  delete settings.only
  delete settings.limit
  delete settings.redo
  return {
    ...settings,
    ...(target === undefined ? {} : { target }),
    ...(only.length > 0 ? { only } : {}),
  }
}

/** Found before anything starts, not by each task; if the configuration names the place, the mistake is there. */
async function refuseWorkspaces(
  config: Config,
  root: string,
  env: Environment,
  printer: Printer,
): Promise<ExitCode | undefined> {
  const wrong = await checkWorkspaces(config, root, env)
  if (!wrong) return undefined
  if (config.file.workspacesDir === undefined) return refuse({ message: wrong.text, help: wrong.help }, printer)
  printer.problems([{ severity: 'error', code: 'E105', position: config.place(['workspaces', 'dir']), ...wrong }])
  return exitCodes.usage
}

/** Those of a run that goes on, or those of `--redo` that the roadmap has. */
function tasksToRedo({ asBefore }: RunArguments, { redo }: RunSettings, { graph }: LoadedRoadmap) {
  return asBefore ? asBefore.redo : redo?.filter((word) => isTask(graph.tasks, word))
}

/** A task to redo that doesn't run would keep its dependents from running. */
function refuseRedo(
  redo: readonly string[],
  { loaded, plan }: Pick<Prepared, 'loaded' | 'plan'>,
  { only }: RunSettings,
) {
  const { tasks } = loaded.graph
  const unknown = redo.filter((id) => !isTask(tasks, id))
  if (unknown.length > 0) {
    const text = `--redo names ids that are not in the roadmap: ${unknown.map(showId).join(', ')}`
    return { text, help: guess(unknown, [...tasks.keys()]) }
  }
  const planned = new Set<string>(plan.tasks.map(({ id }) => id))
  const left = only === undefined ? [] : redo.filter((id) => !planned.has(id))
  if (left.length === 0) return undefined
  return {
    text: `--redo names ids that --only leaves out: ${left.map(showId).join(', ')}`,
    help: 'name them with --only, too, or omit --only',
  }
}

function guess(unknown: readonly string[], known: readonly string[]): string | undefined {
  const guesses = unknown.slice(0, 5).flatMap((id) => nearest(id, known) ?? [])
  return guesses.length === 0 ? undefined : `did you mean ${[...new Set(guesses)].map(showId).join(', ')}?`
}

function unknownIds(unknown: readonly string[], known: readonly string[], printer: Printer) {
  const help = guess(unknown, known)
  return usage(`--only names ids that are not in the roadmap: ${unknown.map(showId).join(', ')}`, help, printer)
}

function usage(text: string, help: string | undefined, printer: Printer): Result<never, ExitCode> {
  printer.trouble(text, help)
  return err(exitCodes.usage)
}

function problems(list: readonly Problem[], printer: Printer): Result<never, ExitCode> {
  printer.problems(list)
  return err(exitCodes.usage)
}
