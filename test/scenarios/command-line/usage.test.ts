// Mistakes on the command line and in the roadmap, and --help.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

const good = 'tasks:\n  - { id: a, run: echo > a }\n'

const wrong: readonly (readonly [title: string, args: readonly string[], said: RegExp])[] = [
  ['an unknown flag with a guess', ['run', '--agent', '3'], /unknown option '--agent'[\s\S]*--agents/],
  ['a flag by the name of its variable', ['run', '--max-iterations', '3'], /Did you mean --iterations\?/],
  ['a flag with more words than it has', ['run', '--max-budget-tokens=3'], /Did you mean --budget-tokens\?/],
  ['what other tools call a flag', ['run', '-j', '3'], /Did you mean --agents\?/],
  ['a flag before its command', ['-C', '..', 'run'], /-C goes after the command: autopilot run -C/],
  ['a flag without its command', ['--dry-run'], /--dry-run goes after the command: autopilot run --dry-run/],
  ['a flag of another command', ['resume', '--fresh'], /--fresh is an option of autopilot run/],
  ['a roadmap without a command', ['roadmap.yaml'], /Did you mean autopilot run roadmap\.yaml\?/],
  ['a roadmap in TOML', ['run', 'plan.toml'], /plan\.toml/],
  ['an unknown command with a guess', ['rnu'], /unknown command 'rnu'[\s\S]*run/],
  ['no slots', ['run', '--agents', '0'], /'0' is not a whole number from 1 to 256/],
  ['too many slots', ['run', '--agents', '257'], /'257' is not a whole number/],
  ['words for a number', ['run', '--iterations', 'many'], /'many' is not a whole number from 1 to 20/],
  ['a negative limit', ['run', '--limit', '-1'], /'-1'/],
  ['a provider that does not exist, with a guess', ['run', '-p', 'claud'], /did you mean claude\?/],
  ['a cap that is no number', ['run', '-p', 'claude=x'], /'x' is not a whole number/],
  ['an unknown isolation', ['run', '--isolation', 'worktree'], /not one of workspace, none/],
  ['unknown permissions, with a guess', ['run', '--permissions', 'ful'], /did you mean full\?/],
  ['an empty target', ['run', '--target', ''], /must not be empty/],
  ['a duration without sense', ['run', '--timeout', 'soon'], /'soon' is not/],
  ['no time at all for a run', ['run', '--time-limit', '0'], /'0' is not a duration above 0/],
  ['a drain below nothing', ['run', '--drain=-1s'], /'-1s' is neither 0 nor a duration/],
  ['an idle timeout in words', ['run', '--idle-timeout', 'never'], /'never' is neither 0 nor a duration/],
  ['an unknown form of output', ['run', '--output', 'xml'], /not one of human, json/],
  [
    'a task that the roadmap does not have',
    ['run', '--only', 'nothing'],
    /--only names ids that are not in the roadmap: nothing/,
  ],
  ['a task that the roadmap nearly has, with a guess', ['run', '--only', 'ab'], /did you mean a\?/],
  ['a second roadmap', ['run', 'roadmap.yaml', 'other.yaml'], /too many arguments/],
  ['a roadmap that is not there', ['run', 'gone.yaml'], /gone\.yaml/],
]

test.each(['', 'run', 'resume', 'validate', 'status', 'clean', 'init', 'doctor', 'schema', 'completion', 'help'])(
  'the help of "%s" is what the program has to say',
  async (name) => {
    const { run } = scene({ roadmap: good })
    // The one is read from a file of the build, the other made by the program.
    const [atOnce, made] = [await run([name, '--help'].filter(Boolean)), await run(['help', name].filter(Boolean))]
    expect(atOnce.stdout).toContain('Usage: autopilot')
    expect(atOnce).toMatchObject({ code: 0, stdout: made.stdout, stderr: '' })
  },
)

for (const [title, args, said] of wrong) {
  test(`${title} ends with 2 and says so without a stack trace`, async () => {
    const { code, stdout, stderr } = await scene({ roadmap: good }).run(args)
    expect(stderr).toMatch(said)
    expect(stderr).not.toMatch(/^ +at .*:\d+/m)
    expect(stderr).not.toMatch(/internal error/)
    expect(code).toBe(2)
    expect(stdout).toBe('')
  })
}

test('a wrong variable of the environment ends with 2 and is named', async () => {
  const { code, stderr } = await scene({ roadmap: good }).run(['run'], { env: { AUTOPILOT_AGENTS: 'lots' } })
  expect(code).toBe(2)
  expect(stderr).toMatch(/AUTOPILOT_AGENTS: 'lots' is not a whole number/)
})

test('every mistake in a roadmap is reported as file:line:col with a code, and nothing starts', async () => {
  const stage = scene({
    roadmap: `tasks:
  - id: a
    run: echo > a
    status: finishd
  - id: a
    run: echo > b
    dependsOn: [a]
`,
  })
  const { code, stdout, stderr } = await stage.run(['run'])
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^roadmap\.yaml:4:13: error E\d+: /m)
  expect(stderr).toMatch(/^roadmap\.yaml:5:5: error E\d+: /m)
  const json = await stage.run(['run', '--output', 'json'])
  expect(json.code).toBe(2)
  expect(json.stderr).toBe('')
  expect(json.records()).toContainEqual(
    expect.objectContaining({ type: 'problem', position: { file: 'roadmap.yaml', line: 4, column: 13 } }),
  )
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})

test('a cycle is shown whole', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: a, run: exit 0, depends_on: [c] }
  - { id: b, run: exit 0, depends_on: [a] }
  - { id: c, run: exit 0, depends_on: [b] }
`,
  })
  const { code, stderr } = await stage.run(['validate'])
  expect(code).toBe(2)
  for (const id of ['a', 'b', 'c']) expect(stderr).toMatch(new RegExp(`\\b${id}\\b`))
})

test('validate names what is held, and counts all', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: a, run: exit 0 }
  - { id: wait, run: exit 0, status: blocked }
  - { id: by-hand, run: exit 0, execution_mode: manual }
  - { id: lost, run: exit 0, depends_on: [nobody] }
  - { id: over, run: exit 0, status: done }
`,
  })
  const { code, stdout } = await stage.run(['validate'])
  expect(code).toBe(0)
  expect(stdout).toContain('held  wait: blocked in the roadmap')
  expect(stdout).toContain('held  by-hand: execution_mode is manual')
  expect(stdout).toContain('held  lost: depends on nobody')
  expect(stdout).toContain('roadmap.yaml is valid: 5 tasks, 1 to run, 3 held, 1 done')
  const json = await stage.run(['validate', '--output', 'json'])
  expect(json.records().at(-1)).toEqual({
    type: 'valid',
    file: 'roadmap.yaml',
    tasks: 5,
    runnable: 1,
    held: 3,
    done: 1,
  })
})

test('holds by a person do not fail a run, an unresolved dependency does', async () => {
  const held = '  - { id: wait, run: exit 0, status: blocked }\n'
  expect((await scene({ roadmap: good + held }).run(['run'])).code).toBe(0)
  const lost = '  - { id: lost, run: exit 0, depends_on: [nobody] }\n'
  expect((await scene({ roadmap: good + lost }).run(['run'])).code).toBe(1)
})

test('without isolation a task with verify commands is held, and counts as not done', async () => {
  const { code, stdout } = await scene({
    roadmap: `${good}  - { id: gated, run: echo > g, verify: ['npm test'] }\n`,
  }).run(['run', '--isolation', 'none'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/Held +gated: has verify commands/)
})

test('without an argument the default names are looked for in the directory of -C', async () => {
  for (const name of ['roadmap.yaml', 'roadmap.yml', 'roadmap.json', 'state/roadmap.yaml']) {
    const content = name.endsWith('.json') ? '{"tasks":[{"id":"a","run":"exit 0"}]}' : good
    const stage = scene({ files: { [name]: content } })
    const { code, stdout } = await stage.run(['validate', '-C', stage.repo.dir], { cwd: stage.repo.home })
    expect(code).toBe(0)
    expect(stdout).toContain(`${name} is valid: 1 task`)
  }
  const both = scene({ files: { 'roadmap.yml': good, 'roadmap.json': '{"tasks":[]}' } })
  const { code, stderr } = await both.run(['validate'])
  expect(code).toBe(2)
  expect(stderr).toContain('more than one roadmap here: roadmap.yml, roadmap.json')
})

test('a relative roadmap counts from where the command was typed, -C says where to work', async () => {
  const stage = scene()
  stage.repo.write('../elsewhere/plan.yaml', good)
  const { code } = await stage.run(['run', 'plan.yaml', '-C', '../repo'], { cwd: stage.repo.beside('elsewhere') })
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
  expect(stage.repo.read('../elsewhere/plan.yaml')).toContain('status: done')
})

test('--help is complete and --version is the package’s', async () => {
  const { run } = scene()
  const help = await run(['run', '--help'])
  expect(help.code).toBe(0)
  for (const flag of ['--agents', '--iterations', '--provider', '--only', '--limit', '--isolation', '--target'])
    expect(help.stdout).toContain(flag)
  expect(help.stdout).toContain('CI is set to anything but\nnothing, 0, false')
  expect((await run(['--help'])).stdout).toContain('Exit codes:')
  expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('a pipe in place of a roadmap or a configuration is refused, not waited for', async () => {
  const stage = scene({ roadmap: good })
  execFileSync('sh', ['-c', 'mkfifo "$0" autopilot.yaml', stage.repo.beside('pipe')], { cwd: stage.repo.dir })
  const config = await stage.run(['validate'])
  expect(config.code).toBe(2)
  expect(config.stderr).toContain('cannot read autopilot.yaml: not a file')
  execFileSync('rm', [`${stage.repo.dir}/autopilot.yaml`])
  const roadmap = await stage.run(['validate', '../pipe'])
  expect(roadmap.code).toBe(2)
  expect(roadmap.stderr).toMatch(/^\.\.\/pipe:1:1: error E001: /m)
})

test('validate reports an unknown provider, with a suggestion', async () => {
  const roadmap = 'tasks:\n  - { id: a, provider: claud }\n  - { id: b, provider: nobody }\n'
  for (const command of ['validate', 'run']) {
    const { code, stderr } = await scene({ roadmap }).run([command])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^roadmap\.yaml:2:24: error E065: unknown provider "claud"\n +did you mean claude\?/m)
    expect(stderr).toMatch(/^roadmap\.yaml:3:24: error E065: unknown provider "nobody"/m)
  }
})

test('a run with only held tasks says that there is nothing to do', async () => {
  const stage = scene({ roadmap: `${good}  - { id: man, execution_mode: manual }\n` })
  const { code, stdout } = await stage.run(['run', '--only', 'man'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Done +nothing to do: 1 task on hold$/m)
})
