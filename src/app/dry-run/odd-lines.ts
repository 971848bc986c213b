import type { ProviderSetup } from '../agents/providers.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { roadmapWarnings, startWarnings, unusableLines } from '../start/announce.js'
import type { Ahead } from './dry-standing.js'

/** What a person should know before a run, each thing once. */
export function oddLines(
  prepared: Prepared,
  { branch, warnings, ...landed }: Ahead,
  setup: ProviderSetup,
): readonly string[] {
  const parts = { ...prepared, ...landed, setup }
  const ground = { ...(branch === undefined ? {} : { target: { branch } }), warnings }
  return [...landed.notices, ...unusableLines(setup), ...roadmapWarnings(parts), ...startWarnings({ ...parts, ground })]
}
