import { existsSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import type { Provider } from '../../../src/providers/adapter/contract.js'
import { workRequest } from '../../support/rigs/requests.js'
import { chosenClis, clis, providerOf } from '../clis.js'
import type { Turn } from '../model-server.js'
import { tokens, type Answer } from '../protocol.js'
import { all, only, setStage, type Stage } from '../stage.js'
import {
  calling,
  countingRepair,
  done,
  endless,
  heededAnyway,
  heededIn,
  judgedTree,
  plantingReview,
  roadmap,
  shell,
  writes,
} from '../scripts.js'

// What every CLI must do, a process for each turn.

const allowsTail = "allow: ['Bash(tail:*)']\n"

/** What a provider says of itself, so that a test asks for nothing that it does not promise. */
function promisesOf(provider: Provider) {
  const accepts = (allow: readonly string[]) =>
    provider.refusal(workRequest({ permissions: 'edit', allow }), {}) === undefined
  return {
    edits: accepts([]),
    /** codex runs any command, in its sandbox: it has no list. */
    allows: accepts(['Bash(tail:*)']) && provider.allowEntry !== undefined,
    hasList: accepts(['Bash(tail:*)']),
    usage: !tellsNothing.includes(provider.name),
  }
}

/** Of tokens; the others count each call of the model. */
const tellsNothing: readonly string[] = ['copilot']

const rows = chosenClis.map((cli) => ({ cli, ...promisesOf(providerOf(cli)) }))

/** On two busy cores, opencode takes half a minute for a turn. */
const timeout = 180_000

describe.each(rows)('$cli, one process for each turn', { timeout }, ({ cli, edits, allows, hasList, usage }) => {
  const { agent, isPatient } = clis[cli]
  const provider = providerOf(cli)
  /** As root, claude works with full permissions only if it is told that the machine is a sandbox. */
  const full = { flags: ['--permissions', 'full'], config: "env: { IS_SANDBOX: '1' }\n" }
  const least = edits ? { flags: [], config: '' } : full
  const run = (stage: Stage, ...args: readonly string[]) => stage.run('-p', agent, '-i', '1', ...args)

  test('does a task: what it wrote lands, and its conversation, words and use are in the journal', async () => {
    const stage = await setStage({ roadmap, script: calling(writes('hello.txt')), config: least.config })
    const { code, records, stderr } = await run(stage, ...least.flags)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stage.scene.landed('hello.txt')).toBe('by an agent')
    expect(stage.scene.repo.read('roadmap.yaml')).toContain('status: done')
    const finished = only(records(), 'agent_finished')
    expect(finished.sessionId).toMatch(/^[\w-]{20,}$/)
    expect(finished.text).toBe('Done.')
    const counted = usage ? tokens : { input: 0, cached: 0, output: 0 }
    expect(finished.usage).toEqual({
      ...{ inputTokens: 2 * counted.input, cachedInputTokens: 2 * counted.cached, outputTokens: 2 * counted.output },
      costUsd: provider.tellsCost ? (expect.any(Number) as number) : undefined,
    })
    await stage.quiet()
  })

  test.runIf(edits && (allows || !hasList))(
    'may edit, and run what allow: permits; another command, one behind a permitted one, and a redirection are refused',
    async () => {
      const outside = (name: string) => stage.scene.repo.beside(`${name}.txt`)
      const refused = () => [
        `sh -c 'echo x > ${outside('command')}'`,
        `tail README.md && touch ${outside('chained')}`,
        `tail README.md > ${outside('redirected')}`,
      ]
      const script = (turn: Turn) => {
        const calls = ['tail -n 1 README.md', ...refused()].map(shell)
        return calling(writes('hello.txt'), ...calls, writes(outside('written')))(turn)
      }
      const files = { 'README.md': 'the last line\n' }
      const stage = await setStage({ roadmap, script, files, config: allows ? allowsTail : '' })
      const { code, records } = await run(stage)
      expect(code).toBe(0)
      expect(stage.scene.landed('hello.txt')).toBe('by an agent')
      const made = ['command', 'chained', 'redirected', 'written'].filter((name) => existsSync(outside(name)))
      expect(made).toEqual([])
      const commands = deniedIn(records()).filter((target) => target !== outside('written'))
      expect(commands).toEqual(allows ? refused() : ['tail -n 1 README.md', ...refused()])
      // The model has read what the permitted command printed.
      expect(stage.server.turns.find(({ results }) => results === 2)?.said.includes('the last line')).toBe(allows)
      await stage.quiet()
    },
  )

  test.runIf(!edits || !hasList)('is refused before it starts what it cannot be limited to', async () => {
    const stage = await setStage({ roadmap, script: calling(writes('hello.txt')), config: edits ? allowsTail : '' })
    const { code, stderr, stdout } = await run(stage)
    expect(code).toBe(3)
    expect(`${stdout}${stderr}`).toContain(`permissions: {${cli}: full}`)
    expect(stage.server.turns).toEqual([])
  })

  test('rests when its allowance is used up, and a run that may not wait stops', async () => {
    const stage = await setStage({
      roadmap,
      script: () => ({ type: 'refusal', refusal: 'usage_limit' }),
      config: least.config,
    })
    if (cli === 'claude') reportsLimits(stage)
    const patience = isPatient ? ['--timeout', '45s'] : []
    const { code, records } = await run(stage, '--on-limit', 'stop', ...patience, ...least.flags)
    expect(only(records(), 'provider_cooled_down').failure.kind).toBe('usage_limit')
    expect(all(records(), 'task_failed')).toEqual([])
    expect(code).toBe(75)
    await stage.quiet()
  })

  test('is ended by Ctrl-C together with the tool that it runs, and nothing is marked as done', async () => {
    const can = allows ? { flags: [], config: allowsTail } : full
    const stage = await setStage({ roadmap, script: calling(shell(endless)), config: can.config })
    const running = stage.start('-p', agent, ...can.flags)
    const toolRuns = () => stage.processes().some(({ command }) => command === endless)
    await vi.waitUntil(toolRuns, { timeout: 60_000, interval: 20 })
    running.kill('SIGINT')
    const { code, records } = await running.ended
    expect(code).toBe(130)
    await stage.quiet()
    expect(only(records(), 'attempt_failed').failure.kind).toBe('canceled')
    expect(stage.scene.repo.read('roadmap.yaml')).toBe(roadmap)
  })

  test.runIf(provider.resume)('repairs in the same conversation what a gate refuses', async () => {
    // A resumed gemini tells each earlier result twice, so these turns are counted.
    const asked = (about: Turn['about']) => stage.server.turns.filter((turn) => turn.about === about)
    const script = countingRepair(() => stage.server.turns)
    const gates = 'base_gates: skip\ngates: [test -f better.txt]\n'
    const stage = await setStage({ roadmap, script, config: `${least.config}${gates}` })
    const { code, records, stderr } = await run(stage, ...least.flags)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(only(records(), 'repair_started')).toMatchObject({ round: 1, reason: { kind: 'gate_failed' } })
    // The first turn of the round has the tool result of the work before it.
    expect(asked('repair')[0]?.results).toBeGreaterThan(0)
    expect(new Set(all(records(), 'agent_finished').map(({ sessionId }) => sessionId)).size).toBe(1)
    expect(stage.scene.repo.git('ls-tree', '--name-only', 'autopilot/main')).toMatch(/better\.txt[^]*hello\.txt/)
    await stage.quiet()
  })

  test.runIf(provider.resume)(
    'continues its conversation when autopilot was killed in the middle of a turn',
    async () => {
      const script = ({ request, results }: Turn): Answer => {
        if (results === 0) return writes('hello.txt')
        return request === 2 ? { type: 'silence' } : done
      }
      const stage = await setStage({ roadmap, script, config: least.config })
      const running = stage.start('-p', agent, ...least.flags)
      await vi.waitUntil(() => stage.server.turns.length === 2, { timeout: 60_000, interval: 20 })
      // opencode names its conversation once the model has answered for the first time.
      await running.saw('agent_reported', ({ event }) => event.type === 'session')
      running.kill('SIGKILL')
      await running.ended
      const { code, records } = await stage.scene.run(['resume', '--output', 'json', '-p', agent, ...least.flags])
      expect(code).toBe(0)
      expect(stage.server.turns.length).toBeGreaterThan(2)
      expect(stage.server.turns.map(({ results }) => results).slice(2)).not.toContain(0)
      expect(stage.scene.landed('hello.txt')).toBe('by an agent')
      expect(all(records(), 'attempt_failed')).toEqual([])
      await stage.quiet()
    },
  )

  test.runIf(provider.review)('reviews, and writes nothing while it does', async () => {
    let outside = ''
    const script = plantingReview(() => outside)
    const stage = await setStage({
      roadmap: "tasks:\n  - { id: hello, title: Say hello, run: 'echo hello > hello.txt' }\n",
      script,
      files: judgedTree,
      config: `${full.config}gates:\n  - { review: '${agent}', criteria: It greets., name: opinion }\n`,
    })
    outside = stage.scene.repo.beside('planted')
    const { code, records } = await run(stage, ...full.flags)
    expect(code).toBe(0)
    expect(only(records(), 'gate_judged')).toMatchObject({
      gate: 'opinion',
      verdict: 'passed',
      by: { agent: { provider: cli } },
    })
    expect(stage.server.turns.map(({ about, results }) => `${about} ${results}`)).toEqual(
      [0, 1, 2, 3].map((n) => `review ${n}`),
    )
    expect(all(records(), 'review_unanswered')).toEqual([])
    expect(heededIn(stage.server.turns)).toEqual(heededAnyway[cli] ?? [])
    expect(stage.scene.repo.git('ls-tree', '-r', '--name-only', 'autopilot/main')).not.toContain('planted')
    expect(existsSync(outside)).toBe(false)
    await stage.quiet()
  })
})

/** What was refused, as the CLI reported it. */
function deniedIn(records: readonly RunRecord[]): readonly (string | undefined)[] {
  return all(records, 'agent_reported').flatMap(({ event }) => (event.type === 'denied' ? [event.target] : []))
}

/** The server reports a used-up allowance only to subscriptions, which have a token and no key. */
function reportsLimits({ scene }: Stage): void {
  delete scene.env.ANTHROPIC_API_KEY
  scene.env.CLAUDE_CODE_OAUTH_TOKEN = 'sk-ant-oat-test'
}
