import { afterEach, describe, expect, it } from 'vitest'
import { realClock } from '../../../../src/platform/clock.js'
import { apply, initialState } from '../../../../src/domain/run/run-state.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { plainLayout } from '../../../../src/report/graph/plain-layout.js'
import { openLivePage, type LivePage } from '../../../../src/report/live/live-page.js'
import { PatchLog } from '../../../../src/report/live/patch-log.js'
import { RunHistory } from '../../../../src/report/model/history.js'
import { makeReport } from '../../../../src/report/model/make-report.js'
import type { PageData, Patch } from '../../../../src/report/page/data.js'
import { patched } from '../../../../src/report/page/patched.js'
import { taskId } from '../../../support/brands.js'
import { runStart, stampAll } from '../../../support/games/run-script.js'
import { facts } from '../../../support/rigs/reports.js'
import { until } from '../../../support/rigs/until.js'

const of = { taskId: taskId('A'), attempt: 1 }
const events: readonly RunEvent[] = [
  runStart,
  { type: 'attempt_started', ...of, slot: 'S1', agent: { provider: 'claude' }, workspace: '/w' },
  { type: 'task_done', ...of, how: 'unchanged' },
  {
    type: 'task_failed',
    taskId: taskId('B'),
    attempts: 1,
    failure: { kind: 'crash', message: '<b>It fell over.</b>' },
  },
  { type: 'run_finished', exitCode: 1, why: '5 not done' },
]

const pages: LivePage[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close()
})

async function opened() {
  const history = new RunHistory()
  const opening = await openLivePage({
    ...{ port: 0, clock: realClock, history, words: facts.words },
    page: () => Promise.resolve({ script: 'start()', style: '' }),
    layOut: (question) => Promise.resolve(plainLayout(question)),
  })
  if (!opening.ok) throw new Error(opening.error)
  const page = opening.value
  pages.push(page)
  const state = initialState(runStart)
  const records = stampAll(events.map((event) => ({ event, after: 10 })))
  const play = (from: number, to: number) => {
    for (const record of records.slice(from, to)) {
      if (record.type !== 'run_started') apply(state, record)
      page.record(record, state)
    }
  }
  return { page, play, whole: () => makeReport(history, state, { ...facts, standing: 'finished' }) }
}

/** Follows the events of a page as a browser does; gives what has come so far. */
async function follow(url: string, from: number) {
  const aborting = new AbortController()
  const response = await fetch(`${url}events?from=${from}`, { signal: aborting.signal })
  const seen: { event: string; data: string }[] = []
  let [text, isClosed] = ['', false]
  const read = async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, event = '', data = ''] = /^(?:id: \d+\n)?event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
        if (event !== '') seen.push({ event, data })
        text = text.slice(end + 2)
      }
    }
    isClosed = true
  }
  void read().catch(() => (isClosed = true))
  return { seen, isClosed: () => isClosed }
}

async function dataOf(url: string): Promise<PageData> {
  return (await (await fetch(`${url}report.json`)).json()) as PageData
}

describe('the live page', () => {
  it('becomes, with its patches, the report of the finished run', async () => {
    const { page, play, whole } = await opened()
    play(0, 2)
    let data = await dataOf(page.url)
    expect(data.report.tasks[0]?.state).toBe('running')
    const { seen, isClosed } = await follow(page.url, data.live?.patch ?? 0)
    play(2, 3)
    await until(() => seen.length > 0, 'the first patch has come')
    play(3, 5)
    await until(() => seen.at(-1)?.event === 'end', 'the end has come')
    for (const { event, data: text } of seen) if (event === 'patch') data = patched(data, JSON.parse(text) as Patch)
    expect(data.report).toEqual(JSON.parse(JSON.stringify(whole())))
    expect(data.report.standing).toBe('finished')
    await page.close()
    await until(isClosed, 'the connection has ended')
  })

  it('is a page whose data is text only, and that may ask only its own server', async () => {
    const { page, play } = await opened()
    play(0, 4)
    const response = await fetch(page.url)
    const text = await response.text()
    expect(text).toContain("connect-src 'self'")
    expect(text).toContain('\\u003cb\\u003eIt fell over.')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    })
  })

  it('tells who asks for patches that are gone to ask for everything', async () => {
    const { page, play } = await opened()
    play(0, 2)
    const { seen } = await follow(page.url, 99)
    await until(() => seen.length > 0, 'it is told')
    expect(seen[0]?.event).toBe('stale')
  })

  it('has nothing before the run has begun', async () => {
    const { page } = await opened()
    expect((await fetch(page.url)).status).toBe(404)
  })
})

describe('the log of patches', () => {
  it('gives those since one, as long as none of them is gone', () => {
    const log = new PatchLog()
    for (let count = 0; count < 5; count++) log.add(Buffer.from('x'))
    expect(log.since(3)?.map(({ patch }) => patch)).toEqual([4, 5])
    expect(log.since(5)).toEqual([])
    expect(log.since(6)).toBeUndefined()
    log.skip()
    expect(log.since(5)).toBeUndefined()
    expect(log.since(6)).toEqual([])
  })

  it('keeps no more than some megabytes', () => {
    const log = new PatchLog()
    for (let count = 0; count < 20; count++) log.add(Buffer.alloc(1_000_000))
    expect(log.since(16)).toHaveLength(4)
    expect(log.since(10)).toBeUndefined()
  })
})
