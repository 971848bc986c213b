import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { schemaFor } from '../../../../src/app/schema/schemas.js'
import { parseConfig } from '../../../../src/config/config.js'
import { settingRows } from '../../../../src/config/settings.js'
import { publicRecord, type RunRecord } from '../../../../src/domain/run/event.js'
import { parseRoadmap } from '../../../../src/roadmap/formats/parse.js'
import { projectRoot } from '../../../support/rigs/program.js'
import { complaintsOf, configData, roadmapData } from '../../../support/rigs/json-schema.js'

describe('of a configuration', () => {
  const schema = schemaFor('config')

  test.each([
    'agents: 5',
    'agents: "5"',
    'gates: npm test',
    'gates: []',
    'gates: [npm test, { run: make, cwd: sub, timeout: 90, exclusive: true, name: all }]',
    'gates: { review: codex, criteria: [No test was weakened] }',
    'gates: [{ review: [codex, claude:opus], criteria: x }]',
    'setup: { run: npm ci, inputs: [package.json], timeout: 1h30m }',
    'keep: none',
    'keep: [target, .cache]',
    'env: { A: 1, B: , C: true, D: text }',
    'permissions: { pi: full }',
    'permissions: edit,pi=full',
    'providers: [claude, codex=2, "claude:opus=1"]',
    'budgets: { claude: 15, codex: { tokens: 20000000 }, gemini: $4.50 }',
    'prices: { codex:gpt-5: { input: 1.25, output: 10 } }',
    'custom_providers: { mine: { run: my-agent, permissions: full }, served: { acp: other, permissions: full } }',
    'statuses: { icebox: on_hold, later: On Hold }',
    'routes: { simple: [claude:haiku] }',
    'ports: 20000-29999',
    'idle_timeout: 0',
    'background: on',
    '',
  ])('%j is read, and valid', (text) => {
    expect(parseConfig(text, {})).toMatchObject({ ok: true })
    expect(complaintsOf(schema, configData(text))).toEqual([])
  })

  test.each([
    'agents: 0',
    'agents: many',
    'agents: 257',
    'agnets: 5',
    'gates: [""]',
    'gates: [{ cmd: npm test }]',
    'gates: [{ run: make, cwd: ../x }]',
    'gates: [{ review: codex }]',
    'setup: { inputs: [a] }',
    'setup: 5',
    'keep: [../x]',
    'copy: [/etc/passwd]',
    'copy: .env',
    'timeout: soon',
    'timeout: 0',
    'permissions: { pi: ful }',
    'providers: claude',
    'providers: ["-x"]',
    'isolation: worktree',
    'budget: -1',
    'allow: [--all]',
    'custom_providers: { mine: { run: x, permissions: edit } }',
    'custom_providers: { mine: { run: x, acp: y, permissions: full } }',
    'statuses: { icebox: cold }',
    'routes: { easy: [claude] }',
    'prices: { codex: { input: 1 } }',
    'workspaces: /fast',
    '- a list',
  ])('%j is refused, and not valid', (text) => {
    expect(parseConfig(text, {})).toMatchObject({ ok: false })
    expect(complaintsOf(schema, configData(text))).not.toEqual([])
  })

  test('every key says what it is for', () => {
    const { properties } = schema as { properties: Record<string, { description?: string }> }
    expect(Object.entries(properties).flatMap(([key, { description }]) => (description ? [] : [key]))).toEqual([])
    const keys = settingRows.flatMap(([, { key }]) => key ?? [])
    expect(Object.keys(properties)).toEqual(expect.arrayContaining([...keys, 'gates', 'setup']))
  })
})

describe('of a roadmap', () => {
  const options = { statuses: { icebox: 'on_hold' }, providers: ['claude', 'codex', 'command'] }
  const config = { file: { ...parsedFile(), statuses: options.statuses } }
  const schema = schemaFor('roadmap', config)
  const isRefused = (text: string) =>
    parseRoadmap(new TextEncoder().encode(text), { file: 'r.yaml', ...options }).problems.some(
      ({ severity }) => severity === 'error',
    )
  const task = (fields: string) => `tasks:\n- { id: a, title: x, ${fields} }\n- { id: b, title: y }\n`

  test.each([
    '- { id: a, title: x }',
    '- only a title',
    'tasks: [{ title: x }]',
    'tasks: [{ id: 1.1, title: 5 }]',
    'tasks: [{ id: a }]\nepics: ~',
    'epics: [{ id: E, milestones: [{ id: M, sets: [{ id: S, tasks: [{ id: a, title: x }] }] }] }]',
    'tasks: [{ id: a, title: x }]\narchive: [{ epic: E, task: { id: old, status: done } }]',
    'defaults: { provider: claude, timeout: 5m, verify: [npm test] }\ntasks: [{ id: a, title: x }]',
    task('status: Icebox'),
    task('status: In Progress'),
    task('status: ""'),
    task('status: ~'),
    task('completed: true'),
    task('status: done, completed: maybe'),
    task('dependencies: b'),
    task('dependencies: { depends_on: [b] }'),
    task('blockedBy: []'),
    task('needs: [b]'),
    task('priority: P1'),
    task('priority: High'),
    task('priority: 0'),
    task('complexity: very complex'),
    task('complexity: 7.5'),
    task('verify: npm test'),
    task('verify: [{ run: make, cwd: sub, timeout: 1h, exclusive: true }, { note: text }]'),
    task('provider: [claude, codex]'),
    task('budget: $4.50'),
    task('budget: { usd: 4, tokens: 1000 }'),
    task('files: [src/a.ts]'),
    task('labels: { any: [thing] }, whatever: 1'),
  ])('%j is read, and valid', (text) => {
    expect(isRefused(text)).toBe(false)
    expect(complaintsOf(schema, roadmapData(text))).toEqual([])
  })

  test.each([
    'tasks: { a: { title: x } }',
    'tasks: [5]',
    'tasks: [~]',
    'tasks: [{ status: done }]',
    'taks: []',
    'verify: [make]\ntasks: [{ id: a, title: x }]',
    'epics: [{ id: E, verify: make, tasks: [{ id: a, title: x }] }]',
    'defaults: 30m\ntasks: [{ id: a, title: x }]',
    'tasks: [{ id: "", title: x }]',
    'tasks: [{ id: [a], title: x }]',
    task('status: finishd'),
    task('status: true'),
    task('completed: maybe'),
    task('dependencies: 3'),
    task('dependencies: [[b]]'),
    task('dependencies: { b: c }'),
    task('checks: [npm test]'),
    task('dependency: b'),
    task('priority: urgent'),
    task('complexity: 11'),
    task('verify: [{ run: make, cwd: ../x }]'),
    task('timeout: soon'),
    task('max_attempts: 21'),
    task('budget: lots'),
    task('budget: { dollars: 4 }'),
    task('provider: cluade'),
    task('files: [/etc/passwd]'),
    task('expects: nothing'),
    task('run: [make]'),
  ])('%j is refused, and not valid', (text) => {
    expect(isRefused(text)).toBe(true)
    expect(complaintsOf(schema, roadmapData(text))).not.toEqual([])
  })

  function parsedFile() {
    const parsed = parseConfig('', {})
    if (!parsed.ok) throw new Error('an empty configuration is refused')
    return parsed.value.file
  }
})

describe('of events', () => {
  const schema = schemaFor('events')
  const folder = join(projectRoot, 'test/fixtures/journals')
  const records = readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RunRecord),
  )

  test('every line of a run that --output json printed is valid', () => {
    expect(records.length).toBeGreaterThan(100)
    for (const record of records) expect(complaintsOf(schema, publicRecord(record))).toEqual([])
  })

  test('a line without its type, or without a field that its type has, is not', () => {
    const [started] = records.filter(({ type }) => type === 'run_started')
    for (const key of ['type', 'seq', 'v', 'runId', 'slots']) {
      const rest = Object.fromEntries(Object.entries(publicRecord(started!)).filter(([name]) => name !== key))
      expect(complaintsOf(schema, rest)).not.toEqual([])
    }
    expect(complaintsOf(schema, { ...publicRecord(started!), slots: 5 })).not.toEqual([])
  })

  test('a type and fields that only a later version knows are valid, as for every reader', () => {
    expect(complaintsOf(schema, { type: 'moon_landed', v: 1 })).toEqual([])
    expect(complaintsOf(schema, { type: 'error', text: 'x', more: 1 })).toEqual([])
  })

  test('what is only autopilot’s own is not in it', () => {
    expect(JSON.stringify(schema)).not.toContain('isAmbiguous')
  })
})
