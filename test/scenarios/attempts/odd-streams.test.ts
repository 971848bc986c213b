// Output of a CLI that is cut off, torn or not what it should be.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import type { RecordOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const oneTask = 'tasks:\n  - { id: a, description: A. }\n'

test.each([
  ['a byte order mark and escape codes', 0],
  ['an array on one line', 1],
  ['an object over many lines', 2],
] as const)('a final event with %s is read, and so is what it cost', async (_, way) => {
  const stage = scene({ roadmap: oneTask })
  stage.env.WAY = String(way)
  stage.repo.write('autopilot.yaml', 'env: { WAY: }\n')
  fakeCli(stage, 'claude', ({ write }) => {
    write('a.txt', 'a')
    const lines = [
      { type: 'system', subtype: 'init', session_id: 's', model: 'm' },
      { type: 'result', subtype: 'success', is_error: false, result: 'Did a.', num_turns: 1, total_cost_usd: 0.25 },
    ]
    const shown = [
      () => lines.map((line) => `\ufeff\u001b[0m${JSON.stringify(line)}\u001b[?25h\n`).join(''),
      () => JSON.stringify(lines),
      () => lines.map((line) => JSON.stringify(line, null, 2)).join('\n'),
    ]
    process.stdout.write(shown[Number(process.env.WAY)]!())
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  const finished = records().find((record) => record.type === 'agent_finished')
  expect(finished).toMatchObject({ text: 'Did a.', sessionId: 's', usage: { costUsd: 0.25 } })
  expect(code).toBe(0)
  expect(stage.landed('a.txt')).toBe('a')
})

test('a final event that is cut off is no success, and the line is named; what was used is known from the stream', async () => {
  const stage = scene({ roadmap: oneTask })
  fakeCli(stage, 'claude', ({ write, say }) => {
    write('a.txt', 'a')
    const usage = { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 5 }
    say({ type: 'assistant', message: { id: 'msg_1', usage, content: [{ type: 'text', text: 'Hm.' }] } })
    process.stdout.write('{"type":"result","subtype":"success","is_error":fal')
  })
  const { code, stdout } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(1)
  expect(stdout).toContain('The last unreadable line: {"type":"result","subtype":"success","is_error":fal (crash)\n')
  expect(stdout).toMatch(/^Tokens +120 in \(20 cached\), 5 out/m)
})

test("a reviewer's verdict in a code fence counts, and the conditions of its approval are shown", async () => {
  const stage = gatedScene({ roadmap: oneTask, gates: [{ review: 'codex', criteria: 'Good.', name: 'careful' }] })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('a.txt', 'a')
    succeed()
  })
  fakeCli(stage, 'codex', ({ say }) => {
    const verdict = { verdict: 'approve', reasons: ['It is good.', 'Rename x before the release.'] }
    const text = `\`\`\`json\n${JSON.stringify(verdict, null, 2)}\n\`\`\``
    say({ type: 'thread.started', thread_id: 'review' })
    say({ type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text } })
    say({ type: 'turn.completed', usage: { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 } })
  })
  const { code, stdout, stderr } = await stage.run(['run', '-p', 'claude'])
  expect(code).toBe(0)
  const said = 'It is good.; Rename x before the release.'
  expect(stderr).toContain(`a approved by codex (careful): ${said}\n`)
  expect(stdout).toContain(`Approved    a by codex (careful): ${said}\n`)
  const status = await stage.run(['status'])
  expect(status.stdout).toContain(`Approved    a by codex (careful): ${said}\n`)
  const { tasks } = JSON.parse((await stage.run(['status', '--output', 'json'])).stdout) as {
    tasks: { approvals: RecordOf<'gate_judged'>['by'][] }[]
  }
  expect(tasks[0]!.approvals).toMatchObject([{ gate: 'careful', by: { provider: 'codex' } }])
})
