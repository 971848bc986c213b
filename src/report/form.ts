import { usageShape } from '../domain/agent/agent-event.js'
import { failureKinds } from '../domain/agent/failure.js'
import type { CommitId, RefName, RunId, TaskId } from '../domain/brand.js'
import { verdictTypes } from '../domain/landing/gate.js'
import { targetShape } from '../domain/run/events/run-events.js'
import { exitCodes } from '../domain/run/exit-code.js'
import {
  as,
  list,
  map,
  mark,
  moment,
  name,
  names,
  number,
  object,
  oneOf,
  optional,
  text,
  texts,
  titled,
  type ObjectOf,
  type ValueOf,
} from '../domain/shape/shape.js'

/** Raised when a field changes its meaning, not when fields are added. */
export const reportVersion = 1

/** The states of a task, in the order in which people ask for them. */
export const reportStates = [
  'failed',
  'held',
  'canceled',
  'running',
  'verifying',
  'merging',
  'queued',
  'pending',
  'done',
] as const
export type ReportState = (typeof reportStates)[number]

/** Why a slot was idle. */
export const idleCauses = ['dependencies', 'preparing', 'limit', 'paused', 'stopping', 'nothing_left'] as const
export type IdleCause = (typeof idleCauses)[number]

const verdictShape = titled(
  'report verdict',
  object({
    ms: number('When, in ms of the run.'),
    attempt: number('Of which attempt.'),
    gate: text('The name of the gate or the review.'),
    verdict: oneOf(verdictTypes),
    durationMs: number('How long it took.'),
    remembered: mark('It was known already; nothing ran.'),
    by: optional(text('The reviewer, as `provider:model`.')),
    reasons: optional(texts("The reviewer's reasons.")),
    together: optional(number('How many other tasks were judged with it.')),
  }),
)
export type ReportVerdict = ValueOf<typeof verdictShape>

const attemptFailureShape = titled(
  'failed attempt',
  object({
    attempt: number('Which attempt.'),
    round: optional(number('Present if its work went back to its agent: the number of that repair round.')),
    kind: oneOf(failureKinds, 'What kind of failure.'),
    reason: text('Why.'),
    detail: optional(text('How what was printed ended, several lines.')),
    log: optional(name('The file with all of that.')),
  }),
)
export type FailedAttempt = ValueOf<typeof attemptFailureShape>

const excerptShape = titled(
  'excerpt',
  object({
    ms: number('When, in ms of the run.'),
    what: oneOf(['said', 'called', 'refused'], 'The agent said something, called a tool, or was refused one.'),
    text: text(),
  }),
)
export type Excerpt = ValueOf<typeof excerptShape>

const diffShape = object({
  files: number('Files that it changes.'),
  added: number('Lines added.'),
  removed: number('Lines removed.'),
})
export type DiffStat = ValueOf<typeof diffShape>

export const reportTaskShape = titled(
  'report task',
  object({
    id: name<TaskId>('Its id in the roadmap.'),
    title: text(),
    groups: optional(names('The epic, milestone and set around it, outermost first.')),
    waitsFor: optional(names('The tasks and groups that it waits for.')),
    state: oneOf(reportStates, 'Its state; of a run that was broken off, the one that it had then.'),
    how: optional(
      oneOf(
        ['integrated', 'unchanged', 'in_place', 'before'],
        'Of a task that is done: its work landed, no change was needed, it is in the files, or it was done before the run.',
      ),
    ),
    commit: optional(name<CommitId>('The commit that landed.')),
    reason: optional(text('Why it failed, is held, or is not done.')),
    kind: optional(oneOf(failureKinds, 'Of a failed task: the kind of its last failure.')),
    detail: optional(text('Of a failed task: how what was printed ended, several lines.')),
    log: optional(name('Of a failed task: the file with all of that.')),
    paths: optional(texts('Of a failed task: the paths that it is about.')),
    held: optional(oneOf(['person', 'run'], 'Of a held task: a person decided that, or the run.')),
    attempts: number('How many attempts started.'),
    counted: number("How many failed and count towards the task's limit."),
    attempt: optional(number('The attempt at work.')),
    slot: optional(name('The slot that it holds.')),
    agent: optional(text('Who worked on it last, as `provider:model`.')),
    startedMs: optional(number('When its first attempt began, in ms of the run.')),
    endedMs: optional(number('When it was done, failed, held or canceled, in ms of the run.')),
    workMs: number('How long its agents have run, reviewers included.'),
    used: as(usageShape, 'What its agents used, over the whole journal.'),
    diff: optional(diffShape, 'What its work changes; absent if git could not tell.'),
    verdicts: optional(list(verdictShape, 'What gates and reviewers said, the last fifty.')),
    failures: optional(list(attemptFailureShape, 'Why earlier attempts and turns failed, the last twenty.')),
    refusals: optional(
      list(
        object({
          tool: text('The tool.'),
          target: optional(text('What it was about.')),
          times: number('How often.'),
        }),
        'What the agent of its last attempt was refused.',
      ),
    ),
    leftovers: optional(texts('What its last agents left running and autopilot ended.')),
    ignored: optional(texts('Files that its last agents wrote and git ignores.')),
    excerpt: optional(list(excerptShape, 'The end of what the agent of its last attempt said and did.')),
    kept: optional(
      object(
        { ref: name<RefName>('The ref.'), commit: name<CommitId>('The commit.'), why: text('What it is.') },
        'Work of it that did not land.',
      ),
    ),
  }),
)
export type ReportTask = ValueOf<typeof reportTaskShape>

/** What a span on a slot is. */
export const slotWork = ['attempt', 'repair', 'finish', 'review'] as const
export type SlotWork = (typeof slotWork)[number]

export const spanShape = titled(
  'span',
  object({
    kind: oneOf(
      [...slotWork, 'setup', 'gate', 'landing', 'cool_down', 'wait'],
      'An agent at work on a slot (the first four); a setup; a gate; work between its agent and the target; a cool-down of a provider; a time in which nothing could start.',
    ),
    from: number('When it began, in ms of the run.'),
    to: optional(number('When it ended. Absent while it lasts.')),
    slot: optional(name('On which slot.')),
    taskId: optional(name<TaskId>('The task.')),
    attempt: optional(number('Its attempt.')),
    agent: optional(text('The agent, as `provider:model`.')),
    gate: optional(text('The gate or the review.')),
    provider: optional(name('Whose cool-down.')),
    end: optional(
      oneOf(
        ['ok', 'failed', 'errored', 'cut_off'],
        'How it ended; `cut_off`: with the run. Absent for `cool_down` and `wait`.',
      ),
    ),
  }),
)
export type Span = ValueOf<typeof spanShape>

const sampleShape = titled(
  'sample',
  object({
    ms: number('When, in ms of the run.'),
    waiting: number('How many wait for a slot.'),
    busy: number('How many slots are in use.'),
    idle: number('How many are free.'),
    done: number('How many tasks are done.'),
    cause: oneOf(idleCauses, 'Why a slot is idle from then on, if one is; see `idleMs`.'),
  }),
)
export type Sample = ValueOf<typeof sampleShape>

const providerShape = titled(
  'report provider',
  object({
    name: name('Which provider.'),
    version: optional(text('The version of its CLI.')),
    agents: number('How many of its agents have used something.'),
    used: as(usageShape, 'What they used, as far as it is known.'),
    estimatedUsd: optional(number('The estimated part of the money.')),
    unknownUsd: optional(number('How many agents had an unknown cost.')),
    stopped: optional(text('Why it is out for the rest of the run.')),
  }),
)

export const standings = ['running', 'silent', 'finished', 'broken_off'] as const

/** The run as a whole: everything but what there are many of. */
export const reportHeadFields = {
  run: name<RunId>('The id of the run.'),
  version: text('The version of autopilot that started or last continued it.'),
  roadmap: name('The file, as the user named it.'),
  isolation: oneOf(['workspace', 'none'], 'Where agents work.'),
  target: optional(targetShape, 'The branch where work lands.'),
  startedAt: moment('When it began, epoch ms.'),
  lastAt: moment('The time of its last event, epoch ms.'),
  ms: number('How long it has worked; the time between a stop and a resume does not count.'),
  parts: list(
    object({
      at: moment('When it began or was resumed, epoch ms.'),
      ms: number('The same in ms of the run.'),
    }),
    'Its parts: times in ms of the run plus `at` minus `ms` of their part are times of day.',
  ),
  standing: oneOf(standings, 'As in `status`.'),
  exitCode: optional(oneOf(Object.values(exitCodes), 'Of a finished run: its exit code.')),
  why: optional(text('Why it ended, or is about to, in a few words.')),
  next: optional(text('Of a run that stopped early: what to do next.')),
  counts: map(number(), 'How many tasks there are in each state.'),
  queue: optional(
    object({ waiting: number(), busy: number(), idle: number() }),
    'Of a run that is `running`: how many wait for a slot, and how many slots are in use and free.',
  ),
  slots: list(
    object({
      id: name('The slot.'),
      attempts: number('Attempts on it.'),
      busyMs: number('How long agents have run on it.'),
    }),
    'The agent slots.',
  ),
  idleMs: map(
    number(),
    'How long slots were idle, all together, by cause. `dependencies`: tasks wait for others; `preparing`: the next one waits for its workspace or for a provider; `limit`: a provider cools down; `paused`: a person has paused the run; `stopping`: the run starts nothing more; `nothing_left`: no task is left to start.',
  ),
  gates: object({ passed: number(), failed: number(), errored: number(), remembered: number() }, 'Verdicts.'),
  flaky: optional(map(number(), 'Gates that failed and then passed on the same tree, and how often.')),
  used: as(usageShape, 'What all agents used.'),
  providers: list(providerShape, 'By provider.'),
  criticalPath: names<TaskId>('The chain of tasks, each of which waits for the one before, that took longest.'),
  warnings: optional(texts('What a person should know, as it was told during the run; the last fifty.')),
} as const
export type ReportHead = ObjectOf<typeof reportHeadFields>

export const reportShape = object({
  report: number<typeof reportVersion>(
    'The version of this form. It increases when a field changes its meaning, not when fields are added.',
  ),
  ...reportHeadFields,
  tasks: list(reportTaskShape, 'The tasks, in file order.'),
  spans: list(spanShape, 'What happened when, in the order of the beginnings.'),
  samples: list(sampleShape, 'The queue and the slots over time; at most 2,000.'),
})
export type Report = ValueOf<typeof reportShape>
