import type { RunPlan } from '../../domain/roadmap/plan.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import { cleanLine, plural } from '../../domain/text.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import type { Config } from '../../config/config.js'
import { reviewsOf } from '../agents/providers.js'
import type { RunSettings } from '../../config/settings.js'

/** What must pass before work lands, in one line: `gates: npm test, review by codex`, or `gates: none`. */
export function gatesInForce({
  settings,
  config,
  loaded,
  plan,
}: {
  readonly settings: RunSettings
  readonly config: Config
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
}): string {
  // Without isolation there is no clean tree to judge, so none is run.
  if (settings.isolation === 'none') return 'gates: none'
  const gates = config.file.gates.map(({ name }) => cleanLine(name, 60))
  const reviews = reviewsOf(settings, config.file).map(({ name, reviewers }) => {
    const who = reviewers.map((one) => cleanLine(formatProviderModel(one), 60)).join(' or ')
    return `${cleanLine(name, 60)} by ${who}`
  })
  const all = [...gates, ...reviews]
  const own = plan.runnable.filter((id) => loaded.graph.tasks.get(id)?.verify.some(({ run }) => run !== undefined))
  const verify =
    own.length === 0 ? '' : `; ${plural(own.length, 'task')} with ${own.length === 1 ? 'its' : 'their'} own verify`
  return `gates: ${all.length === 0 ? 'none' : all.join(', ')}${verify}`
}
