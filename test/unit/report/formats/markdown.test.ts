import { describe, expect, it } from 'vitest'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { reportMarkdown } from '../../../../src/report/formats/markdown.js'
import { commitId, taskId } from '../../../support/brands.js'
import { runStart, stampAll } from '../../../support/games/run-script.js'
import { hostileRun } from '../../../support/rigs/hostile-run.js'
import { reportOf } from '../../../support/rigs/reports.js'

const of = { taskId: taskId('A'), attempt: 1 }
const why = failure('gate_failed', 'The gate npm test failed.', { detail: 'not ok 1\nnot ok 2\n' })

function records(...events: readonly RunEvent[]) {
  return stampAll([runStart, ...events].map((event) => ({ event, after: 1000 })))
}

describe('Markdown', () => {
  it('is what one pastes into a pull request', () => {
    const diffs = new Map([[commitId('c0ffee'), { files: 2, added: 10, removed: 3 }]])
    const report = reportOf(
      records(
        { type: 'attempt_started', ...of, slot: 'S1', agent: { provider: 'claude' }, workspace: '/w' },
        { type: 'task_integrated', ...of, commit: commitId('c0ffee'), previous: commitId('b') },
        { type: 'task_done', ...of, how: 'integrated' },
        { type: 'task_failed', taskId: taskId('B'), attempts: 2, failure: why },
        { type: 'task_held', taskId: taskId('C'), reason: { type: 'manual' } },
        { type: 'run_finished', exitCode: 1, why: '5 not done' },
      ),
      { diffs },
    )
    expect(reportMarkdown(report)).toMatchInlineSnapshot(`
      "## autopilot: 1 of 5 tasks done (5 not done)

      | | |
      | --- | --- |
      | Run | \`r1\` |
      | Time | 7.0 s with 3 agent slots |

      ### Failed (1)

      - \`B\` \`Task B\`: \`The gate npm test failed.\` (gate_failed, 0 attempts)

        \`\`\`text
        not ok 1
        not ok 2
        \`\`\`

      ### Not done (4)

      - \`C\` \`Task C\`: held, \`execution_mode is manual: a person does it\`
      - \`D\` \`Task D\`: pending
      - \`E\` \`Task E\`: pending
      - \`F\` \`Task F\`: pending

      ### Done (1)

      | task | commit | change | attempts | used |
      | --- | --- | --- | --- | --- |
      | \`A\` \`Task A\` | c0ffee | 2 files +10 -3 | 1 |  |
      "
    `)
  })

  it('has no text of a task or an agent outside of code, whatever that is', () => {
    const text = reportMarkdown(reportOf(hostileRun()))
    const outside = withoutCode(text)
    expect(outside).not.toMatch(/[@<]|hacked|evil|https?:|javascript|closes|::error|##\[/i)
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  it('fits into a pull request, however many tasks there are and whatever failed', () => {
    const tasks = Array.from({ length: 3000 }, (_, index) => {
      return { id: taskId(`T${index}`), title: 'x'.repeat(200), state: 'pending' as const }
    })
    const long = failure('gate_failed', 'y'.repeat(400), { detail: `${'z'.repeat(300)}\n`.repeat(12) })
    const failed = tasks
      .slice(0, 1000)
      .map(({ id }): RunEvent => ({ type: 'task_failed', taskId: id, attempts: 1, failure: long }))
    const text = reportMarkdown(
      reportOf(stampAll([{ ...runStart, tasks }, ...failed].map((event) => ({ event, after: 1 })))),
    )
    expect(text.length).toBeLessThan(65_000)
    expect(text).toContain('and 980 more')
  })
})

/** As CommonMark does: fenced blocks first, then code spans, whose fence is as long at both ends. */
function withoutCode(text: string): string {
  return text.replace(/^ *(`{3,})text\n[^]*?\n *\1$/gm, '').replace(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '')
}
