import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { reviewRequest, workRequest } from '../../support/rigs/requests.js'
import { chosenClis, clis, providerOf, type Cli } from '../clis.js'
import type { Turn } from '../model-server.js'
import { tokens, type Answer } from '../protocol.js'
import { all, only, readStdout, setStage, type Stage } from '../stage.js'
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

// What every CLI must do that is an agent server of the Agent Client Protocol, in a worker.

const full = ['--permissions', 'full']

const editing = { type: 'work', request: workRequest({ allow: ['Bash(tail:*)'] }) } as const

interface Served {
  readonly cli: Cli
  /** How its processes are known. */
  readonly server: RegExp
  /** Cached tokens that it tells of each call of the model. */
  readonly cached: number
  /** It finds a conversation of an earlier server again. */
  readonly resumes: boolean
  /** It cannot tell a used-up allowance from too many requests. */
  readonly hidesAllowance?: true
}

const servers: Partial<Record<Cli, Omit<Served, 'cli'>>> = {
  // Its answers tell cached tokens only within all that were read. It looks for conversations where it was started.
  gemini: { server: /gemini.* --acp/, cached: 0, resumes: false },
  opencode: { server: /opencode.* acp/, cached: tokens.cached, resumes: true },
  qwen: { server: /qwen.* --acp/, cached: tokens.cached, resumes: true, hidesAllowance: true },
  copilot: { server: /copilot.* --acp/, cached: tokens.cached, resumes: true },
}

const none: Omit<Served, 'cli'> = { server: /^$/, cached: 0, resumes: false }
const rows = chosenClis.map((cli): Served => ({ cli, ...(servers[cli] ?? none) }))

/** On two busy cores, opencode takes half a minute for its start. */
const timeout = 240_000

describe.each(rows)(
  '$cli as a server',
  { timeout, concurrent: false },
  ({ cli, server, cached, resumes, hidesAllowance }) => {
    const { agent, isPatient } = clis[cli]
    const { serve } = providerOf(cli)
    const isServed = servers[cli] !== undefined
    const servesEdit = isServed && serve?.command(editing, '/own', {}) !== undefined
    const servesReview =
      isServed && serve?.command({ type: 'review', request: reviewRequest() }, '/own', {}) !== undefined
    const run = (stage: Stage, ...args: readonly string[]) =>
      stage.run('-p', agent, '--workers', '--agents', '1', '-i', '1', ...args)
    const serversOn = (stage: Stage) => stage.processes().filter(({ command }) => server.test(command))
    const expectServed = (stage: Stage, records: readonly RunRecord[], task = 'hello') =>
      expect(readStdout(stage, records, task)).toContain('"jsonrpc"')

    test.runIf(isServed)(
      'does task after task, each in a conversation of its own, told and counted in full',
      async () => {
        const two = `${roadmap}  - { id: again, title: Say hello again, depends_on: [hello] }\n`
        const script = (turn: Turn) => calling(writes(`${turn.task}.txt`))(turn)
        const stage = await setStage({ roadmap: two, script })
        const started = new Set<number>()
        const running = stage.start('-p', agent, '--workers', '--agents', '1', '-i', '1', ...full)
        const watching = setInterval(() => serversOn(stage).forEach(({ pid }) => started.add(pid)), 50)
        const { code, records, stderr } = await running.ended
        clearInterval(watching)
        expect(stderr).toBe('')
        expect(code).toBe(0)
        for (const task of ['hello', 'again']) {
          expect(stage.scene.landed(`${task}.txt`)).toBe('by an agent')
          expectServed(stage, records(), task)
        }
        const finished = all(records(), 'agent_finished')
        expect(new Set(finished.map(({ sessionId }) => sessionId)).size).toBe(2)
        for (const { text, usage, sessionId } of finished) {
          expect(sessionId).toMatch(/^[\w-]{20,}$/)
          expect(text).toBe('Done.')
          expect(usage).toMatchObject({
            inputTokens: 2 * tokens.input,
            cachedInputTokens: 2 * cached,
            outputTokens: 2 * tokens.output,
          })
        }
        // No side requests, such as one for a title, and nothing of one task in the other's conversation.
        expect(stage.server.turns.map(({ task, results }) => `${task} ${results}`)).toEqual(
          ['hello', 'again'].flatMap((task) => [`${task} 0`, `${task} 1`]),
        )
        await stage.quiet()
      },
    )

    test.runIf(servesEdit)(
      'may edit, and run what allow: permits; another command, one behind a permitted one, and a redirection are refused',
      async () => {
        const outside = (name: string) => stage.scene.repo.beside(`${name}.txt`)
        const refused = () => [
          `sh -c 'echo x > ${outside('command')}'`,
          `tail README.md && touch ${outside('chained')}`,
          `tail README.md > ${outside('redirected')}`,
          `{ tail README.md; } > ${outside('grouped')}`,
        ]
        const script = (turn: Turn) => {
          const calls = ['tail -n 1 README.md', ...refused()].map(shell)
          return calling(writes('hello.txt'), ...calls, writes(outside('written')))(turn)
        }
        const files = { 'README.md': 'the last line\n' }
        const stage = await setStage({ roadmap, script, files, config: "allow: ['Bash(tail:*)']\n" })
        const { code, records } = await run(stage)
        const made = ['command', 'chained', 'redirected', 'grouped', 'written'].filter((name) =>
          existsSync(outside(name)),
        )
        expect(made).toEqual([])
        expect(code).toBe(0)
        expect(stage.scene.landed('hello.txt')).toBe('by an agent')
        expectServed(stage, records())
        const denied = all(records(), 'agent_reported').filter(({ event }) => event.type === 'denied')
        expect(denied.length).toBeGreaterThanOrEqual(refused().length)
        expect(stage.server.turns.find(({ results }) => results === 2)?.said).toContain('the last line')
        await stage.quiet()
      },
    )

    test.runIf(isServed)('rests when its allowance is used up, and a run that may not wait stops', async () => {
      const stage = await setStage({ roadmap, script: () => ({ type: 'refusal', refusal: 'usage_limit' }) })
      const patience = isPatient ? ['--timeout', '60s'] : []
      // A moment it waits for in any case, unless it is told for how long.
      const wait = hidesAllowance ? ['--max-wait', '500ms'] : []
      const { code, records } = await run(stage, '--on-limit', 'stop', ...wait, ...patience, ...full)
      const kind = hidesAllowance ? 'rate_limit' : 'usage_limit'
      expect(only(records(), 'provider_cooled_down').failure.kind).toBe(kind)
      expect(all(records(), 'task_failed')).toEqual([])
      expect(code).toBe(75)
      await stage.quiet()
    })

    test.runIf(isServed)('is ended by Ctrl-C together with the tool that it runs, and nothing is marked', async () => {
      const stage = await setStage({ roadmap, script: calling(shell(endless)) })
      const running = stage.start('-p', agent, '--workers', '--agents', '1', ...full)
      const toolRuns = () => stage.processes().some(({ command }) => command === endless)
      await vi.waitUntil(toolRuns, { timeout: 90_000, interval: 20 })
      running.kill('SIGINT')
      const { code, records } = await running.ended
      expect(code).toBe(130)
      await stage.quiet()
      expect(only(records(), 'attempt_failed').failure.kind).toBe('canceled')
      expect(stage.scene.repo.read('roadmap.yaml')).toBe(roadmap)
    })

    test.runIf(isServed)('is canceled when its time is up while a tool runs, and then does the next task', async () => {
      const two = 'tasks:\n  - { id: slow, title: Wait, timeout: 20s }\n  - { id: hello, title: Say hello }\n'
      const script = (turn: Turn) => calling(turn.task === 'slow' ? shell(endless) : writes('hello.txt'))(turn)
      const stage = await setStage({ roadmap: two, script })
      const { code, records } = await run(stage, ...full)
      expect(code).toBe(1)
      expect(all(records(), 'attempt_failed').map(({ failure }) => failure.kind)).toEqual(['timeout'])
      expect(stage.scene.landed('hello.txt')).toBe('by an agent')
      await stage.quiet()
    })

    test.runIf(isServed)('repairs in the same conversation what a gate refuses', async () => {
      const asked = (about: Turn['about']) => stage.server.turns.filter((turn) => turn.about === about)
      const script = countingRepair(() => stage.server.turns)
      const stage = await setStage({ roadmap, script, config: 'base_gates: skip\ngates: [test -f better.txt]\n' })
      const { code, records, stderr } = await run(stage, ...full)
      expect(stderr).toBe('')
      expect(code).toBe(0)
      expect(asked('repair')[0]?.results).toBeGreaterThan(0)
      expect(new Set(all(records(), 'agent_finished').map(({ sessionId }) => sessionId)).size).toBe(1)
      await stage.quiet()
    })

    test.runIf(isServed)(
      'killed between two turns, it is started again, and goes on with the conversation if it can',
      async () => {
        const asked = (about: Turn['about']) => stage.server.turns.filter((turn) => turn.about === about)
        const script = ({ about }: Turn): Answer => {
          if (about !== 'repair') return asked(about).length === 1 ? writes('hello.txt') : done
          return asked(about).length === 1 ? writes('better.txt') : done
        }
        // The first time it waits until the test has killed the server.
        const gate =
          'test -f better.txt || { test -e "$GATE" || { touch "$GATE"; while test ! -s "$GATE"; do sleep 0.1; done; }; false; }'
        const stage = await setStage({
          roadmap,
          script,
          config: `base_gates: skip\nenv: { GATE: }\ngates: [${JSON.stringify(gate)}]\n`,
        })
        const gateRan = stage.scene.repo.beside('gate-ran')
        stage.scene.env.GATE = gateRan
        const running = stage.start('-p', agent, '--workers', '--agents', '1', '-i', '1', ...full)
        await vi.waitUntil(() => existsSync(gateRan), { timeout: 120_000, interval: 20 })
        const before = serversOn(stage)
        expect(before.length).toBeGreaterThan(0)
        for (const { pid } of before) process.kill(pid, 'SIGKILL')
        writeFileSync(gateRan, 'killed\n')
        const { code, records } = await running.ended
        expect(code).toBe(0)
        const finished = all(records(), 'agent_finished').filter(({ failure }) => failure === undefined)
        expect(new Set(finished.map(({ sessionId }) => sessionId)).size).toBe(resumes ? 1 : 2)
        expect(all(records(), 'conversation_lost')).toHaveLength(resumes ? 0 : 1)
        expect((asked('repair')[0]?.results ?? 0) > 0).toBe(resumes)
        // Only what each turn itself has said, not the replay of the one before.
        const said = all(records(), 'agent_reported').flatMap(({ event }) =>
          event.type === 'text' ? [event.text] : [],
        )
        expect(said).toEqual(['Done.', 'Done.'])
        await stage.quiet()
      },
    )

    test.runIf(isServed)(
      'killed in the middle of a turn, its attempt has failed, and the next one succeeds',
      async () => {
        const script = (turn: Turn) => (turn.request === 1 ? shell(endless) : calling(writes('hello.txt'))(turn))
        const stage = await setStage({ roadmap, script })
        const running = stage.start('-p', agent, '--workers', '--agents', '1', '-i', '2', ...full)
        const toolRuns = () => stage.processes().some(({ command }) => command === endless)
        await vi.waitUntil(toolRuns, { timeout: 90_000, interval: 20 })
        for (const { pid } of serversOn(stage)) process.kill(pid, 'SIGKILL')
        const { code, records } = await running.ended
        expect(all(records(), 'attempt_failed').map(({ failure }) => failure.kind)).toEqual(['crash'])
        expect(code).toBe(0)
        expect(stage.scene.landed('hello.txt')).toBe('by an agent')
        await stage.quiet()
      },
    )

    test.runIf(servesReview)('reviews, and writes nothing while it does', async () => {
      let outside = ''
      const script = plantingReview(() => outside)
      const stage = await setStage({
        roadmap: "tasks:\n  - { id: hello, title: Say hello, run: 'echo hello > hello.txt' }\n",
        script,
        files: judgedTree,
        config: `gates:\n  - { review: '${agent}', criteria: It greets., name: opinion }\n`,
      })
      outside = stage.scene.repo.beside('planted')
      const { code, records } = await run(stage, ...full)
      expect(code).toBe(0)
      expect(only(records(), 'gate_judged')).toMatchObject({ gate: 'opinion', verdict: 'passed' })
      expect(stage.server.turns.map(({ about, results }) => `${about} ${results}`)).toEqual(
        [0, 1, 2, 3].map((n) => `review ${n}`),
      )
      expect(heededIn(stage.server.turns)).toEqual(heededAnyway[cli] ?? [])
      expect(stage.scene.repo.git('ls-tree', '-r', '--name-only', 'autopilot/main')).not.toContain('planted')
      expect(existsSync(outside)).toBe(false)
      await stage.quiet()
    })
  },
)
