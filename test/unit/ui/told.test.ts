import { expect, it } from 'vitest'
import { commitId, taskId } from '../../support/brands.js'
import { failure } from '../../../src/domain/agent/failure.js'
import type { RunEvent, Told } from '../../../src/domain/run/event.js'
import { initialState } from '../../../src/domain/run/run-state.js'
import { describe, type Line } from '../../../src/ui/describe.js'
import { runStarted, stamp } from '../../support/rigs/records.js'

type EventOf<Type extends Told> = Extract<RunEvent, { type: Type }>

const of = { taskId: taskId('T1'), attempt: 2 }
const [from, to] = ['0123456789abcdef', 'fedcba9876543210']
const moved = 'git log 0123456789..fedcba9876 shows what came, git log fedcba9876..0123456789 what went'
const why = failure('infrastructure', 'git failed.')
const warning = (text: string): Line => ({ tone: 'warning', text })
const problem = { severity: 'warning', code: 'W184', text: 'it does not parse', help: 'mend it' } as const

/** Each event with its text; every type is here, some more than once. */
const examples: { readonly [Type in Told]: readonly (readonly [EventOf<Type>, Line])[] } = {
  notice: [
    [{ type: 'notice', level: 'warning', text: 'Mind the gap.' }, warning('Mind the gap.')],
    [
      { type: 'notice', level: 'info', text: 'gates in force: npm test' },
      { tone: 'faint', text: 'gates in force: npm test' },
    ],
  ],
  roadmap_warned: [
    [
      { type: 'roadmap_warned', ...problem, position: { file: 'r.yaml', line: 3, column: 5 } },
      warning('r.yaml:3:5: warning W184: it does not parse; mend it'),
    ],
  ],
  roadmap_write_failed: [
    [
      { type: 'roadmap_write_failed', ...problem, position: { file: 'r.yaml', line: 1, column: 1 } },
      warning('r.yaml: warning W184: it does not parse; mend it'),
    ],
  ],
  conversation_lost: [
    [
      { type: 'conversation_lost', ...of, goesOn: 'attempt' },
      warning('T1: its conversation is lost; another agent continues with the work so far'),
    ],
    [
      { type: 'conversation_lost', ...of, goesOn: 'finish' },
      warning('T1: its conversation is lost; another agent finishes the work'),
    ],
    [
      { type: 'conversation_lost', ...of, goesOn: 'repair', round: 3 },
      warning('T1: its conversation is lost; repair round 3 starts a new one'),
    ],
  ],
  work_not_taken_over: [
    [
      { type: 'work_not_taken_over', taskId: taskId('T1'), from: 1, failure: why },
      warning('T1: starts over, because the work of attempt 1 could not be taken over: git failed.'),
    ],
  ],
  work_not_collected: [
    [
      { type: 'work_not_collected', ...of, failure: why },
      warning('T1: the work of attempt 2 was not collected: git failed.'),
    ],
  ],
  repair_forgone: [
    [
      { type: 'repair_forgone', ...of, failure: why },
      warning('T1: no repair round, because the workspace could not be brought up to date: git failed.'),
    ],
  ],
  review_unanswered: [
    [
      { type: 'review_unanswered', ...of, gate: 'review', agent: { provider: 'codex', model: 'm' }, failure: why },
      warning('T1: no review by codex:m, trying again: git failed.'),
    ],
  ],
  changes_left_out: [
    [
      { type: 'changes_left_out', ...of, reason: 'off_limits', paths: ['.mcp.json', '.codex/a'] },
      warning(
        'T1: its changes to .mcp.json, .codex/a were left out, because they would configure later runs and agents (agents_may_configure: true in autopilot.yaml lets them land)',
      ),
    ],
    [
      { type: 'changes_left_out', ...of, reason: 'hidden', paths: ['a', 'b', 'c', 'd'] },
      warning('T1: left out, because its agent hid it from git in .git/info/exclude: a, b, c and 1 more'),
    ],
  ],
  changes_without_effect: [
    [
      { type: 'changes_without_effect', ...of, paths: ['prompt.md'] },
      warning('T1: its change to prompt.md has no effect on this run, which uses the content from its start'),
    ],
  ],
  gate_wavered: [
    [
      { type: 'gate_wavered', gate: 'npm test' },
      warning('the gate npm test failed and then passed on the same tree: it is flaky, and the second verdict counts'),
    ],
    [
      { type: 'gate_wavered', gate: 'npm test', fresh: true },
      warning(
        'the gate npm test failed with an older setup and passed in a fresh place: the kept files may be stale, or the gate is flaky; nobody is blamed, and the stale place is set up again',
      ),
    ],
  ],
  cost_unknown: [
    [
      { type: 'cost_unknown', provider: 'codex', taskId: taskId('T1'), measure: 'usd' },
      warning(
        'codex did not report the cost of its agent on T1, so the budget cannot count it: give its price under prices: in autopilot.yaml, or set --budget-tokens instead',
      ),
    ],
  ],
  version_differs: [
    [
      { type: 'version_differs', provider: 'claude', here: '2.1', there: '2.0' },
      warning(
        'claude is 2.0 where agents work and 2.1 here: a version manager may choose the version by files in the directory',
      ),
    ],
  ],
  worker_started: [
    [
      { type: 'worker_started', slot: 'slot-2', pid: 17 },
      { tone: 'faint', text: 'slot-2 has a worker, process 17' },
    ],
  ],
  worker_replaced: [
    [
      { type: 'worker_replaced', slot: 'slot-2', why: 'ended by SIGKILL' },
      warning('the worker of slot-2 is replaced: ended by SIGKILL'),
    ],
  ],
  disk_filled: [
    [
      { type: 'disk_filled', directory: '/w' },
      warning(
        'no space is left on the disk of /w, where the workspaces are: nothing more starts until there is space again',
      ),
    ],
  ],
  disk_freed: [
    [
      { type: 'disk_freed', directory: '/w' },
      { tone: 'faint', text: 'there is space again on the disk of /w' },
    ],
  ],
  workspaces_exhausted: [[{ type: 'workspaces_exhausted', failure: why }, warning('git failed.')]],
  target_overtaken: [
    [
      { type: 'target_overtaken', branch: 'main', from: commitId(from), to: commitId(to) },
      warning(`main was moved by somebody else: ${moved}. Work now lands on top of that.`),
    ],
  ],
  repository_changed: [
    [
      { type: 'repository_changed', what: 'branch', name: 'mine', from, to, during: [taskId('T1'), taskId('T2')] },
      warning(`your branch mine was moved: ${moved} while T1, T2 were running: by you, or by an agent`),
    ],
    [
      { type: 'repository_changed', what: 'branch', name: 'mine', from, during: [taskId('T1')] },
      warning(
        'your branch mine was deleted (git branch mine 0123456789 brings it back) while T1 was running: by you, or by an agent',
      ),
    ],
    [
      { type: 'repository_changed', what: 'head', name: 'HEAD', from: 'ref: refs/heads/main', during: [] },
      warning('HEAD of your repository is now nothing instead of ref: refs/heads/main: by you, or by an agent'),
    ],
  ],
  files_changed: [
    [
      { type: 'files_changed', how: 'changed', paths: ['a'] },
      { tone: 'faint', text: 'changed in your files during the run, by you or by an agent: a' },
    ],
    [
      { type: 'files_changed', how: 'restored', paths: ['a'] },
      warning('no longer changed in your files, by you or by an agent: a'),
    ],
  ],
  hang_up_ignored: [
    [
      { type: 'hang_up_ignored' },
      { tone: 'faint', text: 'SIGHUP is ignored, because this run has no terminal; SIGTERM or Ctrl-C ends the run' },
    ],
  ],
  run_given_up: [
    [{ type: 'run_given_up', taskIds: [] }, warning('something hangs, so the run ends without waiting for it')],
    [
      { type: 'run_given_up', taskIds: [taskId('T1')] },
      warning('something hangs, so the run ends without waiting for it; the work on T1 is still in its workspace'),
    ],
  ],
  reporter_failed: [
    [
      { type: 'reporter_failed', why: 'a bug' },
      warning('autopilot failed to show the run and stops showing it; the run continues. Please report this: a bug'),
    ],
  ],
}

const all: readonly (readonly [RunEvent, Line])[] = Object.values(examples).flat()

it.each(all.map(([event, line]) => [event.type, event, line] as const))('%s is put in words', (_type, event, line) => {
  expect(describe(stamp(event), initialState(runStarted()))).toEqual(line)
})
