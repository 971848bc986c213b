import type { AgentPool } from '../../../src/pool/contract.js'
import { LocalPool, type PoolOptions } from '../../../src/pool/local-pool.js'
import { PlainPool } from '../fakes/plain-pool.js'

export type MakePool = (options: PoolOptions) => AgentPool

/** Every implementation of the pool, by name, for `describe.each`: its suite runs on each. */
export const pools: readonly (readonly [string, MakePool])[] = [
  ['the pool of one process', (options) => new LocalPool(options)],
  ['a plain list of reservations', (options) => new PlainPool(options)],
]
