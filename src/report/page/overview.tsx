import { formatUsd } from '../../domain/accounts/budget.js'
import { tokensOf } from '../../domain/agent/agent-event.js'
import { formatDuration } from '../../domain/duration.js'
import { cleanName, grouped } from '../../domain/text.js'
import { idleCauses, type Report } from '../form.js'
import { usedText } from '../numbers.js'
import { idleWords } from './words.js'

/** What the run has used, how busy its slots were, and what a person should know. */
export function Overview({ report }: { readonly report: Report }) {
  return (
    <section class="overview" aria-label="Overview">
      <Slots report={report} />
      <Providers report={report} />
      <Gates report={report} />
      <Warnings report={report} />
    </section>
  )
}

function Slots({ report: { slots, spans, ms, idleMs } }: { readonly report: Report }) {
  const busy = slots.reduce((sum, slot) => sum + slot.busyMs, 0)
  const idle = Object.values(idleMs).reduce((sum, part) => sum + part, 0)
  // What runs now is in neither.
  const now = spans.reduce(
    (sum, { slot, from, to }) => sum + (slot !== undefined && to === undefined ? ms - from : 0),
    0,
  )
  // Slots may have come and gone meanwhile.
  const all = Math.max(1, busy + idle + now)
  const rows = [
    ['busy', busy, 'busy'] as const,
    ...idleCauses.flatMap((cause) => {
      const part = idleMs[cause] ?? 0
      return part > 0 ? [[idleWords[cause], part, `idle ${cause}`] as const] : []
    }),
    ...(now > 0 ? [['at work now', now, 'busy'] as const] : []),
  ]
  return (
    <div class="card">
      <h2>{slots.length} agent slots</h2>
      <table class="bars">
        <tbody>
          {rows.map(([name, part, kind]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{Math.round((100 * part) / all)} %</td>
              <td class="bar">
                <i class={kind} style={{ width: `${(100 * part) / all}%` }} />
              </td>
              <td>{formatDuration(part)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Providers({ report: { providers, used } }: { readonly report: Report }) {
  if (providers.length === 0) return null
  const most = Math.max(1, ...providers.map((provider) => tokensOf(provider.used)))
  return (
    <div class="card">
      <h2>Tokens and cost{usedText(used) === '' ? '' : `: ${usedText(used)}`}</h2>
      <table class="bars">
        <tbody>
          {providers.map(({ name, version, agents, used: own, estimatedUsd, unknownUsd, stopped }) => (
            <tr key={name}>
              <th scope="row" title={version}>
                {cleanName(name, 40)}
              </th>
              <td>{agents} agents</td>
              <td class="bar">
                <i class="tokens" style={{ width: `${(100 * tokensOf(own)) / most}%` }} />
              </td>
              <td>
                {grouped(own.inputTokens)} in, {grouped(own.outputTokens)} out
                {own.costUsd === undefined ? '' : `, ${formatUsd(own.costUsd)}`}
                {estimatedUsd === undefined ? '' : ` (${formatUsd(estimatedUsd)} of it estimated)`}
                {unknownUsd === undefined ? '' : `; cost of ${unknownUsd} agents unknown`}
                {stopped === undefined ? '' : `; out: ${stopped}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Gates({ report: { gates, flaky = {} } }: { readonly report: Report }) {
  const { passed, failed, errored, remembered } = gates
  if (passed + failed + errored === 0) return null
  return (
    <div class="card">
      <h2>Gates</h2>
      <p>
        {passed} passed, {failed} failed, {errored} could not run; {remembered} of these were already known
      </p>
      {Object.entries(flaky).map(([gate, times]) => (
        <p key={gate} class="warning">
          {cleanName(gate, 100)} failed and then passed on the same tree: {times}
        </p>
      ))}
    </div>
  )
}

function Warnings({ report: { warnings = [] } }: { readonly report: Report }) {
  if (warnings.length === 0) return null
  return (
    <div class="card">
      <h2>Warnings</h2>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </div>
  )
}
