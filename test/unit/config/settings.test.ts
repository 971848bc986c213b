import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/config.js'
import { fileKeys } from '../../../src/config/file-keys.js'
import { settingRows } from '../../../src/config/settings.js'
import { projectRoot } from '../../support/rigs/program.js'

const longFlag = (flag: string) => /--[a-z-]+/.exec(flag)![0]

test('examples/autopilot.yaml is valid, and has every key', () => {
  const example = readFileSync(join(projectRoot, 'examples/autopilot.yaml'), 'utf8')
  const parsed = parseConfig(example, {})
  if (!parsed.ok) expect(parsed.error).toEqual([])
  const keys = [...settingRows.flatMap(([, { key }]) => key ?? []), ...Object.keys(fileKeys)]
  expect(keys.filter((key) => !new RegExp(`^${key}:`, 'm').test(example))).toEqual([])
})

test('the README names only options that there are, with their defaults', () => {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')
  const flags = new Map(settingRows.map(([, row]) => [longFlag(row.flag), row]))
  const rows = [...readme.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)([^`]*)` *\| (.*?) *\|$/gm)]
  expect(rows.length).toBeGreaterThan(3)
  for (const [, flag = '', , text = ''] of rows) {
    if (flag === '--directory') continue
    const row = flags.get(flag)
    expect(row, flag).toBeDefined()
    const [, told] = /\(([^;)\]]+)\)$/.exec(text) ?? []
    if (row && told !== undefined && typeof row.default === 'number')
      expect({ flag, default: row.read(told) }).toEqual({ flag, default: { ok: true, value: row.default } })
  }
})

test('each flag, variable and key belongs to one setting', () => {
  const names = settingRows.flatMap(([, { flag, variables, key }]) => [
    longFlag(flag),
    ...variables,
    ...(key ? [key] : []),
  ])
  expect(new Set(names).size).toBe(names.length)
})
