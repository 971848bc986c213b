// The forms of output.
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const two =
  'tasks:\n  - { id: a, title: "bad \\e[31mred\\e[0m", run: "printf \'\\\\033[31mred\\\\n\'; echo > a" }\n  - { id: b, run: echo > b }\n'

test('--output json gives nothing but events on stdout, each with the next number, and nothing on stderr', async () => {
  const stage = scene({ roadmap: two })
  const { code, records, stderr, stdout } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(stderr).toBe('')
  expect(stdout.endsWith('\n')).toBe(true)
  expect(records().map(({ seq }) => seq)).toEqual(records().map((_, index) => index + 1))
  expect(records()[0]?.type).toBe('run_started')
  expect(records().at(-1)).toMatchObject({ type: 'run_finished', exitCode: 0 })
})

test('for people the summary is on stdout and the progress on stderr, without escape codes in a pipe', async () => {
  const stage = scene({ roadmap: two })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Done +2 of 2 tasks/m)
  expect(stdout).toMatch(/^Work +2 commits on autopilot\/main/m)
  expect(stdout).toMatch(/^Next +git merge autopilot\/main$/m)
  expect(stdout).toMatch(/^Journal +\.autopilot\/runs\/.*journal\.jsonl$/m)
  expect(stdout).not.toMatch(/Queue:|started on/)
  expect(stderr).toMatch(/^Queue: 1 waiting \| 1 busy \| 0 idle$/m)
  expect(stderr).toMatch(/started on slot-1 \(command\)/)
  expect(stderr).not.toMatch(/^Done /m)

  expect(stdout + stderr).not.toMatch(/\u001b|\u009b/)
})

test('a reader that goes away does not stop the run', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  for (const name of ['a', 'b']) {
    const agent = await agents.next(name)
    if (name === 'a') running.stopReading()
    await agent.write(name, '')
    await agent.exit(0)
  }
  expect((await running.ended).code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b'])
})
