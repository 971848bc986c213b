// Agent CLIs that the configuration describes, and permissions of single providers.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AcpScript, introduction } from '../../support/fakes/acp-agent.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { rig, scene } from '../../support/scenes/rigged-scene.js'

const oneTask = 'tasks:\n  - { id: a, title: Write it down, provider: mine }\n'

const described = (custom: string, roadmap = oneTask) =>
  scene({ roadmap, files: { 'autopilot.yaml': `custom_providers:\n  mine: ${custom}\n` } })

test('a command of your own is an agent: it gets the prompt on stdin, and its change lands', async () => {
  const stage = described('{ run: \'cat > a; echo "all done"\', permissions: full }')
  const { code, stdout, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(stage.landed('a')).toContain('Write it down')
  expect(records()).toContainEqual(
    expect.objectContaining({ type: 'provider_detected', provider: 'mine', permissions: 'full' }),
  )
  expect(stdout).toContain('all done')
})

test('the prompt may be its last argument instead, whatever is in it', async () => {
  const roadmap = 'tasks:\n  - { id: a, title: "Write $(touch x) `y` \\"it\\" down", provider: mine }\n'
  const stage = described(`{ run: 'printf %s > a', prompt: argument, permissions: full }`, roadmap)
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.landed('a')).toContain('Write $(touch x) `y` "it" down')
})

test('it has failed by its exit code, with the last thing that it said, and by an unchanged tree', async () => {
  const failing = described("{ run: 'cat > a; echo no quota >&2; exit 7', permissions: full }")
  const ended = await failing.run(['run', '-i', '1'])
  expect(ended.code).toBe(1)
  expect(ended.stdout).toMatch(/The command failed \(exit code 7\): no quota/)
  const idle = await described("{ run: 'cat > /dev/null', permissions: full }").run(['run', '-i', '1'])
  expect(idle.code).toBe(1)
  expect(idle.stdout).toMatch(/changed nothing/)
})

test('it is used where it is named and nowhere else, beside the CLIs that autopilot knows', async () => {
  const roadmap =
    'tasks:\n  - { id: a, title: A, provider: [gone, mine] }\n  - { id: b, title: B, expects: no_change }\n'
  const stage = scene({
    roadmap,
    files: {
      'autopilot.yaml':
        "custom_providers:\n  mine: { run: 'cat > a', permissions: full }\n  gone: { run: 'exit 1', permissions: full }\n" +
        'permissions: { gone: edit }\n',
    },
  })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(calls().map(({ prompt }) => /Task (\w)\./.exec(prompt)?.[1])).toEqual(['b'])
  expect(stage.landed('a')).toContain('Task a.')
  expect(stderr).toMatch(/gone is not usable: .*cannot be limited to edit/)
})

test('a provider alone whose permissions cannot be enforced ends with 3, before anything starts', async () => {
  const { code, stderr } = await described("{ run: 'cat > a', permissions: full }").run([
    'run',
    '--permissions',
    'mine=edit',
  ])
  expect(code).toBe(3)
  expect(stderr).toMatch(/Nothing restricts mine but its own command/)
})

test.each<string[][]>([[[]], [['--workers']]])(
  'an agent server of your own works on task after task, with %j: its change lands, and it ends with the run',
  async (flags) => {
    const agents = await rig()
    const roadmap = 'tasks:\n  - { id: a, title: A, provider: mine }\n  - { id: b, title: B, provider: mine }\n'
    const stage = described(`{ acp: ${JSON.stringify(agents.command('mine'))}, permissions: full }`, roadmap)
    const running = stage.start(['run', '--agents', '1', ...flags])
    const server = await agents.next('mine')
    void server.stdin.then(() => server.exit()).catch(() => undefined)
    const agent = new AcpScript(server)
    await agent.answer('initialize', introduction)
    for (const task of ['a', 'b']) {
      const { params } = await agent.answer('session/new', { sessionId: `session-${task}` })
      const prompt = await agent.take('session/prompt')
      expect(JSON.stringify(prompt.params)).toContain(`Task ${task}.`)
      await server.write(join(String(params.cwd), task), `by ${task}\n`)
      await agent.end(prompt)
    }
    expect((await running.ended).code).toBe(0)
    expect([stage.landed('a'), stage.landed('b')]).toEqual(['by a', 'by b'])
    expect(agents.started).toEqual(['mine'])
    await server.gone
  },
)

test('what an agent server of your own answers an error with is known by its words', async () => {
  const agents = await rig()
  const stage = described(`{ acp: ${JSON.stringify(agents.command('mine'))}, permissions: full }`)
  const running = stage.start(['run', '--output', 'json', '--on-limit', 'stop'])
  const server = await agents.next('mine')
  void server.stdin.then(() => server.exit()).catch(() => undefined)
  const agent = new AcpScript(server)
  await agent.open()
  await agent.fail('session/prompt', { code: -32603, message: 'Internal error', data: { details: '429 usage limit' } })
  const { code, records } = await running.ended
  const resting = records().flatMap((record) => (record.type === 'provider_cooled_down' ? [record.failure.kind] : []))
  expect(resting).toEqual(['usage_limit'])
  expect(code).toBe(75)
})

const mistakes: readonly (readonly [title: string, config: string, said: RegExp])[] = [
  [
    'a name that exists',
    'custom_providers: { claude: { run: x, permissions: full } }',
    /1:29: .*claude.*is a provider already/,
  ],
  ['no permissions', 'custom_providers: { mine: { run: x } }', /1:27: .*custom_providers\.mine\.permissions/],
  ['a promise of less than full', 'custom_providers: { mine: { run: x, permissions: edit } }', /write full/],
  [
    'a process and a server at once',
    'custom_providers: { mine: { run: x, acp: x, permissions: full } }',
    /1:34: .*either run or acp/,
  ],
  [
    'a place for the prompts of a server',
    'custom_providers: { mine: { acp: x, prompt: stdin, permissions: full } }',
    /mine\.prompt: .*by the protocol/,
  ],
  ['a server that promises less than full', 'custom_providers: { mine: { acp: x, permissions: edit } }', /write full/],
  ['an empty command', "custom_providers: { mine: { run: ' ', permissions: full } }", /mine\.run: expected a command/],
  [
    'an unknown key',
    'custom_providers: { mine: { run: x, permissions: full, prompts: stdin } }',
    /did you mean prompt\?/,
  ],
  ['an unknown provider in a list', 'providers: [claude, claud]', /1:21: .*providers\.1: .*did you mean claude\?/],
  ['an unknown provider in a route', 'routes: { simple: [claud] }', /1:20: .*routes\.simple\.0/],
  ['an unknown reviewer', 'gates: [{ run: x }, { review: claud, criteria: y }]', /1:31: .*gates\.1\.review/],
  ['an unknown provider with a budget', 'budgets: { claud: 1 }', /1:19: .*budgets\.claud/],
  ['an unknown provider with permissions', 'permissions: { claud: full }', /1:23: .*permissions\.claud/],
  ['permissions that do not exist', 'permissions: { claude: ful }', /did you mean full\?/],
]

test.each(mistakes)('%s in the configuration ends with 2 and its position', async (_, config, said) => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', files: { 'autopilot.yaml': `${config}\n` } })
  const { code, stderr } = await stage.run(['run'])
  expect(stderr).toMatch(said)
  expect(code).toBe(2)
})

test('permissions of single providers come from the configuration, the environment or the flag', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, title: A, expects: no_change }\n',
    files: { 'autopilot.yaml': 'permissions: { claude: full }\n' },
  })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const env = { IS_SANDBOX: '1' }
  await stage.run(['run', '--fresh'], { env })
  await stage.run(['run', '--redo', 'a'], { env: { ...env, AUTOPILOT_PERMISSIONS: 'edit' } })
  await stage.run(['run', '--redo', 'a', '--permissions', 'edit,claude=full'], { env })
  expect(calls().map(({ args }) => args[args.indexOf('--permission-mode') + 1])).toEqual([
    'bypassPermissions',
    'acceptEdits',
    'bypassPermissions',
  ])
})
