import type { RunPlan } from '../../domain/roadmap/plan.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import { cleanLine, plural } from '../../domain/text.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import type { Config } from '../../config/config.js'
import { reviewsOf } from '../agents/providers.js'
import type { RunSettings } from '../../config/settings.js'

interface InForce {
  readonly settings: RunSettings
  readonly config: Config
}

/** The names of what every task's work must pass before it lands, in order. */
export function namesInForce({ settings, config }: InForce): readonly string[] {
  // Without isolation there is no clean tree to judge, so none is run.
  if (settings.isolation === 'none') return []
  const gates = config.file.gates.map(({ name }) => cleanLine(name, 60))
  const reviews = reviewsOf(settings, config.file).map(({ name, reviewers }) => {
    const who = reviewers.map((one) => cleanLine(formatProviderModel(one), 60)).join(' or ')
    return `${cleanLine(name, 60)} by ${who}`
  })
  return [...gates, ...reviews]
}

/** The same in one line, and which tasks have more: `gates: npm test, review by codex`, or `gates: none`. */
export function gatesInForce(
  parts: InForce & {
    readonly loaded: LoadedRoadmap
    readonly plan: RunPlan
  },
): string {
  const { settings, loaded, plan } = parts
  if (settings.isolation === 'none') return 'gates: none'
  const all = namesInForce(parts)
  const own = plan.runnable.filter((id) => loaded.graph.tasks.get(id)?.verify.some(({ run }) => run !== undefined))
  const verify =
    own.length === 0 ? '' : `; ${plural(own.length, 'task')} with ${own.length === 1 ? 'its' : 'their'} own verify`
  return `gates: ${all.length === 0 ? 'none' : all.join(', ')}${verify}`
}
