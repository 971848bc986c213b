import { failure, type Failure } from '../../domain/agent/failure.js'
import type { RunEvent } from '../../domain/run/event.js'
import { askProgram } from '../../platform/processes/ask-program.js'
import type { CaptureOptions } from '../../platform/processes/capture.js'
import type { Provider } from '../../providers/adapter/contract.js'
import { detectProvider, type Detection } from '../../providers/detect.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import type { FindProvider } from '../../providers/index.js'
import type { Detected } from './providers.js'

type OtherVersion = Omit<Extract<RunEvent, { type: 'version_differs' }>, 'type'>

export interface CliCheckParts {
  readonly detected: readonly Detected[]
  readonly findProvider: FindProvider
  readonly environmentOf: EnvironmentOf
  /** What ends a CLI that has not answered. */
  readonly ended: Required<Pick<CaptureOptions, 'signal' | 'watchdog'>>
  /** Called once for a CLI whose version differs where agents work. */
  readonly onOther: (other: OtherVersion) => void
}

/** Asks CLIs for their versions during a run. */
export interface CliCheck {
  /**
   * Whether the CLI exists in the directory where an agent will start: version managers (asdf, mise) choose by files
   * there. Once per provider, in the first such directory, and again if it was missing.
   */
  readonly checkIn: (provider: Provider, cwd: string) => Promise<Failure | undefined>
  /** Why the CLI cannot be used at this moment, and what to do. */
  readonly whyUnusable: (provider: string, signal: AbortSignal) => Promise<string | undefined>
}

export function createCliCheck({ detected, findProvider, environmentOf, ended, onOther }: CliCheckParts): CliCheck {
  const asked = new Map<string, Promise<Failure | undefined>>()
  const ask = (provider: Provider, where: { readonly cwd?: string; readonly signal: AbortSignal }) => {
    const options = { env: environmentOf(provider), ...(where.cwd === undefined ? {} : { cwd: where.cwd }) }
    const { watchdog } = ended
    return detectProvider(
      provider,
      (file, args, how) => askProgram(file, args, { ...how, signal: where.signal, watchdog }),
      options,
    )
  }
  const check = async (provider: Provider, cwd: string): Promise<Failure | undefined> => {
    const { signal } = ended
    const detection = await ask(provider, { cwd, signal })
    if (signal.aborted) return failure('canceled', 'The attempt was canceled.')
    if (!detection.usable) {
      asked.delete(provider.name)
      return failure('spawn', `${detection.reason} (asked in ${cwd}). ${detection.help}`)
    }
    const other = otherVersion(provider, detection, detected)
    if (other !== undefined) onOther(other)
    return undefined
  }
  return {
    checkIn(provider, cwd) {
      if (!provider.program) return Promise.resolve(undefined)
      const known = asked.get(provider.name) ?? check(provider, cwd)
      asked.set(provider.name, known)
      return known
    },
    async whyUnusable(name, signal) {
      const provider = findProvider(name)
      const detection = provider && (await ask(provider, { signal: AbortSignal.any([signal, ended.signal]) }))
      return detection?.usable === false ? `${detection.reason}. ${detection.help}` : undefined
    },
  }
}

function otherVersion(
  { name }: Provider,
  { version }: Extract<Detection, { usable: true }>,
  detected: readonly Detected[],
): OtherVersion | undefined {
  const earlier = detected.find(({ provider }) => provider.name === name)?.detection
  if (!earlier?.usable || earlier.version === version) return undefined
  return {
    provider: name,
    ...(earlier.version === undefined ? {} : { here: earlier.version }),
    ...(version === undefined ? {} : { there: version }),
  }
}
