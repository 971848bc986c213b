// AUTOPILOT_BASE.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { recordsOf } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'

test('what work changes is git diff $AUTOPILOT_BASE...HEAD for commands and gates, and nothing for the base itself', async () => {
  const stage = gatedScene({
    roadmap: `tasks:
  - { id: one, run: test "$AUTOPILOT_BASE" = "$(git rev-parse HEAD)" && echo > one.txt }
  - { id: two, run: test -e one.txt && test "$AUTOPILOT_BASE" = "$(git rev-parse HEAD)" && echo > two.txt, depends_on: [one] }
`,
    gates: ['echo "$(git diff --name-only $AUTOPILOT_BASE...HEAD)" >> "$SEEN"'],
    config: { base_gates: 'judge', setup: 'test -z "$AUTOPILOT_BASE"', env: { SEEN: null } },
  })
  const seen = stage.repo.beside('seen')
  const { code } = await stage.run(['run', '-i', '1'], { env: { SEEN: seen } })
  expect([code, stage.subjects()]).toEqual([0, ['one', 'two']])
  // The verdict on the landed commit is known when that becomes the base.
  expect(readFileSync(seen, 'utf8').split('\n').sort()).toEqual(['', '', 'one.txt', 'two.txt'])
})

test('in a repair round and for a reviewer AUTOPILOT_BASE is the tip that the work was merged with', async () => {
  const review = { review: 'codex', criteria: 'It greets.' }
  const stage = gatedScene({ gates: ['! grep -q bad hello.txt', review] })
  const pipe = stage.repo.beside('go')
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', pipe])
  stage.repo.write(
    'roadmap.yaml',
    `tasks:\n  - { id: other, run: echo > other.txt }\n  - { id: hello, title: Go by ${pipe}, provider: claude }\n`,
  )
  stage.repo.commit('roadmap')
  const authors = fakeCli(stage, 'claude', ({ attempt, prompt, read, write, succeed }) => {
    // Returns when the test has written something.
    if (attempt === 1) read(/Go by (\S+)/.exec(prompt)?.[1] ?? '')
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed()
  })
  const reviewers = fakeCli(stage, 'codex', ({ answer }) => answer({ verdict: 'approve', reasons: [] }))
  const running = stage.start(['run', '-i', '1', '-a', '2', '--output', 'json'])
  await until(() => authors().length === 1 && stage.subjects().includes('other'), 'that the other work has landed')
  const other = stage.repo.git('rev-parse', 'autopilot/main')
  writeFileSync(pipe, 'go\n')
  const ended = await running.ended
  expect(ended.code).toBe(0)
  const main = stage.repo.git('rev-parse', 'main')
  expect(authors().map(({ env }) => env.AUTOPILOT_BASE)).toEqual([main, other])
  expect(recordsOf(ended, 'repair_started').map(({ base }) => base)).toEqual([other])
  expect(
    reviewers()
      .map(({ env }) => env.AUTOPILOT_BASE)
      .at(-1),
  ).toBe(other)
})
