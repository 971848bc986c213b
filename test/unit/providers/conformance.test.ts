import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyAgentEvent, noEvidence } from '../../../src/domain/agent/attempt.js'
import { cleanLine } from '../../../src/domain/text.js'
import type { Provider, WorkRequest } from '../../../src/providers/adapter/contract.js'
import { providers, providersWith } from '../../../src/providers/index.js'
import { providerNames } from '../../../src/domain/agent/provider-model.js'

const findProvider = providersWith({})

/** The keys and words that the CLIs use, so that random JSON gets past the first switch. */
const words = [
  ...[
    'type',
    'subtype',
    'system',
    'init',
    'assistant',
    'user',
    'result',
    'message',
    'content',
    'tool_use',
    'tool_result',
  ],
  ...[
    'item',
    'item.started',
    'item.completed',
    'turn.completed',
    'turn.failed',
    'error',
    'usage',
    'modelUsage',
    'text',
  ],
  ...['agent_message', 'command_execution', 'file_change', 'changes', 'command', 'rate_limit_event', 'rate_limit_info'],
  ...['role', 'tool_name', 'parameters', 'tool_id', 'policy_violation', 'severity', 'stats', 'FatalTurnLimitedError'],
  ...['data', 'session.error', 'statusCode', 'exitCode', 'tool.execution_complete', 'assistant.message', 'toolName'],
  ...['agent_end', 'messages', 'message_end', 'role', 'stopReason', 'errorMessage', 'auto_retry_end', 'cost', 'total'],
  ...['part', 'state', 'tool', 'callID', 'step_start', 'step_finish', 'sessionID', 'reason', 'stop', 'tokens', 'cache'],
  ...['status', 'rejected', 'resetsAt', 'api_retry', 'permission_denied', 'is_error', 'input', 'name', '__proto__'],
]
const word = fc.constantFrom(...words)
const leaf = fc.oneof(word, fc.string(), fc.double(), fc.boolean(), fc.constant(null))
const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('json')), fc.dictionary(word, tie('json'))),
}))
const line = fc.oneof(
  fc.string({ unit: 'binary' }),
  json.map((value) => JSON.stringify(value)),
  fc.dictionary(word, json).map((value) => JSON.stringify(value)),
  fc.dictionary(word, json).map((value) => JSON.stringify(value).slice(0, -1)),
)

const permissions = fc.constantFrom('edit' as const, 'full' as const)
const request: fc.Arbitrary<WorkRequest> = fc
  .record({
    cwd: fc.constant('/work space'),
    prompt: fc.string({ minLength: 1 }).map((text) => `prompt ${text}`),
    permissions,
    allow: fc.array(fc.constantFrom('Bash(git commit:*)', 'WebFetch')),
    ownDir: fc.constant('/logs/cli'),
    asRoot: fc.boolean(),
    model: fc.option(fc.constantFrom('opus', 'sonnet[1m]', 'a/b:c@1'), { nil: undefined }),
  })
  .map(({ model, ...rest }) => ({ ...rest, run: 'true', ...(model === undefined ? {} : { model }) }))

describe.each(providerNames)('the provider %s', (name) => {
  const provider = providers[name]

  it('is found by its name', () => {
    expect(findProvider(name)?.name).toBe(name)
  })

  it('reads any line without throwing, and gives events that fold', () => {
    fc.assert(
      fc.property(line, (text) => {
        const evidence = provider.readLine(text).reduce(applyAgentEvent, noEvidence)
        expect(Number.isFinite(evidence.usage.inputTokens)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives tool targets that fit on one clean line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (target) => {
        const lines = [
          { type: 'assistant', message: { content: [{ type: 'tool_use', name: target, input: { command: target } }] } },
          { type: 'item.started', item: { type: 'command_execution', command: target } },
          { type: 'tool_use', tool_name: target, parameters: { command: target } },
          { type: 'tool.execution_start', data: { toolName: target, arguments: { command: target } } },
          { type: 'tool_execution_start', toolName: target, args: { command: target } },
          { type: 'tool_use', part: { tool: target, state: { input: { command: target } } } },
        ]
        for (const event of lines.flatMap((each) => provider.readLine(JSON.stringify(each)))) {
          if (event.type === 'tool') expect(event.target ?? '').toBe(cleanLine(event.target ?? ''))
        }
      }),
    )
  })

  it('keeps no state between lines', () => {
    fc.assert(
      fc.property(line, line, (first, second) => {
        const alone = provider.readLine(second)
        provider.readLine(first)
        expect(provider.readLine(second)).toEqual(alone)
      }),
    )
  })

  it('says nothing about an empty line', () => {
    expect(provider.readLine('')).toEqual([])
    expect(provider.readLine('  \r')).toEqual([])
  })

  it('keeps a bounded part of a huge line', () => {
    const text = 'x'.repeat(5_000_000)
    const lines = [
      JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text }] } }),
      JSON.stringify({ type: 'item.completed', item: { type: 'agent_message', text } }),
      JSON.stringify({ type: 'message', role: 'assistant', content: text }),
      JSON.stringify({ type: 'text', part: { text } }),
      JSON.stringify({ type: 'assistant.message', data: { content: text } }),
      JSON.stringify({ type: 'message_end', message: { role: 'assistant', content: [{ type: 'text', text }] } }),
      JSON.stringify({ type: 'result', is_error: false, result: text }),
      text,
    ]
    const evidence = lines.flatMap((each) => provider.readLine(each)).reduce(applyAgentEvent, noEvidence)
    expect(evidence.finalText.length).toBeGreaterThan(1000)
    expect(evidence.finalText.length).toBeLessThan(100_000)
  })

  it('passes the prompt through stdin alone', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const built = provider.command(asked)
        expect(built.input).toBe(provider.finalEvent === 'exit' ? '' : asked.prompt)
        for (const text of [built.file, ...built.args, ...Object.values(built.env)]) {
          expect(text).not.toContain(asked.prompt)
        }
      }),
    )
  })

  it('builds the same command for the same request', () => {
    fc.assert(
      fc.property(request, (asked) => {
        expect(provider.command(asked)).toEqual(provider.command(asked))
      }),
    )
  })

  it('continues a conversation by its id, with every other argument as before, if it can', () => {
    const id = '0b7e9f9c-1111-4222-8333-944445555666'
    const { resume } = provider
    if (!resume) return
    fc.assert(
      fc.property(request, (asked) => {
        const chosen = provider.conversationOf?.(asked)
        const [{ args, ...begun }, resumed] = [provider.command(asked), resume.command(asked, id)]
        const begunArgs = args.filter((arg) => chosen === undefined || !arg.includes(chosen))
        const at = resumed.args.findIndex((arg) => arg.endsWith(id))
        const isOne = resumed.args[at] !== id
        expect(isOne ? resumed.args[at] : resumed.args[at - 1]).toMatch(/^(--)?(resume|session)(=|$)/)
        expect(isOne ? resumed.args.toSpliced(at, 1) : resumed.args.toSpliced(at - 1, 2)).toEqual(begunArgs)
        expect({ ...resumed, args: [] }).toEqual({ ...begun, args: [] })
      }),
    )
  })

  it('reviews with its prompt on stdin, by another command than that of work, if it can', () => {
    const { review } = provider
    if (!review) return
    fc.assert(
      fc.property(request, ({ cwd, ownDir, prompt, asRoot, ...work }) => {
        const built = review.command({ cwd, ownDir, prompt, asRoot, schema: '{"type":"object"}' })
        expect(built.input).toBe(prompt)
        for (const arg of built.args) expect(arg).not.toContain(prompt)
        const working = provider.command({ cwd, ownDir, prompt, asRoot, ...work })
        expect([built.args, built.env]).not.toEqual([working.args, working.env])
        expect(review.answer(noEvidence) ?? '').toBe('')
      }),
    )
  })

  it('names both permissions', () => {
    expect(provider.permissionNames.edit).not.toBe('')
    expect(provider.permissionNames.full).not.toBe('')
  })

  it('says what an agent may do, and names the tools that are allowed where it has such a list', () => {
    const allow = ['Bash(npm test:*)']
    const said = (permissions: 'edit' | 'full') => provider.permitted({ permissions, allow }).join('\n')
    const hasPermissions = provider.permissionNames.edit !== provider.permissionNames.full
    expect(said('edit') !== said('full')).toBe(hasPermissions)
    expect(said('edit').includes('`Bash(npm test:*)`')).toBe(provider.allowEntry !== undefined)
  })
})

describe('what a provider can do', () => {
  it.each([
    ['claude', true, true],
    ['codex', true, true],
    ['gemini', true, true],
    ['opencode', true, true],
    ['qwen', true, true],
    ['copilot', true, true],
    ['pi', true, true],
    ['command', false, false],
  ] as const)('%s continues a conversation: %s; reviews: %s', (name, resumes, reviews) => {
    const { resume, review }: Provider = providers[name]
    expect([resume !== undefined, review !== undefined]).toEqual([resumes, reviews])
  })
})

describe('findProvider', () => {
  it('knows no other name, not even one that every object has', () => {
    for (const name of ['', 'Claude', 'nobody', 'toString', '__proto__']) expect(findProvider(name)).toBeUndefined()
  })
})
