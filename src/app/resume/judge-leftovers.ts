import type { Leftover } from '../../domain/run/ledger.js'
import { readJournal } from '../../journal/read-journal.js'
import { journalOf } from '../../journal/runs.js'

/** What the journals say about the workspaces. Without a journal, a workspace may contain anything. */
export async function judgeLeftovers(leftovers: readonly Leftover[], root: string): Promise<readonly Leftover[]> {
  const judged: Leftover[] = []
  const isWorkspace = ({ kind, runId }: Leftover) => kind === 'workspace' && runId !== undefined
  const workspaces = leftovers.filter(isWorkspace)
  for (const runId of new Set(workspaces.flatMap((one) => one.runId ?? []))) {
    const read = await readJournal(journalOf(root, runId))
    for (const workspace of workspaces.filter((other) => other.runId === runId)) {
      const holds = read.ok
        ? read.value.state.uncollected.get(workspace.path)?.why
        : `its contents are unknown: ${read.error.message}`
      judged.push(holds === undefined ? workspace : { ...workspace, holds })
    }
  }
  return [...judged, ...leftovers.filter((leftover) => !isWorkspace(leftover))]
}
