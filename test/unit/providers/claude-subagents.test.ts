import { describe, expect, it } from 'vitest'
import { applyAgentEvent, noEvidence, type Evidence } from '../../../src/domain/agent/attempt.js'
import { providers } from '../../../src/providers/index.js'

function evidenceOf(lines: readonly object[]): Evidence {
  return lines.flatMap((line) => providers.claude.readLine(JSON.stringify(line))).reduce(applyAgentEvent, noEvidence)
}

const call = (id: string, input: number, output: number, by: string | null = null) => ({
  type: 'assistant',
  parent_tool_use_id: by,
  message: { id, content: [], usage: { input_tokens: input, cache_read_input_tokens: 0, output_tokens: output } },
})

describe('what sub-agents of claude use', () => {
  it('counts while they are at work, each call once, even if their lines come in between', () => {
    const { usage, reported } = evidenceOf([
      call('msg_1', 100, 10),
      call('msg_sub_1', 1000, 50, 'toolu_1'),
      // A call has a line for each part of it, with the same usage.
      call('msg_1', 100, 10),
      call('msg_sub_2', 2000, 60, 'toolu_2'),
      call('msg_sub_1', 1000, 50, 'toolu_1'),
    ])
    expect(reported).toMatchObject({ inputTokens: 3100, outputTokens: 120 })
    expect(usage).toMatchObject({ inputTokens: 0, outputTokens: 0 })
  })

  it('is in the total of the turn, whatever model they had, and is not counted again', () => {
    const modelUsage = {
      'claude-big': { inputTokens: 100, cacheReadInputTokens: 5, outputTokens: 10 },
      'claude-small': { inputTokens: 3000, cacheReadInputTokens: 0, outputTokens: 110 },
    }
    const last = { type: 'result', subtype: 'success', is_error: false, result: 'ok', usage: { input_tokens: 100 } }
    const { usage, unsettled } = evidenceOf([
      call('msg_1', 100, 10),
      call('msg_sub_1', 3000, 110, 'toolu_1'),
      { ...last, modelUsage, total_cost_usd: 0.5 },
    ])
    expect(usage).toMatchObject({ inputTokens: 3105, outputTokens: 120, costUsd: 0.5 })
    expect(unsettled).toMatchObject({ inputTokens: 0, outputTokens: 0 })
  })
})
