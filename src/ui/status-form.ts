import { actorShape } from '../domain/actor.js'
import type { CommitId, RefName, RunId, TaskId } from '../domain/brand.js'
import { usageShape } from '../domain/agent/agent-event.js'
import { failureShape } from '../domain/agent/failure.js'
import { providerModelShape } from '../domain/agent/provider-model.js'
import { verdictTypes } from '../domain/landing/gate.js'
import { holdShape } from '../domain/roadmap/hold.js'
import { baseGateShape } from '../domain/run/events/gate-events.js'
import { targetShape } from '../domain/run/events/run-events.js'
import { exitCodes } from '../domain/run/exit-code.js'
import {
  as,
  list,
  map,
  mark,
  moment,
  name,
  number,
  object,
  oneOf,
  optional,
  orNull,
  text,
  texts,
  titled,
  union,
  variant,
} from '../domain/shape/shape.js'

const atWork = { attempt: number('Its attempt, counted from 1.') }

const taskStateShape = titled(
  'task state',
  union({
    pending: variant('It waits for its dependencies, or for its turn.', {}),
    held: variant('It cannot start, or a person has put it on hold.', { reason: as(holdShape, 'Why.') }),
    queued: variant('It waits for a slot.', atWork),
    running: variant('Its agent is running.', { ...atWork, slot: name('On which slot.') }),
    verifying: variant('Gates or reviews judge its work, or it waits for a reviewer.', {
      ...atWork,
      slot: optional(name("The reviewer's slot.")),
    }),
    merging: variant('Its agent has ended; its work is being collected, or is in the merge queue, landing.', atWork),
    done: variant('It is done.', {
      how: oneOf(
        ['integrated', 'unchanged', 'in_place', 'before'],
        '`before`: the roadmap said so when the run began. The others as in `task_done`.',
      ),
      commit: optional(name<CommitId>('The commit that has its work.')),
    }),
    failed: variant('It failed for good.', {
      failure: as(failureShape, 'Why its last attempt failed.'),
      attempts: number('How many attempts were made.'),
    }),
    canceled: variant('It was canceled with the run.', {}),
  }),
)

const statusTaskShape = object({
  id: name<TaskId>('Its id in the roadmap.'),
  title: text(),
  state: as(taskStateShape, 'Its state.'),
  attempts: object(
    {
      started: number('How many started.'),
      counted: number("How many failed and count towards the task's limit."),
    },
    'Its attempts, over the whole journal.',
  ),
  used: as(usageShape, 'What its agents used, over the whole journal.'),
  canceling: optional(
    object({ by: as(actorShape, 'Who cancels it.'), at: moment('Since when, epoch ms.') }, 'It is being canceled.'),
  ),
  approvals: optional(
    list(
      object({
        gate: text('The name of the review.'),
        by: as(providerModelShape, 'The reviewer.'),
        reasons: texts('What the reviewer said.'),
      }),
      'What reviewers said who approved the current work.',
    ),
  ),
  refusals: optional(
    list(
      object({
        tool: text('The tool.'),
        target: optional(text('The command, path or address that it was about.')),
        allow: optional(text('The entry of `allow:` that would permit it.')),
        times: number('How often.'),
      }),
      'What the agent of its last attempt was refused.',
    ),
  ),
  leftovers: optional(texts('What the agents of its last attempt left running and autopilot ended.')),
  ignored: optional(
    object(
      { paths: texts('The files.'), copies: optional(name('Where copies of them are.')) },
      'What the agents of its last attempt wrote and git ignores.',
    ),
  ),
})

const countsShape = object({
  passed: number(),
  failed: number(),
  errored: number('Gates that could not run.'),
  remembered: number('How many of these verdicts were already known.'),
})

/** Whether a run is at work. */
export const standings = ['running', 'silent', 'finished', 'broken_off'] as const

/**
 * The fields of the object that `status --output json` prints; a separate form, independent of the run's internal
 * state.
 */
export const statusFields = {
  run: orNull(name<RunId>('The id of the run; `null` if there was none, and then the object has nothing else.')),
  version: optional(text('The version that started or last continued the run.')),
  roadmap: optional(name('The file, as the user named it.')),
  isolation: optional(oneOf(['workspace', 'none'], 'Where agents work.')),
  target: optional(targetShape, 'The branch where work lands.'),
  startedAt: optional(moment('When the run began, epoch ms.')),
  lastAt: optional(moment('The time of the last line of its journal, epoch ms.')),
  journal: optional(name('The path of its journal.')),
  standing: optional(
    oneOf(
      standings,
      '`silent`: on another machine or in another container, without a sign of life. `broken_off`: it has neither an end in its journal nor a process.',
    ),
  ),
  exitCode: optional(oneOf(Object.values(exitCodes), 'Of a finished run: its exit code.')),
  why: optional(text('Of a finished run: the reason in a few words.')),
  pid: optional(number('Of a run that is `running` or `silent`: its process.')),
  host: optional(text('The machine of that process.')),
  silentSince: optional(moment('Of a `silent` run: its last sign of life, epoch ms.')),
  queue: optional(
    object(
      {
        queueLength: number('How many wait for a slot.'),
        busyAgents: number('How many slots are in use.'),
        availableAgents: number('How many are free.'),
      },
      'Of a run that is `running`: the counts of the pool.',
    ),
  ),
  paused: optional(
    object(
      {
        by: as(actorShape, 'Who paused it.'),
        at: moment('When, epoch ms.'),
        until: optional(moment('When its time limit ends the run, epoch ms.')),
      },
      'Of a run that is `running` and paused: nothing begins.',
    ),
  ),
  stopped: mark('Of a run that is `running`: it is stopped, as by Ctrl-Z.'),
  base: optional(
    object(
      {
        commit: name<CommitId>('The tip that was judged.'),
        verdict: oneOf(verdictTypes),
        gates: list(baseGateShape, 'Those that failed or could not run.'),
      },
      'The last verdict on the base, until work has landed on it.',
    ),
  ),
  counts: optional(map(number(), 'How many tasks there are in each state.')),
  tasks: optional(list(titled('status task', statusTaskShape), 'The tasks, in file order.')),
  gates: optional(as(countsShape, 'How many verdicts there were of each kind.')),
  usage: optional(usageShape, 'What all agents used.'),
  spending: optional(
    map(
      object({
        usage: as(usageShape, 'Money, as far as it is known.'),
        agents: number('How many agents have ended that used something.'),
        unknown: object(
          {
            usd: number('How many agents have an unknown cost.'),
            tokens: number('How many agents have unknown tokens.'),
          },
          'The unknown part.',
        ),
        estimated: object(
          { agents: number('For how many agents.'), usd: number('US dollars.') },
          'The estimated part of the money.',
        ),
      }),
      'What the agents of each provider used, by name.',
    ),
  ),
  durationMs: optional(number('How long the run has been active.')),
  resume: optional(
    object(
      {
        toLand: number('Tasks whose work is on the target, or goes to the merge queue without an agent.'),
        conversations: number('Conversations that continue.'),
        toStart: number('Tasks that start.'),
        failed: number('Tasks that stay failed.'),
      },
      'What `autopilot resume` would do; absent if there is nothing to resume.',
    ),
  ),
  slots: optional(
    list(
      object({
        id: name('Its name.'),
        attempts: number('How many attempts it had.'),
        busyMs: number('How long it was in use.'),
      }),
      'The agent slots.',
    ),
  ),
  kept: optional(
    list(
      object({
        taskId: optional(name<TaskId>("The task. Absent if the run's record has none by the name of the ref.")),
        attempt: number('Its attempt.'),
        ref: name<RefName>('The ref that holds it.'),
        commit: name<CommitId>('The commit.'),
        base: optional(name<CommitId>('The commit to compare it with.')),
        why: text('What it is.'),
        diff: text('The command that shows what it changes.'),
      }),
      'Commits that did not land and are nowhere else.',
    ),
  ),
  keptWorkspaces: optional(
    list(
      object({
        path: name('Where.'),
        why: text('Why.'),
        collectsAgain: mark('`autopilot resume` collects from it.'),
      }),
      'Workspaces that stay on disk and still exist.',
    ),
  ),
}
