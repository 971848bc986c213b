import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/config.js'

function fileOf(text: string, env: Readonly<Record<string, string>> = {}) {
  const parsed = parseConfig(text, env)
  return parsed.ok ? parsed.value.file : parsed.error.map(({ text: said, position }) => `${position.line}: ${said}`)
}

test('values of env: with placeholders are kept apart from those without, and a value that is passed on is never a template', () => {
  const text = 'env:\n  PLAIN: x\n  DB: app_{{slot}}\n  NUMBER: 3\n  FORMAT: "{{json .}}"\n  MINE:\n'
  expect(fileOf(text, { MINE: 'my {{slot}}' })).toMatchObject({
    env: { PLAIN: 'x', NUMBER: '3', FORMAT: '{{json .}}', MINE: 'my {{slot}}' },
    envTemplates: { DB: 'app_{{slot}}' },
  })
})

test('a placeholder in a setup command is refused with its place and the reason, even in a map', () => {
  const said = '1: setup.run: placeholders work only in values of env:; setup runs before there is a task'
  for (const setup of ['createdb app_{{slot}}', '{ run: "createdb {{ task }}" }'])
    expect(JSON.stringify(fileOf(`setup: ${setup}\n`))).toContain(said)
  expect(fileOf('setup: docker ps --format "{{.Names}}"\n')).not.toBeInstanceOf(Array)
})

test('variables that autopilot sets for each slot cannot be set', () => {
  expect(fileOf('env:\n  AUTOPILOT_SLOT: 3\n')).toEqual(['2: env.AUTOPILOT_SLOT: autopilot itself sets this variable'])
})

test('ports: is a range with room for a block of ten', () => {
  expect(fileOf('ports: 20000-20009\n')).toMatchObject({ ports: { first: 20_000, last: 20_009 } })
  for (const wrong of ['20000-20008', '80-2000', '60000-65536', '30000-20000', '20000'])
    expect(fileOf(`ports: ${wrong}\n`)).toEqual([
      `1: ports: '${wrong}' is not a range of ten ports or more from 1024 to 65535, such as 20000-29999`,
    ])
})

test('a gate may be exclusive, a review may not', () => {
  expect(fileOf('gates: [{ run: make db, exclusive: true }, { run: make, exclusive: false }]\n')).toMatchObject({
    gates: [
      { run: 'make db', exclusive: true },
      expect.not.objectContaining({ exclusive: expect.anything() as unknown }),
    ],
  })
  expect(fileOf('gates: { run: make, exclusive: 7 }\n')).toEqual([expect.stringContaining('exclusive')])
  expect(fileOf('gates: { review: codex, criteria: x, exclusive: true }\n')).toEqual([
    expect.stringContaining('unknown key'),
  ])
})
