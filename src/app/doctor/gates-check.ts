import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fine, warning, wrong, type Finding } from '../../domain/finding.js'
import { lastLine, plural } from '../../domain/text.js'
import { ensureLine } from '../../platform/files/ensure-line.js'
import { limit } from '../../platform/limit.js'
import { openDoor } from '../../platform/processes/door.js'
import { formatDuration } from '../../ui/format.js'
import { shownPath } from '../../ui/shown-path.js'
import { keeperOffThread } from '../../workspace/kept/keeper.js'
import { openRepository } from '../../workspace/repository/repository.js'
import { lookUpBrought } from '../ground/files-warnings.js'
import { gatingFor } from '../ground/isolate.js'
import { lockGround } from '../ground/lock-ground.js'
import type { Guard, Wanted } from '../start/guard.js'
import { giveNumbers } from '../start/numbered.js'
import { listenTo } from './hearing.js'

const nothingToTry = 'no gate is configured: work lands unchecked, unless its task has verify'

/** Whether there is a gate at all. */
export function checkGatesNamed({ prepared: { config, settings } }: Pick<Wanted, 'prepared'>): readonly Finding[] {
  const { gates, reviews } = config.file
  if (settings.isolation === 'none') return [warning('gates', 'none run with --isolation none')]
  const count = gates.length + reviews.length
  if (count === 0) return [warning('gates', nothingToTry, 'Name what must pass under gates: in autopilot.yaml.')]
  return [fine('gates', `${plural(count, 'gate')}; --gates tries them on the last commit`)]
}

/** Runs setup and all gates on HEAD, in clean checkouts, as a run does before it trusts them. */
export async function tryGates(wanted: Wanted & Guard): Promise<readonly Finding[]> {
  const { prepared, env, runId } = wanted
  const { location, config, settings } = prepared
  const { gates } = config.file
  if (gates.length === 0 || settings.isolation === 'none') return checkGatesNamed(wanted)
  const lock = await lockGround(location.lock, { place: location.root })
  if (!lock.ok) return [wrong('gates', lock.error.message, lock.error.help)]
  try {
    const repository = await openRepository({ dir: location.root, env })
    if (!repository.ok) return [wrong('gates', repository.error.message, repository.error.help)]
    const { printer, heard } = listenTo('ports')
    const numbers = await giveNumbers({ prepared: { ...prepared, printer }, env, runId })
    if (!numbers.ok) return heard
    const logs = join(location.root, '.autopilot', 'doctor')
    // Only those of the last time are kept.
    await rm(logs, { recursive: true, force: true })
    await ensureLine(join(repository.value.commonDir, 'info', 'exclude'), '/.autopilot/')
    const runDir = join(logs, runId)
    const brought = await lookUpBrought(location.root, config.file)
    const door = openDoor({ runDir, watchdog: wanted.watchdog, repository: location.root, isBusy: false })
    const gating = gatingFor(
      {
        ...{ settings, env, runId, runDir, repository: repository.value, watchdog: wanted.watchdog },
        ...{ environmentOf: numbers.value.value.environmentOf, mask: numbers.value.value.mask },
        maskAt: numbers.value.value.maskAt,
        config: { ...config, file: { ...config.file, ...brought } },
        setups: limit(settings.setupJobs),
        numberSetup: () => 1,
        keeper: keeperOffThread(join(import.meta.dirname, 'kept-worker.cjs')),
        // Nothing of it is a fact of a run.
        recorder: { record: () => Promise.resolve() },
        start: door.start,
        signal: wanted.signals.canceled,
      },
      () => repository.value.head.commit,
    )
    try {
      const verdict = await gating.judgeTip(repository.value.head.commit, () => false)
      return verdict.type === 'open'
        ? [warning('gates', 'stopped before they had an answer')]
        : findingsOf(verdict.facts, gates.length)
    } finally {
      await gating.gateWorkspaces.removeAll()
      await door.close()
      await numbers.value.close(true)
    }
  } finally {
    await lock.value()
  }
}

type TipFacts = Extract<Awaited<ReturnType<ReturnType<typeof gatingFor>['judgeTip']>>, { type: 'judged' }>['facts']

function findingsOf({ verdict, gates, durationMs }: TipFacts, count: number): readonly Finding[] {
  if (verdict === 'passed')
    return [fine('gates', `all of ${plural(count, 'gate')} pass on the last commit, in ${formatDuration(durationMs)}`)]
  return gates.map(({ gate, message, tail = '', log }) => {
    const said = lastLine(tail) === '' ? '' : `: ${lastLine(tail)}`
    const where = log === undefined ? '' : ` All that it printed is in ${shownPath(log)}.`
    if (verdict === 'errored')
      return warning('gates', `${gate} could not run on the last commit: ${message}${said}`, where.trim() || undefined)
    const cure = `Nothing can land before it passes here: mend it, or what setup: leaves out.${where}`
    return wrong('gates', `${gate} fails on the last commit: ${message}${said}`, cure)
  })
}
