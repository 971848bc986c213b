import type { Connection } from './connection.js'
import type { PageData, Patch } from './data.js'
import { patched } from './patched.js'

/** The server sends something every 15 s; a connection without anything for so long is dead, ms. */
const silenceMs = 45_000
/** A connection that was refused is tried again after so long, ms. */
const pauseMs = 3000

/** Follows a run from the page that was served on; gives what ends that. */
export function followRun(
  begun: PageData,
  onData: (data: PageData) => void,
  onConnection: (connection: Connection) => void,
): () => void {
  const following = new Following(begun, onData, onConnection)
  // A browser has six connections to a server, for all its tabs: those that nobody looks at need none.
  const look = () => (document.hidden ? following.pause() : following.open())
  document.addEventListener('visibilitychange', look)
  look()
  return () => {
    document.removeEventListener('visibilitychange', look)
    following.end()
  }
}

class Following {
  #data: PageData
  readonly #onData: (data: PageData) => void
  readonly #onConnection: (connection: Connection) => void
  #source: EventSource | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(begun: PageData, onData: (data: PageData) => void, onConnection: (connection: Connection) => void) {
    this.#data = begun
    this.#onData = onData
    this.#onConnection = onConnection
  }

  /** From where it was: the server knows the last changes, or says that the page is to ask for everything. */
  open(): void {
    this.pause()
    if (this.#isOver) return
    const source = new EventSource(`events?from=${this.#patch}`)
    this.#source = source
    const listen = (name: string, act: (data: string) => void) =>
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.#wait(silenceMs)
        act(data)
      })
    source.addEventListener('open', () => this.#onConnection('following'))
    source.addEventListener('error', () => {
      this.#onConnection('lost')
      // A browser tries again by itself, unless it was told anything but 200.
      if (source.readyState === EventSource.CLOSED) this.#wait(pauseMs)
    })
    listen('alive', () => undefined)
    listen('patch', (text) => this.#take(JSON.parse(text) as Patch))
    listen('stale', () => void this.#startOver())
    listen('end', () => {
      this.end()
      this.#onConnection('none')
    })
    this.#wait(silenceMs)
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#source?.close()
    this.#source = undefined
  }

  end(): void {
    this.#isOver = true
    this.pause()
  }

  get #patch(): number {
    return this.#data.live?.patch ?? 0
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.open(), ms)
  }

  #take(patch: Patch): void {
    if (patch.patch <= this.#patch) return
    if (patch.patch > this.#patch + 1) return void this.#startOver()
    this.#show(patched(this.#data, patch))
  }

  async #startOver(): Promise<void> {
    this.pause()
    const answer = await fetch('report.json').catch(() => undefined)
    if (this.#isOver) return
    if (answer?.ok) this.#show((await answer.json()) as PageData)
    this.#wait(answer?.ok ? 0 : pauseMs)
  }

  #show(data: PageData): void {
    this.#data = data
    this.#onData(data)
  }
}
