import { mostSlots } from '../../domain/agent/slot-change.js'
import { err, ok, type Result } from '../../domain/result.js'
import { plural } from '../../domain/text.js'
import type { MostSlots } from '../control/run-slots.js'
import { openFiles, type OpenFiles } from '../../platform/processes/open-files.js'

/** An agent has three pipes and two files, and its slot the lock of its ports; gits, gates and the journal have what is left besides. */
const [filesOfSlot, filesBesides] = [6, 30] as const

const help = 'allow more, such as: ulimit -n 1024'

/** Bounds the slots by how many files may be open; tells when that is fewer, and refuses when not even one fits. */
export function fitSlots(
  wanted: number,
  files: OpenFiles | undefined = openFiles(),
): Result<
  { readonly agents: number; readonly notices: readonly string[]; readonly most: MostSlots },
  { readonly message: string; readonly help: string }
> {
  if (files === undefined) return ok({ agents: wanted, notices: [], most: { count: mostSlots } })
  const fitting = Math.floor((files.limit - files.open - filesBesides) / filesOfSlot)
  const agents = Math.min(wanted, fitting)
  const few = `no more than ${files.limit} files may be open (ulimit -n)`
  if (agents < 1) return err({ message: `${few}: too few for an agent`, help })
  const why = `${few}, which is enough for ${plural(fitting, 'agent')}; ${help}`
  const most = fitting < mostSlots ? { count: fitting, why } : { count: mostSlots }
  return ok({ agents, notices: agents < wanted ? [why] : [], most })
}
