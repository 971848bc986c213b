import { formatUsd } from '../domain/accounts/budget.js'
import { tokensOf, type Usage } from '../domain/agent/agent-event.js'
import { grouped } from '../domain/text.js'
import type { DiffStat } from './form.js'

/** `12,345 tokens, $0.42`; empty if nothing was used. */
export function usedText(used: Usage): string {
  const tokens = tokensOf(used)
  return [
    ...(tokens > 0 ? [`${grouped(tokens)} tokens`] : []),
    ...(used.costUsd === undefined ? [] : [formatUsd(used.costUsd)]),
  ].join(', ')
}

/** `3 files +40 -2` */
export function diffText({ files, added, removed }: DiffStat): string {
  return `${files} ${files === 1 ? 'file' : 'files'} +${added} -${removed}`
}
