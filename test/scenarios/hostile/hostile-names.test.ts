// Ids that mean something to a shell, a path or git.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** Ids that are a path, an option, a ref, a pattern or a command to somebody, or nearly another one. */
const hostile = [
  ...['../x', '..', '.', '.git', '/etc/passwd', '~', 'a/b', 'a.b', 'C:\\x', 'CON', 'x.lock', 'x..y', 'refs/heads/main'],
  ...['-rf', '--upload-pack=touch pwned', '--', '@', '@{', '@{-1}', 'HEAD', '^', ':', ':/x', '*', '?', '[x]', '%2e%2e'],
  ...[
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned',
    '"',
    "'",
    '\\',
    '#',
    '!',
    '&&',
    '|',
    'null',
    '__proto__',
    'base',
  ],
  ...[
    'Case',
    'case',
    'caf\u00e9',
    'cafe\u0301',
    'p\u0430ypal',
    'paypal',
    'two words',
    'two  words',
    'log\u200bin',
    'login',
  ],
  ...['漢字', '漢字二', `${'x'.repeat(199)}1`, `${'x'.repeat(199)}2`, '\ud83d\ude00', 'constructor', '1', 'toString'],
]

const roadmapOf = (ids: readonly string[]) =>
  `tasks:\n${ids.map((id, index) => `  - { id: ${JSON.stringify(id)}, run: 'echo ${index}; echo ${index} > file-${index}' }\n`).join('')}`

const safePath = /^[a-z0-9-]+-[0-9a-f]{12}-1$/

test('a roadmap whose ids mean something to a shell, a path or git runs like any other, and each task is recognised again', async () => {
  const stage = scene({ roadmap: roadmapOf(hostile) })
  const before = readdirSync(join(stage.repo.dir, '..'))
  const { code, stderr, stdout } = await stage.run(['run', '-a', '8'])
  expect(stderr + stdout).not.toContain('failed')
  expect(code).toBe(0)
  expect(stage.subjects()).toHaveLength(hostile.length)

  const files = stage.repo.git('ls-tree', '--name-only', 'autopilot/main').split('\n').sort()
  expect(files).toEqual(['README.md', 'roadmap.yaml', ...hostile.map((_, index) => `file-${index}`)].sort())
  const refs = stage.repo.git('for-each-ref', '--format=%(refname)').split('\n')
  for (const ref of refs)
    expect(ref).toMatch(/^refs\/(heads\/(autopilot\/)?main|autopilot\/[0-9a-f-]+\/(base|[a-z0-9-]+\/1))$/)
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  const attempts = readdirSync(join(runs, readdirSync(runs)[0]!, 'attempts'))
  expect(attempts).toHaveLength(hostile.length)
  for (const name of attempts) expect(name).toMatch(safePath)
  expect(readdirSync(join(stage.repo.dir, '..'))).toEqual(before)
  expect(existsSync(join(stage.repo.dir, 'pwned'))).toBe(false)

  // Now only the trailers say what has landed: they must distinguish each task from every other.
  stage.repo.git('checkout', 'roadmap.yaml')
  const again = await stage.run(['run', '--output', 'json'])
  expect(again.code).toBe(0)
  expect(again.records().filter(({ type }) => type === 'attempt_started')).toEqual([])
  stage.repo.git('checkout', 'roadmap.yaml')
  const one = roadmapOf([...hostile, 'two   words', 'lo\u200bgin', `${'x'.repeat(199)}3`])
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), one)
  const more = await stage.run(['run', '--output', 'json'])
  expect(more.records().filter(({ type }) => type === 'task_integrated')).toHaveLength(3)
})

test.each([
  ['a line break', 'a\nb', /^roadmap\.yaml:2:11: error E035: the id contains control characters$/m],
  [
    '300 characters',
    'x'.repeat(300),
    /^roadmap\.yaml:2:11: error E035: the id has 300 characters; the maximum is 200$/m,
  ],
])('an id of %s is refused with its place', async (_, id, message) => {
  const { code, stderr } = await scene({ roadmap: roadmapOf([id]) }).run(['run'])
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

/** Has every call of git leave its arguments in a file. */
function listening(stage: Scene): () => readonly (readonly string[])[] {
  const real = stage.env.PATH!.split(delimiter).map((dir) => realpathSync(join(dir, 'git')))[0]!
  const log = stage.repo.beside('git-calls')
  stage.program('git', `#!/bin/sh\nprintf '%s\\037' "$@" '\u001e' >> '${log}'\nexec '${real}' "$@"\n`)
  return () =>
    readFileSync(log, 'utf8')
      .split('\u001e\u001f')
      .map((call) => call.split('\u001f').slice(0, -1))
      .filter(({ length }) => length > 0)
}

test('git gets no name from outside where it could take it for an option', async () => {
  const roadmap = `tasks:
  - id: --hostile-id
    title: --hostile-title
    run: >-
      git init -q --hostile 2>/dev/null; echo x > --hostile-file; mkdir -- -hostile; echo x > -hostile/--hostile;
      echo '#' >> hostile-known; git branch -- hostile-branch; git stash -q; echo y > ./--hostile-file; git add .;
      git commit -qm --hostile-message; git tag hostile-tag
  - { id: -hostile-red, title: x, run: 'echo x > -hostile-red; exit 1' }
`
  const config = 'copy: [--hostile-copied]\ngates: ["true --hostile-gate"]\niterations: 1\ntarget: hostile/-target\n'
  const files = { 'autopilot.yaml': config, 'hostile-known': '#\n', '.gitignore': '--hostile-copied\n' }
  const stage = scene({ roadmap, files })
  stage.repo.write('--hostile-copied', 'x')
  stage.repo.write('hostile-known', 'dirty\n')
  const calls = listening(stage)
  const { code } = await stage.run(['run'])
  expect(code).toBe(1)
  await stage.run(['status'])
  await stage.run(['clean', '--lost'])
  // Commands that the agents ran are theirs; autopilot's own calls name no such command.
  const own = calls().filter(([command]) => !['init', 'branch', 'stash', 'commit', 'tag'].includes(command!))
  expect(own.length).toBeGreaterThan(15)
  for (const call of own) {
    const end = call.indexOf('--')
    const before = end < 0 ? call : call.slice(0, end)
    for (const word of before)
      if (word.includes('hostile')) expect(word).toMatch(/^(refs\/|--format=|core\.excludesFile=|\/)/)
  }
})

test('what an agent puts in the place of its workspace, or of a directory in it, is neither followed nor removed', async () => {
  const roadmap = `tasks:
  - { id: root, run: 'd=$PWD; cd /; rm -rf "$d"; ln -s "$PRECIOUS" "$d"' }
  - { id: folder, run: 'rm -rf conf; ln -s "$PRECIOUS" conf; echo x > x' }
  - { id: git, run: 'rm -rf .git; ln -s "$PRECIOUS" .git; echo y > y' }
  - { id: last, run: 'echo z > z', dependencies: [folder] }
`
  const files = { 'conf/a.txt': 'a\\n', '.gitignore': 'conf/.env\\n', 'autopilot.yaml': '' }
  const stage = scene({ roadmap, files })
  const precious = stage.repo.beside('precious')
  mkdirSync(precious)
  for (const name of ['a.txt', '.env', 'HEAD', 'x']) writeFileSync(join(precious, name), 'precious')
  const config = `copy: [conf/.env]\niterations: 1\nenv: { PRECIOUS: ${JSON.stringify(precious)} }\n`
  stage.repo.write('autopilot.yaml', config)
  stage.repo.write('conf/.env', 'SECRET=1\n')
  // One slot: each attempt finds the workspace of the one before.
  const { records } = await stage.run(['run', '-a', '1', '--output', 'json'])
  const clean = await stage.run(['clean', '--lost'])
  expect(clean.code).toBe(0)
  for (const name of ['a.txt', '.env', 'HEAD', 'x']) expect(readFileSync(join(precious, name), 'utf8')).toBe('precious')
  expect(readdirSync(precious).sort()).toEqual(['.env', 'HEAD', 'a.txt', 'x'])
  const failed = records().flatMap((one) => (one.type === 'task_failed' ? [`${one.taskId} ${one.failure.kind}`] : []))
  expect(failed.sort()).toEqual(['git collect', 'root collect'])
  // A link is work like any other.
  expect(stage.repo.git('ls-tree', 'autopilot/main', 'conf')).toMatch(/^120000 blob/)
  rmSync(precious, { recursive: true })
})
