import type { Clock } from '../../domain/clock.js'
import { ok, type Result } from '../../domain/result.js'
import type { RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'
import { openLoopbackServer, type Answer, type LoopbackServer } from '../../platform/http/loopback-server.js'
import type { FormatTools } from '../formats/contract.js'
import { dataText, layOutTasks, publicReport, reportPage } from '../formats/html.js'
import type { RunHistory } from '../model/history.js'
import { forgetChanges, takePatch } from '../model/make-patch.js'
import { makeReport, type ReportFacts } from '../model/make-report.js'
import type { PageData, PageGraph } from '../page/data.js'
import { PatchLog } from './patch-log.js'

export interface LivePageOptions extends FormatTools, Pick<ReportFacts, 'words'> {
  /** 0 for one that is free. */
  readonly port: number
  readonly clock: Clock
  /** With what happened before a resume. */
  readonly history: RunHistory
}

/** The report of a run that is at work, as a page that follows it. */
export interface LivePage {
  readonly url: string
  readonly record: (record: RunRecord, state: RunState) => void
  readonly close: () => Promise<void>
}

/** Changes are sent together, at most so often, ms. */
const patchMs = 1000
/** A page is made anew at most so often: who comes in between gets the same one and the patches since, ms. */
const pageMs = 5000
/** Neither takes more of a core than one part in so many. */
const share = 20

export async function openLivePage(options: LivePageOptions): Promise<Result<LivePage, string>> {
  const feed = new Feed(options)
  const server = await openLoopbackServer({
    ...{ port: options.port, clock: options.clock },
    answer: (path) => feed.answer(path),
    onReader: (send, last) => feed.greet(send, last),
  })
  if (!server.ok) return server
  feed.serveOn(server.value)
  return ok({
    url: server.value.url,
    record: (record, state) => feed.record(record, state),
    close: () => {
      feed.close()
      return server.value.close()
    },
  })
}

/** What has been made for readers, and until when it is good enough. */
interface Made {
  readonly page: Buffer
  readonly data: Buffer
  readonly until: number
}

class Feed {
  readonly #options: LivePageOptions
  readonly #patches = new PatchLog()
  #server: LoopbackServer | undefined
  #state: RunState | undefined
  #made: Promise<Made | undefined> | undefined
  #goodUntil = 0
  #graph: { readonly of: RunState['start']; readonly graph: Promise<PageGraph> } | undefined
  #cancel: (() => void) | undefined
  #isOver = false

  constructor(options: LivePageOptions) {
    this.#options = options
  }

  serveOn(server: LoopbackServer): void {
    this.#server = server
  }

  record(record: RunRecord, state: RunState): void {
    this.#state = state
    this.#options.history.record(record, state)
    if (record.type !== 'run_finished') {
      this.#sendSoon(patchMs)
      return
    }
    this.#isOver = true
    this.#cancel?.()
    this.#send()
    this.#server?.streams.send(this.#patches.last, 'end', Buffer.from(''))
  }

  close(): void {
    this.#cancel?.()
  }

  /** A reader that has come: what it has missed, or that it must ask for everything. */
  greet(send: (id: number, event: string, data: Buffer) => void, last: number | undefined): void {
    const missed = last === undefined ? undefined : this.#patches.since(last)
    if (!missed) send(this.#patches.last, 'stale', Buffer.from(''))
    for (const { patch, data } of missed ?? []) send(patch, 'patch', data)
    if (this.#isOver) send(this.#patches.last, 'end', Buffer.from(''))
    // What has happened since nobody followed.
    else this.#sendSoon(patchMs)
  }

  async answer(path: string): Promise<Answer | undefined> {
    if (path !== '' && path !== 'report.json') return undefined
    const made = await this.#fresh()
    if (!made) return undefined
    return path === ''
      ? { type: 'text/html; charset=utf-8', body: made.page }
      : { type: 'application/json; charset=utf-8', body: made.data }
  }

  /** The same for all who ask within some seconds, as long as the patches since are there. */
  #fresh(): Promise<Made | undefined> {
    if (this.#made && this.#options.clock.monotonic() < this.#goodUntil) return this.#made
    this.#goodUntil = Number.POSITIVE_INFINITY
    this.#made = this.#make().then(
      (made) => {
        this.#goodUntil = made?.until ?? 0
        return made
      },
      (error: unknown) => {
        this.#goodUntil = 0
        throw error
      },
    )
    return this.#made
  }

  async #make(): Promise<Made | undefined> {
    const before = this.#state
    if (!before) return undefined
    const [graph, page] = await Promise.all([this.#graphOf(before), this.#options.page()])
    const { clock, history } = this.#options
    const began = clock.monotonic()
    // What follows is one moment: the next patch has what comes after it.
    this.#send()
    const report = publicReport(makeReport(history, this.#state ?? before, this.#facts()))
    const data: PageData = { report, graph, live: { patch: this.#patches.last } }
    const made = { page: Buffer.from(reportPage(data, page)), data: Buffer.from(dataText(data)) }
    const now = clock.monotonic()
    this.#patches.keep()
    return { ...made, until: now + Math.max(pageMs, share * (now - began)) }
  }

  #graphOf({ start }: RunState): Promise<PageGraph> {
    if (this.#graph?.of.tasks !== start.tasks) {
      const { layOut } = this.#options
      this.#graph = { of: start, graph: layOutTasks(start.tasks, layOut) }
    }
    return this.#graph.graph
  }

  #facts(): ReportFacts {
    return { standing: this.#isOver ? 'finished' : 'running', words: this.#options.words, diffs: new Map() }
  }

  #sendSoon(ms: number): void {
    if (this.#cancel || !this.#server || this.#server.streams.count === 0) return
    const { clock } = this.#options
    this.#cancel = clock.schedule(ms, () => {
      const began = clock.monotonic()
      this.#cancel = undefined
      this.#send()
      const took = clock.monotonic() - began
      // Nothing is sent until then, however much happens.
      if (share * took > patchMs) this.#cancel = clock.schedule(share * took, () => this.#catchUp())
    })
  }

  #catchUp(): void {
    this.#cancel = undefined
    this.#sendSoon(0)
  }

  /** Sends what has changed since the last patch; where nobody follows, nothing is made of it. */
  #send(): void {
    const { history } = this.#options
    if (!this.#state || !this.#server || !history.hasNews) return
    if (this.#server.streams.count === 0 && !this.#patches.isKept) {
      forgetChanges(history)
      this.#patches.skip()
      return
    }
    const data = Buffer.from(dataText(takePatch(this.#patches.last + 1, history, this.#state, this.#facts())))
    this.#patches.add(data)
    this.#server.streams.send(this.#patches.last, 'patch', data)
  }
}
