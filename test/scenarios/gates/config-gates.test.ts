// How gates are configured.
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

const good = 'tasks:\n  - { id: a, run: echo > a }\n'
const configured = (config: string, roadmap = good) => scene({ roadmap, files: { 'autopilot.yaml': config } })

test('gates are commands, or maps with a name, a directory and a time limit', async () => {
  const config = `base_gates: skip
gates:
  - test -e a
  - run: test -e inner && cat
    name: inner
    cwd: sub
    timeout: 2m
  - { run: exec sleep 600, name: slow, timeout: 1s }
`
  const stage = configured(config, 'tasks:\n  - { id: a, run: mkdir sub && echo > sub/inner && echo > a }\n')
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const verdicts = records().flatMap((one) => (one.type === 'gate_judged' ? [[one.gate, one.verdict]] : []))
  expect(Object.fromEntries(verdicts)).toEqual({ 'test -e a': 'passed', inner: 'passed', slow: 'failed' })
  const failed = records().find((record) => record.type === 'task_failed')
  expect(failed?.failure.message).toBe('The gate slow failed: no end within 1 s.')
})

test('mistakes in gates are reported with their position, and nothing starts', async () => {
  const stage = configured(`gates:
  - ''
  - { cwd: sub }
  - run: make
    cwd: ../elsewhere
  - run: make
    timout: 5m
  - { run: make, timeout: soon }
  - { run: make, cwd: /tmp }
  - 5
`)
  const { code, stderr, stdout } = await stage.run(['run'])
  expect([code, stdout]).toEqual([2, ''])
  const told = [...stderr.matchAll(/^autopilot\.yaml:(\d+:\d+): error (E\d+): (\S+) ?(.*)$/gm)]
  expect(told.map(([, place, errorCode, key]) => `${place} ${errorCode} ${key}`)).toEqual([
    '2:5 E104 gates.0.run:',
    '3:5 E104 gates.1.run:',
    '5:10 E104 gates.2.cwd:',
    '7:13 E103 unknown',
    '8:27 E104 gates.4.timeout:',
    '9:23 E104 gates.5.cwd:',
    '10:5 E104 gates.6:',
  ])
  expect(stderr).toMatch(/unknown key gates\.3\.timout\n +did you mean timeout\?/)
})

test('mistakes in a review are reported with their position; neither a command nor an unknown CLI can review', async () => {
  const stage = configured(`gates:
  - { review: codx, criteria: It is good. }
  - { review: [], criteria: It is good. }
  - { review: codex }
  - { review: codex, criteria: '' }
  - { review: [codex, command], criteria: [good, 5] }
  - { review: codex, criteria: It is good., cwd: sub, tiemout: 5m, judge: me }
  - { review: codex, criteria: It is good., timeout: soon }
`)
  const { code, stderr, stdout } = await stage.run(['run'])
  expect([code, stdout]).toEqual([2, ''])
  const told = [...stderr.matchAll(/^autopilot\.yaml:(\d+:\d+): error (E\d+): (?:unknown key )?(\S+)/gm)]
  expect(told.map(([, place, errorCode, key]) => `${place} ${errorCode} ${key}`)).toEqual([
    '2:15 E104 gates.0.review:',
    '3:15 E104 gates.1.review:',
    '4:5 E104 gates.2.criteria:',
    '5:32 E104 gates.3.criteria:',
    '6:23 E104 gates.4.review.1:',
    '6:50 E104 gates.4.criteria.1:',
    '7:50 E103 gates.5.cwd',
    '7:64 E103 gates.5.tiemout',
    '7:75 E103 gates.5.judge',
    '8:54 E104 gates.6.timeout:',
  ])
  expect(stderr).toContain('did you mean codex?')
  expect(stderr).toContain('did you mean timeout?')
})

test('gate_jobs of the file, the environment and the flag must be whole numbers above 0', async () => {
  const wrong = await configured('gate_jobs: none').run(['run'])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('autopilot.yaml:1:12: error E104')])
  const stage = configured('gate_jobs: 1')
  const byEnvironment = await stage.run(['run'], { env: { AUTOPILOT_GATE_JOBS: '0' } })
  expect([byEnvironment.code, byEnvironment.stderr]).toEqual([2, expect.stringContaining('AUTOPILOT_GATE_JOBS')])
  expect((await stage.run(['run', '--gate-jobs', '0'])).code).toBe(2)
})

test('merge_batch of the file, the environment and the flag must be whole numbers above 0', async () => {
  const wrong = await configured('merge_batch: all').run(['run'])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('merge_batch')])
  const stage = configured('merge_batch: 1')
  const byEnvironment = await stage.run(['run'], { env: { AUTOPILOT_MERGE_BATCH: '0' } })
  expect([byEnvironment.code, byEnvironment.stderr]).toEqual([2, expect.stringContaining('AUTOPILOT_MERGE_BATCH')])
  expect((await stage.run(['run', '--merge-batch', '0'])).code).toBe(2)
})

test('the dry run and the start report a gate that cannot fail, in the configuration and in the roadmap', async () => {
  const roadmap = "tasks:\n  - id: a\n    run: echo > a\n    verify:\n      - 'false || true'\n"
  const stage = configured('gates:\n  - { run: false | cat, name: tests }\n', roadmap)
  const told = [
    'the gate tests cannot fail: its exit status is that of `cat`',
    'W067: verify cannot fail: it ends with `true`',
  ]
  const { stdout, stderr } = await stage.run(['run', '--dry-run'])
  for (const text of told) expect(stdout + stderr).toContain(text)
  const run = await stage.run(['run'])
  for (const text of told) expect(run.stdout + run.stderr).toContain(text)
  expect(run.code).toBe(0)
})
