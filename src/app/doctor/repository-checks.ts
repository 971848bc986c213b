import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../../config/config.js'
import type { Environment } from '../../domain/process/environment.js'
import { fine, warning, wrong, type Finding } from '../../domain/finding.js'
import { planClean } from '../../domain/run/ledger.js'
import { cleanLine, plural } from '../../domain/text.js'
import { lacksRoom } from '../../platform/files/full-disk.js'
import { git } from '../../platform/git/git.js'
import { shownPath } from '../../ui/shown-path.js'
import { readLedger } from '../../workspace/refs/ledger.js'
import { findLeftovers } from '../../workspace/lease/leftovers.js'
import type { RepositoryLocation } from '../ground/location.js'
import { whyLocked } from '../ground/lock-ground.js'
import { homesOfRepository, workspacesHome } from '../ground/workspaces-home.js'
import { judgeLeftovers } from '../resume/judge-leftovers.js'
import { formatMb } from './machine-checks.js'

export interface RepositoryParts {
  readonly location: RepositoryLocation
  readonly config: Config
  readonly env: Environment
}

/** Whether another run works here now. */
export async function checkLock({ location: { lock } }: RepositoryParts): Promise<readonly Finding[]> {
  const refused = await whyLocked(lock)
  return refused ? [wrong('lock', refused.message, refused.help)] : []
}

/** What earlier runs have left, as `clean` would find it. */
export async function checkLeftovers({ location, config, env }: RepositoryParts): Promise<readonly Finding[]> {
  const { root, commonDir } = location
  const homes = homesOfRepository({ workspacesDir: config.file.workspacesDir, root, commonDir, env })
  const refs = await readLedger({ gitDir: commonDir }, undefined)
  if (!refs.ok) return []
  const leftovers = await judgeLeftovers(await findLeftovers({ homes, root, commonDir }), root)
  const plan = planClean(refs.value, leftovers, false)
  const findings: Finding[] = []
  if (plan.refs.length + plan.leftovers.length > 0) {
    const what = counted(plan.refs.length, plan.leftovers.length)
    findings.push(fine('leftovers', `no longer needed of earlier runs: ${what} (autopilot clean)`))
  }
  const { kept } = plan
  if (kept.refs.length + kept.leftovers.length > 0) {
    const text = `earlier runs keep work that has not landed: ${counted(kept.refs.length, kept.leftovers.length)}`
    const cure = 'autopilot status says where it is; autopilot clean --lost deletes it.'
    findings.push(warning('leftovers', text, cure))
  }
  return findings
}

function counted(refs: number, places: number): string {
  return [...(refs > 0 ? [plural(refs, 'ref')] : []), ...(places > 0 ? [plural(places, 'workspace')] : [])].join(', ')
}

/** Room for the workspaces of so many agents and gates. */
export async function checkDisk(
  { location, config, env }: RepositoryParts,
  { agents, gateJobs }: { readonly agents: number; readonly gateJobs: number },
): Promise<readonly Finding[]> {
  const home = workspacesHome(config.file.workspacesDir, location.root, env)
  const shown = cleanLine(shownPath(home), 300)
  const elsewhere = 'Free some space there, or name another place: workspaces: { dir: … }.'
  const { there, freeMb } = await freeBelow(home)
  if (await lacksRoom(there))
    return [wrong('disk', `there is no room in ${shown}, where the workspaces are`, elsewhere)]
  const gates = config.file.gates.length === 0 ? 0 : Math.min(gateJobs, config.file.gates.length)
  const places = agents + gates
  const each = await checkoutMb(location)
  const more = config.file.setup ? ', and what setup makes in it' : ''
  const size = each === undefined ? '' : ` of ${formatMb(each)}`
  const text = `${formatMb(freeMb)} free in ${shown}; ${plural(places, 'workspace')}${size}${more}`
  return [places * (each ?? 0) < freeMb ? fine('disk', text) : warning('disk', text, elsewhere)]
}

/** Looked at where the directory will be: it need not exist yet. */
async function freeBelow(home: string): Promise<{ readonly there: string; readonly freeMb: number }> {
  for (let there = home; ; there = dirname(there)) {
    const room = await statfs(there).catch(() => undefined)
    if (room) return { there, freeMb: (room.bavail * room.bsize) / 1024 / 1024 }
    if (dirname(there) === there) return { there, freeMb: Number.POSITIVE_INFINITY }
  }
}

/** What a checkout of HEAD takes; undefined if git cannot tell. */
async function checkoutMb({ commonDir, head }: RepositoryLocation): Promise<number | undefined> {
  const listed = await git({ gitDir: commonDir }, ['ls-tree', '-r', '-z', '--format=%(objectsize)', head.commit])
  if (!listed.ok) return undefined
  const bytes = listed.value.split('\0').reduce((sum, size) => sum + (Number(size) || 0), 0)
  return bytes / 1024 / 1024
}
