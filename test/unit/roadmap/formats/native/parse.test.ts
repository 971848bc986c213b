import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { taskId } from '../../../../support/brands.js'
import type { ParsedRoadmap } from '../../../../../src/roadmap/formats/contract.js'
import { parseRoadmap } from '../../../../../src/roadmap/formats/parse.js'

const nested = readFileSync(new URL('../../../../fixtures/roadmaps/nested.yaml', import.meta.url))
const tabs = readFileSync(new URL('../../../../fixtures/roadmaps/tabs.json', import.meta.url))

function parse(text: string | Uint8Array, file = 'r.yaml', statuses?: Record<string, string>): ParsedRoadmap {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  return parseRoadmap(bytes, { file, ...(statuses ? { statuses } : {}) })
}

/** `CODE@LINE:COL` of each problem. */
function codes({ problems }: ParsedRoadmap): string[] {
  return problems.map(({ code, position }) => `${code}@${position.line}:${position.column}`)
}

const tasksOf = (text: string, file?: string) => parse(text, file).roadmap?.tasks ?? []

describe('a roadmap with every place for tasks', () => {
  const { roadmap, problems } = parse(nested)
  const task = (id: string) => roadmap?.tasks.find((found) => found.id === id)

  test('is read epics first, then milestones, root tasks and archive', () => {
    const ids = ['schema', 'api', 'docs', 'load-test', 'export', '1.10', 'notes', 'bootstrap']
    expect(roadmap?.tasks.map(({ id }) => id)).toEqual(ids)
    expect(roadmap?.groups.map(({ id, parent }) => [id, parent])).toEqual([
      ['E1', undefined],
      ['E1.M1', 'E1'],
      ['E1.M1.S1', 'E1.M1'],
      ['M9', undefined],
    ])
  })

  test('gives tasks what they say, inherit and leave to the defaults', () => {
    expect(task('api')).toMatchObject({
      title: 'Add the users endpoint',
      status: 'pending',
      complexity: 'complex',
      priority: 1,
      providers: ['claude'],
      timeoutMs: 1_800_000,
      maxAttempts: 2,
      groups: ['E1', 'E1.M1'],
      path: 'epics[0].milestones[0].tasks[0]',
      position: { line: 17, column: 13 },
      exitCriteria: [
        'Returns 404 for unknown users',
        'test: tests/users.test.ts passes',
        'Best practice: iterate with screenshots',
      ],
    })
    expect(task('docs')).toMatchObject({
      title: 'Describe the endpoint, with examples',
      priority: 3,
      run: 'echo users >> docs.md\n',
    })
    expect(task('load-test')).toMatchObject({
      status: 'pending',
      timeoutMs: 5_400_000,
      maxAttempts: 5,
      complexity: 'simple',
    })
    expect(task('notes')).toMatchObject({
      description: 'For people.\n\nShort.',
      expects: 'no_change',
      exitCriteria: ['Mentions the endpoint'],
    })
    expect(task('1.10')).toMatchObject({ executionMode: 'manual', priority: 2 })
    expect(task('bootstrap')).toMatchObject({ status: 'done', groups: ['E0', 'E0.M1'] })
  })

  test('has only the warning that its manual task asks for', () => {
    expect(problems.map(({ code }) => code)).toEqual(['W064'])
  })
})

test.each([
  ['pending', 'todo To-Do open planned backlog ready queued new not_started draft needs_improvement'],
  ['in_progress', 'in-progress active doing started wip inprogress hooked'],
  ['needs_review', 'review in_review human_review'],
  ['done', 'DONE complete Completed closed merged passed'],
  ['skipped', 'skipped'],
  ['canceled', 'canceled cancelled tombstone duplicate wontfix deleted'],
  ['blocked', 'blocked'],
  ['failed', 'failed error retry'],
  ['on_hold', 'on-hold deferred paused frozen pinned future'],
])('the status %s has many words', (status, words) => {
  for (const word of words.split(' '))
    expect(tasksOf(`- {id: a, title: x, status: ${word}}`)[0]?.status, word).toBe(status)
})

test('words of the configuration are statuses, too', () => {
  expect(
    parse('- {id: a, title: x, status: Ice Box}', 'r.yaml', { ice_box: 'on hold' }).roadmap?.tasks[0]?.status,
  ).toBe('on_hold')
})

test('ids are kept as written, or made from titles without repeats', () => {
  const text =
    '- {id: 007, title: x}\n- {id: 1e3, title: x}\n- title: Foo Bar\n- title: Foo  bar!\n- {id: foo-bar-2, title: x}\n'
  expect(tasksOf(text).map(({ id }) => id)).toEqual(['007', '1e3', 'foo-bar', 'foo-bar-3', 'foo-bar-2'])
})

test('verify takes commands as texts or under run, and keeps the rest as text', () => {
  const { roadmap, problems } = parse(
    '- {id: a, title: x, verify: [npm test, {run: make, timeout: 5m}, {expect: green}]}',
  )
  expect(roadmap?.tasks[0]?.verify).toEqual([
    { run: 'npm test' },
    { run: 'make', timeoutMs: 300_000 },
    { text: 'expect: green' },
  ])
  expect(problems.map(({ code }) => code)).toEqual(['W063'])
})

test('keys of a gate that mean nothing are reported once, with what was probably meant', () => {
  const text = `defaults:
  verify: { run: make lint, timout: 5m }
tasks:
  - id: a
    title: x
    verify:
      - { run: make test, timout: 5m, x-note: kept }
      - { run: make docs, expect: none }
      - { rnu: make all }
      - { expect: all is well }
`
  const { problems } = parse(text)
  expect(problems.map(({ code, position, help }) => [code, position.line, position.column, help])).toEqual([
    ['W060', 2, 29, 'did you mean timeout?'],
    ['W060', 8, 27, 'autopilot keeps it, but does not use it'],
    ['W063', 9, 9, 'rnu: did you mean run?'],
    ['W063', 10, 9, 'give the command as a string, or under run:'],
  ])
})

test('a gate of a task, even one from the defaults, may have a name, a directory and a time limit', () => {
  const text = `defaults:
  verify: make lint
tasks:
  - { id: a, title: x, verify: { run: make test, name: unit, cwd: packages/api, timeout: 1h30m } }
  - { id: b, title: x }
`
  const { roadmap, problems } = parse(text)
  expect(problems).toEqual([])
  expect(roadmap?.tasks.map(({ verify }) => verify)).toEqual([
    [{ run: 'make test', name: 'unit', cwd: 'packages/api', timeoutMs: 5_400_000 }],
    [{ run: 'make lint' }],
  ])
})

test.each([
  ['cwd: ../elsewhere', 'E062'],
  ['cwd: packages/../../x', 'E062'],
  ['cwd: /tmp', 'E062'],
  ['cwd: [a]', 'E061'],
  ['name: {a: b}', 'E061'],
  ['timeout: soon', 'E061'],
])('a gate with %s is refused where it stands', (field, code) => {
  const parsed = parse(`- {id: a, title: x, verify: [make, {run: make test, ${field}}]}`)
  const column = '- {id: a, title: x, verify: [make, {run: make test, '.length + field.indexOf(' ') + 2
  expect(codes(parsed)).toEqual([`${code}@1:${column}`])
  expect(parsed.problems[0]?.path).toBe(`[0].verify[1].${field.split(':')[0]}`)
})

const item = (fields: string) => `- {id: a, title: x, ${fields}}\n`

test.each<[string, string, string[], string?]>([
  ['an empty file', '', ['E002@1:1']],
  ['a file of comments', '# x\n', ['E002@1:1']],
  ['no tasks', 'tasks: []\n', ['E002@1:1']],
  ['epics without tasks', 'epics:\n- {id: a, title: b}\n', ['E003@1:1']],
  ['a tasks.json of VS Code', '{"version":"2.0.0","tasks":[{"label":"x"}]}', ['E004@1:1'], 'r.json'],
  ['an Ansible file', '- hosts: all\n', ['E004@1:1']],
  ['Ansible tasks', '- name: x\n  ansible.builtin.copy: {}\n', ['E004@1:1']],
  ['a Tekton file', 'apiVersion: tekton.dev/v1\nkind: Task\n', ['E004@1:1']],
  ['a file of CrewAI', 'a: {description: x, expected_output: y, agent: z}\n', ['E004@1:1']],
  ['a GitHub workflow', 'on: push\njobs: {}\n', ['E004@1:1']],
  ['a package.json', '{"name":"x","scripts":{}}', ['E004@1:1'], 'package.json'],
  ['a WORKFLOW.md', '---\ntracker: x\n---\n', ['E004@1:1'], 'WORKFLOW.md'],
  ['an inbox', '[{"id":"a","title":"x","summary":"y","status":"accepted"}]', ['E004@1:1'], 'r.json'],
  ['Markdown', '- [ ] x\n', ['E005@1:1'], 'TODO.md'],
  ['another map', 'taks: []\n', ['E005@1:1']],
  ['a NUL byte', 'tasks:\n- a\0b\n', ['E007@2:4']],
  ['deep brackets', '['.repeat(3000), ['E008@1:785']],
  ['deep JSON', '['.repeat(200_000), ['E008@1:101'], 'r.json'],
  ['deep maps', `a: ${'{a: '.repeat(150)}x${'}'.repeat(150)}\n`, ['E008@1:404']],
  ['too many tasks', '- {title: x}\n'.repeat(20_001), ['E008@1:1']],
  ['merge conflict markers', 'tasks:\n<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> b\n', ['E009@2:1']],
  ['a value that starts with a back-tick', '- id: `x`\n', ['E010@1:7']],
  ['a value that starts with @', '- id: @x\n', ['E010@1:7']],
  ['a value that starts with %', '- id: %x\n', ['E010@1:7']],
  ['a second colon', '- title: fix: the thing\n', ['E011@1:10']],
  ['a tab as indentation', 'tasks:\n\t- id: a\n', ['E012@2:1']],
  ['a dedented list', 'tasks:\n    - id: a\n  - id: b\n', ['E013@3:1']],
  ['an open quote', '- title: "foo\n- id: b\n', ['E014@1:10']],
  ['an open bracket', 'tasks: [{id: a}\n', ['E014@1:8']],
  ['a key twice', '- id: a\n  title: x\n  id: b\n', ['E015@3:3']],
  ['a key twice in JSON', '[{"id":"a","title":"x","id":"b"}]', ['E015@1:24'], 'r.json'],
  ['two documents', '- a\n---\n- b\n', ['E016@2:1']],
  ['an unknown anchor', '- *x\n', ['E017@1:3']],
  ['an alias inside its anchor', '- &x [*x]\n', ['E017@1:7']],
  ['a tag', '- id: !secret a\n  title: x\n', ['W018@1:7']],
  ['a trailing comma in JSON', '[{"id":"a","title":"x"},]', ['W019@1:25'], 'r.json'],
  ['a comment in JSON', '// x\n[{"id":"a","title":"x"}]', ['W019@1:1'], 'r.json'],
  ['a missing comma in JSON', '[{"id":"a" "title":"x"}]', ['E020@1:12'], 'r.json'],
  ['JSON cut off', '[{"id":"a"', ['E020@1:11'], 'r.json'],
  ['a bad escape in JSON', '[{"id":"\\x"}]', ['E020@1:8'], 'r.json'],
  ['a single value', 'foo\n', ['E030@1:1']],
  ['tasks that are a text', 'tasks: foo\n', ['E031@1:8']],
  ['tasks that are a map', 'tasks: {a: {title: x}}\n', ['E031@1:8']],
  ['a task that is a text', '- foo\n', ['W032@1:3']],
  ['an empty list item', '- foo\n- ~\n', ['W032@1:3', 'E032@2:3']],
  ['a task without id and title', '- status: done\n', ['E033@1:3']],
  ['a task without title', '- id: a\n', ['W034@1:3']],
  ['an empty id', '- {id: "", title: x}\n', ['E035@1:8']],
  ['a long id', `- {id: ${'a'.repeat(201)}, title: x}\n`, ['E035@1:8']],
  ['an id with a control character', '- {id: "a\\e[2J", title: x}\n', ['E035@1:8']],
  ['an id with a character of no width', '- {id: "a\u200bb", title: x}\n', ['W074@1:8']],
  ['ids that are one number', '- {id: 1.1, title: x}\n- {id: 1.10, title: x}\n', ['W036@2:3']],
  ['an id twice', `${item('')}${item('')}`, ['E040@2:3']],
  ['an unknown status', item('status: icebox'), ['E041@1:29']],
  ['a status that is no word', item('status: true'), ['E042@1:29']],
  ['a flag that is no flag', item('passes: maybe'), ['E042@1:29']],
  ['an unknown dependency', `${item('dependencies: [b]')}- {id: c, title: x}\n`, ['W050@1:36']],
  ['prose as a dependency', `${item('dependencies: [b c]')}- {id: c, title: x}\n`, ['W050@1:36', 'W051@1:36']],
  ['a dependency on itself', item('dependencies: a'), ['E052@1:35']],
  ['a cycle', `${item('dependencies: b')}- {id: b, title: x, dependencies: a}\n`, ['E053@1:35']],
  ['a dependency that is a number', item('dependencies: 3'), ['E056@1:35']],
  ['a nested list of dependencies', item('dependencies: [[b]]'), ['E056@1:36']],
  ['a map without depends_on', item('dependencies: {b: c}'), ['E056@1:35']],
  ['an unknown key', item('dates: []'), ['W060@1:21']],
  ['a key for another tool', item('x-foo: 1'), []],
  ['a bad timeout', item('timeout: soon'), ['E061@1:30']],
  ['a timeout of nothing', item('timeout: 0s'), ['E061@1:30']],
  ['a timeout that comes to nothing', item('timeout: 0.4ms'), ['E061@1:30']],
  ['a bad budget', item('budget: lots'), ['E061@1:29']],
  ['a bad number of attempts', item('max_attempts: 21'), ['E061@1:35']],
  ['a bad priority', item('priority: urgent'), ['E061@1:31']],
  ['a bad complexity', item('complexity: 11'), ['E061@1:33']],
  ['a file outside', item('files: ../x'), ['E062@1:28', 'W066@1:28']],
  ['an absolute file', item('files: [/etc/passwd]'), ['E062@1:28', 'W066@1:28']],
  ['safe files in metadata', item('metadata: {safe_files: [../x]}'), []],
  ['a manual task', `${item('execution_mode: manual')}- {id: b, title: x}\n`, ['W064@1:3']],
  ['features of later versions', item('parallel_group: 1, effort: high'), ['W066@1:37', 'W066@1:48']],
  ['nothing to run', item('status: blocked'), ['W055@1:3']],
  ['a task behind a canceled one', `${item('status: canceled')}- {id: b, title: x, dependencies: a}\n`, ['W056@2:3']],
  [
    'keys of the prototype',
    '[{"__proto__":1,"constructor":2,"id":"a","title":"x"}]',
    ['W060@1:3', 'W060@1:17'],
    'r.json',
  ],
])('%s is reported with its place', (_, text, expected, file) => {
  expect(codes(parse(text, file))).toEqual(expected)
})

test('bytes that are not UTF-8 are reported where they stand', () => {
  expect(codes(parse(Buffer.from('tasks:\n- id: \xe9t\n', 'latin1')))).toEqual(['E007@2:7'])
  expect(codes(parse(Buffer.from('\ufefftasks:\n', 'utf16le')))).toEqual(['E007@1:1'])
})

test('a file of more than 10 MB is refused', () => {
  expect(codes(parse(new Uint8Array(10 * 1024 * 1024 + 1).fill(35)))).toEqual(['E008@1:1'])
})

test('aliases that multiply are refused, a default merged into many tasks is not', () => {
  const bomb = Array.from({ length: 9 }, (_, at) => `x${at + 1}: &x${at + 1} [${`*x${at},`.repeat(10)}]`)
  expect(parse(`x0: &x0 [a]\n${bomb.join('\n')}\ntasks: *x9\n`).problems.map(({ code }) => code)).toEqual(['E017'])
  const many = Array.from({ length: 300 }, (_, at) => `- {id: t${at}, title: x, <<: *d}`)
  const merged = parse(`x-d: &d {priority: low}\ntasks:\n${many.join('\n')}\n`)
  expect(merged.problems).toEqual([])
  expect(merged.roadmap?.tasks.every(({ priority }) => priority === 3)).toBe(true)
})

test('a cycle through an epic is shown whole, with a place for each member', () => {
  const text = `epics:
- {id: E1, title: x, tasks: [{id: a, title: x, dependencies: c}]}
tasks:
- {id: b, title: x, dependencies: [E1]}
- {id: c, title: x, dependencies: [b]}
`
  const [problem] = parse(text).problems
  expect(problem).toMatchObject({ code: 'E053' })
  for (const part of ['a (2:62)', 'b (4:36 through E1)', 'c (5:36)']) expect(problem?.text).toContain(part)
  expect(codes(parse(text.replace('{id: b,', '{id: b, status: done,')))).toEqual([])
})

test('a task behind a blocked one is named', () => {
  const [first] = parse(
    `${item('status: blocked')}- {id: b, title: x, dependencies: a}\n- {id: c, title: x}\n`,
  ).problems
  expect(first?.code).toBe('W054')
  expect(first?.text).toContain('b (behind a: blocked)')
})

test('a group that waits makes its tasks wait', () => {
  const tasks = tasksOf('epics:\n- {id: E, blocked_by: [a], tasks: [{id: a, title: x}, {id: b, title: x}]}\n')
  expect(tasks.map(({ dependencies }) => dependencies.map(({ ref }) => ref))).toEqual([[], ['a']])
})

test('messages never carry control characters of the file', () => {
  const { problems } = parse('- {id: a, title: x, status: "\\e[2Jevil\\u202e"}')
  expect(JSON.stringify(problems)).not.toMatch(/\\u001b|\u202e/)
})

describe('whatever the bytes', () => {
  const places = fc.array(
    fc.tuple(fc.nat(2000), fc.constantFrom(...' \n\t:-[]{}"\'&*!|>#%@`,?~<0a\0\ufeff'.split(/(?:)/))),
    {
      maxLength: 4,
    },
  )

  test.each([
    ['r.yaml', nested.toString()],
    ['r.json', tabs.toString()],
  ])('a damaged %s never throws', (file, text) => {
    fc.assert(
      fc.property(places, fc.boolean(), (edits, insert) => {
        let damaged = text
        for (const [place, character] of edits) {
          const at = place % damaged.length
          damaged = damaged.slice(0, at) + character + damaged.slice(insert ? at : at + 1)
        }
        const parsed = parse(damaged, file)
        expect(parsed.roadmap !== undefined || parsed.problems.length > 0).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['r.yaml', 'r.json', 'r'])('random bytes in %s never throw, and are no roadmap', (file) => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          expect(parse(bytes, file).problems.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('twenty thousand tasks in a chain are read with their graph', () => {
  const lines = Array.from(
    { length: 20_000 },
    (_, at) => `- {id: t${at}, title: x${at === 0 ? '' : `, dependencies: [t${at - 1}]`}}`,
  )
  const { graph, problems } = parse(`tasks:\n${lines.join('\n')}\n`)
  expect(problems).toEqual([])
  expect(graph?.chain.get(taskId('t0'))).toBe(19_999)
})

describe('the names of providers', () => {
  const read = (text: string, providers?: readonly string[]) =>
    parseRoadmap(new TextEncoder().encode(text), { file: 'r.yaml', ...(providers ? { providers } : {}) })
  const known = ['claude', 'codex', 'command']

  test('that do not exist are an error with a suggestion, in a task and in the defaults', () => {
    const text = 'defaults: {provider: gemini}\ntasks:\n- {id: a, title: x, provider: claud}\n'
    const parsed = read(text, known)
    expect(codes(parsed)).toEqual(['E065@1:22', 'E065@3:31'])
    expect(parsed.problems[0]?.help).toBe('known providers: claude, codex, command')
    expect(parsed.problems[1]?.help).toMatch(/^did you mean claude\?/)
  })

  test('may be several for a task, in order of preference, each of which is looked at', () => {
    const text =
      'tasks:\n- {id: a, title: x, provider: [codex, claude]}\n- {id: b, title: y, provider: [codex, claud]}\n'
    const parsed = read(text, known)
    expect(parsed.roadmap?.tasks[0]?.providers).toEqual(['codex', 'claude'])
    expect(codes(parsed)).toEqual(['E065@3:39'])
  })

  test('that are known, or that nobody asked about, are accepted', () => {
    const text = '- {id: a, title: x, provider: codex}\n'
    expect(codes(read(text, known))).toEqual([])
    expect(codes(read(text.replace('codex', 'gemini')))).toEqual([])
  })
})

describe('keys that say something about order or checks', () => {
  const two = (fields: string) => `- {id: b, title: y}\n${item(fields)}`

  test.each(['needs', 'requires', 'after', 'depends', 'deps', 'Needs', 'DEPENDS_ON', 'Depends-On', 'blockedby'])(
    '%s names dependencies',
    (key) => {
      const { roadmap, problems } = parse(two(`${key}: [b]`))
      expect(problems).toEqual([])
      expect(roadmap?.tasks[1]?.dependencies.map(({ ref }) => ref)).toEqual(['b'])
    },
  )

  test('count on an epic, too, for the tasks below it', () => {
    const { graph, problems } = parse(
      'tasks: [{id: b, title: y}]\nepics: [{id: e, title: e, needs: b, tasks: [{id: a, title: x}]}]\n',
    )
    expect(problems).toEqual([])
    expect(graph?.dependencies.get(taskId('a'))).toEqual(['b'])
  })

  test('an unknown id is an error even under a name that packages use, and holds the task under other names', () => {
    expect(codes(parse(two('deps: [react]')))).toEqual(['E050@2:28'])
    expect(codes(parse(two('Requires: [react]')))).toEqual(['E050@2:32'])
    expect(codes(parse(two('dependencies: [react], deps: [react]')))).toEqual(['E050@2:36'])
    expect(codes(parse(two('dependencies: [react]')))).toEqual(['W050@2:36'])
  })

  test('such an error of an epic is reported once, and none of a done task', () => {
    const epic = (tasks: string) => `epics: [{id: e, title: e, deps: react, tasks: [${tasks}]}]\n`
    expect(codes(parse(epic('{id: a, title: x}, {id: b, title: y}') + 'tasks: [{id: c, title: z}]\n'))).toEqual([
      'E050@1:33',
    ])
    expect(codes(parse(`- {id: b, title: y}\n${item('status: done, deps: [react]')}`))).toEqual(['W050@2:42'])
  })

  test('a value under such a name that is no list of ids is an error', () => {
    expect(codes(parse(two('requires: {node: ">=18"}')))).toEqual(['E056@2:31'])
    expect(codes(parse(two('after: soon')))).toEqual(['E050@2:28'])
  })

  test.each(['gates', 'Gates', 'VERIFY'])('%s of a task means verify', (key) => {
    const { roadmap, problems } = parse(`- {id: a, title: x, ${key}: [npm test]}\n`)
    expect(problems).toEqual([])
    expect(roadmap?.tasks[0]?.verify).toEqual([{ run: 'npm test' }])
  })

  test('gates under both names must all pass, and those of the defaults count where a task has none', () => {
    const text =
      'defaults: {gates: make lint}\ntasks: [{id: a, title: x, verify: make, gates: [make test]}, {id: b, title: y}]\n'
    const { roadmap, problems } = parse(text)
    expect(problems).toEqual([])
    expect(roadmap?.tasks.map(({ verify }) => verify)).toEqual([
      [{ run: 'make' }, { run: 'make test' }],
      [{ run: 'make lint' }],
    ])
  })

  test.each([
    ['checks', 'is it verify: (commands that must pass) or exit_criteria: (text for the agent)?'],
    ['Checks', 'is it verify: (commands that must pass) or exit_criteria: (text for the agent)?'],
    ['gate', 'did you mean verify?'],
    ['verfy', 'did you mean verify?'],
    ['Verifiy', 'did you mean verify?'],
    ['dependecies', 'did you mean dependencies?'],
    ['dependancies', 'did you mean dependencies?'],
    ['depend_on', 'did you mean depends_on?'],
    ['dependency', 'did you mean dependencies?'],
    ['require', 'did you mean requires?'],
  ])('%s is refused, with what to write', (key, help) => {
    const { problems } = parse(item(`${key}: [all is well]`))
    expect(problems.map((problem) => [problem.code, problem.help])).toEqual([['E060', help]])
  })

  test.each(['dates', 'verified', 'required', 'blocked', 'need', 'x-deps', 'x_checks'])(
    '%s is a word of its own: no error',
    (key) => {
      expect(parse(item(`${key}: true`)).problems.filter(({ severity }) => severity === 'error')).toEqual([])
    },
  )

  test.each([
    ['a map of tasks', 'verify: make\ntasks: [{id: a, title: x}]\n', '1:1'],
    ['an epic', 'epics: [{id: e, title: e, gates: make, tasks: [{id: a, title: x}]}]\n', '1:27'],
    ['the defaults', 'defaults: {needs: b}\ntasks: [{id: a, title: x}]\n', '1:12'],
  ])('such a key is refused where it would have no effect, as in %s', (_, text, place) => {
    expect(codes(parse(text))).toEqual([`E060@${place}`])
  })
})

test('a command longer than a process can be given is refused where it stands', () => {
  const long = `echo ${'x'.repeat(128 * 1024)}`
  const longest = `echo ${'x'.repeat(127 * 1024)}`
  const roadmap = (command: string) =>
    JSON.stringify({ tasks: [{ id: 'a', title: 'A', verify: [{ run: command }, command] }] })
  expect(codes(parse(roadmap(long), 'r.json')).map((code) => code.split('@')[0])).toEqual(['E061', 'E061'])
  expect(codes(parse(roadmap(longest), 'r.json'))).toEqual([])
  const task = JSON.stringify({ tasks: [{ id: 'a', title: 'A', run: long }] })
  expect(codes(parse(task, 'r.json')).map((code) => code.split('@')[0])).toEqual(['E061'])
})

const bernstein = 'name: x\nstages:\n- name: One\n  steps: [{title: x}]\n'

test.each<[string, RegExp, string?]>([
  ['stages: [build, test]\nunit:\n  stage: test\n  script: [npm test]\n', /a GitLab CI file/, '.gitlab-ci.yml'],
  ['image: node:22\nunit:\n  script: [npm test]\n', /a GitLab CI file/],
  ['stages:\n- stage: Build\n  jobs: []\n', /an Azure pipeline/],
  ['version: 2.1\njobs: {}\nworkflows: {}\n', /a CircleCI file/],
  [bernstein, /a bernstein plan/],
  ['[[tasks]]\nid = "a"\n', /not written in TOML/, 'plan.toml'],
])('%j is called what it is', (text, said, file) => {
  const { problems } = parse(text, file)
  expect(problems).toHaveLength(1)
  expect(problems[0]?.text).toMatch(said)
})

test.each([
  ['- {id: a, title: x, cmd: make}', 'W060'],
  ['- {id: a, title: x, verify: [{cmd: make}]}', 'W063'],
  ['- {id: a, title: x, verify: {command: make}}', 'W063'],
  ['- {id: a, title: x, verify: [{run: make, script: make}]}', 'W060'],
])('a command under another name, as in %s, gets the hint run', (text, code) => {
  const problem = parse(text).problems.find((one) => one.code === code)
  expect(problem?.help).toMatch(/did you mean run\?/)
})

test('a task has the estimate that the roadmap gives it, in whatever unit; what is no number is no mistake', () => {
  const parsed = parse(`tasks:
  - { id: a, title: a, estimate_hours: 1.5 }
  - { id: b, title: b, estimated_minutes: '20' }
  - { id: c, title: c, effort_hours: TBD, estimated_minutes: 5 }
  - { id: d, title: d, estimated_effort_hours: 0 }
`)
  expect(codes(parsed)).toEqual([])
  expect(parsed.roadmap?.tasks.map(({ estimateMs }) => estimateMs)).toEqual([5_400_000, 1_200_000, 300_000, undefined])
})
