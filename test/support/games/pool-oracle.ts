import type { TaskId } from '../../../src/domain/brand.js'
import type { ProviderModel } from '../../../src/domain/agent/provider-model.js'
import type { Rank } from '../../../src/domain/roadmap/schedule.js'
import type { Complexity } from '../../../src/domain/roadmap/task.js'

/** What a test reserves. */
export interface Ask {
  readonly id: TaskId
  readonly rank: Rank
  readonly providers?: readonly string[]
  readonly model?: string
  readonly complexity: Complexity
  readonly needsWorkspace: boolean
  readonly begins: boolean
}

/** What a pool is made of. */
export interface Setup {
  readonly usable: readonly string[]
  readonly chosen: readonly ProviderModel[]
  readonly ordered: boolean
  readonly routes: Partial<Readonly<Record<Complexity, readonly ProviderModel[]>>>
  readonly caps: ReadonlyMap<string, number>
  /** How many. */
  readonly slots: number
}

/** Who holds a slot, as what. */
export interface Held {
  readonly ask: Ask
  readonly offer: ProviderModel
}

/** Everything that the pool's decisions depend on, kept by the test itself. */
export interface World extends Omit<Setup, 'slots'> {
  readonly slots: string[]
  /** Of those, the held ones that go when they are released. */
  readonly leaving: Set<string>
  readonly stopped: Set<string>
  /** Provider to the time at which it may be used again, and to the slot on which an agent then goes first. */
  readonly coolingDown: Map<string, { readonly until: number; probe?: string }>
  readonly held: Map<string, Held>
  /** Providers that the admission refuses. */
  readonly refused: Set<string>
  prepared: number
  /** Nothing begins. */
  paused: boolean
  /** The reason with which it refuses all reservations. */
  shut?: 'unservable' | 'stopped'
}

/**
 * The rules of routing once more, written from their description and without a look at speed: what may serve an ask,
 * in tiers of decreasing preference.
 */
export function tiersOf(world: World, ask: Ask): readonly (readonly ProviderModel[])[] {
  if (ask.providers?.includes('command')) return [[{ provider: 'command' }]]
  const asAsked = (offers: readonly ProviderModel[]): readonly ProviderModel[] =>
    ask.model === undefined ? offers : offers.map(({ provider }) => ({ provider, model: ask.model! }))
  if (ask.providers !== undefined) {
    return ask.providers.flatMap((name) => {
      const mine = world.chosen.filter(({ provider }) => provider === name)
      const offers = asAsked(mine.length > 0 ? mine : [{ provider: name }])
      return world.usable.includes(name) ? offers.map((offer) => [offer]) : []
    })
  }
  const route = (world.routes[ask.complexity] ?? []).filter(({ provider }) => world.usable.includes(provider))
  const rest = world.chosen.filter((offer) => !route.some(({ provider }) => provider === offer.provider))
  const tiers = asAsked(route).map((offer) => [offer])
  if (world.ordered) return [...tiers, ...asAsked(rest).map((offer) => [offer])]
  return rest.length > 0 ? [...tiers, asAsked(rest)] : tiers
}

/** Whether what was granted to the ask may begin now, by what has happened since. */
export function mayContinue(world: World, now: number, { begins }: Ask, { provider }: ProviderModel): boolean {
  const coolsDown = (world.coolingDown.get(provider)?.until ?? 0) > now
  return !world.shut && !world.stopped.has(provider) && !coolsDown && !(begins && world.paused)
}

/** Whether anything is left that could serve the ask at some time. */
export function mayEverRun(world: World, ask: Ask): boolean {
  return (
    !world.shut &&
    tiersOf(world, ask)
      .flat()
      .some(({ provider }) => !world.stopped.has(provider))
  )
}

function isBelowCaps(world: World, offer: ProviderModel): boolean {
  const held = [...world.held.values()].map((one) => one.offer)
  const ofProvider = held.filter(({ provider }) => provider === offer.provider)
  const ofModel = ofProvider.filter(({ model }) => model === offer.model)
  const most = (key: string) => world.caps.get(key) ?? Infinity
  if (ofProvider.length >= most(offer.provider)) return false
  return offer.model === undefined || ofModel.length < most(`${offer.provider}:${offer.model}`)
}

/** After a cool-down one agent goes first, until the provider is reported to have answered. */
function isOpen(world: World, now: number, provider: string): boolean {
  const coolDown = world.coolingDown.get(provider)
  return coolDown === undefined || (coolDown.until <= now && coolDown.probe === undefined)
}

/** Which providers keep waiting work from starting when nobody is at work: the end of their cool-downs, or `refused`. */
export function stuckOf(world: World, now: number, asks: readonly Ask[]): readonly (number | 'refused')[] {
  if (world.held.size > 0 || world.slots.length === 0) return []
  const providers = asks
    .filter(({ begins }) => !(begins && world.paused))
    .flatMap((ask) => tiersOf(world, ask).flat())
    .filter((offer) => !world.stopped.has(offer.provider))
    .map(({ provider }) => provider)
  const causes = [...new Set(providers)].map((name) =>
    world.refused.has(name) ? 'refused' : (world.coolingDown.get(name)?.until ?? 0),
  )
  if (causes.some((cause) => cause !== 'refused' && cause <= now)) return []
  const untils = causes.filter((cause) => cause !== 'refused').sort((a, b) => a - b)
  return untils.length > 0 ? untils : causes
}

/** What the ask may run as right now. */
function offersNow(world: World, now: number, ask: Ask): readonly ProviderModel[] {
  if (world.held.size === world.slots.length || (ask.needsWorkspace && world.prepared === 0)) return []
  if (ask.begins && world.paused) return []
  return tiersOf(world, ask)
    .flat()
    .filter(({ provider }) => !world.stopped.has(provider) && isOpen(world, now, provider))
    .filter(({ provider }) => !world.refused.has(provider))
    .filter((offer) => isBelowCaps(world, offer))
}

export function mayRunNow(world: World, now: number, ask: Ask): boolean {
  return offersNow(world, now, ask).length > 0
}

/** The provider and model that an ask must get right now: of the first tier with any, the one of which least is busy. */
export function choiceFor(world: World, now: number, ask: Ask): ProviderModel | undefined {
  const possible = offersNow(world, now, ask).map((offer) => JSON.stringify(offer))
  const busy = ({ provider }: ProviderModel) =>
    [...world.held.values()].filter(({ offer }) => offer.provider === provider).length
  for (const tier of tiersOf(world, ask)) {
    const open = tier.filter((offer) => possible.includes(JSON.stringify(offer)))
    const least = Math.min(...open.map(busy))
    const choice = open.find((offer) => busy(offer) === least)
    if (choice) return choice
  }
  return undefined
}

/** Lower priority number, first attempts, longer chain, earlier place: what goes first, from its description. */
export function goesBefore(a: Rank, b: Rank): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority
  if (a.attempt > 1 !== b.attempt > 1) return a.attempt === 1
  if (a.chain !== b.chain) return a.chain > b.chain
  if (a.order !== b.order) return a.order < b.order
  return a.attempt < b.attempt
}
