import type { CleanPlan, Leftover, LedgerRef } from '../domain/run/ledger.js'
import type { Line } from './describe.js'
import { cleanLine, plural } from '../domain/text.js'

import { row } from './summary.js'

/** What is about to be deleted, one by one, then what stays since it would be lost. */
export function cleanLines({ refs, leftovers, kept }: CleanPlan): readonly Line[] {
  return [
    ...refs.map((ref) => row('plain', 'Ref', `${ref.ref} at ${ref.commit.slice(0, 10)}: ${whyRefGoes(ref)}`)),
    ...leftovers.map((leftover) => row('plain', 'Directory', `${shownPath(leftover)}: ${whyLeftoverGoes(leftover)}`)),
    ...kept.refs.flatMap((ref) => [
      row('warning', 'Kept', `${ref.ref}: ${whyRefStays(ref)}`),
      row('plain', '', `git log ${ref.isBase ? '-1 ' : `refs/autopilot/${ref.runId}/base..`}${ref.ref}`),
    ]),
    ...kept.leftovers.map((leftover) =>
      row('warning', 'Kept', `${shownPath(leftover)}: ${cleanLine(leftover.holds ?? '', 300)}`),
    ),
  ]
}

function whyRefStays({ isBase, isTarget }: LedgerRef): string {
  if (isTarget) return 'the old tip of the target before it started over: its tasks count as landed because of this ref'
  return isBase ? 'no branch contains it' : 'was not integrated'
}

function shownPath({ path }: Leftover): string {
  return cleanLine(path, 300)
}

function whyRefGoes({ isBase, isTarget, standing }: LedgerRef): string {
  switch (standing.type) {
    case 'landed':
      return `integrated as ${standing.commit.slice(0, 10)}`
    case 'on_branch':
      return isBase ? 'where the run began' : 'also on a branch'
    case 'only_here':
      return isTarget
        ? 'the old tip of the target: its tasks will no longer count as landed'
        : 'not integrated, and lost if deleted'
  }
}

function whyLeftoverGoes({ kind, holds }: Leftover): string {
  if (holds !== undefined) return `${cleanLine(holds, 300)}, lost if deleted`
  switch (kind) {
    case 'workspace':
      return 'a workspace that holds nothing'
    case 'gate':
      return 'a workspace for gates'
    case 'notes':
      return "autopilot's notes on workspaces"
  }
}

/** What was done, or with `dryRun` would be. */
export function cleanedLine({ refs, leftovers, kept }: CleanPlan, dryRun: boolean): Line {
  const left = kept.refs.length + kept.leftovers.length
  const more = left > 0 ? `; ${left} kept; --lost deletes them, too` : ''
  if (refs.length + leftovers.length === 0) return { tone: 'plain', text: `Nothing to delete${more}` }
  const what = `${plural(refs.length, 'ref')}, ${leftovers.length} ${leftovers.length === 1 ? 'directory' : 'directories'}`
  return { tone: dryRun ? 'plain' : 'good', text: `${dryRun ? 'Would delete' : 'Deleted'} ${what}${more}` }
}
