import { fine, warning, wrong, type Finding } from '../../domain/finding.js'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine, plural } from '../../domain/text.js'
import { askProgram } from '../../platform/processes/ask-program.js'
import type { CaptureOptions } from '../../platform/processes/capture.js'
import { ownPath } from '../../platform/programs/own-programs.js'
import type { Provider } from '../../providers/adapter/contract.js'
import { fitSlots } from '../start/slots-that-fit.js'

/** Node, and what autopilot can do on this system. */
export function checkSystem(platform: string = process.platform): readonly Finding[] {
  const node = fine('node', `Node ${process.versions.node}`)
  if (platform === 'linux') return [node, fine('system', 'Linux: everything works here')]
  const missing =
    `${platform}: processes that leave their group are not found, so what an agent starts with setsid or as a daemon ` +
    'may outlive it; and the idle timeout counts output alone, not processor time'
  return [
    node,
    warning('system', missing, 'A long silent command needs a larger --idle-timeout. docs/processes.md has more.'),
  ]
}

/** Which git there is; one that is missing or too old is refused with the repository. */
export async function checkGit(
  env: Environment,
  ended: Pick<CaptureOptions, 'signal' | 'watchdog'>,
): Promise<readonly Finding[]> {
  const asked = { ...ended, env: { PATH: ownPath(env.PATH), LC_ALL: 'C' }, timeoutMs: 15_000 }
  const { stdout } = await askProgram('git', ['--version'], asked)
  const version = cleanLine(stdout, 80)
  return version === '' ? [] : [fine('git', version)]
}

/** Whether this many agents may have their files open. */
export function checkDescriptors(agents: number): readonly Finding[] {
  const fitting = fitSlots(agents)
  if (!fitting.ok) return [wrong('files', fitting.error.message, fitting.error.help)]
  if (fitting.value.agents < agents) return fitting.value.notices.map((text) => warning('files', text))
  return [fine('files', `enough may be open for ${plural(agents, 'agent')}`)]
}

/** An agent whose CLI nobody has measured, and what gates need besides, MB. */
const usualMb = 400

/** Whether this many agents have room in memory. `availableMb`: what is free now, within the limits of a container. */
export function checkMemory(
  agents: number,
  usable: readonly Provider[],
  availableMb = process.availableMemory() / 1024 / 1024,
): readonly Finding[] {
  const largest = Math.max(0, ...usable.map(({ program }) => program?.memoryMb ?? usualMb))
  const needed = largest * agents
  const free = `${formatMb(availableMb)} free`
  if (needed === 0) return []
  const text = `${free}; ${plural(agents, 'agent')} may need ${formatMb(needed)}, and gates theirs`
  if (needed <= availableMb) return [fine('memory', text)]
  const fit = Math.max(1, Math.floor(availableMb / largest))
  return [warning('memory', text, `Take fewer agents, such as --agents ${fit}, or end other programs.`)]
}

/** `320 MB`, `2.5 GB` */
export function formatMb(mb: number): string {
  return mb < 1000 ? `${Math.ceil(mb)} MB` : `${(mb / 1024).toFixed(1)} GB`
}
