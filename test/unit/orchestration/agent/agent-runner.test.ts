import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { RunningTurn, TurnEvent, TurnRequest } from '../../../../src/orchestration/agent/contract.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { agentRunners, type MakeRunner } from '../../../support/rigs/agent-runners.js'
import { rig } from '../../../support/scenes/rigged-scene.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'

const success = '{"type":"result","subtype":"success","is_error":false,"result":"all done"}'

function requestOf(agents: AgentRig, more: Partial<TurnRequest> = {}): TurnRequest {
  agents.install('claude', { version: '2.1.332' })
  return {
    provider: 'claude',
    where: { number: 1, taskId: taskId('t') },
    assignment: {
      type: 'work',
      request: workRequest({ cwd: agents.dir, ownDir: join(agents.dir, 'cli') }),
    },
    env: { PATH: `${agents.binDir}:${process.env.PATH}`, AUTOPILOT_ATTEMPT: agents.dir },
    mark: 'AUTOPILOT_ATTEMPT',
    output: { stdout: join(agents.dir, 'out.log'), stderr: join(agents.dir, 'err.log') },
    ...more,
  }
}

/** Keeps what a turn reports; it begins as soon as it is known, unless the test says otherwise. */
function started(make: MakeRunner, request: TurnRequest, begins = true) {
  const runner = make({ secrets: ['s3cret-value'] })
  const turn: RunningTurn = runner.turn(request)
  const told: TurnEvent[] = []
  const waiting = new Set<() => void>()
  const over = (async () => {
    for await (const event of turn.events) {
      told.push(event)
      for (const look of waiting) look()
      if (event.type === 'spawned' && begins) turn.begin()
    }
  })()
  const saw = (type: TurnEvent['type']) =>
    new Promise<void>((resolve) => {
      const look = () => told.some((event) => event.type === type) && resolve()
      waiting.add(look)
      look()
    })
  const said = () => told.flatMap((event) => (event.type === 'said' ? event.events : []))
  return { turn, told, saw, said, over }
}

describe.each(agentRunners)('%s', (_, { make, promptOf, isProcess }) => {
  test('reports as it happens: the spawn, what is said in order, the exit, and what was left in the pipe', async () => {
    const agents = await rig()
    const { turn, told, said, over } = started(make, requestOf(agents))
    const agent = await agents.next('claude')
    expect(await promptOf(agent)).toBe('Do it.')
    await agent.say('{"type":"system","subtype":"init","session_id":"s-1"}', 'no JSON')
    await agent.print(success)
    await agent.exit(0)
    await over
    expect(told[0]).toMatchObject({ type: 'spawned', process: { pid: agent.pid } })
    expect(said().map(({ type }) => type)).toEqual(['session', 'unknown', 'result'])
    expect(told.findLast(({ type }) => type !== 'said' && type !== 'printed')).toEqual({
      type: 'exited',
      exit: { type: 'code', code: 0 },
    })
    expect(await turn.ended).toMatchObject({ exit: { type: 'code', code: 0 }, hasPrinted: true, stderrTail: '' })
  })

  test('does nothing before it is let begin, and nothing at all if it is ended before', async () => {
    const agents = await rig()
    const { turn, saw, told, over } = started(make, requestOf(agents), false)
    await saw('spawned')
    turn.end('canceled')
    turn.begin()
    await over
    expect(agents.started).toEqual([])
    expect(told.map(({ type }) => type).filter((type) => type !== 'said')).toEqual(['spawned', 'exited'])
    expect(await turn.ended).toMatchObject({ ended: 'canceled', hasPrinted: false })
  })

  test('is ended for the first reason that is given', async () => {
    const agents = await rig()
    const { turn } = started(make, requestOf(agents))
    const agent = await agents.next('claude')
    turn.end('timeout')
    turn.end('canceled')
    await agent.gone
    expect(await turn.ended).toMatchObject({ ended: 'timeout', exit: { type: 'signal', signal: 'SIGTERM' } })
  })

  test('exits without having spawned if it cannot be started', async () => {
    const agents = await rig()
    const request = requestOf(agents, { env: { PATH: join(agents.dir, 'nothing') } })
    const { turn, told, over } = started(make, request)
    await over
    expect(told.map(({ type }) => type).filter((type) => type !== 'said')).toEqual(['exited'])
    expect((await turn.ended).exit.type).toBe('not_started')
  })

  test('keeps what is printed in its files, without secrets, and reports the end of stderr', async () => {
    const agents = await rig()
    const request = requestOf(agents)
    const { turn, saw } = started(make, request)
    const agent = await agents.next('claude')
    await agent.say('out: s3cret-value')
    await agent.complain('err: s3cret-value')
    await saw('printed')
    await agent.exit(3)
    const { stderrTail, exit } = await turn.ended
    expect([stderrTail, exit]).toEqual(['err: ***', { type: 'code', code: 3 }])
    expect(readFileSync(request.output.stdout, 'utf8')).toBe('out: ***\n')
    expect(readFileSync(request.output.stderr, 'utf8')).toBe('err: ***\n')
  })

  test.runIf(isProcess)('continues a conversation, or reviews, as the request says', async () => {
    const agents = await rig()
    const request = workRequest({ cwd: agents.dir, prompt: 'Go on.' })
    started(make, requestOf(agents, { assignment: { type: 'work', request, conversation: 'talk-1' } }))
    expect((await agents.next('claude')).args.join(' ')).toContain('--resume talk-1')
    const review = reviewRequest({ cwd: agents.dir, schema: '{"type":"object"}' })
    started(make, requestOf(agents, { assignment: { type: 'review', request: review } }))
    expect((await agents.next('claude')).args).toContain('{"type":"object"}')
  })

  test.runIf(isProcess)('writes the files that the CLI needs before it starts, for nobody else to read', async () => {
    const agents = await rig()
    agents.install('codex', { version: '0.171.0' })
    const ownDir = join(agents.dir, 'own', 'cli')
    const request = reviewRequest({ cwd: agents.dir, ownDir, schema: '{"type":"object"}' })
    started(make, requestOf(agents, { provider: 'codex', assignment: { type: 'review', request } }))
    const { args } = await agents.next('codex')
    const file = args[args.indexOf('--output-schema') + 1] ?? ''
    expect(readFileSync(file, 'utf8')).toBe('{"type":"object"}')
    expect([statSync(ownDir).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600])
  })

  test.runIf(isProcess)('does not start a CLI whose files cannot be written, and says which', async () => {
    const agents = await rig()
    agents.install('codex', { version: '0.171.0' })
    writeFileSync(join(agents.dir, 'own'), '')
    const request = reviewRequest({ cwd: agents.dir, ownDir: join(agents.dir, 'own', 'cli') })
    const { turn } = started(make, requestOf(agents, { provider: 'codex', assignment: { type: 'review', request } }))
    const { exit } = await turn.ended
    expect(exit).toMatchObject({ type: 'not_started', message: expect.stringContaining('own/cli') as unknown })
  })

  test('shows signs of life: what its processes have used so far', async () => {
    const agents = await rig()
    const { turn } = started(make, requestOf(agents))
    const agent = await agents.next('claude')
    const { times } = await turn.life.processorTimes(0)
    expect([...times.keys()]).toContain(agent.pid)
    expect(turn.life.isStopped()).toBe(false)
  })

  test('reports what it left running when it ended by itself, after ending that', async () => {
    const agents = await rig()
    const { turn } = started(make, requestOf(agents))
    const agent = await agents.next('claude')
    const child = await agent.spawnChild({ setsid: true, holdsPipes: false })
    await agent.exit(0)
    await child.gone
    expect((await turn.ended).leftovers).toHaveLength(1)
  })
})
