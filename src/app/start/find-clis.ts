import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { err } from '../../domain/result.js'
import type { Provider } from '../../providers/adapter/contract.js'
import { childEnvironments } from '../../providers/environment.js'
import type { Guard, Wanted } from './guard.js'
import { opened } from './table.js'
import type { Printer } from '../../ui/print/printer.js'
import { candidateProviders, setUpProviders, workingProviders, type ProviderSetup } from '../agents/providers.js'
import type { StopSignals } from '../stop/stop-signals.js'

/** Finds the agent CLIs that the tasks of a run need; if there are none, that has already been reported. */
export async function findClis({
  prepared: { printer, settings, config, loaded, plan, location, findProvider },
  env,
  signals,
  watchdog,
}: Wanted & Guard) {
  const tasks = plan.runnable.flatMap((id) => loaded.graph.tasks.get(id) ?? [])
  const { file } = config
  const candidates = candidateProviders(tasks, settings, file, findProvider)
  const environmentOf = childEnvironments(env, file.env, { templates: file.envTemplates, ports: [] })
  const ended = { signal: signals.canceled, watchdog, cwd: location.root }
  const setup = await setUpProviders(candidates, settings, file, environmentOf, ended)
  if (signals.draining.aborted) return err(stoppedEarly(signals, printer))
  const { usable } = setup.policy
  const working = workingProviders(tasks, settings, file.routes, findProvider)
  if (working.length > 0 && !working.some(({ name }) => usable.includes(name)))
    return err(refuseProviders(setup, working, printer))
  if (candidates.length > 0 && usable.length === 0) return err(refuseProviders(setup, candidates, printer))
  return opened(setup)
}

function stoppedEarly(signals: StopSignals, printer: Printer): ExitCode {
  printer.trouble('stopped before anything started')
  return signals.caught() === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
}

function refuseProviders({ detected }: ProviderSetup, asked: readonly Provider[], printer: Printer): ExitCode {
  const reasons = detected.flatMap(({ provider, detection }) =>
    detection.usable || !asked.includes(provider)
      ? []
      : [named(provider.name, detection.reason), ...(detection.help === '' ? [] : [`  ${detection.help}`])],
  )
  printer.trouble(['no usable agent CLI', ...reasons])
  return exitCodes.noProvider
}

/** Some reasons say themselves whose they are. */
function named(provider: string, reason: string): string {
  return reason.startsWith(`${provider} `) ? reason : `${provider}: ${reason}`
}
