import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/config.js'
import { settingRows } from '../../../src/config/settings.js'
import { projectRoot } from '../../support/rigs/program.js'

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')

/** What the README says of each option of `run`, by its long flag. */
const told = new Map(
  [...readme.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)[^`]*` *\| (.*?) *\|$/gm)].map(([, flag, text]) => [flag!, text!]),
)
const longFlag = (flag: string) => /--[a-z-]+/.exec(flag)![0]

test('the README lists every flag of run, and no other', () => {
  const flags = settingRows.map(([, { flag }]) => longFlag(flag))
  expect([...told.keys()].sort()).toEqual([...flags, '--directory'].sort())
})

const byCores: ReadonlySet<string> = new Set(['gateJobs', 'setupJobs'])

test('the README gives the defaults of the settings', () => {
  const numbers = settingRows.filter(([name, { default: value }]) => typeof value === 'number' && !byCores.has(name))
  for (const [, { flag, read, default: value }] of numbers) {
    const [, text = ''] = /\(([^;)]+)[;)]/.exec(told.get(longFlag(flag))!) ?? []
    expect({ flag, default: read(text) }).toEqual({ flag, default: { ok: true, value } })
  }
})

test('the README lists every environment variable', () => {
  const missing = settingRows
    .flatMap(([, { variables }]) => variables)
    .filter((name) => !readme.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

test('the example configuration in the README is valid, and has the key of every setting', () => {
  const [, example = ''] = /^```yaml\n(agents: [^]*?)^```/m.exec(readme) ?? []
  const parsed = parseConfig(example, {})
  if (!parsed.ok) expect(parsed.error).toEqual([])
  const missing = settingRows.flatMap(([, { key }]) => (key === undefined || example.includes(`${key}:`) ? [] : [key]))
  expect(missing).toEqual([])
})

test('each flag, variable and key belongs to one setting', () => {
  const names = settingRows.flatMap(([, { flag, variables, key }]) => [
    longFlag(flag),
    ...variables,
    ...(key ? [key] : []),
  ])
  expect(new Set(names).size).toBe(names.length)
})
