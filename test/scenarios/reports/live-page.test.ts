// The page that follows a run at work: who gets it, and that the run doesn't depend on who follows it.
import { connect } from 'node:net'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { PageData } from '../../../src/report/page/data.js'
import { browserFile, startBrowser, watchedPage, whyNoBrowser } from '../../support/rigs/browser.js'
import type { Running } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

async function urlOf(running: Running): Promise<string> {
  const { text } = await running.saw('notice', (record) => record.text.startsWith('follow the run at '))
  return text.replace('follow the run at ', '')
}

function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

/** As if its tab were left, or come back to. */
function turn(page: Page, how: 'hidden' | 'visible'): Promise<unknown> {
  return page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, value: ${how === 'hidden'} })
    document.dispatchEvent(new Event('visibilitychange'))
  `)
}

describe('the live page', () => {
  test('is served to who knows its URL, on this machine, until the run ends', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
    const running = stage.start(['run', '--serve', '--output', 'json'])
    const url = await urlOf(running)
    const agent = await agents.next('one')
    expect(await statusOf(url)).toBe(200)
    expect(await statusOf(new URL('/', url).href)).toBe(404)
    expect(await statusOf(url, { Host: 'rebound.example' })).toBe(403)
    expect(await statusOf(url, { Origin: 'https://rebound.example' })).toBe(403)
    await agent.write('one.txt', 'one')
    await agent.exit(0)
    expect((await running.ended).code).toBe(0)
    await expect(statusOf(url)).rejects.toThrow('ECONNREFUSED')
  })

  test('of a resumed run has what happened before, too', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
    const running = stage.start(['run', '-a', '1', '--output', 'json'])
    const one = await agents.next('one')
    await one.write('one.txt', 'one')
    await one.exit(0)
    await agents.next('two')
    running.kill('SIGINT')
    await running.ended
    const resumed = stage.start(['resume', '-a', '1', '--serve', '--output', 'json'])
    const url = await urlOf(resumed)
    const two = await agents.next('two')
    const { report } = (await (await fetch(`${url}report.json`)).json()) as PageData
    expect(report.parts).toHaveLength(2)
    expect(report.tasks).toMatchObject([{ state: 'done' }, { state: 'running' }])
    const attempts = report.spans.filter(({ kind }) => kind === 'attempt')
    expect(attempts.map(({ taskId, end }) => [taskId, end])).toEqual([
      ['one', 'ok'],
      ['two', expect.stringMatching(/failed|cut_off/)],
      ['two', undefined],
    ])
    await two.write('two.txt', 'two')
    await two.exit(0)
    expect((await resumed.ended).code).toBe(0)
  })

  test('with readers that never read holds up neither the run nor its end', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
    const running = stage.start(['run', '--serve', '--output', 'json'])
    const { port, host, pathname } = new URL(await urlOf(running))
    const agent = await agents.next('one')
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(Number(port), '127.0.0.1').pause()
      socket.on('error', () => undefined).write(`GET ${pathname}events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      return socket
    })
    await agent.write('one.txt', 'one')
    await agent.exit(0)
    expect((await running.ended).code).toBe(0)
    for (const socket of sockets) socket.destroy()
  })

  test('that cannot have its port is a warning, and the run goes on', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
    const first = stage.start(['run', '--serve', '--output', 'json'])
    const { port } = new URL(await urlOf(first))
    const other = scene({ roadmap: "tasks: [{ id: two, run: 'echo > a' }]" })
    const { code, records } = await other.run(['run', '--serve-port', port, '--output', 'json'])
    expect(code).toBe(0)
    expect(records()).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        text: `the run cannot be served as a page at port ${port}: EADDRINUSE`,
      }),
    )
    await (await agents.next('one')).exit(0)
    first.kill('SIGINT')
    await first.ended
  })
})

describe.skipIf(browserFile === undefined)(
  `in a browser${browserFile === undefined ? ` (${whyNoBrowser})` : ''}`,
  () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await startBrowser()
    })
    afterAll(() => browser.close())

    test('a tab that was not looked at catches up when it is, from more than six tabs', async () => {
      const agents = await rig()
      const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
      const running = stage.start(['run', '-a', '1', '--serve', '--output', 'json'])
      const url = await urlOf(running)
      const one = await agents.next('one')
      const context = await browser.newContext()
      const pages: Page[] = []
      for (let count = 0; count < 8; count++) {
        const page = await context.newPage()
        await page.goto(url)
        await page.locator('tr.task[data-task="one"] .state.running').waitFor()
        await turn(page, 'hidden')
        pages.push(page)
      }
      await one.write('one.txt', 'one')
      await one.exit(0)
      await agents.next('two')
      const [first] = pages
      expect(await first!.locator('tr.task[data-task="one"] .state').textContent()).toBe('running')
      await turn(first!, 'visible')
      await first!.locator('tr.task[data-task="one"] .state.done').waitFor()
      running.kill('SIGINT')
      await running.ended
      await first!.locator('.live').waitFor({ state: 'detached' })
      await context.close()
    })

    test('the live page follows the run to its end by itself, and asks only its own server', async () => {
      const agents = await rig()
      const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
      const running = stage.start(['run', '-a', '1', '--serve', '--output', 'json'])
      const url = await urlOf(running)
      const one = await agents.next('one')
      const { page, errors, asked } = await watchedPage(browser)
      await page.goto(url)
      const state = (id: string) => page.locator(`tr.task[data-task="${id}"] .state`)
      await page.locator('tr.task[data-task="one"] .state.running').waitFor()
      expect(await page.locator('.live').textContent()).toBe('live')
      await one.write('one.txt', 'one')
      await one.exit(0)
      const two = await agents.next('two')
      await page.locator('tr.task[data-task="one"] .state.done').waitFor()
      await page.locator('tr.task[data-task="two"] .state.running').waitFor()
      await two.write('two.txt', 'two')
      await two.exit(0)
      await running.ended
      await page.getByRole('heading', { level: 1, name: '2 of 2 tasks done' }).waitFor()
      expect(await state('two').textContent()).toBe('done')
      expect(await page.locator('.live').count()).toBe(0)
      expect(errors).toEqual([])
      for (const address of asked) expect(address.startsWith(url)).toBe(true)
      await page.close()
    })
  },
)
