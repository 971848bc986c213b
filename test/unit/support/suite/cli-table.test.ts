import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { projectRoot } from '../../../support/rigs/program.js'
import { pageWithTable, proofGroups } from '../../../support/suite/cli-table.js'
import { testTitles } from '../../../support/suite/test-titles.js'

const clis = [
  { name: 'pi', version: '1.0.0' },
  { name: 'copilot', version: '2.0.0' },
]
const page = '# Page\n\n<!-- make test-cli -->\n\nof old\n\n<!-- end -->\n\nRest.\n'

const others = proofGroups.flatMap(({ proofs }) =>
  proofs.flatMap(({ titles }) => titles.map((title) => ({ name: `'gemini' ${title}`, state: 'skipped' as const }))),
)

function cellsOf(table: string, what: string): readonly string[] {
  const row = table.split('\n').find((line) => line.includes(`| ${what}`)) ?? ''
  return row.split('|').map((cell) => cell.trim())
}

test('each part of a title that the table of real CLIs names is in the title of such a test', () => {
  const files = readdirSync(`${projectRoot}/test/test-cli`, { recursive: true, encoding: 'utf8' })
  const titles = files
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => testTitles(`${projectRoot}/test/test-cli/${file}`))
  const named = proofGroups.flatMap(({ proofs }) => proofs.flatMap((proof) => proof.titles))
  expect(named.filter((part) => !titles.some((title) => title.includes(part)))).toEqual([])
})

test('the table has what passed, failed and was not promised, for each CLI and each way to run it', async () => {
  const oneShot = (cli: string) => `'${cli}', one process for each turn > rests when its allowance is used up`
  const written = await pageWithTable(page, clis, [
    ...others,
    { name: oneShot('pi'), state: 'passed' },
    { name: oneShot('copilot'), state: 'failed' },
    { name: `'copilot' as a server > reviews, and writes nothing while it does`, state: 'passed' },
    { name: `'pi' as a server > reviews, and writes nothing while it does`, state: 'skipped' },
  ])
  expect(written).toMatch(/^# Page\n[^]*pi 1\.0\.0[^]*copilot 2\.0\.0[^]*<!-- end -->\n\nRest\.\n$/)
  expect(written).not.toContain('of old')
  expect(cellsOf(written, 'a usage limit').slice(2, 4)).toEqual(['yes', 'FAILED'])
  const [oneShots = '', servers = ''] = written.split('**as a server**')
  expect(cellsOf(oneShots, 'a review').slice(2, 4)).toEqual(['—', '—'])
  expect(cellsOf(servers, 'a review').slice(2, 4)).toEqual(['—', 'yes'])
})

test('a page without a place for the table is refused, and so are the tests of a run that was not whole', async () => {
  await expect(pageWithTable('# Page\n', clis, others)).rejects.toThrow('no place for the table')
  await expect(pageWithTable(page, clis, others.slice(1))).rejects.toThrow('not all tests ran')
})
