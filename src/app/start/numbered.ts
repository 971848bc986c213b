import { maskTemplates, type TemplateMasks } from '../../domain/secrets/env-template.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { placeholdersIn } from '../../domain/secrets/placeholder.js'
import type { Ports } from '../../domain/agent/work-number.js'
import { err, ok, type Result } from '../../domain/result.js'
import { plural } from '../../domain/text.js'
import { takePortBlocks, type PortBlocks, type PortRange } from '../../platform/locks/port-blocks.js'
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
  /** The first port of each slot's and gate job's block; none if there were too few. It grows with the slots. */
  readonly ports: Ports
  /** How many numbers there are. */
  readonly count: () => number
  /** See `RunSlots`. */
  readonly growTo: (number: number) => Promise<Result<void, string>>
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
  const given = new GrowingNumbers(file, mask, { ports: isEnough ? blocks : undefined, numbers, range })
  // From here on nothing that is printed shows what variables with placeholders become, either.
  maskOutput(given.mask)
  const numbered: Numbered = {
    environmentOf: childEnvironments(env, file.env, { templates: file.envTemplates, ports: given.ports }),
    mask: given.mask,
    maskAt: given.maskAt,
    ports: given.ports,
    count: () => given.count,
    growTo: (number) => given.growTo(number),
    notices: isEnough ? [] : [`${message}: AUTOPILOT_PORT is not set`],
  }
  return opened(numbered, () => given.release())
}

/** What numbers have of their own: more of it when slots are added. */
class GrowingNumbers {
  readonly ports: number[]
  readonly #file: FileSettings
  readonly #base: Mask
  readonly #range: PortRange
  readonly #taken: PortBlocks[]
  /** Once a number has no ports, none after it has any. */
  #hasPorts: boolean
  #numbers: number
  #masks: TemplateMasks

  constructor(
    file: FileSettings,
    base: Mask,
    {
      ports,
      numbers,
      range,
    }: { readonly ports: PortBlocks | undefined; readonly numbers: number; readonly range: PortRange },
  ) {
    this.#file = file
    this.#base = base
    this.#range = range
    this.#taken = ports ? [ports] : []
    this.#hasPorts = ports !== undefined
    this.#numbers = numbers
    this.ports = [...(ports?.ports ?? [])]
    this.#masks = this.#makeMasks()
  }

  readonly mask: Mask = {
    text: (text) => this.#masks.mask.text(text),
    stream: () => this.#masks.mask.stream(),
  }

  readonly maskAt: TemplateMasks['at'] = (where) => this.#masks.at(where)

  get count(): number {
    return this.#numbers
  }

  async growTo(number: number): Promise<Result<void, string>> {
    const more = number - this.#numbers
    if (more <= 0) return ok(undefined)
    const taken = this.#hasPorts ? await this.#takePorts(more) : ok(undefined)
    if (!taken.ok) return taken
    this.#numbers = number
    this.#masks = this.#makeMasks()
    return ok(undefined)
  }

  async #takePorts(count: number): Promise<Result<void, string>> {
    const blocks = await takePortBlocks(this.#range, count)
    if (blocks.ports.length === count) {
      this.#taken.push(blocks)
      this.ports.push(...blocks.ports)
      return ok(undefined)
    }
    await blocks.release()
    const { first, last } = this.#range
    const left = plural(blocks.ports.length, 'free block')
    if (wantsPorts(this.#file)) return err(`ports ${first}-${last} have ${left} of ten left, and ${count} are needed`)
    this.#hasPorts = false
    return ok(undefined)
  }

  async release(): Promise<void> {
    await Promise.all(this.#taken.map((blocks) => blocks.release()))
  }

  #makeMasks(): TemplateMasks {
    const { envTemplates: templates, secrets } = this.#file
    return maskTemplates(this.#base, { templates, names: secrets.names, numbers: this.#numbers, ports: this.ports })
  }
}

function wantsPorts({ ports, envTemplates }: FileSettings): boolean {
  return ports !== undefined || Object.values(envTemplates).some((text) => placeholdersIn(text).includes('port'))
}
