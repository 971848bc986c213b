// Gates that another CLI judges.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli, type FakeActor } from '../../support/fakes/fake-cli.js'
import { gatedScene, judgements } from '../../support/scenes/gated-scene.js'
import { recordsOf } from '../../support/rigs/program.js'
import type { Scene } from '../../support/scenes/scene.js'

const sayHello = 'tasks:\n  - { id: hello, title: Say hello, exit_criteria: [It greets.] }\n'
const byCodex = { review: 'codex', criteria: 'The greeting is friendly.' }
const byClaude = { ...byCodex, review: 'claude' }

function attemptFile({ repo }: Scene, attempt: string, file: string): string {
  const runs = join(repo.dir, '.autopilot', 'runs')
  return readFileSync(join(runs, readdirSync(runs)[0]!, 'attempts', attempt, file), 'utf8')
}

/** An author who writes `hello.txt`, well only after a rejection. */
function author({ write, succeed, prompt }: FakeActor): void {
  write('hello.txt', prompt.includes('# Repair') ? 'good\n' : 'bad\n')
  succeed()
}

/** A reviewer who approves good work. */
function reviewer({ read, answer }: FakeActor): void {
  const isGood = read('hello.txt') === 'good\n'
  answer(isGood ? { verdict: 'approve', reasons: [] } : { verdict: 'reject', reasons: ['hello.txt:1 is unfriendly'] })
}

function approve({ answer }: FakeActor): void {
  answer({ verdict: 'approve', reasons: ['fine'] })
}

test('work that another CLI approves lands; the review is a process of its own, with the task, the criteria and the diff', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: ['test -e hello.txt', byCodex] })
  const authors = fakeCli(stage, 'claude', author)
  const reviewers = fakeCli(stage, 'codex', approve)
  const ended = await stage.run(['run', '-p', 'claude', '--output', 'json'])
  expect(ended.stderr).toBe('')
  expect(ended.code).toBe(0)
  expect(stage.landed('hello.txt')).toBe('bad')
  const [work, ...more] = authors()
  const [review, ...others] = reviewers()
  expect([more, others]).toEqual([[], []])
  expect(work!.prompt).toContain('The greeting is friendly.')
  expect(review!.prompt).toContain('Task hello.')
  expect(review!.prompt).toContain('    - It greets.')
  expect(review!.prompt).toContain('- The greeting is friendly.')
  expect(review!.prompt).toContain('    +bad')
  expect(review!.args.join(' ')).toMatch(/-s read-only .*--output-schema \S+review-1-cli\/answer-schema\.json/)
  expect(review!.cwd).not.toBe(work!.cwd)
  const verdicts = judgements(ended.records()).map(({ gate, verdict, by }) => [gate, verdict, by?.agent, by?.reasons])
  expect(verdicts[0]).toEqual(['test -e hello.txt', 'passed', undefined, undefined])
  expect(verdicts[1]).toEqual(['review', 'passed', { provider: 'codex' }, ['fine']])
  expect(recordsOf(ended, 'review_started')).toMatchObject([{ taskId: 'hello', attempt: 1, review: 1, gate: 'review' }])
  expect(recordsOf(ended, 'agent_exited').map(({ review: number }) => number)).toEqual([undefined, 1])
  expect(attemptFile(stage, readdirAttempts(stage)[0]!, 'review-1-prompt.md')).toBe(review!.prompt)
  expect(attemptFile(stage, readdirAttempts(stage)[0]!, 'review-1-stdout.log')).toContain('approve')
})

function readdirAttempts({ repo }: Scene): readonly string[] {
  const runs = join(repo.dir, '.autopilot', 'runs')
  return readdirSync(join(runs, readdirSync(runs)[0]!, 'attempts'))
}

test('a rejection goes back to the author with its reasons; what is then approved lands, and all tokens are counted', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [byCodex] })
  const authors = fakeCli(stage, 'claude', author)
  fakeCli(stage, 'codex', reviewer)
  const ended = await stage.run(['run', '-p', 'claude', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(stage.landed('hello.txt')).toBe('good')
  expect(authors()).toHaveLength(2)
  expect(authors()[1]!.args).toContain('--resume')
  expect(authors()[1]!.prompt).toContain('The review review by codex rejected this: hello.txt:1 is unfriendly')
  expect(authors()[1]!.prompt).toContain('    - hello.txt:1 is unfriendly')
  expect(recordsOf(ended, 'repair_started')[0]!.reason.kind).toBe('gate_failed')
  expect(judgements(ended.records()).map(({ verdict }) => verdict)).toEqual(['failed', 'passed'])
  const spent = recordsOf(ended, 'agent_finished').map(({ review, usage }) => [review, usage.inputTokens])
  expect(spent.filter(([review]) => review !== undefined)).toEqual([
    [1, 200],
    [2, 200],
  ])
})

test('the output says who approved and who rejected, with the reason', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [{ ...byCodex, name: 'friendly' }] })
  fakeCli(stage, 'claude', author)
  fakeCli(stage, 'codex', reviewer)
  const { stdout, stderr } = await stage.run(['run', '-p', 'claude', '-a', '1'])
  expect(stderr).toContain('hello review started on slot-1 (codex)')
  expect(stderr).toContain('hello rejected by codex (friendly): hello.txt:1 is unfriendly')
  expect(stderr).toContain('hello approved by codex (friendly)')
  expect(stdout).toMatch(/Gates +1 passed, 1 failed/)
  expect(stdout).toMatch(/^Slots +1 slot \d+ % busy: 1 attempt, 1 repair, 2 reviews$/m)
  const status = await stage.run(['status'])
  expect(status.stdout).toMatch(/Gates +1 passed, 1 failed/)
})

test.each([
  ['names the author: the other CLI reviews', byClaude, ['claude', 'codex'], ['codex']],
  ['names another: that one reviews', byCodex, ['claude', 'codex'], ['codex']],
  [
    'names several: the first that is not the author',
    { ...byCodex, review: ['claude', 'codex:o9'] },
    ['claude', 'codex'],
    ['codex:o9'],
  ],
  ['names the author, and nothing else is there: the author reviews', byClaude, ['claude'], ['claude']],
  ['names one that is not there: the author reviews', byCodex, ['claude'], ['claude']],
])('a review that %s', async (_, gate, installed, expected) => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, provider: claude }\n', gates: [gate] })
  const act = (actor: FakeActor) => {
    if (actor.reviews) actor.answer({ verdict: 'approve', reasons: [] })
    else actor.write('hello.txt', 'hello\n')
    if (!actor.reviews) actor.succeed()
  }
  if (installed.includes('claude')) fakeCli(stage, 'claude', act)
  if (installed.includes('codex')) fakeCli(stage, 'codex', act)
  const ended = await stage.run(['run', '--output', 'json'])
  expect(ended.code).toBe(0)
  const reviewed = recordsOf(ended, 'review_started').map(({ agent }) => Object.values(agent).join(':'))
  expect(reviewed).toEqual(expected)
})

test('the work of a command is reviewed, too; a rejection goes to its next attempt', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, run: echo bad > hello.txt }\n', gates: [byCodex] })
  const calls = fakeCli(stage, 'codex', reviewer)
  const ended = await stage.run(['run', '-i', '2', '--output', 'json'])
  expect(ended.code).toBe(1)
  expect(stage.subjects()).toEqual([])
  // The second attempt brings the very tree that was rejected.
  expect(calls()).toHaveLength(1)
  expect(judgements(ended.records()).map(({ verdict, remembered }) => [verdict, remembered])).toEqual([
    ['failed', false],
    ['failed', true],
  ])
  expect(recordsOf(ended, 'commit_kept')).toHaveLength(2)
})

test('without a CLI that could review, nothing starts', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, run: echo > hello.txt }\n', gates: [byCodex] })
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(3)
  expect(stderr).toContain('no usable agent CLI')
  expect(existsSync(join(stage.repo.dir, '.autopilot'))).toBe(false)
})

test('a CLI that may only review does no task', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [byCodex] })
  fakeCli(stage, 'codex', approve)
  const { code, stderr } = await stage.run(['run', '-p', 'claude'])
  expect(code).toBe(3)
  expect(stderr).toContain('claude')
})

test.each<readonly [string, (actor: FakeActor) => void]>([
  [
    'says something else',
    ({ succeed }) => {
      succeed()
    },
  ],
  [
    'answers in another form',
    ({ answer }) => {
      answer({ verdict: 'approved', reasons: [] })
    },
  ],
  [
    'rejects without a reason',
    ({ answer }) => {
      answer({ verdict: 'reject', reasons: ['  '] })
    },
  ],
  [
    'ends without a final event',
    ({ say }) => {
      say({ type: 'thread.started', thread_id: 'x' })
    },
  ],
  [
    'ends badly after it has approved',
    ({ answer, exit }) => {
      answer({ verdict: 'approve', reasons: [] })
      exit(1)
    },
  ],
])(
  'a reviewer who %s has neither approved nor rejected: three tries, then the attempt fails and nothing lands',
  async (_, act) => {
    const stage = gatedScene({ roadmap: sayHello, gates: [byCodex] })
    const authors = fakeCli(stage, 'claude', author)
    const reviewers = fakeCli(stage, 'codex', act)
    const ended = await stage.run(['run', '-p', 'claude', '-i', '1', '--output', 'json'])
    expect(ended.code).toBe(1)
    expect(authors()).toHaveLength(1)
    expect(reviewers()).toHaveLength(3)
    expect(recordsOf(ended, 'task_failed')[0]!.failure).toMatchObject({ kind: 'infrastructure' })
    expect(judgements(ended.records()).map(({ verdict }) => verdict)).toEqual(['errored'])
    expect(recordsOf(ended, 'commit_kept')).toHaveLength(1)
    expect(stage.subjects()).toEqual([])
  },
)

test('a reviewer without a login cools down, and another one reviews', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, run: echo > hello.txt }\n', gates: [byCodex] })
  fakeCli(stage, 'codex', ({ play }) => {
    play('401')
  })
  fakeCli(stage, 'claude', approve)
  const ended = await stage.run(['run', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'provider_cooled_down').map(({ provider }) => provider)).toEqual(['codex'])
  expect(recordsOf(ended, 'review_started').map(({ agent }) => agent.provider)).toEqual(['codex', 'claude'])
  expect(stage.landed('hello.txt')).toBe('')
})

test('what a reviewer writes lands nowhere', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [byCodex, 'test ! -e planted.txt'] })
  fakeCli(stage, 'claude', author)
  fakeCli(stage, 'codex', ({ write, answer }) => {
    write('planted.txt', 'planted\n')
    write('hello.txt', 'rewritten\n')
    answer({ verdict: 'approve', reasons: [] })
  })
  const ended = await stage.run(['run', '-p', 'claude', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(stage.landed('hello.txt')).toBe('bad')
  expect(stage.repo.git('log', '--all', '--format=', '--name-only')).not.toContain('planted')
})

test('work that a command refuses is not reviewed', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [byCodex, 'grep -q good hello.txt'] })
  fakeCli(stage, 'claude', author)
  const reviewers = fakeCli(stage, 'codex', approve)
  const ended = await stage.run(['run', '-p', 'claude', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(reviewers()).toHaveLength(1)
  expect(reviewers()[0]!.prompt).toContain('+good')
})

test('without isolation there is nothing to review, which is reported, and no reviewer is asked', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, run: echo > hello.txt }\n', gates: [byCodex] })
  const { code, stderr } = await stage.run(['run', '--isolation', 'none'])
  expect(code).toBe(0)
  expect(stderr).toContain('gates do not run with --isolation none')
})
