import type { TaskId } from '../domain/brand.js'
import type { Measure } from '../domain/accounts/counted.js'
import { formatProviderModel } from '../domain/agent/provider-model.js'
import { formatProblemLine } from '../domain/roadmap/problem.js'
import type { RecordOf, Told } from '../domain/run/event.js'
import { cleanLine, listFirst } from '../domain/text.js'
import { showId } from './format.js'

interface ToldLine {
  readonly tone: 'faint' | 'warning'
  readonly text: string
}

/** What a person should know about a run, as one line. */
export function describeTold(record: RecordOf<Told>): ToldLine {
  const isFaint =
    record.type === 'disk_freed' ||
    record.type === 'worker_started' ||
    record.type === 'hang_up_ignored' ||
    (record.type === 'notice' && record.level === 'info') ||
    (record.type === 'files_changed' && record.how === 'changed')
  return { tone: isFaint ? 'faint' : 'warning', text: cleanLine(phrase(record), maxChars) }
}

const maxChars = 500

function phrase(record: RecordOf<Told>): string {
  switch (record.type) {
    case 'notice':
      return record.text
    case 'roadmap_warned':
    case 'roadmap_write_failed':
      return formatProblemLine(record)
    case 'conversation_lost':
      return `${showId(record.taskId)}: its conversation is lost; ${describeContinuation(record)}`
    case 'work_not_taken_over':
      return `${showId(record.taskId)}: starts over, because the work of attempt ${record.from} could not be taken over: ${record.failure.message}`
    case 'work_not_collected':
      return `${showId(record.taskId)}: the work of attempt ${record.attempt} was not collected: ${record.failure.message}`
    case 'repair_forgone':
      return `${showId(record.taskId)}: no repair round, because the workspace could not be brought up to date: ${record.failure.message}`
    case 'review_unanswered':
      return `${showId(record.taskId)}: no review by ${formatProviderModel(record.agent)}, trying again: ${record.failure.message}`
    case 'changes_left_out':
      return `${showId(record.taskId)}: ${leftOut(record)}`
    case 'changes_without_effect':
      return `${showId(record.taskId)}: its ${record.paths.length === 1 ? 'change' : 'changes'} to ${formatPaths(record.paths)} ${record.paths.length === 1 ? 'has' : 'have'} no effect on this run, which uses the content from its start`
    case 'gate_wavered':
      return wavered(record)
    case 'cost_unknown': {
      const { provider, measure, taskId } = record
      return `${provider} did not report the ${measureNames[measure]} of its agent on ${showId(taskId)}, so the budget cannot count it: ${unknownCures[measure]}`
    }
    case 'version_differs': {
      const { provider, here = 'another version', there = 'another version' } = record
      return `${provider} is ${there} where agents work and ${here} here: a version manager may choose the version by files in the directory`
    }
    case 'worker_started':
      return `${record.slot} has a worker, process ${record.pid}`
    case 'worker_replaced':
      return `the worker of ${record.slot} is replaced: ${record.why}`
    case 'disk_filled':
      return `${formatDiskFull(record.directory)}, where the workspaces are: nothing more starts until there is space again`
    case 'disk_freed':
      return `there is space again on the disk of ${cleanLine(record.directory, 300)}`
    case 'workspaces_exhausted':
      return record.failure.message
    case 'target_overtaken':
      return `${record.branch} was moved by somebody else: ${moved(record)}. Work now lands on top of that.`
    case 'repository_changed':
      return `${repositoryChange(record)}${during(record.during)}: by you, or by an agent`
    case 'files_changed':
      return filesChanged(record)
    case 'hang_up_ignored':
      return 'SIGHUP is ignored, because this run has no terminal; SIGTERM or Ctrl-C ends the run'
    case 'run_given_up': {
      const left = record.taskIds.length === 0 ? '' : `; the work on ${tasks(record.taskIds)} is still in its workspace`
      return `something hangs, so the run ends without waiting for it${left}`
    }
    case 'reporter_failed':
      return `autopilot failed to show the run and stops showing it; the run continues. Please report this: ${record.why}`
  }
}

/** What cannot be counted, in words. */
export const measureNames: Readonly<Record<Measure, string>> = { usd: 'cost', tokens: 'tokens' }

/** What to do if it can't be counted. */
export const unknownCures: Readonly<Record<Measure, string>> = {
  usd: 'give its price under prices: in autopilot.yaml, or set --budget-tokens instead',
  tokens: 'set --budget instead of --budget-tokens, or limit attempts and time',
}

export function formatDiskFull(directory: string): string {
  return `no space is left on the disk of ${cleanLine(directory, 300)}`
}

function describeContinuation({ goesOn: how, round = 0 }: RecordOf<'conversation_lost'>): string {
  switch (how) {
    case 'attempt':
      return 'another agent continues with the work so far'
    case 'finish':
      return 'another agent finishes the work'
    case 'repair':
      return `repair round ${round} starts a new one`
  }
}

function leftOut({ reason, paths }: RecordOf<'changes_left_out'>): string {
  if (reason === 'hidden')
    return `left out, because its agent hid it from git in .git/info/exclude: ${formatPaths(paths, 3)}`
  return formatOffLimits(paths)
}

/** Changes that don't land because agents may not make them, whatever the task. */
export function formatOffLimits(left: readonly string[]): string {
  const allow = 'agents_may_configure: true in autopilot.yaml lets them land'
  return `its changes to ${formatPaths(left)} were left out, because they would configure later runs and agents (${allow})`
}

function wavered({ gate, fresh }: RecordOf<'gate_wavered'>): string {
  const name = cleanLine(gate, 100)
  return fresh
    ? `the gate ${name} failed with an older setup and passed in a fresh place: the kept files may be stale, or the gate is flaky; nobody is blamed, and the stale place is set up again`
    : `the gate ${name} failed and then passed on the same tree: it is flaky, and the second verdict counts`
}

function repositoryChange({ what, name, from, to }: RecordOf<'repository_changed'>): string {
  const shown = cleanLine(name, 100)
  switch (what) {
    case 'branch':
      if (from === undefined) return `your branch ${shown} was created`
      if (to === undefined)
        return `your branch ${shown} was deleted (git branch ${shown} ${short(from)} brings it back)`
      return `your branch ${shown} was moved: ${moved({ from, to })}`
    case 'tag':
      return `your tag ${shown} was created`
    case 'head':
      return `HEAD of your repository is now ${cleanLine(to ?? '', 100) || 'nothing'} instead of ${cleanLine(from ?? '', 100) || 'nothing'}`
    case 'config':
      return `.git/${shown} of your repository was changed, and it can make your git start programs`
    case 'hooks':
      return 'the hooks of your repository were changed, and your git runs them'
  }
}

function during(taskIds: readonly TaskId[]): string {
  if (taskIds.length === 0) return ''
  const names = taskIds.slice(0, 5).map(showId)
  return ` while ${names.join(', ')} ${names.length === 1 ? 'was' : 'were'} running`
}

function filesChanged({ how, paths }: RecordOf<'files_changed'>): string {
  const what = how === 'changed' ? 'changed in your files during the run' : 'no longer changed in your files'
  return `${what}, by you or by an agent: ${formatPaths(paths)}`
}

function moved({ from, to }: { readonly from: string; readonly to: string }): string {
  return `git log ${short(from)}..${short(to)} shows what came, git log ${short(to)}..${short(from)} what went`
}

function short(commit: string): string {
  return commit.slice(0, 10)
}

/** The first ones, and how many more. */
export function formatPaths(all: readonly string[], most = 5): string {
  return listFirst(all, most, (path) => cleanLine(path, 100))
}

function tasks(taskIds: readonly TaskId[]): string {
  return listFirst(taskIds, 5, showId)
}
