import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** Where a browser is that tests can start. */
export const browserFile = names
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name)))
  .find((path) => existsSync(path))

export const whyNoBrowser = 'there is no Chromium on this machine: apt-get install chromium'

/** Starts it; a container may have no user namespaces for its sandbox, and what it shows here is our own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserFile ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
}

/** A page that remembers what went wrong on it, and every address that it asked for. */
export async function watchedPage(
  browser: Browser,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ readonly page: Page; readonly errors: string[]; readonly asked: string[] }> {
  const page = await browser.newPage(options)
  const [errors, asked]: [string[], string[]] = [[], []]
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('dialog', (dialog) => {
    errors.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => asked.push(request.url()))
  return { page, errors, asked }
}
