import { isCi, isSet, type Environment } from '../../domain/process/environment.js'
import type { UiForm } from '../../domain/output-format.js'
import type { Form } from '../paint.js'

/**
 * The form for a stream: rich on a terminal, unless it is a CI job's or `wanted` says otherwise. What has no size cannot
 * be drawn on, whatever is wanted. `NO_COLOR` says nothing but that; `FORCE_COLOR` wins over it, as in Node itself.
 */
export function formOf(stream: NodeJS.WriteStream, env: Environment, wanted?: UiForm): Form {
  const isInCi = isCi(env) || isSet(env.GITHUB_ACTIONS)
  const isWanted = wanted === undefined ? !isInCi : wanted === 'rich'
  const isRich = isWanted && stream.isTTY && env.TERM !== 'dumb' && hasSize(stream)
  return { isRich, hasColour: colourForced(env) ?? (isRich && (env.NO_COLOR ?? '') === '') }
}

function colourForced({ FORCE_COLOR = '' }: Environment): boolean | undefined {
  return FORCE_COLOR === '' ? undefined : isSet(FORCE_COLOR)
}

/** A bare pty, such as that of `script` under cron, is 0 x 0. */
function hasSize({ columns, rows }: NodeJS.WriteStream): boolean {
  return columns > 0 && rows > 0
}
