// What of the user's own files agents and gates get: copy, link, keep, setup.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'

const files = { '.gitignore': 'deps/\n.env\nmodels\nbuilt\n' }
/** Four tasks, one after the other, each of which writes how often setup has run in its workspace. */
const roadmap = `tasks:
  - { id: a, run: cat deps/runs > a }
  - { id: b, run: cat deps/runs > b, depends_on: [a] }
  - { id: c, run: cat deps/runs > c, depends_on: [b] }
  - { id: d, run: cat deps/runs > d, depends_on: [c] }
`
const setup = 'mkdir -p deps; echo run >> deps/runs; echo >> "$HOME/runs"'
const ids = ['a', 'b', 'c', 'd']

test('what is kept stays in the workspaces of agents and of gates, so that setup runs once in each', async () => {
  const stage = gatedScene({
    roadmap,
    files,
    gates: ['test "$(cat deps/runs)" = run'],
    config: { setup, keep: ['deps'] },
  })
  const { code, records } = await stage.run(['run', '-a', '1', '--gate-jobs', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(ids.map((id) => stage.landed(id))).toEqual(['run', 'run', 'run', 'run'])
  const workspaces = new Set(
    records().flatMap((record) => (record.type === 'attempt_started' ? [record.workspace] : [])),
  )
  expect(workspaces.size).toBeLessThan(4)
  // One of the gates, and one that was prepared and never used.
  expect(readFileSync(join(stage.repo.home, 'runs'), 'utf8').length).toBeLessThanOrEqual(workspaces.size + 2)
  expect(records().some((record) => record.type === 'notice' && record.text.includes('keep:'))).toBe(false)
})

test.each<[string, object, string]>([
  [
    'is not listed is removed before each attempt',
    { setup, keep: 'none' },
    'setup runs before every attempt, because deps/ is removed',
  ],
  [
    'git does not ignore cannot stay',
    { setup: `${setup}; touch left` },
    'setup runs before every attempt, because left cannot',
  ],
])('what %s: setup runs before each, and one line says what would save that', async (_, config, expected) => {
  const stage = gatedScene({ roadmap, files, config: { ...config } })
  const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(ids.map((id) => stage.landed(id))).toEqual(['run', 'run', 'run', 'run'])
  const said = records().flatMap((record) => (record.type === 'notice' ? [record.text] : []))
  expect(said.filter((text) => text.startsWith(expected))).toHaveLength(1)
})

test('after a task that changes an input, setup runs again for those that build on it', async () => {
  const stage = gatedScene({
    roadmap: roadmap.replace('cat deps/runs > b', 'cat deps/runs > b; echo 2 > package-lock.json'),
    files: { ...files, 'package-lock.json': '1' },
    config: { setup: `${setup}; cat package-lock.json >> deps/runs`, keep: ['deps'] },
  })
  expect((await stage.run(['run', '-a', '1'])).code).toBe(0)
  expect(stage.landed('b')).toBe('run\n1')
  expect([stage.landed('c'), stage.landed('d')].every((text) => text.endsWith('run\n2'))).toBe(true)
})

test('a setup that takes too long is ended, and its limit is named', async () => {
  const config = { setup: { run: 'sleep 600', timeout: '100ms' } }
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', config })
  const { code, stdout } = await stage.run(['run'])
  expect(code).toBe(1)
  expect(stdout).toContain('setup failed (no end within 0.1 s)')
})

test('a link leads agents to the user’s own files; a warning names one without a file', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: cat models/one > a; echo two > models/two; git add -f models }\n',
    files,
    config: { link: ['models', 'gone'] },
  })
  stage.repo.write('models/one', 'one\n')
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stderr).toContain('link: there is no gone here')
  expect([stage.landed('a'), stage.repo.read('models/two')]).toEqual(['one', 'two\n'])
  expect(stage.repo.git('diff', '--name-only', 'main', 'autopilot/main')).toBe('a')
})

test('wildcards in copy: and link: are expanded in the user’s tree; the start and the dry run name what matches nothing', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: cat packages/*/.env models/large.bin > a }\n',
    files: { ...files, 'packages/one/x': '', 'packages/two/x': '', '.gitignore': '.env*\n/models\n' },
    config: { copy: ['packages/*/.env', '.enw', 'etc/**/*.local'], link: ['models/*.bin'] },
  })
  stage.repo.write('packages/one/.env', 'one\n')
  stage.repo.write('packages/two/.env', 'two\n')
  stage.repo.write('models/large.bin', 'large\n')
  const dry = await stage.run(['run', '--dry-run'])
  const { code, stderr } = await stage.run(['run'])
  expect([code, stage.landed('a')]).toEqual([0, 'one\ntwo\nlarge'])
  for (const said of [dry.stdout, stderr]) {
    expect(said).toContain('copy: there is no .enw here')
    expect(said).toContain('copy: no file here matches etc/**/*.local')
    expect(said).not.toMatch(/matches (models|packages)/)
  }
})

test('--dry-run shows what a workspace would contain', async () => {
  const furniture = {
    setup: { run: 'npm ci', inputs: ['**/package.json'], timeout: '5m' },
    keep: ['deps'],
    link: ['models'],
  }
  const stage = gatedScene({ roadmap, files, config: furniture })
  const { stdout } = await stage.run(['run', '--dry-run'])
  expect(stdout).toMatch(
    /\nEach workspace:\n  setup npm ci \(at most 5m00s; again when \*\*\/package\.json changes\)\n  keep  deps\n  link  models\n$/,
  )
  const json = await stage.run(['run', '--dry-run', '--output', 'json'])
  expect(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toContainEqual({
    ...{ type: 'workspaces', copy: [], keep: ['deps'], link: ['models'] },
    setup: { run: 'npm ci', inputs: ['**/package.json'], timeoutMs: 300_000 },
  })
  expect((await gatedScene({ roadmap }).run(['run', '--dry-run'])).stdout).not.toContain('Each workspace')
})

test('link: of a path with a link to a tracked package ends dry run and run with 4, and nothing is made', async () => {
  const stage = gatedScene({ roadmap, files: { ...files, 'packages/a/x': 'x\n' }, config: { link: ['deps'] } })
  mkdirSync(join(stage.repo.dir, 'deps'))
  symlinkSync('../packages/a', join(stage.repo.dir, 'deps/a'))
  for (const flags of [['--dry-run'], []]) {
    const { code, stdout, stderr } = await stage.run(['run', ...flags])
    expect([code, stdout]).toEqual([4, ''])
    expect(stderr).toContain('link: deps/a leads to packages/a of yours')
  }
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot', 'refs/autopilot')).toBe('')
})
