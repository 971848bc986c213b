// Settings by file, environment and flag, and what is wrong with them.
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import type { RecordOf } from '../../support/rigs/program.js'

const good = 'tasks:\n  - { id: a, run: echo > a }\n'
const configured = (config: string, roadmap = good) => scene({ roadmap, files: { 'autopilot.yaml': config } })

async function started(stage: Scene, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { records } = await stage.run(['run', '--output', 'json', ...args], { env })
  return records().find((record): record is RecordOf<'run_started'> => record.type === 'run_started')!
}

test('a setting comes from the default, the file, the environment and the flag, each overriding the one before', async () => {
  expect((await started(configured(''))).slots).toHaveLength(5)
  expect((await started(configured('agents: 2'))).slots).toHaveLength(2)
  expect((await started(configured('agents: 2'), [], { AGENTS: '3' })).slots).toHaveLength(3)
  expect((await started(configured('agents: 2'), [], { AGENTS: '3', AUTOPILOT_AGENTS: '4' })).slots).toHaveLength(4)
  expect((await started(configured('agents: 2'), ['-a', '6'], { AUTOPILOT_AGENTS: '4' })).slots).toHaveLength(6)
})

test('iterations, target, permissions and isolation of the file are those of the run', async () => {
  const config = 'iterations: 7\ntarget: from-file\npermissions: full\n'
  expect(await started(configured(config))).toMatchObject({
    maxAttempts: 7,
    permissions: 'full',
    target: { branch: 'from-file' },
  })
  expect((await started(configured('isolation: none'))).isolation).toBe('none')
})

test('the timeout of the file ends an attempt that takes longer', async () => {
  const { records } = await configured('timeout: 1s\niterations: 1', 'tasks:\n  - { id: a, run: sleep 600 }\n').run([
    ...['run', '--output', 'json'],
  ])
  expect(records().find((record) => record.type === 'task_failed')?.failure.kind).toBe('timeout')
})

test('idle timeout, time limit and drain of the file apply, and the environment wins over them', async () => {
  const sleeping = (line: string) => `tasks:\n  - { id: a, run: ${line} }\n`
  const idle = configured('idle_timeout: 500ms\niterations: 1', sleeping('"sleep 2; echo > a"'))
  expect((await idle.run(['run'], { env: { AUTOPILOT_IDLE_TIMEOUT: '0' } })).code).toBe(0)
  const limited = configured('time_limit: 1s\ndrain: 100ms', sleeping('sleep 600'))
  const { code, records } = await limited.run(['run', '--output', 'json'])
  expect(code).toBe(75)
  const steps = records().flatMap(({ type }) => (type === 'run_stopping' || type === 'run_canceling' ? [type] : []))
  expect(steps).toEqual(['run_stopping', 'run_canceling'])
  const env = { AUTOPILOT_TIME_LIMIT: '1h', AUTOPILOT_DRAIN: '0', AUTOPILOT_TIMEOUT: '1s', MAX_ITERATIONS: '1' }
  expect((await limited.run(['run'], { env })).code).toBe(1)
})

test('providers and routes choose who serves which task', async () => {
  const roadmap = `tasks:
  - { id: hard, complexity: 8, expects: no_change }
  - { id: easy, complexity: 1, expects: no_change }
  - { id: usual, expects: no_change }
`
  const config = 'providers: ["claude:sonnet"]\nroutes:\n  complex: ["claude:opus"]\n  simple: ["codex:mini"]\n'
  const stage = configured(config, roadmap)
  for (const name of ['claude', 'codex'] as const)
    fakeCli(stage, name, ({ succeed }) => {
      succeed()
    })
  const { records, code } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  const agents = records().flatMap((one) => (one.type === 'attempt_started' ? [[one.taskId, one.agent]] : []))
  expect(Object.fromEntries(agents)).toEqual({
    hard: { provider: 'claude', model: 'opus' },
    easy: { provider: 'codex', model: 'mini' },
    usual: { provider: 'claude', model: 'sonnet' },
  })
})

test('setup runs in each new workspace, before any agent, and its effect does not count as work', async () => {
  const stage = configured(
    'setup: mkdir -p .cache && echo "set up" > .cache/ready',
    'tasks:\n  - { id: a, run: cat .cache/ready > a }\n',
  )
  stage.repo.write('.gitignore', '.cache/\n')
  stage.repo.commit('ignore the cache')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.landed('a')).toBe('set up')
})

test('a setup that fails leaves no workspace to run in: the tasks are held with its message', async () => {
  const stage = configured('setup: echo "no network" >&2; exit 3')
  const { code, stdout } = await stage.run(['run'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/a: .*setup failed \(exit code 3\): no network/)
})

test('copy brings untracked files into the workspaces, and they are not committed', async () => {
  const stage = configured('copy: [.env]', 'tasks:\n  - { id: a, run: cat .env > a }\n')
  stage.repo.write('.gitignore', '.env\n')
  stage.repo.commit('ignore .env')
  stage.repo.write('.env', 'KEY=1\n')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.landed('a')).toBe('KEY=1')
  expect(stage.repo.git('ls-tree', '--name-only', 'autopilot/main').split('\n')).not.toContain('.env')
})

test('your own prompt template replaces the default', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, title: Title of a, expects: no_change }\n',
    files: { 'autopilot.yaml': 'prompt: prompts/mine.md\n', 'prompts/mine.md': 'Please: {{title}}!\n' },
  })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  expect((await stage.run(['run'])).code).toBe(0)
  expect(calls()[0]!.prompt).toBe('Please: Title of a!\n')
})

test('a prompt template that is missing or wrong ends with 2', async () => {
  const missing = await configured('prompt: gone.md').run(['run'])
  expect(missing.code).toBe(2)
  expect(missing.stderr).toContain('gone.md, which does not exist')
  const stage = scene({ roadmap: good, files: { 'autopilot.yaml': 'prompt: p.md\n', 'p.md': '{{titel}}\n' } })
  const wrong = await stage.run(['run'])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/p\.md: .*titel/)
})

test('statuses give a meaning to your own words', async () => {
  const roadmap = 'tasks:\n  - { id: a, run: echo > a, status: erledigt }\n  - { id: b, run: echo > b }\n'
  expect((await configured('', roadmap).run(['run'])).code).toBe(2)
  const stage = configured('statuses:\n  erledigt: done\n', roadmap)
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.subjects()).toEqual(['b'])
})

test('workspaces.dir says where workspaces are, and they are gone after the run', async () => {
  const stage = configured('workspaces: { dir: ../places }', 'tasks:\n  - { id: a, run: pwd > a }\n')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.landed('a').startsWith(`${stage.repo.beside('places')}/`)).toBe(true)
  const left = readdirSync(stage.repo.beside('places'), { recursive: true, withFileTypes: true })
  // The seed of the workspaces' names stays, for the next run.
  expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(['.seed'])
})

test('allow: adds tools to what claude may use', async () => {
  const stage = configured('allow: ["Bash(npm test:*)"]', 'tasks:\n  - { id: a, expects: no_change }\n')
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  expect((await stage.run(['run'])).code).toBe(0)
  expect(calls()[0]!.args.slice(-2)).toEqual(['--allowedTools', 'Bash(npm test:*)'])
})

const broken: readonly (readonly [title: string, config: string, said: RegExp])[] = [
  [
    'an unknown key, with a guess',
    'agents: 2\nitterations: 3\n',
    /^autopilot\.yaml:2:\d+: error E\d+: unknown key itterations\n +did you mean iterations\?/m,
  ],
  [
    'an unknown key further down',
    'routes:\n  simpel: [claude]\n',
    /^autopilot\.yaml:2:\d+: error E\d+: unknown key routes\.simpel\n +did you mean simple\?/m,
  ],
  ['a bad number', 'agents: none\n', /^autopilot\.yaml:1:9: error E\d+: agents: 'none' is not a whole number/m],
  [
    'a bad provider',
    'providers:\n  - claud\n',
    /^autopilot\.yaml:2:5: error E\d+: providers\.0: .*did you mean claude\?/m,
  ],
  ['a list for one value', 'timeout: [1h]\n', /^autopilot\.yaml:1:10: error E\d+: timeout: /m],
  [
    'an option for a tool to allow',
    'allow: [Edit, --dangerously-skip-permissions]\n',
    /^autopilot\.yaml:1:15: error E104: allow\.1: it is not the name of a tool$/m,
  ],
  [
    'a path to copy that is absolute',
    'copy: [.env, /etc/passwd]\n',
    /^autopilot\.yaml:1:14: error E104: copy\.1: it must stay inside the repository$/m,
  ],
  [
    'a path to copy that leads out',
    'copy:\n  - a/../../b\n',
    /^autopilot\.yaml:2:5: error E104: copy\.0: it must stay/m,
  ],
  ['a git directory to copy', 'copy: [sub/.git/config]\n', /^autopilot\.yaml:1:8: error E104: copy\.0: it is a git/m],
  [
    'a status without sense, with a guess',
    'statuses:\n  icebox: on_hold\n  gone: finishd\n  over: skiped\n',
    /^autopilot\.yaml:3:9: error E104: statuses\.gone: 'finishd' is not a status; known words: pending, .*\n.*:4:9: error E104: .*'skiped' is not a status; did you mean skipped\?/m,
  ],
  [
    'a list for a variable',
    'env: {A: [1]}\n',
    /^autopilot\.yaml:1:10: error E104: env\.A: expected a single value, or/m,
  ],
  [
    'a list for a command',
    'setup: [a]\n',
    /^autopilot\.yaml:1:8: error E104: setup: expected a command, or a map with run, inputs and timeout$/m,
  ],
  ['no command', 'setup: { inputs: [a] }\n', /^autopilot\.yaml:1:8: error E104: setup\.run: setup needs a command$/m],
  [
    'an unknown key of setup, with a guess',
    'setup: { run: x, input: [a] }\n',
    /^autopilot\.yaml:1:\d+: error E103: unknown key setup\.input\n +did you mean inputs\?$/m,
  ],
  [
    'an input outside the repository',
    'setup:\n  run: x\n  inputs: [a, ../b]\n',
    /^autopilot\.yaml:3:15: error E104: setup\.inputs\.1: it must stay inside/m,
  ],
  ['the whole repository to keep', 'keep: [./]\n', /^autopilot\.yaml:1:8: error E104: keep\.0: it is the repository/m],
  ['a link that leads out', 'link: [/etc]\n', /^autopilot\.yaml:1:8: error E104: link\.0: it must stay inside/m],
  ['a text for a list', 'allow: Bash\n', /^autopilot\.yaml:1:8: error E104: allow: expected a list$/m],
  [
    'workspaces inside the repository',
    'workspaces:\n  dir: ./places/deep\n',
    /^autopilot\.yaml:2:8: error E105: workspaces must not be inside their own repository: .*\n +name a directory outside/m,
  ],
  [
    'workspaces where no directory can be',
    'workspaces: { dir: /dev/null/places }\n',
    /^autopilot\.yaml:1:20: error E105: cannot create workspaces: .* is not writable\n +make it writable, or/m,
  ],
  ['what is no YAML', 'agents: [\n', /^autopilot\.yaml:\d+:\d+: error E\d+: /m],
  ['what is no map', '- agents\n', /^autopilot\.yaml:1:\d+: error E104: the configuration: expected a map$/m],
]

for (const [title, config, said] of broken) {
  test(`${title} in autopilot.yaml ends with 2 and its place`, async () => {
    const { code, stderr, stdout } = await configured(config).run(['run'])
    expect(stderr).toMatch(said)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(code).toBe(2)
    expect(stdout).toBe('')
  })
}

test('each variable of the environment has its effect', async () => {
  const twice = 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n'
  const start = await started(configured('', twice), [], {
    AUTOPILOT_ITERATIONS: '4',
    AUTOPILOT_TARGET: 'there',
    AUTOPILOT_PERMISSIONS: 'full',
    AUTOPILOT_ONLY: 'b',
    MAX_ITERATIONS: '9',
  })
  expect(start).toMatchObject({
    maxAttempts: 4,
    target: { branch: 'there' },
    permissions: 'full',
    tasks: [{ id: 'b' }],
  })
  expect((await started(configured('', twice), [], { MAX_ITERATIONS: '9', AUTOPILOT_LIMIT: '1' })).tasks).toHaveLength(
    1,
  )
  const json = await configured('', twice).run(['run'], {
    env: { AUTOPILOT_OUTPUT: 'json', AUTOPILOT_ISOLATION: 'none' },
  })
  expect(json.records()[0]).toMatchObject({ type: 'run_started', isolation: 'none', maxAttempts: 3 })
  const stage = configured('', twice)
  expect((await stage.run(['run'], { env: { DRY_RUN: '1' } })).stdout).toMatch(/^Dry run of /)
  expect((await stage.run(['run'], { env: { DRY_RUN: '1', AUTOPILOT_DRY_RUN: '0' } })).stdout).toMatch(/^Done /m)
})

test('AUTOPILOT_PROVIDER and AUTOPILOT_TIMEOUT are read like the flags', async () => {
  const stage = configured('', 'tasks:\n  - { id: a, run: exit 0, expects: no_change }\n  - { id: b }\n')
  const calls = fakeCli(stage, 'codex', ({ write, succeed }) => {
    write('b', '')
    succeed()
  })
  const { code } = await stage.run(['run'], { env: { AUTOPILOT_PROVIDER: 'codex:mini=1', AUTOPILOT_TIMEOUT: '5m' } })
  expect(code).toBe(0)
  expect(calls()[0]!.args).toEqual(expect.arrayContaining(['-m', 'mini', '-C', calls()[0]!.cwd]))
  expect((await stage.run(['run'], { env: { AUTOPILOT_TIMEOUT: 'long' } })).stderr).toMatch(/AUTOPILOT_TIMEOUT: 'long'/)
})

test('a wrong configuration is found before anything is started or made', async () => {
  const stage = configured('copy: [../secret]\n')
  const { code } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(2)
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot', 'refs/autopilot')).toBe('')
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})

test('your own directory for workspaces may also contain the repository', async () => {
  expect((await configured('workspaces: { dir: .. }').run(['run'])).code).toBe(0)
})

test('a cache directory that is inside the repository, or unusable, ends with 4 before anything is started', async () => {
  const stage = scene({ roadmap: good })
  const inside = await stage.run(['run'], { env: { HOME: stage.repo.dir } })
  expect(inside.code).toBe(4)
  expect(inside.stderr).toMatch(
    /must not be inside their own repository: .*\n +name a directory outside .* in autopilot\.yaml/,
  )
  const unwritable = await stage.run(['run'], { env: { XDG_CACHE_HOME: '/dev/null' } })
  expect(unwritable.code).toBe(4)
  expect(unwritable.stderr).toContain('/dev/null/autopilot is not writable')
  expect(stage.repo.git('for-each-ref', 'refs/heads/autopilot')).toBe('')
  expect((await stage.run(['run', '--isolation', 'none'], { env: { HOME: stage.repo.dir } })).code).toBe(0)
})

test('a mistake is reported with its line, whatever the line endings', async () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const { code, stderr } = await configured(`agents: 2${end}${end}agnts: 3${end}`).run(['run'])
    expect(code).toBe(2)
    expect(stderr).toContain('autopilot.yaml:3:8: error E103: unknown key agnts')
  }
})

test('only the position where the parser lost its way is reported, and none of its own text reaches the terminal', async () => {
  const lost = await configured('gates: ]\nagents: 2\n').run(['run'])
  expect(lost.code).toBe(2)
  expect(lost.stderr.trim().split('\n')).toEqual([expect.stringMatching(/^autopilot\.yaml:1:8: error E102: /)])
  const odd = await configured('{ "\\e[31m": 1 }: 2\n').run(['run'])
  expect(odd.code).toBe(2)
  expect(odd.stderr).not.toContain('Warning')
})
