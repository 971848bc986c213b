import { formatProviderModel } from '../../domain/agent/provider-model.js'
import { tokensOf, type Usage } from '../../domain/agent/agent-event.js'
import { formatUsd } from '../../domain/accounts/budget.js'
import type { RunState } from '../../domain/run/run-state.js'
import { usedAtWork } from '../../domain/run/run-usage.js'
import type { SlotState, SlotWork } from '../../domain/run/slot-state.js'
import { cleanLine, cleanName } from '../../domain/text.js'
import { formatElapsed, withinWorkspace } from '../format.js'
import { cleanStart, type ScreenLine } from './screen-line.js'
import { layOutTable } from './table.js'
import type { View } from './view.js'

type BusySlot = SlotState & { readonly work: SlotWork }

/** The slots at which an agent works, in order. */
export function busySlots({ slots }: RunState): readonly BusySlot[] {
  return [...slots.values()].filter((slot): slot is BusySlot => slot.work !== undefined)
}

/** From so many columns on there is room for the slots' names, and for words instead of signs. */
const wideColumns = 100
const widestAction = 200
const usedColumns = 7

/** A line for each slot: its name, who works on what, the try, for how long, what was seen last, what it has used. */
export function slotTable(
  { state, ms, isChoosing = false }: Pick<View, 'state' | 'ms' | 'isChoosing'>,
  slots: readonly BusySlot[],
  columns: number,
): readonly ScreenLine[] {
  const isWide = columns >= wideColumns
  const cells = (cell: (slot: BusySlot) => string) => slots.map(cell)
  return layOutTable(
    [
      ...(isWide || isChoosing
        ? [{ cells: cells(({ id }) => cleanName(id, 30)), tone: 'faint', widths: [8, 4], leaves: 1 } as const]
        : []),
      { cells: cells(({ work }) => agentText(work)), tone: 'plain', widths: [16, 6], leaves: 2 },
      { cells: cells(({ work }) => taskText(state, work)), tone: 'strong', widths: [40, 24, 8] },
      { cells: cells(({ work }) => tryText(work, isWide)), tone: 'faint', widths: [10, 3], leaves: 4 },
      {
        cells: cells(({ work }) => formatElapsed(ms - work.since).padStart(6)),
        tone: 'plain',
        align: 'right',
        widths: [6],
        leaves: 6,
      },
      { cells: cells(({ work }) => actionText(work, columns)), tone: 'faint', widths: [40, 20, 10], leaves: 5 },
      {
        cells: cells(({ work }) => usedText(usedAtWork(state, work))),
        tone: 'plain',
        align: 'right',
        widths: [usedColumns],
        leaves: 3,
      },
    ],
    columns,
  )
}

function agentText({ agent }: SlotWork): string {
  return cleanLine(formatProviderModel(agent), 40)
}

function taskText({ tasks }: RunState, { taskId }: SlotWork): string {
  const title = tasks.get(taskId)?.title
  const id = cleanName(taskId, 60)
  return title === undefined || title === taskId ? id : `${id} ${cleanLine(title, 100)}`
}

/** Which attempt, or what of it. */
function tryText({ does, attempt, number = 1 }: SlotWork, inWords: boolean): string {
  switch (does) {
    case 'attempt':
      return inWords ? `attempt ${attempt}` : `#${attempt}`
    case 'repair':
      return inWords ? `round ${number}` : `r${number}`
    case 'finish':
      return inWords ? 'finishing' : 'fin'
    case 'review':
      return inWords ? 'review' : 'rev'
  }
}

/** What was seen last, with the paths as the task knows them. */
function actionText({ lastAction = '', workspace = '' }: SlotWork, columns: number): string {
  const most = Math.min(columns, widestAction)
  return cleanStart(withinWorkspace(lastAction.slice(0, 2_000), workspace), most)
}

function usedText(usage: Usage | undefined): string {
  if (!usage) return ''
  const text = formatUsed(usage)
  return text === '' ? '' : text.padStart(usedColumns)
}

/** The cost, or the tokens where nobody says what they cost; empty where nothing was used. */
export function formatUsed(usage: Usage): string {
  const tokens = tokensOf(usage)
  if (usage.costUsd !== undefined && usage.costUsd > 0) return formatUsd(usage.costUsd)
  return tokens === 0 ? '' : formatTokens(tokens)
}

/** `950`, `12.3k`, `4.5M` tokens. */
function formatTokens(tokens: number): string {
  if (tokens < 1_000) return `${tokens} tok`
  return tokens < 1_000_000 ? `${(tokens / 1_000).toFixed(1)}k` : `${(tokens / 1_000_000).toFixed(1)}M`
}
