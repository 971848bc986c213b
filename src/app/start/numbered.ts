import { maskTemplates, type TemplateMasks } from '../../domain/secrets/env-template.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { placeholdersIn } from '../../domain/secrets/placeholder.js'
import { err } from '../../domain/result.js'
import { plural } from '../../domain/text.js'
import { takePortBlocks } from '../../platform/locks/port-blocks.js'
import { childEnvironments, type EnvironmentOf } from '../../providers/environment.js'
import { configName } from '../../config/config-name.js'
import { maskOutput } from '../../ui/print/output.js'
import { refuse } from '../refuse.js'
import type { Wanted } from './guard.js'
import { opened } from './table.js'
import type { FileSettings } from '../../config/settings.js'

/** Ports that nobody uses by convention, below those that systems assign themselves (from 32768 on Linux). */
const defaultPorts = { first: 20_000, last: 29_999 }

/** What each slot and gate job of a run has of its own. */
export interface Numbered {
  readonly environmentOf: EnvironmentOf
  readonly mask: Mask
  readonly maskAt: TemplateMasks['at']
  /** The first port of each slot's and gate job's block; none if there were too few. */
  readonly ports: readonly number[]
  readonly notices: readonly string[]
}

/**
 * Gives every slot and gate job its ports. If there are too few, a run that asks for ports is refused; any other run
 * says so, and its processes have none.
 */
export async function giveNumbers({
  prepared: {
    config: { file },
    settings,
    printer,
    mask,
  },
  env,
}: Wanted) {
  const numbers = settings.agents + settings.gateJobs
  const range = file.ports ?? defaultPorts
  const blocks = await takePortBlocks(range, numbers)
  const isEnough = blocks.ports.length === numbers
  if (!isEnough) await blocks.release()
  const message = `ports ${range.first}-${range.last} have ${plural(blocks.ports.length, 'free block')} of ten, and ${settings.agents} + ${settings.gateJobs} are needed, one for each agent slot and gate job`
  if (!isEnough && wantsPorts(file)) {
    const help = `name a larger range, such as ports: 20000-29999 in ${configName}, or take fewer agents`
    return err(refuse({ message, help }, printer))
  }
  const ports = isEnough ? blocks.ports : []
  const { envTemplates: templates, secrets } = file
  const masks = maskTemplates(mask, { templates, names: secrets.names, numbers, ports })
  // From here on nothing that is printed shows what variables with placeholders become, either.
  maskOutput(masks.mask)
  const numbered: Numbered = {
    environmentOf: childEnvironments(env, file.env, { templates, ports }),
    mask: masks.mask,
    maskAt: masks.at,
    ports,
    notices: isEnough ? [] : [`${message}: AUTOPILOT_PORT is not set`],
  }
  return opened(numbered, isEnough ? blocks.release : undefined)
}

function wantsPorts({ ports, envTemplates }: FileSettings): boolean {
  return ports !== undefined || Object.values(envTemplates).some((text) => placeholdersIn(text).includes('port'))
}
