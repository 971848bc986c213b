import type { NotifySettings } from '../../config/notify-config.js'
import { occasionOf } from '../../domain/run/occasion.js'
import type { RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine, errorText, lastLine } from '../../domain/text.js'
import { capture } from '../../platform/processes/capture.js'
import type { Watchdog } from '../../platform/processes/watchdog.js'
import { ownPath } from '../../platform/programs/own-programs.js'
import { notificationOf, webhookBody, type Notification } from '../../ui/notification.js'
import { ring } from '../../ui/print/output.js'
import type { Reporter } from '../../ui/reporters/contract.js'

export interface NotifierParts {
  readonly settings: NotifySettings
  /** What the command sees. */
  readonly env: Readonly<Record<string, string>>
  /** Where the command starts. */
  readonly directory: string
  readonly watchdog: Watchdog
}

/** How long a command or a webhook may take, ms. */
const maxMs = 10_000

/** Tells a person of what they want to know of, by a command, a webhook and the bell. The run never waits for it. */
export class Notifier implements Reporter {
  readonly #parts: NotifierParts
  readonly #pending = new Set<Promise<void>>()
  readonly #faults = new Set<string>()

  constructor(parts: NotifierParts) {
    this.#parts = parts
  }

  record(record: RunRecord, state: RunState): void {
    const { settings } = this.#parts
    const occasion = occasionOf(record, state)
    if (occasion === undefined || !settings.on.includes(occasion)) return
    const notification = notificationOf(occasion, record, state)
    const { command, webhook, bell } = settings
    if (bell) ring(process.stderr)
    if (command !== undefined) this.#send('command', this.#run(command, notification))
    if (webhook && 'url' in webhook) this.#send('webhook', post(webhook.url, notification))
  }

  close(): void {
    // What is under way goes on; see `settled`.
  }

  /** Resolves when all has been sent, or has failed. Gives what failed, a line each. */
  async settled(): Promise<readonly string[]> {
    await Promise.all(this.#pending)
    return [...this.#faults]
  }

  #send(by: string, sending: Promise<string | undefined>): void {
    const sent = sending.then((fault) => {
      if (fault !== undefined) this.#faults.add(`notify: the ${by} failed: ${cleanLine(fault)}`)
      this.#pending.delete(sent)
    })
    this.#pending.add(sent)
  }

  /** The text comes as a variable: a shell never reads it as a command. */
  async #run(command: string, { text, occasion, run }: Notification): Promise<string | undefined> {
    const { env, directory: cwd, watchdog } = this.#parts
    const told = { AUTOPILOT_TEXT: text, AUTOPILOT_OCCASION: occasion, AUTOPILOT_RUN: run }
    const path = ownPath(env.PATH)
    const options = { env: { ...env, PATH: path, ...told }, cwd, timeoutMs: maxMs, watchdog }
    const { exit, stderr } = await capture('/bin/sh', ['-c', command], options)
    if (exit.type === 'code' && exit.code === 0) return undefined
    const how = exit.type === 'code' ? `exit code ${exit.code}` : exit.type === 'signal' ? exit.signal : exit.message
    return stderr.trim() === '' ? how : `${how}: ${lastLine(stderr)}`
  }
}

/** Redirects are not followed: the body would go to somebody whom nobody has named. */
async function post(url: string, notification: Notification): Promise<string | undefined> {
  try {
    const headers = { 'content-type': 'application/json', 'user-agent': 'autopilot' }
    const options = { method: 'POST', headers, body: webhookBody(notification), redirect: 'manual' } as const
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(maxMs) })
    await response.body?.cancel()
    return response.ok ? undefined : `HTTP status ${response.status}`
  } catch (error) {
    const { cause } = error instanceof Error ? error : {}
    return cause instanceof Error ? errorText(cause) : errorText(error)
  }
}
