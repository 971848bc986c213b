// Opens a page in a browser, as often as asked; prints how long, each time, until a row of it obeys a click, in ms.
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [, , browserFile, file, times] = process.argv
const browser = await chromium.launch({ executablePath: browserFile, args: ['--no-sandbox', '--disable-gpu'] })
const ready = []
for (let at = 0; at < Number(times); at++) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto('about:blank')
  const began = performance.now()
  await page.goto(pathToFileURL(file).href)
  await page.locator('tr.task').first().click()
  await page.locator('.details').waitFor()
  ready.push(performance.now() - began)
  await page.close()
}
await browser.close()
process.stdout.write(JSON.stringify({ ready }))
