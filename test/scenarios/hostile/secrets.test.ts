// Values that must not show anywhere.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { treeBytes } from '../../support/rigs/tree-bytes.js'
import type { Scene } from '../../support/scenes/scene.js'

const token = 'tok_5up3r/s3cret+value'
const inFile = 'sk_live_from_the_file'
const named = 'my very own value'
const password = 'p4ssw0rd-in-url'
const all = [token, inFile, named, password]
const forms = all.flatMap((one) => [one, btoa(one), btoa(one).replace(/=+$/, ''), encodeURIComponent(one)])

const env = { NPM_TOKEN: token, MINE: named, DATABASE_URL: `postgres://app:${password}@db/app` }

/** All that the run left below `.autopilot`, by path. */
function records(stage: Scene): ReadonlyMap<string, string> {
  const files = Object.keys(treeBytes(`${stage.repo.dir}/.autopilot`))
  return new Map(files.map((path) => [path, readFileSync(`${stage.repo.dir}/.autopilot/${path}`, 'utf8')]))
}

const config = `
iterations: 1
repair_rounds: 0
secrets: { files: [.env, missing.env], names: [MINE] }
env: { NPM_TOKEN: , MINE: , DATABASE_URL: }
gates: ['echo "gate has $NPM_TOKEN"; ! grep -q red *.txt']
`
const roadmap = `tasks:
  - { id: spoken, title: 'Use ${inFile} well' }
  - { id: red, title: 'Fail' }
  - { id: shell, run: 'printf %s "$NPM_TOKEN"; echo " is whole" >&2; echo "$MINE" >&2; exit 1' }
`

describe.each(everyWay)('%s', (_, flags) => {
  test('no secret reaches the journal, the attempts’ files, the commits, the terminal or the events', async () => {
    const stage = scene({ roadmap, files: { 'autopilot.yaml': config, '.gitignore': '.env\n' } })
    stage.repo.write('.env', `STRIPE=${inFile}\nNODE_ENV=development\n`)
    fakeCli(stage, 'claude', ({ task, write, say, succeed }) => {
      const token = process.env.NPM_TOKEN!
      const text = (words: string) => say({ type: 'assistant', message: { content: [{ type: 'text', text: words }] } })
      text(`It is ${token}, ${Buffer.from(token).toString('base64')}, ${encodeURIComponent(token)}.`)
      text(`coloured: ${token.slice(0, 9)}\u001b[31m${token.slice(9)}`)
      const command = `curl -H ${'x'.repeat(176)} ${token}`
      say({ type: 'assistant', message: { content: [{ type: 'tool_use', name: 'Bash', input: { command } }] } })
      process.stderr.write(token.slice(0, 5))
      process.stderr.write(`${token.slice(5)} and ${process.env.DATABASE_URL!} in development\n`)
      write(`${task}.txt`, task === 'red' ? 'red' : 'fine')
      succeed({ result: `Done with ${process.env.MINE!}` })
    })
    const json = await stage.run(['run', '--output', 'json', ...flags], { env })
    const human = await stage.run(['run', '--only', 'red', '--only', 'shell', ...flags], { env })
    const status = await stage.run(['status'], { env })
    const dry = await stage.run(['run', '--dry-run'], { env })
    const commits = stage.repo.git('log', '--all', '--format=%B')

    const shown = [json, human, status, dry].map(({ stdout, stderr }) => stdout + stderr)
    for (const [where, text] of [...records(stage), ['commits', commits], ...shown.entries()] as const)
      for (const form of forms) expect(text, String(where)).not.toContain(form)

    const kept = [...records(stage)]
    const contentOf = (end: string) => kept.find(([path]) => path.endsWith(end))![1]
    expect(contentOf('journal.jsonl')).toContain('It is ***, ***, ***.')
    expect(contentOf('journal.jsonl')).toContain('Done with ***')
    expect(contentOf('journal.jsonl')).not.toContain('tok_')
    expect(contentOf('stdout.log')).toContain('***')
    expect(contentOf('stderr.log')).toMatch(/\*\*\*/)
    expect(kept.map(([, text]) => text).join('\n')).toContain('postgres://app:***@db/app in development')
    expect(kept.some(([path, text]) => path.includes('/gates/') && text === 'gate has ***\n')).toBe(true)
    expect(kept.some(([path, text]) => path.endsWith('prompt.md') && text.includes('Use *** well'))).toBe(true)
    expect(commits).toContain('Use *** well')
    expect(human.stderr).toContain('***')
  })
})

test('without the name, the same text is kept as it was printed', async () => {
  const roadmap = 'tasks:\n  - { id: a, expects: no_change, run: echo "$VALUE" }\n'
  const stage = scene({ roadmap, files: { 'autopilot.yaml': 'env: { VALUE: my very own value }\n' } })
  expect((await stage.run(['run'])).code).toBe(0)
  expect([...records(stage).values()].join('')).toContain('my very own value')
})

test('agents get the secrets that are masked in what is kept', async () => {
  const roadmap = 'tasks:\n  - { id: a, run: printf %s "$NPM_TOKEN" > got }\n'
  const stage = scene({ roadmap, files: { 'autopilot.yaml': 'env: { NPM_TOKEN: }\n' } })
  expect((await stage.run(['run'], { env })).code).toBe(0)
  expect(stage.landed('got')).toBe(token)
})

test('messages about mistakes hide secrets, too', async () => {
  const stage = scene({ roadmap: 'tasks: []\n' })
  for (const args of [
    ['run', `--${token}`],
    ['run', '--target', token, '-a', token],
    ['validate', `${token}.yaml`],
  ]) {
    for (const output of [[], ['--output', 'json']]) {
      const { code, stdout, stderr } = await stage.run([...args, ...output], { env })
      expect(code).toBe(2)
      expect(stdout + stderr).toContain('***')
      expect(stdout + stderr).not.toContain(token)
    }
  }
})

test('a file of secrets that cannot be read is reported with its place, and a value too short to mask by its name', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, expects: no_change, run: true }\n' })
  stage.repo.write('autopilot.yaml', 'secrets:\n  files:\n    - .git\n')
  const broken = await stage.run(['run'])
  expect(broken.code).toBe(2)
  expect(broken.stderr).toMatch(/^autopilot\.yaml:3:7: error E106: cannot read \.git: /)
  stage.repo.write('autopilot.yaml', 'secrets: { name: [PIN] }\n')
  expect((await stage.run(['validate'])).stderr).toContain('unknown key secrets.name\n    did you mean names?')
  stage.repo.write('autopilot.yaml', 'secrets: { names: [PIN] }\n')
  const short = await stage.run(['run'], { env: { PIN: '1234' } })
  expect(short.code).toBe(0)
  expect(short.stderr).toContain('secrets: the value of PIN is not masked, because it has fewer than 8 characters')
})
