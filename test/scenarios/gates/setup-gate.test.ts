// Setup that fails on a tree.
import { expect, test } from 'vitest'
import { gatedScene, judgements } from '../../support/scenes/gated-scene.js'
import { toldTexts } from '../../support/rigs/records.js'

const four = ['run', '-a', '4', '-i', '1', '--output', 'json']

test('work that breaks setup is refused by the gate named setup, with its output; the others in its batch land', async () => {
  const stage = gatedScene({
    roadmap: `tasks:
  - { id: bad, run: echo 2 > package-lock.json }
  - { id: b, run: echo > b }
  - { id: c, run: echo > c }
`,
    files: { 'package-lock.json': '1\n' },
    gates: ['true'],
    config: { setup: 'grep -q 1 package-lock.json || { echo manifest and lock file differ; exit 3; }' },
  })
  const { code, records } = await stage.run(four)
  expect(code).toBe(1)
  expect([...stage.subjects()].sort()).toEqual(['b', 'c'])
  const failed = records().flatMap((record) => (record.type === 'task_failed' ? [record] : []))
  expect(failed.map(({ taskId, failure: { kind, message, detail } }) => [taskId, kind, message, detail])).toEqual([
    [
      'bad',
      'gate_failed',
      'The gate setup failed: setup failed (exit code 3): manifest and lock file differ.',
      'manifest and lock file differ',
    ],
  ])
  const alone = judgements(records()).filter(({ taskId, together }) => taskId === 'bad' && !together)
  expect(new Set(alone.map(({ gate, verdict }) => `${gate} ${verdict}`))).toEqual(new Set(['setup failed']))
})

test.each([
  [
    'setup that takes too long on it',
    { setup: { run: 'grep -q 1 go.sum || sleep 600', timeout: '300ms' } },
    'echo 2 > go.sum',
  ],
  ['a file where copy: needs a directory', { copy: ['etc/local'] }, 'rm -r etc; echo > etc'],
])('a work is refused for %s', async (_, config, run) => {
  const stage = gatedScene({
    roadmap: JSON.stringify({ tasks: [{ id: 'bad', run }] }),
    files: { 'go.sum': '1\n', 'etc/kept': '', '.gitignore': 'etc/local\n' },
    gates: ['true'],
    config,
  })
  stage.repo.write('etc/local', 'local')
  const { code, records } = await stage.run(four)
  expect(code).toBe(1)
  const failed = records().find((record) => record.type === 'task_failed')
  expect(failed?.failure).toMatchObject({ kind: 'gate_failed' })
  expect(failed?.failure.message).toContain('The gate setup failed')
})

test('correct work that fails only because of stale kept files lands: its gate passes in a fresh place', async () => {
  const stage = gatedScene({
    roadmap: `tasks:
  - { id: a, run: echo > a }
  - { id: b, run: echo 2 > schema, depends_on: [a] }
  - { id: c, run: echo > c, depends_on: [b] }
`,
    files: { schema: '1\n', '.gitignore': 'client\n' },
    gates: ['test "$(cat schema)" = "$(cat client/schema)"'],
    config: { setup: 'mkdir -p client; cp schema client', keep: ['client'] },
  })
  const { code, records } = await stage.run(['run', '-a', '1', '--gate-jobs', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b', 'c'])
  expect(judgements(records()).map(({ verdict, fresh }) => [verdict, fresh])).toEqual([
    ['passed', undefined],
    ['failed', undefined],
    ['passed', true],
    ['passed', undefined],
  ])
  const said = toldTexts(records())
  expect(said.join()).toContain('passed in a fresh place')
})
