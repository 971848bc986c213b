import * as z from 'zod/mini'
import { isTooLong, shorterCommand } from '../domain/roadmap/command-length.js'
import { occasions, type Occasion } from '../domain/run/occasion.js'
import { scalar } from './scalar.js'
import { onOff } from './value.js'

/** How a person is told of a run that nobody watches. */
export interface NotifySettings {
  /** For a shell. */
  readonly command?: string
  readonly webhook?: WebhookSetting
  /** Rings the terminal's bell. */
  readonly bell: boolean
  readonly on: readonly Occasion[]
}

/** The URL, or the variable that should have it and does not. */
export type WebhookSetting = { readonly url: string } | { readonly missing: string }

const fields = z.strictObject({
  command: z.optional(
    z.string().check(
      z.refine((run) => run.trim() !== '', 'expected a command'),
      z.refine((run) => !isTooLong(run), shorterCommand),
    ),
  ),
  webhook: z.optional(
    z
      .string()
      .check(z.refine((text) => variableIn(text) !== undefined || isWebUrl(text), 'expected a URL or $VARIABLE')),
  ),
  bell: z.optional(scalar(onOff)),
  on: z.optional(z.array(z.enum(occasions))),
})

export const notifyKeys = Object.keys(fields.shape)

/** What may stand under `notify:`; a text is a command and nothing else. */
export const notify = z.pipe(
  z.transform((entry): unknown => (typeof entry === 'string' ? { command: entry } : entry)),
  fields,
)

export function notifyOf(
  { command, webhook, bell = false, on = [...occasions] }: z.infer<typeof fields>,
  env: Readonly<Record<string, string | undefined>>,
): NotifySettings {
  return {
    ...(command === undefined ? {} : { command }),
    ...(webhook === undefined ? {} : { webhook: webhookOf(webhook, env) }),
    bell,
    on,
  }
}

function webhookOf(text: string, env: Readonly<Record<string, string | undefined>>): WebhookSetting {
  const name = variableIn(text)
  const url = name === undefined ? text : env[name]
  return url !== undefined && isWebUrl(url) ? { url } : { missing: name ?? text }
}

/** `$NAME` or `${NAME}`. */
function variableIn(text: string): string | undefined {
  return /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(text.trim())?.slice(1).find(Boolean)
}

function isWebUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '')
}
