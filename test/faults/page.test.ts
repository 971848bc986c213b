import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { patternOf, readFaultPage } from '../support/suite/fault-page.js'
import { projectRoot } from '../support/rigs/program.js'
import { testTitles } from '../support/suite/test-titles.js'

const rows = readFaultPage()
const named = rows.flatMap((row) => row.tests)
const titlesOf = (file: string) => testTitles(join(projectRoot, file))

test('the page of faults numbers its faults from 1 to the last, each once, with what happens and with a test or the reason why not', () => {
  expect(rows.length).toBeGreaterThanOrEqual(55)
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, n) => n + 1))
  expect(rows.map(({ fault }) => fault)).toEqual([...new Set(rows.map(({ fault }) => fault))])
  expect(rows.filter(({ fault, outcome, shownBy }) => [fault, outcome, shownBy].includes(''))).toEqual([])
  // A cell that names tests contains nothing else.
  const cells = rows.filter(({ tests, shownBy }) => /\.test\b|\]\(/.test(shownBy) || tests.length > 0)
  expect(cells.filter(({ tests, shownBy }) => tests.length !== shownBy.split('<br>').length)).toEqual([])
})

test('the page of faults has its sections, a table in each', () => {
  const sections = readFileSync(join(projectRoot, 'docs/faults.md'), 'utf8').split(/^## /m).slice(1)
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual([
    ...['Processes', 'Disk and journal', 'Git', 'Security', 'Providers and roadmap'],
  ])
  expect(sections.filter((section) => !/^\| \d+ +\| /m.test(section))).toEqual([])
})

test('every test that the page of faults names exists under that title', () => {
  const files = [...new Set(named.map(({ file }) => file))]
  const titles = new Map(files.map((file) => [file, titlesOf(file)]))
  const missing = named.filter(({ file, title }) => !titles.get(file)!.includes(title))
  expect(missing).toEqual([])
})

test('every test of a fault is on the page', () => {
  const dir = join(projectRoot, 'test/faults')
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!page)\.test\.ts$/.test(file),
  )
  const all = files
    .map((file) => `test/faults/${file}`)
    .flatMap((file) => titlesOf(file).map((title) => ({ file, title })))
  expect(all.length).toBeGreaterThan(0)
  const isNamed = (one: { file: string; title: string }) =>
    named.some((each) => each.file === one.file && new RegExp(`^${patternOf(each)}$`).test(one.title))
  expect(all.filter((one) => !isNamed(one))).toEqual([])
})
