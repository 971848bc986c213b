// The page of a report in a real browser: what it shows, what one can do with it, and what it never does.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { html } from '../../../src/report/formats/html.js'
import { layoutGraph } from '../../../src/report/graph/layout.js'
import { longRun } from '../../support/games/long-run.js'
import { browserFile, startBrowser, watchedPage, whyNoBrowser } from '../../support/rigs/browser.js'
import { hostileRun } from '../../support/rigs/hostile-run.js'
import { hostileTexts } from '../../support/rigs/hostile.js'
import { projectRoot } from '../../support/rigs/program.js'
import { reportOf } from '../../support/rigs/reports.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

/** With this variable set, pictures of the page are written there. */
const pictures = process.env.PICTURES

let browser: Browser
beforeAll(async () => {
  if (browserFile !== undefined) browser = await startBrowser()
})
afterAll(async () => {
  if (browserFile !== undefined) await browser.close()
})

const wide = { viewport: { width: 1280, height: 800 } }
const narrow = { viewport: { width: 390, height: 844 } }

async function pageFile(records: readonly RunRecord[]): Promise<string> {
  const built = (name: string) => readFileSync(join(projectRoot, 'dist', name), 'utf8').trim()
  const text = await html.render(reportOf(records), {
    page: () => Promise.resolve({ script: built('report-page.js'), style: built('report-page.css') }),
    layOut: (question) => Promise.resolve(layoutGraph(question)),
  })
  const file = join(tempDir(), 'report.html')
  writeFileSync(file, text)
  return file
}

async function open(records: readonly RunRecord[], options: Parameters<typeof watchedPage>[1] = wide) {
  const file = await pageFile(records)
  const watched = await watchedPage(browser, options)
  await watched.page.goto(pathToFileURL(file).href)
  await watched.page.locator('h1').waitFor()
  return { ...watched, file }
}

const rows = (page: Page) => page.locator('tr.task')
const names = (page: Page) => page.locator('tr.task td.name b').allTextContents()

const small = longRun({ tasks: 60, slots: 5, dependencies: 2 })

describe.skipIf(browserFile === undefined)(
  `the page of a report${browserFile === undefined ? ` (${whyNoBrowser})` : ''}`,
  () => {
    test.each([
      ['a wide window', wide, 'light'],
      ['a narrow window', narrow, 'light'],
      ['the dark', wide, 'dark'],
    ] as const)(
      'shows the run in %s, without an error, and asks nothing of the network',
      async (_, size, colorScheme) => {
        const { page, errors, asked, file } = await open(small, { ...size, colorScheme })
        expect(await page.locator('h1').textContent()).toMatch(/^\d+ of 60 tasks done/)
        expect(await page.locator('section').count()).toBeGreaterThanOrEqual(4)
        // Nothing sticks out at the side.
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
        const picture = await page.screenshot()
        expect(picture.length).toBeGreaterThan(10_000)
        expect(errors).toEqual([])
        expect(asked).toEqual([pathToFileURL(file).href])
        await page.close()
      },
    )

    test('filters its tasks by words and by state, and says how many are left', async () => {
      const { page } = await open(small)
      await page.getByRole('searchbox').fill('invoice')
      const shown = await rows(page).allTextContents()
      expect(shown.length).toBeGreaterThan(0)
      expect(shown.length).toBeLessThan(60)
      for (const text of shown) expect(text).toContain('invoice')
      expect(await page.getByRole('status').allTextContents()).toContain(`${shown.length} of 60 tasks`)
      await page.getByRole('button', { name: 'show all' }).click()
      await page.getByRole('button', { name: /\d+ failed/ }).click()
      for (const text of await rows(page).allTextContents()) expect(text).toContain('failed')
      await page.close()
    })

    test('sorts by a column up and down, then as the file has them', async () => {
      const { page } = await open(small)
      const inFile = await names(page)
      const header = page.getByRole('columnheader', { name: /Agent time/ })
      await header.getByRole('button').click()
      expect(await header.getAttribute('aria-sort')).toBe('ascending')
      const up = await names(page)
      await header.getByRole('button').click()
      expect(await header.getAttribute('aria-sort')).toBe('descending')
      const down = await names(page)
      expect(down).not.toEqual(up)
      expect([...down].sort()).toEqual([...up].sort())
      await header.getByRole('button').click()
      expect(await names(page)).toEqual(inFile)
      await page.close()
    })

    test('works without a mouse: filter, rows, details, back', async () => {
      const { page } = await open(small)
      await page.keyboard.press('/')
      await page.keyboard.type('task-1')
      await page.keyboard.press('Tab')
      const first = rows(page).first()
      await first.focus()
      await page.keyboard.press('ArrowDown')
      const second = rows(page).nth(1)
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe(await second.getAttribute('data-task'))
      await page.keyboard.press('Enter')
      expect(await second.getAttribute('aria-expanded')).toBe('true')
      await page.locator('.details').waitFor()
      await page.keyboard.press('Escape')
      expect(await page.locator('.details').count()).toBe(0)
      expect(await rows(page).count()).toBe(60)
      await page.close()
    })

    test('shows of a task why it failed, what gates said, and the end of its transcript', async () => {
      const { page } = await open(small)
      await page.getByRole('button', { name: /\d+ failed/ }).click()
      await rows(page).first().click()
      const details = page.locator('.details')
      await details.waitFor()
      const text = await details.textContent()
      expect(text).toContain('The gate npm test failed: exit code 1.')
      expect(text).toContain('not ok 3 - totals add up')
      expect(text).toContain('Read src/index.ts')
      await page.close()
    })

    test('leads from the graph and from the timeline to a task', async () => {
      const { page } = await open(small)
      const node = page.locator('.graph g.node').nth(3)
      await node.click()
      await page.locator('.details').waitFor()
      expect(await page.locator('.graph .chosen').count()).toBe(1)
      await page.keyboard.press('Escape')
      await page.locator('.timeline canvas').click({ position: { x: 96 + 20, y: 22 + 10 } })
      await page.locator('.details').waitFor()
      await page.close()
    })

    test('marks the critical path', async () => {
      const { page } = await open(small)
      const path = reportOf(small).criticalPath
      expect(path.length).toBeGreaterThan(1)
      expect(await page.locator('.graph g.node.critical').count()).toBe(path.length)
      await page.close()
    })

    test('takes whatever a text says for text', async () => {
      const { page, errors, asked, file } = await open(hostileRun())
      expect(await rows(page).count()).toBe(hostileTexts.length)
      for (let index = 0; index < hostileTexts.length; index++) {
        await rows(page).nth(index).click()
        await page.locator('.details').waitFor()
        await rows(page).nth(index).click()
      }
      expect(await page.evaluate('window.hacked')).toBeUndefined()
      expect(await page.locator('img, iframe, a, b script, #page script').count()).toBe(0)
      expect(errors).toEqual([])
      expect(asked).toEqual([pathToFileURL(file).href])
      await page.close()
    })

    test('would not run a script that got into it all the same', async () => {
      const { page } = await open(small)
      await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.hacked = 1">')`)
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('script'), { text: 'window.hacked = 2' }))`,
      )
      await page.waitForTimeout(100)
      expect(await page.evaluate('window.hacked')).toBeUndefined()
      await page.close()
    })

    test('prints all its tasks, in light colours', async () => {
      const { page } = await open(longRun({ tasks: 500, slots: 5, dependencies: 1 }), { ...wide, colorScheme: 'dark' })
      expect(await rows(page).count()).toBe(200)
      await page.evaluate(`window.dispatchEvent(new Event('beforeprint'))`)
      await rows(page).nth(499).waitFor({ state: 'attached' })
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
      await page.close()
    })

    test('is usable with 2,000 tasks', async () => {
      const { page, errors } = await open(longRun({ tasks: 2000, slots: 8, dependencies: 3 }))
      await page.getByRole('searchbox').fill('task-1999')
      expect(await rows(page).count()).toBe(1)
      await page.keyboard.press('Escape')
      for (const section of ['Timeline', 'Dependencies', 'Charts'])
        await page.getByRole('region', { name: section }).waitFor()
      expect(await page.locator('.graph').textContent()).toContain('folded by level and group')
      expect(errors).toEqual([])
      await page.close()
    })

    test.runIf(pictures !== undefined)('has its picture taken for the documentation', async () => {
      mkdirSync(pictures ?? '', { recursive: true })
      const records = longRun({ tasks: 90, slots: 6, dependencies: 2 })
      const { page } = await open(records, { viewport: { width: 1200, height: 860 }, colorScheme: 'light' })
      await page.screenshot({ path: join(pictures ?? '', 'report.png') })
      await page.locator('.graph').scrollIntoViewIfNeeded()
      await page.locator('.graph').screenshot({ path: join(pictures ?? '', 'report-graph.png') })
      await page.close()
    })
  },
)
