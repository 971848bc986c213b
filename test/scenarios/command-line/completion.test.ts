// Completions, in the real shells as far as they are here.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programFile, projectRoot } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const roadmap = `tasks:
  - { id: login, title: "Add the login: form" }
  - { id: logout, title: Add the logout }
  - { id: "E1:first", title: With a colon }
  - { id: "$(touch pwned)", title: Evil }
  - { id: "a b", title: Two words }
epics:
  - { id: Epic, title: All of it, tasks: [{ id: last, title: Last }] }
`

/** A repository, and an `autopilot` on the PATH that completes, and otherwise only prints what it was given. */
function stageOf(): { readonly stage: Scene; readonly env: Record<string, string> } {
  const stage = scene({ roadmap, files: { 'plan.yml': roadmap, 'notes.txt': 'x\n', 'sub/x': '' } })
  const bin = stage.repo.beside('shell-bin')
  mkdirSync(bin)
  const file = join(bin, 'autopilot')
  const call = `exec '${process.execPath}' '${programFile}' "$@"`
  const script = `#!/bin/sh\ncase "$1" in\n  complete | completion) ${call} ;;\nesac\nprintf 'ARGS'\nprintf '<%s>' "$@"\nprintf '\\n'\n`
  writeFileSync(file, script)
  chmodSync(file, 0o755)
  const PATH = `${bin}:${process.env.PATH ?? ''}`
  return { stage, env: { PATH, HOME: stage.repo.home, TERM: 'dumb', LC_ALL: 'C.UTF-8' } }
}

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
}

/** What `autopilot complete` answers, without the last line. */
function asked({ stage, env }: ReturnType<typeof stageOf>, ...words: string[]): readonly string[] {
  const printed = execFileSync('autopilot', ['complete', '--', ...words], {
    cwd: stage.repo.dir,
    env,
    encoding: 'utf8',
  })
  return printed.trimEnd().split('\n').slice(0, -1)
}

test('ids of tasks and groups come with their titles; what a shell would not take for a word does not', () => {
  const place = stageOf()
  expect(asked(place, 'run', '--only', '')).toEqual([
    'last\tLast',
    'login\tAdd the login: form',
    'logout\tAdd the logout',
    'E1:first\tWith a colon',
    'Epic\tAll of it',
  ])
  expect(asked(place, 'run', '--only=lo')).toHaveLength(2)
  expect(asked(place, 'run', 'plan.yml', '--redo', 'las')).toEqual(['last\tLast'])
})

test('without a roadmap, in a broken one, or in no repository, nothing is offered and nothing fails', () => {
  const place = stageOf()
  place.stage.repo.write('roadmap.yaml', 'tasks: [{')
  expect(asked(place, 'run', '--only', '')).toEqual([])
  expect(asked(place, 'run', 'gone.yaml', '--only', '')).toEqual([])
  expect(asked(place, 'status', '')).toEqual([])
})

test('runs are offered by their ids, the newest first, also below the root', () => {
  const place = stageOf()
  for (const id of ['20260101-000000-aaaa', '20260102-000000-bbbb', 'not a run'])
    mkdirSync(join(place.stage.repo.dir, '.autopilot', 'runs', id), { recursive: true })
  expect(asked(place, 'status', '')).toEqual(['20260102-000000-bbbb', '20260101-000000-aaaa'])
  expect(asked(place, 'resume', '-C', 'sub', '20260101')).toEqual(['20260101-000000-aaaa'])
})

test('completing loads neither the command line nor, for words and runs, the reader of roadmaps', () => {
  const { stage, env } = stageOf()
  const trace = `--require=${stage.repo.beside('trace.cjs')}`
  stage.repo.write(
    '../trace.cjs',
    `const fs = require('node:fs'); const read = fs.readFileSync
fs.readFileSync = (path, ...rest) => { if (String(path).includes('/dist/')) process.stderr.write(path + '\\n'); return read(path, ...rest) }`,
  )
  const script = `'${process.execPath}' '${trace}' '${programFile}' complete -- run --iso 2>&1 >/dev/null`
  const files = execFileSync('sh', ['-c', script], { cwd: stage.repo.dir, env, encoding: 'utf8' })
  expect(files).toContain(join(projectRoot, 'dist', 'complete.cjs'))
  expect(files).not.toContain('command-line.cjs')
})

/** Presses tab behind each line in bash, as its own completion calls the function, and gives the answers. */
const askBash = `
source <(autopilot completion bash)
source <(autopilot completion bash)
complete -p autopilot
for line in "$@"; do
  COMP_LINE=$line COMP_POINT=\${#line} COMP_WORDS=() COMPREPLY=()
  _autopilot_complete
  printf '%s|' "\${COMPREPLY[@]}"
  echo
done
`

test('bash completes commands, options, values, ids, files and directories, without its package for completions', () => {
  const { stage, env } = stageOf()
  const lines = [
    ...['autopilot do', 'autopilot run --iso', 'autopilot run --isolation ', 'autopilot run --isolation=n'],
    ...[
      'autopilot run --only lo',
      'autopilot run --only E1:',
      'autopilot run pl',
      'autopilot run -C s',
      'autopilot run no',
    ],
    ...[
      'FOO=1 autopilot do',
      './autopilot do',
      'autopilot run --only $(touch pwned)',
      'autopilot run --redo `touch pwned` --iso',
    ],
  ]
  const run = (script: string) =>
    execFileSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', ...lines], {
      cwd: stage.repo.dir,
      env,
      encoding: 'utf8',
    })
  const [registered, ...answers] = run(askBash).trimEnd().split('\n')
  expect(registered).toBe('complete -F _autopilot_complete autopilot')
  expect(answers).toEqual([
    ...['doctor|', '--isolation|', 'workspace|none|', 'none|'],
    ...['login|logout|', 'first|', 'plan.yml|', 'sub|', '|'],
    ...['doctor|', 'doctor|', '|', '--isolation|'],
  ])
  expect(stage.repo.git('status', '--porcelain')).toBe('')
})

test('in an interactive bash, tab puts the whole word on the line', () => {
  const { stage, env } = stageOf()
  const rc = stage.repo.beside('bashrc')
  stage.repo.write('../bashrc', `source <(autopilot completion bash)\nPS1='$ '\nbind 'set bell-style none'\n`)
  const keys = 'autopilot doct\t --gates\t\nautopilot run --only logi\t --isolation w\t\nexit\n'
  const shell = `bash --noprofile --rcfile '${rc}' -i`
  const screen = execFileSync('script', ['-qec', shell, '/dev/null'], {
    cwd: stage.repo.dir,
    env,
    encoding: 'utf8',
    input: keys,
  })
  expect(screen).toContain('ARGS<doctor><--gates>')
  expect(screen).toContain('ARGS<run><--only><login><--isolation><workspace>')
})

/** Presses tab in an interactive zsh, and waits each time for what it puts on the line. */
const askZsh = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source <(autopilot completion zsh); setopt no_beep; print READ""Y'
zpty -r shell out '*READY*'
press() {
  zpty -w -n shell "$1"$'\\t'
  zpty -r shell out "*$2*"
}
press 'autopilot doct' 'doctor '
press '--gates' '--gates '
zpty -w -n shell $'\\n'
zpty -r shell out '*<--gates>*'
print -r -- $out
press 'autopilot run --only logi' 'login '
press '--isolation w' 'workspace '
press 'pla' 'plan.yml '
zpty -w -n shell $'\\n'
zpty -r shell out '*<plan.yml>*'
print -r -- $out
press "autopilot run --redo '\\$(touch pwned)' --iso" '--isolation '
zpty -d shell
`

test.skipIf(!has('zsh'))('in an interactive zsh, tab puts commands, options, ids and files on the line', () => {
  const { stage, env } = stageOf()
  const screen = execFileSync('zsh', ['-f', '-c', askZsh], {
    ...{ cwd: stage.repo.dir, env, encoding: 'utf8' as const },
    timeout: 50_000,
  })
  expect(screen).toContain('ARGS<doctor><--gates>')
  expect(screen).toContain('ARGS<run><--only><login><--isolation><workspace><plan.yml>')
  expect(stage.repo.git('status', '--porcelain')).toBe('')
})

test.skipIf(!has('fish'))('fish completes with descriptions', () => {
  const { stage, env } = stageOf()
  const ask = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', 'autopilot completion fish | source; complete -C $argv[1]', line], {
      cwd: stage.repo.dir,
      env,
      encoding: 'utf8',
    })
      .trimEnd()
      .split('\n')
  expect(ask('autopilot doct')).toEqual([expect.stringMatching(/^doctor\tcheck what a run needs/)])
  expect(ask('autopilot run --iso')).toEqual([expect.stringMatching(/^--isolation\t/)])
  expect(ask('autopilot run --only lo')).toEqual(['login\tAdd the login: form', 'logout\tAdd the logout'])
  expect(ask('autopilot run --only=logi')).toEqual(['--only=login\tAdd the login: form'])
  expect(ask("autopilot run --redo '$(touch pwned)' --iso")).toEqual([expect.stringMatching(/^--isolation\t/)])
  expect(stage.repo.git('status', '--porcelain')).toBe('')
  expect(ask('autopilot run pl').map((one) => one.split('\t')[0])).toContain('plan.yml')
})

test('a shell that is none of the three is refused, with the three', async () => {
  const { code, stderr } = await scene().run(['completion', 'tcsh'])
  expect(code).toBe(2)
  expect(stderr).toContain('bash, zsh, fish')
})
