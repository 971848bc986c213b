import { noUsage } from '../../domain/agent/agent-event.js'
import type { CommitId, EpochMs, TaskId } from '../../domain/brand.js'
import { commandProvider } from '../../domain/routing/routing.js'
import { maskValue } from '../../domain/secrets/mask-value.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine } from '../../domain/text.js'
import { reportShape, reportVersion, type DiffStat, type Report, type ReportHead, type ReportTask } from '../form.js'
import { criticalPath } from '../graph/critical-path.js'
import type { RunHistory } from './history.js'
import { rounded } from './rounded.js'
import { taskRow } from './task-row.js'
import type { ReportWords } from './words.js'

/** What a report needs besides the records. */
export interface ReportFacts {
  readonly standing: ReportHead['standing']
  readonly words: ReportWords
  /** What commits change, as far as git could tell. */
  readonly diffs: ReadonlyMap<CommitId, DiffStat>
  /** How long ago the last record is, of a run that is at work: its time goes on. */
  readonly sinceLastMs?: number
}

/** Everything about a run at one moment. Only these three make it: it keeps nothing, and asks nobody. */
export function makeReport(history: RunHistory, state: RunState, facts: ReportFacts): Report {
  const tasks = taskRows([...state.tasks.keys()], history, state, facts)
  return {
    report: reportVersion,
    ...reportHead(history, state, facts),
    criticalPath: criticalPath(tasks, history.ms + (facts.sinceLastMs ?? 0)),
    tasks,
    spans: [...history.spans.all],
    samples: [...history.samples.all],
  }
}

/** The rows of these tasks, as far as they are part of the run. */
export function taskRows(
  ids: Iterable<TaskId>,
  history: RunHistory,
  state: RunState,
  { words, diffs }: ReportFacts,
): readonly ReportTask[] {
  const planned = new Map(state.start.tasks.map((task) => [task.id, task]))
  const kept = new Map(state.kept.map((commit) => [commit.taskId, commit]))
  return [...ids].flatMap((id) => {
    const record = state.tasks.get(id)
    if (!record) return []
    return taskRow({
      ...{ record, words, diffs, history: history.tasks.of(id) },
      ...{ planned: planned.get(id), kept: kept.get(id) },
    })
  })
}

/** All but the lists, and the path through them. */
export function reportHead(
  history: RunHistory,
  state: RunState,
  { standing, sinceLastMs = 0 }: ReportFacts,
): Omit<ReportHead, 'criticalPath'> {
  const { runId, version, roadmap, isolation, target } = state.start
  const { queueLength: waiting, busyAgents: busy, availableAgents: idle } = state.counts
  const isRunning = standing === 'running'
  return {
    run: runId,
    version: cleanLine(version, 40),
    ...{ roadmap, isolation },
    ...(target ? { target } : {}),
    ...{
      startedAt: history.startedAt ?? never,
      lastAt: history.lastAt ?? never,
      ms: rounded(history.ms + sinceLastMs),
    },
    parts: [...history.parts],
    standing,
    ...endOf(state),
    counts: Object.fromEntries(Object.entries(history.counts).filter(([, count]) => count > 0)),
    ...(isRunning ? { queue: { waiting, busy, idle } } : {}),
    slots: [...state.slots.values()].map(({ id, attempts, busyMs }) => ({ id, attempts, busyMs })),
    idleMs: Object.fromEntries(
      Object.entries(history.idleMs).flatMap(([cause, ms]) => (ms > 0 ? [[cause, rounded(ms)]] : [])),
    ),
    gates: { ...state.gates },
    ...(state.flaky.size > 0 ? { flaky: Object.fromEntries(state.flaky) } : {}),
    used: state.usage,
    providers: providersOf(state),
    ...(history.warnings.length > 0 ? { warnings: [...history.warnings] } : {}),
  }
}

/** Of a run without a record there is no report. */
const never = 0 as EpochMs

/** The same with this mask over all texts: the secrets of today may be others than those of the run. */
export function maskReport(report: Report, mask: Mask): Report {
  return maskValue(reportShape, report, mask)
}

function endOf({ finished, stopping, canceling }: RunState): Pick<ReportHead, 'exitCode' | 'why' | 'next'> {
  const why = finished?.why ?? canceling ?? stopping?.why
  return {
    ...(finished ? { exitCode: finished.exitCode } : {}),
    ...(why === undefined ? {} : { why: cleanLine(why, 500) }),
    ...(stopping && finished?.exitCode !== 0 ? { next: cleanLine(stopping.next, 500) } : {}),
  }
}

/** Those that were found, and those that have used something. */
function providersOf({ providers, spending }: RunState): ReportHead['providers'] {
  const names = new Set([...providers.keys(), ...spending.keys()])
  names.delete(commandProvider)
  return [...names].map((name) => {
    const { version, stopped } = providers.get(name) ?? {}
    const spent = spending.get(name)
    return {
      name,
      ...(version === undefined ? {} : { version: cleanLine(version, 40) }),
      agents: spent?.agents ?? 0,
      used: spent?.usage ?? noUsage,
      ...(spent && spent.estimated.agents > 0 ? { estimatedUsd: spent.estimated.usd } : {}),
      ...(spent && spent.unknown.usd > 0 ? { unknownUsd: spent.unknown.usd } : {}),
      ...(stopped ? { stopped: cleanLine(stopped.message, 500) } : {}),
    }
  })
}
