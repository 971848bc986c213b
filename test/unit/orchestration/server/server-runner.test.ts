import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import type { TurnEvent, TurnRequest } from '../../../../src/orchestration/agent/contract.js'
import { serverRunner, type ServerRunnerParts } from '../../../../src/orchestration/server/server-runner.js'
import { usualLimits } from '../../../../src/orchestration/server/served-turn.js'
import { commandLine } from '../../../../src/platform/processes/table/process-table.js'
import { startProcess } from '../../../../src/platform/processes/running-process.js'
import { claude } from '../../../../src/providers/claude/provider.js'
import { command } from '../../../../src/providers/command.js'
import { withFakeServing, type FakeOrder, type FakeServingOptions } from '../../../support/fakes/fake-serving.js'
import type { AgentRig, FakeAgent } from '../../../support/fakes/fake-agent.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { stateOf } from '../../../support/rigs/processes.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'
import { until } from '../../../support/rigs/until.js'
import { rig } from '../../../support/scenes/rigged-scene.js'

const success = '{"type":"result","subtype":"success","is_error":false,"result":"all done"}'
const hasProc = existsSync('/proc/self/stat')

interface TestRequest extends Partial<Omit<TurnRequest, 'where'>> {
  readonly slot?: number
  readonly taskId?: string
}

/** A runner with servers that do what the test says, and a clock that the test moves. */
async function stage(serving: FakeServingOptions = {}, more: Partial<ServerRunnerParts> = {}) {
  const agents = await rig()
  agents.install('claude', { version: '2.1.332' })
  const clock = virtualClock()
  const provider = withFakeServing(claude, { answers: true, ...serving })
  const oneShot = withFakeServing(claude, { serves: false })
  const runner = serverRunner({
    oneShot: false,
    start: startProcess,
    findProvider: (name) => ({ claude: provider, command, oneShot })[name],
    maskAt: () => noMask,
    clock,
    environmentIn: (env) => env,
    directory: join(agents.dir, 'servers'),
    ...more,
  })
  let turns = 0
  const start = (wanted: TestRequest = {}, begins = true) => {
    const { slot = 1, taskId: id = 't', ...rest } = wanted
    const name = `turn-${++turns}`
    const request: TurnRequest = {
      provider: 'claude',
      where: { number: slot, taskId: taskId(id) },
      assignment: { type: 'work', request: workRequest({ cwd: agents.dir, prompt: `Do ${name}.` }) },
      env: environment(agents, { AUTOPILOT_TASK: id, AUTOPILOT_ATTEMPT: join(agents.dir, name) }),
      mark: 'AUTOPILOT_ATTEMPT',
      output: { stdout: join(agents.dir, `${name}.out`), stderr: join(agents.dir, `${name}.err`) },
      ...rest,
    }
    const turn = runner.turn(request)
    const told: TurnEvent[] = []
    const follow = async () => {
      for await (const event of turn.events) {
        told.push(event)
        if (event.type === 'spawned' && begins) turn.begin()
      }
    }
    const over = follow()
    const said = () => told.flatMap((event) => (event.type === 'said' ? event.events : []))
    return { turn, request, told, said, over }
  }
  onTestFinished(async () => {
    // The fake servers end with the end of their input.
    await runner.close()
  })
  return { agents, runner, clock, start }
}

function environment(agents: AgentRig, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: `${agents.binDir}:${process.env.PATH}`, ...more }
}

async function order(server: FakeAgent): Promise<FakeOrder> {
  return JSON.parse(await server.line()) as FakeOrder
}

/** Takes the next order, which must be this one, and answers it. */
async function answer(server: FakeAgent, name: FakeOrder['order'], by?: string): Promise<FakeOrder> {
  const given = await order(server)
  expect(given.order).toBe(name)
  if (by !== undefined) await server.say(JSON.stringify({ server: by }))
  return given
}

/** A server that has just started: its handshake. */
async function opened(agents: AgentRig): Promise<FakeAgent> {
  const server = await agents.next('claude')
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  await answer(server, 'open', 'opened')
  return server
}

const taken = (server: FakeAgent) => answer(server, 'turn', 'taken')

/** Ends a turn well. */
async function finish(server: FakeAgent): Promise<void> {
  await server.say(success, '{"server":"over"}')
  await answer(server, 'clean', 'cleaned')
}

test('one server serves turn after turn, each of which is told in full, ends well and has files of its own', async () => {
  const { agents, start } = await stage()
  const first = start()
  const server = await opened(agents)
  await taken(server)
  await server.complain('a warning')
  await finish(server)
  expect(await first.turn.ended).toEqual({ exit: { type: 'code', code: 0 }, hasPrinted: true, stderrTail: 'a warning' })
  const second = start()
  const { assignment } = await taken(server)
  expect(assignment?.request.prompt).toBe('Do turn-2.')
  await finish(server)
  await second.over
  expect(second.told[0]).toMatchObject({ type: 'spawned', process: { pid: server.pid } })
  expect(second.told.findLast(({ type }) => type === 'exited')).toMatchObject({ exit: { type: 'code', code: 0 } })
  expect(second.said()).toMatchObject([{ type: 'result', text: 'all done' }])
  expect(agents.started).toEqual(['claude'])
  for (const { request } of [first, second])
    expect(readFileSync(request.output.stdout, 'utf8').match(/all done/g)).toHaveLength(1)
  expect((await second.turn.ended).stderrTail).toBe('')
})

test('what differs with each attempt goes with the turn, and never into the environment of the server', async () => {
  const { agents, start } = await stage()
  const { turn, request } = start({ taskId: 'one' })
  const server = await opened(agents)
  const { variables } = await taken(server)
  expect(variables).toEqual({ AUTOPILOT_TASK: 'one', AUTOPILOT_ATTEMPT: request.env.AUTOPILOT_ATTEMPT })
  expect(Object.keys(server.env).filter((name) => name.startsWith('AUTOPILOT_'))).toEqual(['AUTOPILOT_SERVER'])
  expect(server.cwd).toBe(join(agents.dir, 'servers', '1'))
  await finish(server)
  await turn.ended
})

test('how a server is started may depend on its environment, and whoever talks to it knows that', async () => {
  const { agents, start } = await stage({ argsOf: (_, { MY_KEY = 'none' }) => [`--key-of=${MY_KEY}`] })
  const { turn } = start({ env: environment(agents, { MY_KEY: 'mine', AUTOPILOT_TASK: 'one' }) })
  const server = await agents.next('claude')
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  expect(server.args).toContain('--key-of=mine')
  const { env } = await answer(server, 'open', 'opened')
  expect(env).toMatchObject({ MY_KEY: 'mine' })
  expect(env).not.toHaveProperty('AUTOPILOT_TASK')
  await taken(server)
  await finish(server)
  await turn.ended
})

const others: readonly (readonly [string, (agents: AgentRig) => TestRequest])[] = [
  [
    'permissions',
    (agents) => ({
      assignment: { type: 'work', request: workRequest({ cwd: agents.dir, permissions: 'full' }) },
    }),
  ],
  [
    'list of permitted tools',
    (agents) => ({ assignment: { type: 'work', request: workRequest({ cwd: agents.dir, allow: ['Bash(ls)'] }) } }),
  ],
  ['account', (agents) => ({ env: environment(agents, { ANTHROPIC_API_KEY: 'another' }) })],
  ['environment', (agents) => ({ env: environment(agents, { DATABASE: 'task_two' }) })],
  ['command', (agents) => ({ assignment: { type: 'review', request: reviewRequest({ cwd: agents.dir }) } })],
]

test.each(others)('a turn with another %s gets another server, once the one before has ended', async (_, wanted) => {
  const { agents, start } = await stage({ argsOf: ({ type }) => (type === 'review' ? ['--read-only'] : []) })
  const { turn } = start({ env: environment(agents) })
  const first = await opened(agents)
  await taken(first)
  await finish(first)
  await turn.ended
  start({ env: environment(agents), ...wanted(agents) })
  const second = await opened(agents)
  await first.gone
  expect(second.pid).not.toBe(first.pid)
  await taken(second)
  await finish(second)
})

test('a server of one attempt has its variables, and what only its start needs makes no difference', async () => {
  const { agents, start } = await stage({ resumesWith: '--resume' })
  const first = start({ taskId: 'one' })
  const server = await opened(agents)
  expect(server.env.AUTOPILOT_TASK).toBe('one')
  expect((await taken(server)).variables).toEqual({})
  await finish(server)
  await first.turn.ended
  const request = workRequest({ cwd: agents.dir })
  const { env } = first.request
  start({ env, assignment: { type: 'work', request, conversation: 'c-1' } })
  expect((await taken(server)).assignment).toMatchObject({ conversation: 'c-1' })
  await server.exit(1)
  const third = start({ env, assignment: { type: 'work', request, conversation: 'c-1' } })
  const next = await opened(agents)
  expect(next.args).toEqual(['serve', '--resume', 'c-1'])
  await taken(next)
  await finish(next)
  await third.turn.ended
})

test.each([
  ['has served enough turns', { mostTurns: 1 }],
  ['is old', { mostAgeMs: 0 }],
  ...(hasProc ? [['uses much memory', { mostBytes: 1 }] as const] : []),
] as const)('a server that %s is replaced after its turn, and so is the next', async (_, limit) => {
  const wear = { mostBytes: Infinity, mostTurns: Infinity, mostAgeMs: Infinity, ...limit }
  const { agents, clock, start } = await stage({}, { wear })
  let last: FakeAgent | undefined
  for (let turns = 1; turns <= 3; turns++) {
    const { turn } = start()
    const server = await opened(agents)
    await last?.gone
    await taken(server)
    await finish(server)
    await turn.ended
    clock.advance(1)
    last = server
  }
})

test('each slot has a server of its own', async () => {
  const { agents, start } = await stage()
  const [one, other] = [start({ slot: 1 }), start({ slot: 2 })]
  const servers = [await opened(agents), await opened(agents)]
  for (const server of servers) {
    await taken(server)
    await finish(server)
  }
  await Promise.all([one.turn.ended, other.turn.ended])
  expect(servers.map(({ env }) => env.AUTOPILOT_SERVER)).toEqual([
    ...new Set(servers.map(({ env }) => env.AUTOPILOT_SERVER)),
  ])
})

test('a turn on a slot waits until nothing is left of the one before', async () => {
  const { agents, start } = await stage()
  const first = start()
  const server = await opened(agents)
  await taken(server)
  await server.say(success, '{"server":"over"}')
  await answer(server, 'clean')
  const second = start()
  expect(second.told).toEqual([])
  await server.say('{"server":"cleaned"}')
  await first.turn.ended
  expect((await taken(server)).assignment?.request.prompt).toBe('Do turn-2.')
  await finish(server)
  await second.turn.ended
})

test('who has no server, or cannot review by one, gets a process for each turn', async () => {
  const { agents, start } = await stage({ canReview: false })
  start({ provider: 'oneShot' })
  const work = await agents.next('claude')
  expect(work.args).toContain('stream-json')
  expect(await work.stdin).toBe('Do turn-1.')
  await work.exit()
  start({ assignment: { type: 'review', request: reviewRequest({ cwd: agents.dir }) } })
  expect((await agents.next('claude')).args).toContain('--json-schema')
})

test('a server that breaks its protocol is ended, its turn has failed for this reason, and the next gets a new one', async () => {
  const { agents, start } = await stage()
  const { turn, said, over } = start()
  const server = await opened(agents)
  await taken(server)
  await server.say('{"server":"broken","kind":"spawn"}').catch(() => undefined)
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'spawn' } }])
  expect(await turn.ended).toMatchObject({ exit: { type: 'signal', signal: 'SIGTERM' } })
  expect((await turn.ended).ended).toBeUndefined()
  start()
  const next = await opened(agents)
  await taken(next)
  await finish(next)
})

test.each([
  ['its handshake', 'open', usualLimits.openMs],
  ['the turn', 'turn', usualLimits.takeMs],
] as const)('a server that never answers %s is given up after its time', async (_, unanswered, limitMs) => {
  const { agents, clock, start } = await stage()
  const { turn, said, over } = start()
  const server = await agents.next('claude')
  if (unanswered === 'turn') await answer(server, 'open', 'opened')
  await answer(server, unanswered)
  clock.advance(limitMs - 1)
  expect(said()).toEqual([])
  clock.advance(1)
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'crash' } }])
  expect((await turn.ended).exit).toEqual({ type: 'signal', signal: 'SIGTERM' })
  expect(clock.timers).toBe(0)
  start()
  const next = await opened(agents)
  await taken(next)
  await finish(next)
})

/** A server that only a shell script describes; it answers the handshake. */
function install(agents: AgentRig, script: string): void {
  const opens = `read -r line; echo '{"server":"opened"}'`
  writeFileSync(join(agents.binDir, 'claude'), `#!/bin/sh\n${opens}\n${script}\n`, { mode: 0o755 })
}

test('a server that prints a line without an end has failed', async () => {
  const { agents, start } = await stage()
  install(agents, "head -c 17000000 /dev/zero | tr '\\0' x; read -r turn; read -r never")
  const { said, over } = start()
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'crash' } }])
})

test('a message is understood behind a title or a colour for a terminal', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const server = await agents.next('claude')
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  await answer(server, 'open')
  await server.say('\u001b]0;ready\u0007\u001b[32m{"server":"opened"}\u001b[0m')
  await taken(server)
  await finish(server)
  expect((await turn.ended).exit).toEqual({ type: 'code', code: 0 })
})

test('a server that does not read what it is told has failed', async () => {
  const { agents, start } = await stage()
  install(agents, 'exec sleep 1000')
  const prompt = 'x'.repeat(40_000_000)
  const { said, over } = start({ assignment: { type: 'work', request: workRequest({ cwd: agents.dir, prompt }) } })
  await over
  expect(said()).toMatchObject([{ type: 'result', failure: { kind: 'crash' } }])
})

test('a server that crashes in the middle of a turn ends it with its own exit, and the next turn gets a new one', async () => {
  const { agents, start } = await stage()
  const { turn, said, told, over } = start()
  const server = await opened(agents)
  await taken(server)
  await server.complain('thread panicked')
  const child = await server.spawnChild({ setsid: true, holdsPipes: false })
  await server.exit(101)
  await child.gone
  await over
  expect(said()).toEqual([])
  expect(told.at(-1)).toEqual({ type: 'exited', exit: { type: 'code', code: 101 } })
  const { stderrTail, leftovers } = await turn.ended
  expect(stderrTail).toBe('thread panicked')
  expect(leftovers).toHaveLength(1)
  start()
  const next = await opened(agents)
  await taken(next)
  await finish(next)
})

test('a server that has ended between two turns is replaced', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  await finish(server)
  await turn.ended
  await server.exit(1)
  await until(() => stateOf(server.pid) === '', 'the server is gone')
  start()
  const next = await opened(agents)
  await taken(next)
  await finish(next)
  expect(next.pid).not.toBe(server.pid)
})

test.runIf(hasProc)(
  'what a turn leaves running is ended and told, in whatever session; what the server had before is not',
  async () => {
    const { agents, start } = await stage()
    const first = start()
    const server = await agents.next('claude')
    void server.stdin.then(() => server.exit()).catch(() => undefined)
    const helper = await server.spawnChild({ setsid: true, holdsPipes: false })
    await answer(server, 'open', 'opened')
    await taken(server)
    const left = await server.spawnChild({ setsid: true, holdsPipes: false })
    await left.ignore('SIGTERM')
    const grandchild = await left.spawnChild({ setsid: true, holdsPipes: false })
    await server.say(success, '{"server":"over"}')
    await answer(server, 'clean', 'cleaned')
    await Promise.all([left.gone, grandchild.gone])
    expect((await first.turn.ended).leftovers).toHaveLength(2)
    expect(agents.living()).toEqual(['claude', helper.name])
    const second = start()
    await taken(server)
    await finish(server)
    expect((await second.turn.ended).leftovers).toBeUndefined()
  },
)

test.runIf(hasProc)(
  'what has cleared its environment is found by where it works, if nobody else works there',
  async () => {
    const { agents, start } = await stage()
    const first = start({ isAlone: true })
    const server = await opened(agents)
    await taken(server)
    const sleeping = async () => {
      const pid = Number(
        await server.run('/bin/sh', '-c', 'setsid env -i sleep 1000 </dev/null >/dev/null 2>&1 & echo $!'),
      )
      await until(() => commandLine(pid) === 'sleep 1000', 'it has cleared its environment')
      return pid
    }
    const pid = await sleeping()
    await finish(server)
    expect((await first.turn.ended).leftovers).toEqual(['sleep 1000'])
    const second = start()
    await taken(server)
    const own = await sleeping()
    await finish(server)
    expect((await second.turn.ended).leftovers).toBeUndefined()
    // Where nobody reaps it, it stays as a zombie.
    expect(['', 'Z']).toContain(stateOf(pid))
    process.kill(own, 'SIGKILL')
  },
)

const failed = (said: string) => JSON.stringify({ type: 'result', subtype: 'success', is_error: true, result: said })

test.each([
  ['an old login', 'Failed to authenticate: OAuth token has expired', true],
  ['a program that was replaced', "Cannot find module './chunk-4f2a.js'", true],
  ['a dead connection', 'Unable to connect to the API', true],
  ['a used-up allowance', 'You have hit your usage limit', false],
])('after a failure that may be its own, a server is replaced: %s', async (_, said, isReplaced) => {
  const { agents, start } = await stage()
  const first = start()
  const server = await opened(agents)
  await taken(server)
  await server.say(failed(said), '{"server":"over"}')
  await answer(server, 'clean', 'cleaned')
  await first.turn.ended
  const next = start()
  const serving = isReplaced ? await opened(agents) : server
  await taken(serving)
  await finish(serving)
  await next.turn.ended
  expect(agents.started).toHaveLength(isReplaced ? 2 : 1)
})

test('a turn that is ended is interrupted, and the server serves the next', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  turn.end('timeout')
  turn.end('canceled')
  await answer(server, 'interrupt', 'over')
  await answer(server, 'clean', 'cleaned')
  expect(await turn.ended).toMatchObject({ ended: 'timeout', exit: { type: 'code', code: 0 } })
  const next = start()
  await taken(server)
  await finish(server)
  await next.turn.ended
})

test('a server that ignores the interruption is ended after its time', async () => {
  const { agents, clock, start } = await stage()
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  turn.end('budget')
  await answer(server, 'interrupt')
  clock.advance(usualLimits.interruptMs)
  await server.gone
  expect(await turn.ended).toMatchObject({ ended: 'budget', exit: { type: 'signal', signal: 'SIGTERM' } })
})

test('a turn that is ended during the handshake ends the server', async () => {
  const { agents, start } = await stage()
  const { turn } = start()
  const server = await agents.next('claude')
  turn.end('canceled')
  await server.gone
  expect(await turn.ended).toMatchObject({ ended: 'canceled' })
})

test('a turn that is ended before it begins leaves a server alone that has served before', async () => {
  const { agents, start } = await stage()
  const first = start()
  const server = await opened(agents)
  await taken(server)
  await finish(server)
  await first.turn.ended
  const second = start({}, false)
  second.turn.end('canceled')
  expect(await second.turn.ended).toMatchObject({ ended: 'canceled', exit: { type: 'not_started' } })
  const third = start()
  expect((await taken(server)).assignment?.request.prompt).toBe('Do turn-3.')
  await finish(server)
  await third.turn.ended
})

test('a turn whose directory is gone is not given to a server, new or not', async () => {
  const { agents, start } = await stage()
  const gone = { assignment: { type: 'work', request: workRequest({ cwd: join(agents.dir, 'gone') }) } } as const
  const exit = { type: 'not_started', message: 'The working directory does not exist.' }
  expect(await start(gone).turn.ended).toMatchObject({ exit })
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  await finish(server)
  await turn.ended
  expect(await start(gone).turn.ended).toMatchObject({ exit })
  const next = start()
  await taken(server)
  await finish(server)
  await next.turn.ended
})

test('a server that cannot end what a turn left running is ended itself', async () => {
  const { agents, clock, start } = await stage()
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  await server.say(success, '{"server":"over"}')
  await answer(server, 'clean')
  clock.advance(usualLimits.cleanMs)
  await server.gone
  expect(await turn.ended).toMatchObject({ exit: { type: 'code', code: 0 } })
})

test('closing ends the servers, and what they still work on', async () => {
  const { agents, runner, start } = await stage()
  const { turn } = start()
  const server = await opened(agents)
  await taken(server)
  const closed = runner.close()
  await answer(server, 'interrupt', 'over')
  await answer(server, 'clean', 'cleaned')
  await closed
  await server.gone
  expect(await turn.ended).toMatchObject({ ended: 'canceled' })
})
