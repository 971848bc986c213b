// What happened with one task, why tasks failed, and what a task has changed.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

/** A task whose first try fails its gate, in a repository where another one fails for good. */
async function twoTasks() {
  const stage = gatedScene({
    roadmap:
      'tasks:\n  - { id: hello, title: Say hello }\n  - { id: bad, run: "echo first; echo second >&2; exit 3" }\n',
    gates: [{ run: 'echo looking; grep good hello.txt || { echo "hello.txt: not good"; exit 1; }', name: 'good' }],
  })
  fakeCli(stage, 'claude', ({ attempt, write, succeed, say, refuse }) => {
    say({
      type: 'assistant',
      message: {
        content: [
          { type: 'text', text: 'I write it.\nIn one \u001b[31mfile.' },
          { type: 'tool_use', id: 'toolu_1', name: 'Write', input: { file_path: `${process.cwd()}/hello.txt` } },
        ],
      },
    })
    if (attempt === 1) refuse('curl example.org')
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1'])
  expect(ended.code).toBe(1)
  return stage
}

test('logs shows a task from its first attempt to its landing: words, tools, refusals, gates with what they printed', async () => {
  const stage = await twoTasks()
  const { code, stdout } = await stage.run(['logs', 'hello'])
  expect(code).toBe(0)
  const lines = stdout.trim().split('\n')
  const order = [
    /^\d\d:\d\d:\d\d {2}hello .* started on slot-\d+ \(claude\)/,
    /^\d\d:\d\d:\d\d {2}I write it\.$/,
    /^ {10}In one file\.$/,
    /^\d\d:\d\d:\d\d {2}→ Write hello\.txt$/,
    /^\d\d:\d\d:\d\d {2}refused: Bash curl example\.org/,
    /^\d\d:\d\d:\d\d {2}its agent has finished/,
    /^\d\d:\d\d:\d\d {2}gate good failed in .*\/gates\/hello-1-\d+-good\.log$/,
    /^ {10}\| looking$/,
    /^ {10}\| hello\.txt: not good$/,
    /^\d\d:\d\d:\d\d {2}hello repair round 1 started/,
    /^\d\d:\d\d:\d\d {2}gate good passed in /,
    /^\d\d:\d\d:\d\d {2}hello .* integrated as /,
    /^hello: done, integrated as [0-9a-f]{10}/,
  ]
  let from = 0
  for (const pattern of order) {
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line))
    expect(at, `${String(pattern)} after line ${from} of\n${stdout}`).toBeGreaterThanOrEqual(from)
    from = at
  }
  expect(stdout).not.toContain('\u001b')
  expect(stdout).not.toMatch(/^\S+ {2}bad /m)
})

test('logs --raw is what the CLI printed, turn by turn, and --output json is the events of the task', async () => {
  const stage = await twoTasks()
  const raw = await stage.run(['logs', 'hello', '--raw'])
  const kinds = raw.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type)
  expect(kinds.filter((type) => type === 'result')).toHaveLength(2)
  const bad = await stage.run(['logs', 'bad', '--raw'])
  expect([bad.stdout, bad.stderr]).toEqual(['first\n', 'second\n'])
  const { stdout } = await stage.run(['logs', 'hello', '--attempt', '1', '--output', 'json'])
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; taskId: string })
  expect(new Set(records.map(({ taskId }) => taskId))).toEqual(new Set(['hello']))
  expect(records.map(({ type }) => type)).toEqual(expect.arrayContaining(['attempt_started', 'task_integrated']))
})

test('logs without a task says why tasks failed; a task, run or combination that there is not is wrong usage', async () => {
  const stage = await twoTasks()
  const { code, stdout } = await stage.run(['logs'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^bad: failed after 1 attempt \(crash\): .*\(exit code 3\): second$/m)
  expect(stdout).toMatch(/^ {4}all of it: .*stderr\.log$/m)
  expect(stdout).not.toContain('hello')
  const json = JSON.parse((await stage.run(['logs', '--output', 'json'])).stdout) as unknown
  expect(json).toMatchObject({ type: 'failed', taskId: 'bad', attempts: 1, failure: { kind: 'crash' } })
  const wrong = async (...args: string[]) => {
    const ended = await stage.run(args)
    return [ended.code, ended.stderr] as const
  }
  expect(await wrong('logs', 'helo')).toEqual([2, expect.stringContaining('did you mean hello?')])
  expect(await wrong('diff', 'helo')).toEqual([2, expect.stringContaining('did you mean hello?')])
  expect(await wrong('logs', '--follow')).toEqual([2, expect.stringContaining('about one task')])
  expect(await wrong('logs', 'hello', '--raw', '--output', 'json')).toEqual([2, expect.stringContaining('--raw')])
  expect(await wrong('logs', 'hello', '--attempt', '0')).toEqual([2, expect.stringContaining('whole number')])
  expect(await wrong('logs', 'hello', '--run', '20200101-000000-abcd')).toEqual([2, expect.stringContaining('no run')])
})

test('logs --follow goes on as the agent does, and ends when its task is settled', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const run = stage.start(['run'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  const followed = stage.start(['logs', 'a', '--follow'])
  const raw = stage.start(['logs', 'a', '--follow', '--raw'])
  await a.say('one')
  await a.write('a.txt', 'a')
  await a.exit(0)
  const log = await followed.ended
  expect(log.code).toBe(0)
  expect(log.stdout).toMatch(/^a: done, integrated as /m)
  expect((await raw.ended).stdout).toBe('one\n')
  await b.write('b.txt', 'b')
  await b.exit(0)
  expect((await run.ended).code).toBe(0)
})

test('logs --follow ends when the run is killed, and says how its task was', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const run = stage.start(['run'])
  const agent = await agents.next('a')
  const followed = stage.start(['logs', 'a', '--follow'])
  run.kill('SIGKILL')
  await run.ended
  await agent.gone
  const { code, stdout } = await followed.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/^a: was running, attempt 1 on slot-1$/m)
})

test('a log is read where it is now, also when the repository was moved', async () => {
  const stage = await twoTasks()
  const moved = stage.repo.beside('moved')
  execFileSync('mv', [stage.repo.dir, moved])
  const { stdout } = await stage.run(['logs', 'hello'], { cwd: moved })
  expect(stdout).toMatch(/^ {10}\| hello\.txt: not good$/m)
})

test('diff is a patch of what landed, or of what an attempt left, as git apply takes it', async () => {
  const stage = await twoTasks()
  const { code, stdout } = await stage.run(['diff', 'hello'])
  expect(code).toBe(0)
  expect(stdout).toContain('+good')
  execFileSync('git', ['apply', '--check'], { cwd: stage.repo.dir, input: stdout })
  expect((await stage.run(['diff', 'hello', '--stat'])).stdout).toMatch(/^ hello\.txt \| 1 \+$/m)
  expect((await stage.run(['diff', 'hello', '--attempt', '1'])).stdout).toContain('+good')
  const nothing = await stage.run(['diff', 'bad'])
  expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('no commit holds the work of bad')])
})

test('diff starts no program of a configuration or of attributes, and keeps bytes as they are', async () => {
  const agents = await rig()
  const stage = scene({
    roadmap: riggedRoadmap(agents, ['a']),
    files: { '.gitattributes': '*.dat diff=loud\n*.bin binary\n' },
  })
  const touched = stage.repo.beside('touched')
  for (const key of ['diff.loud.textconv', 'diff.external', 'core.pager'])
    stage.repo.git('config', key, `touch ${touched}; cat`)
  const run = stage.start(['run'])
  const agent = await agents.next('a')
  await agent.run('sh', '-c', 'printf "caf\\351\\n" > latin.dat; printf "a\\000b" > x.bin')
  await agent.exit(0)
  await run.ended
  const program = stage.start(['diff', 'a'])
  const { stdout } = await program.ended
  expect(stdout).toContain('GIT binary patch')
  expect(readdirSync(join(touched, '..'))).not.toContain('touched')
})

test('status --watch shows the run as it goes on, and ends with its state', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const run = stage.start(['run'])
  const agent = await agents.next('a')
  const watched = stage.start(['status', '--watch', '--exit-status'])
  await agent.write('a.txt', 'a')
  await agent.exit(0)
  await run.ended
  const { code, stdout, stderr } = await watched.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Run +\S+ is finished: /m)
  expect(`${stderr}${stdout}`).toMatch(/a .*integrated as|a: done, integrated as/)
  expect((await stage.run(['status', '--watch'])).stdout).toMatch(/^Run +\S+ is finished: /m)
})

test('Ctrl-C ends the watching, not the run', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const run = stage.start(['run'])
  const agent = await agents.next('a')
  const watched = stage.start(['status', '--watch'])
  watched.kill('SIGINT')
  expect([130, null]).toContain((await watched.ended).code)
  await agent.write('a.txt', 'a')
  await agent.exit(0)
  expect((await run.ended).code).toBe(0)
})
