import { commitId, epochMs, runId, taskId, treeId } from '../brands.js'
import { failure } from '../../../src/domain/agent/failure.js'
import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import type { RunState } from '../../../src/domain/run/run-state.js'

/** A run with five slots in which something of everything happens, for pictures of its screen. */
export const screenStart: RunState['start'] = {
  ...{ type: 'run_started', runId: runId('20231114-221320-7f3a'), version: '1.2.3', roadmap: 'roadmap.yaml' },
  ...{ repository: '/home/me/shop', isolation: 'workspace', permissions: 'edit', maxAttempts: 3 },
  target: { branch: 'autopilot/main', base: commitId('0123456789abcdef0123456789abcdef01234567') },
  slots: ['slot-1', 'slot-2', 'slot-3', 'slot-4', 'slot-5'],
  gates: ['npm test', 'npm run lint'],
  budgets: { run: { usd: 5 }, providers: {} },
  tasks: [
    ['cart', 'Keep the cart between visits'],
    ['login', 'ログイン画面を作り直す'],
    ['search', 'Search by colour and size'],
    ['emoji', 'Ratings with stars ⭐️ and flags 🇨🇭'],
    ['long', 'A title that is much longer than any screen would like it to be, and goes on, and on'],
    ['stock', 'Warn of low stock'],
    ['tax', 'Tax for Norway'],
    ['mail', 'Mail a receipt'],
  ].map(([id = '', title = '']) => ({ id: taskId(id), title, state: 'pending' })),
}

const workspace = '/home/me/.cache/autopilot/workspaces/shop-1a2b/3'
const exit = { type: 'code', code: 0 } as const

function of(id: string, attempt = 1) {
  return { taskId: taskId(id), attempt }
}

function started(id: string, slot: number, provider: string, attempt = 1): RunEvent {
  const agent = provider === 'claude' ? { provider, model: 'opus' } : { provider }
  return { type: 'attempt_started', ...of(id, attempt), slot: `slot-${slot}`, agent, workspace }
}

function exited(id: string, slot: number, durationMs: number, attempt = 1): RunEvent {
  return { type: 'agent_exited', ...of(id, attempt), slot: `slot-${slot}`, exit, durationMs }
}

function saw(id: string, event: AgentEvent): RunEvent {
  return { type: 'agent_reported', ...of(id), event }
}

function used(id: string, provider: string, tokens: number, costUsd?: number): RunEvent {
  const usage = {
    inputTokens: tokens,
    cachedInputTokens: 0,
    outputTokens: 0,
    ...(costUsd === undefined ? {} : { costUsd }),
  }
  return { type: 'agent_used', ...of(id), provider, usage }
}

function counts(queueLength: number, busyAgents: number, availableAgents: number): RunEvent {
  return { type: 'queue_updated', queueLength, busyAgents, availableAgents }
}

const tree = treeId('1111')

/** What happens, and at which ms of the run. */
export const screenStory: readonly (readonly [ms: number, event: RunEvent])[] = [
  [100, counts(8, 0, 5)],
  [200, { type: 'setup_started', run: 1, use: 'agents', workspace }],
  [200, { type: 'setup_started', run: 2, use: 'agents', workspace }],
  [300, { type: 'setup_started', run: 3, use: 'gates', workspace }],
  [20_000, { type: 'setup_ended', run: 1, durationMs: 19_800 }],
  [20_000, { type: 'setup_ended', run: 2, durationMs: 19_800 }],
  [20_000, started('cart', 1, 'claude')],
  [20_100, started('login', 2, 'codex')],
  [20_200, started('search', 3, 'claude')],
  [20_300, started('emoji', 4, 'gemini')],
  [20_400, started('long', 5, 'claude')],
  [20_500, counts(3, 5, 0)],
  [21_000, { type: 'setup_ended', run: 3, durationMs: 20_700 }],
  [22_000, saw('cart', { type: 'tool', name: 'Edit', target: `${workspace}/src/cart/session.ts` })],
  [22_000, used('cart', 'claude', 12_345, 0.42)],
  [30_000, saw('login', { type: 'text', text: '画面の部品を読んでいます。\nそれから、テストを書きます。' })],
  [30_000, used('login', 'codex', 1_234_567)],
  [31_000, saw('search', { type: 'tool', name: 'Bash', target: `cd ${workspace} && npm test -- --run search` })],
  [32_000, saw('emoji', { type: 'text', text: 'Family 👩‍👩‍👧 of icons, é and \u001b[31mred\u001b[0m' })],
  [60_000, exited('cart', 1, 40_000)],
  [60_100, { type: 'gates_began', ...of('cart') }],
  [60_200, { type: 'gate_started', run: 1, gate: 'npm test', tree, taskIds: [taskId('cart')] }],
  [60_200, { type: 'gate_started', run: 2, gate: 'npm run lint', tree, taskIds: [taskId('cart')] }],
  [61_000, started('stock', 1, 'claude')],
  [61_000, counts(2, 5, 0)],
  [75_000, { type: 'gate_ended', run: 2, durationMs: 14_800 }],
  [
    90_000,
    {
      ...{ type: 'provider_cooled_down', provider: 'codex', until: epochMs(1_700_000_900_000) },
      failure: failure('usage_limit', 'You have hit your usage limit.'),
    },
  ],
  [100_000, { type: 'gate_ended', run: 1, durationMs: 39_800 }],
  [
    100_000,
    {
      ...{ type: 'gate_judged', ...of('cart'), gate: 'npm test', tree, verdict: 'passed', durationMs: 39_800 },
      remembered: false,
    },
  ],
  [100_100, { type: 'task_integrated', ...of('cart'), commit: commitId('abcdef0123456789'), previous: commitId('0') }],
  [110_000, exited('search', 3, 89_800)],
  [
    110_000,
    {
      ...{ type: 'task_failed', taskId: taskId('search'), attempts: 1 },
      failure: failure('gate_failed', 'The gate npm test failed: exit code 1.', {
        detail: 'FAIL src/search.test.ts\nexpected 3 to be 4',
      }),
    },
  ],
  [110_100, started('tax', 3, 'gemini')],
  [110_200, counts(1, 5, 0)],
  [111_000, { type: 'run_canceling', why: 'SIGINT' }],
]
