import type { RunId, TaskId } from '../domain/brand.js'
import { findingFields } from '../domain/finding.js'
import { exitCodes } from '../domain/run/exit-code.js'
import { budgetShape, runBudgetsFields } from '../domain/accounts/budget.js'
import { failureShape } from '../domain/agent/failure.js'
import { providerModelShape } from '../domain/agent/provider-model.js'
import { answerShape } from '../domain/run/control.js'
import { holdShape } from '../domain/roadmap/hold.js'
import { problemFields } from '../domain/roadmap/problem.js'
import {
  as,
  list,
  mark,
  name,
  names,
  number,
  object,
  oneOf,
  optional,
  text,
  texts,
  titled,
  union,
  variant,
  type ValueOf,
} from '../domain/shape/shape.js'
import { standings, statusFields } from './status-form.js'

const { roadmap, startedAt, lastAt, durationMs, usage, exitCode } = statusFields

const gateFields = {
  name: text('The name to show.'),
  run: text('The command.'),
  cwd: optional(text('The directory it starts in, relative to the root of the tree.')),
  timeoutMs: number('Its time limit.'),
  exclusive: mark('It never runs twice at once.'),
}

const setupShape = object({
  run: text('The command.'),
  inputs: optional(texts('Its inputs.')),
  timeoutMs: number('Its time limit.'),
})

/**
 * What commands print with `--output json` besides the events of a run: one object per line, distinguished by `type`.
 */
export const printedLines = {
  problem: variant('Something is wrong with a file that a person wrote.', problemFields),
  error: variant('A command could not do what was asked.', {
    text: text('Why, on one line or several.'),
    help: optional(text('What to do next.')),
  }),
  notice: variant('Something that a person should know.', {
    level: oneOf(['info', 'warning']),
    text: text('The text.'),
  }),
  valid: variant('`validate`: the roadmap is valid.', {
    file: name('As the user named it.'),
    tasks: number('How many tasks it has.'),
    runnable: number('How many would run.'),
    held: number('How many are held.'),
    done: number('How many are done.'),
  }),
  held: variant('`validate` and `--dry-run`: a task that would not run.', {
    taskId: name<TaskId>('The task.'),
    reason: as(holdShape, 'Why.'),
  }),
  budget: variant('`--dry-run`: what may be spent.', runBudgetsFields),
  planned: variant('`--dry-run`: a task that would run, in the order of their starts.', {
    taskId: name<TaskId>('The task.'),
    title: text(),
    priority: number(),
    budget: optional(budgetShape, 'What it may spend.'),
    waitsFor: names<TaskId>('The tasks that it waits for.'),
    route: names('Providers in the order in which they would be tried.'),
    command: texts('Program and arguments of the first one; the prompt goes to stdin.'),
    gates: list(titled('gate', object(gateFields)), 'Gates for its own work, in addition to `gates:`.'),
  }),
  gate: variant('`--dry-run`: a gate for every task.', gateFields),
  review: variant('`--dry-run`: a review for every task.', {
    name: text('The name to show.'),
    reviewers: list(providerModelShape, 'Who is asked, in order of preference.'),
    criteria: texts('What the change must fulfil, in addition to its task.'),
    timeoutMs: number('Its time limit.'),
  }),
  workspaces: variant('`--dry-run`: what each workspace has in addition to the files of its commit.', {
    setup: optional(setupShape, 'The setup.'),
    copy: texts('Copied into it.'),
    keep: texts('Kept from one attempt to the next, in any state.'),
    keepsSetup: mark("Setup's results are kept until somebody touches them (`keep: auto`)."),
    link: texts('Linked into it.'),
  }),
  status: variant('`status`: the state of a run.', statusFields),
  failed: variant('`logs` without a task: one that failed for good.', {
    taskId: name<TaskId>('The task.'),
    attempts: number('How many attempts were made.'),
    failure: as(failureShape, 'Why the last one failed.'),
  }),
  run: variant('`runs`: a run of the repository, the newest first.', {
    run: name<RunId>('Its id.'),
    ...{ roadmap, startedAt, lastAt, durationMs, usage, exitCode },
    standing: oneOf([...standings, 'unreadable'], 'As in `status`. `unreadable`: its journal cannot be read.'),
    why: optional(text('Of a finished run: the reason in a few words. Why its journal cannot be read.')),
    tasks: optional(
      object({
        selected: number('All but those that a person has put on hold.'),
        done: number('Those that are done, before the run or in it.'),
        failed: number('Those that failed for good.'),
        held: number('Those that could not start.'),
      }),
      'How many tasks there are.',
    ),
  }),
  finding: variant('`doctor`: what one check has found.', findingFields),
  diagnosis: variant('`doctor`: the last line.', {
    errors: number('Findings for which a run would be refused.'),
    warnings: number('Other findings that a person should know.'),
    exitCode: oneOf(Object.values(exitCodes), 'The exit code.'),
  }),
  answer: variant('`pause`, `unpause`, `cancel` and `agents`: what the run has answered.', {
    run: name<RunId>('Its id.'),
    answer: titled('run answer', answerShape),
  }),
}
export const printedShape = union(printedLines)
export type Printed = ValueOf<typeof printedShape>
