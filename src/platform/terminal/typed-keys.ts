import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readlinkSync, readSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Clock } from '../../domain/clock.js'
import { ownPath } from '../programs/own-programs.js'
import { isInForeground } from './foreground.js'

/** A terminal as it was before autopilot changed it: what puts it back. */
export interface TerminalBefore {
  /** The path of its device. */
  readonly device: string
  /** Its settings, as stty prints them for itself. */
  readonly settings: string
}

export interface TypedKeysParts {
  readonly clock: Pick<Clock, 'schedule'>
  /** What was typed: characters, or an escape sequence as one. */
  readonly onKey: (key: string) => void
  /** The terminal is changed, or as it was again: who outlives autopilot can put it back. */
  readonly onChanged: (before: TerminalBefore | undefined) => void
}

/** Reads what is typed at the terminal, from its opening on. */
export interface TypedKeys {
  /** The terminal is as it was, and nothing is read, until autopilot is in the foreground again. */
  leave(): void
  close(): void
}

/** How often it looks, ms: a person does not notice. */
const pauseMs = 100

/**
 * Undefined where nobody can type: stdin is no terminal, or the system does not tell who is in the foreground.
 *
 * The terminal still turns Ctrl-C and Ctrl-Z into signals, so that a busy loop hears them; Node's raw mode would not. It is
 * read without waiting, and only while autopilot is its foreground job: a read from the background stops the whole job.
 */
export function openTypedKeys(parts: TypedKeysParts): TypedKeys | undefined {
  if (!isatty(0) || !existsSync('/proc/self/stat')) return undefined
  try {
    const device = readlinkSync('/proc/self/fd/0')
    if (!existsSync(device)) return undefined
    // Opened anew: without waiting must be true of this descriptor alone, not of the one that the shell has, too.
    const fd = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    return new ForegroundKeys(fd, device, parts)
  } catch {
    return undefined
  }
}

class ForegroundKeys implements TypedKeys {
  readonly #fd: number
  readonly #device: string
  readonly #parts: TypedKeysParts
  readonly #bytes = Buffer.alloc(256)
  #before: TerminalBefore | undefined
  #cancel: (() => void) | undefined
  #isClosed = false
  readonly #onExit = () => this.close()

  constructor(fd: number, device: string, parts: TypedKeysParts) {
    this.#fd = fd
    this.#device = device
    this.#parts = parts
    // After a signal too many, nothing else closes it.
    process.on('exit', this.#onExit)
    this.#look()
  }

  leave(): void {
    const before = this.#before
    this.#before = undefined
    // From the background that would stop the job; its shell has put its own settings back.
    if (before && isInForeground()) stty(this.#device, [before.settings])
    if (before) this.#parts.onChanged(undefined)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    process.off('exit', this.#onExit)
    this.#cancel?.()
    this.leave()
    closeSync(this.#fd)
  }

  #look(): void {
    if (!isInForeground()) this.leave()
    else if (this.#before || this.#enter()) this.#read()
    if (!this.#isClosed) this.#cancel = this.#parts.clock.schedule(pauseMs, () => this.#look())
  }

  /** Each key by itself, and none shown. */
  #enter(): boolean {
    const settings = stty(this.#device, ['-g'])?.trim()
    if (settings === undefined || settings === '') return false
    this.#before = { device: this.#device, settings }
    this.#parts.onChanged(this.#before)
    return stty(this.#device, ['-icanon', '-echo', 'min', '1', 'time', '0']) !== undefined
  }

  #read(): void {
    let text: string
    try {
      text = this.#bytes.toString('utf8', 0, readSync(this.#fd, this.#bytes))
    } catch {
      // Nothing was typed, or the terminal is gone.
      return
    }
    // An arrow or a function key is one thing, and means nothing here.
    for (const [key] of text.matchAll(/\u001b[[O][0-9;]*[ -/]*[@-~]|[^]/gu)) this.#parts.onKey(key)
  }
}

/**
 * What stty said of the terminal; undefined if it could not do it. It has a descriptor of its own: Node has a program's stdin
 * wait, and so every descriptor that was opened with it.
 */
function stty(device: string, args: readonly string[]): string | undefined {
  let fd: number
  try {
    fd = openSync(device, constants.O_RDONLY | constants.O_NOCTTY)
  } catch {
    // The terminal is gone.
    return undefined
  }
  const options = { env: { PATH: ownPath(), LC_ALL: 'C' }, encoding: 'utf8', timeout: 2_000 } as const
  const { status, stdout } = spawnSync('stty', args, { stdio: [fd, 'pipe', 'ignore'], ...options })
  closeSync(fd)
  return status === 0 ? stdout : undefined
}
