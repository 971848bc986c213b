import type { ComponentChildren } from 'preact'
import { formatDuration } from '../../domain/duration.js'
import { cleanName, plural } from '../../domain/text.js'
import type { ReportTask, ReportVerdict } from '../form.js'
import { diffText, usedText } from '../numbers.js'

/** All that is known of a task beyond its row. */
export function TaskDetail({ task }: { readonly task: ReportTask }) {
  const { waitsFor = [], groups = [], commit, kept, diff, used, attempts, leftovers = [], ignored = [] } = task
  return (
    <div class="details">
      <dl>
        <Fact name="Reason">{task.reason}</Fact>
        <Fact name="Log">{task.log === undefined ? '' : cleanName(task.log, 300)}</Fact>
        <Fact name="Paths">{namesOf(task.paths)}</Fact>
        <Fact name="Waits for">{namesOf(waitsFor)}</Fact>
        <Fact name="In">{namesOf(groups)}</Fact>
        <Fact name="Commit">{commit}</Fact>
        <Fact name="Kept">{kept && `${cleanName(kept.ref)}: ${kept.why}`}</Fact>
        <Fact name="Change">{diff && diffText(diff)}</Fact>
        <Fact name="Used">{usedText(used)}</Fact>
        <Fact name="Attempts">{attempts > 0 ? plural(attempts, 'attempt') : ''}</Fact>
        <Fact name="Left running">{leftovers.join('; ')}</Fact>
        <Fact name="Ignored by git">{namesOf(ignored)}</Fact>
      </dl>
      {task.detail !== undefined && <pre>{task.detail}</pre>}
      <Verdicts verdicts={task.verdicts ?? []} />
      <Failures task={task} />
      <Refusals task={task} />
      <ExcerptList task={task} />
    </div>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children?: ComponentChildren }) {
  if (children === undefined || children === '') return null
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function namesOf(names: readonly string[] = []): string {
  return names.map((name) => cleanName(name, 120)).join(', ')
}

function Verdicts({ verdicts }: { readonly verdicts: readonly ReportVerdict[] }) {
  if (verdicts.length === 0) return null
  return (
    <>
      <h3>Gates and reviews</h3>
      <ul>
        {verdicts.map((verdict, index) => (
          <li key={index}>
            <span class={`verdict ${verdict.verdict}`}>{verdict.verdict}</span> {verdict.gate}
            {verdict.by === undefined ? '' : ` by ${verdict.by}`}, attempt {verdict.attempt},{' '}
            {verdict.remembered ? 'already known' : formatDuration(verdict.durationMs)}
            {verdict.together === undefined ? '' : `, together with ${plural(verdict.together, 'other task')}`}
            {verdict.reasons === undefined ? '' : `: ${verdict.reasons.join('; ')}`}
          </li>
        ))}
      </ul>
    </>
  )
}

function Failures({ task: { failures = [] } }: { readonly task: ReportTask }) {
  if (failures.length === 0) return null
  return (
    <>
      <h3>Earlier failures</h3>
      <ul>
        {failures.map(({ attempt, round, kind, reason, detail, log }, index) => (
          <li key={index}>
            attempt {attempt}
            {round === undefined ? '' : `, repair round ${round}`} ({kind}): {reason}
            {detail !== undefined && <pre>{detail}</pre>}
            {log !== undefined && <div>all of it: {cleanName(log, 300)}</div>}
          </li>
        ))}
      </ul>
    </>
  )
}

function Refusals({ task: { refusals = [] } }: { readonly task: ReportTask }) {
  if (refusals.length === 0) return null
  return (
    <>
      <h3>Refused</h3>
      <ul>
        {refusals.map(({ tool, target, times }, index) => (
          <li key={index}>
            {tool} {target !== undefined && <code>{target}</code>} {times > 1 ? `${times} times` : ''}
          </li>
        ))}
      </ul>
    </>
  )
}

function ExcerptList({ task: { excerpt = [] } }: { readonly task: ReportTask }) {
  if (excerpt.length === 0) return null
  return (
    <>
      <h3>The end of its transcript</h3>
      <ul class="excerpt">
        {excerpt.map(({ ms, what, text }, index) => (
          <li key={index} class={what}>
            <small>{formatDuration(ms)}</small> {what === 'said' ? '' : `${what}: `}
            {text}
          </li>
        ))}
      </ul>
    </>
  )
}
