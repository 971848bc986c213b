// Where the configuration is found, by which names, and what is in force.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = 'tasks:\n  - { id: a, run: echo > a }\n'
const strict = 'gates: [test -e b]\niterations: 1\nbase_gates: skip\n'
const withFile = (name: string) => scene({ roadmap, files: { [name]: strict } })

describe('the name of the configuration', () => {
  test.each(['autopilot.yaml', 'autopilot.yml'])('%s at the root is used', async (name) => {
    expect((await withFile(name).run(['run'])).code).toBe(1)
    const wrong = await scene({ roadmap, files: { [name]: 'agents: lots\n' } }).run(['run'])
    expect(wrong.stderr).toMatch(new RegExp(`^${name}:1:9: error E104: `))
  })

  test.each([
    ['.autopilot.yaml', 'rename it to autopilot.yaml'],
    ['.autopilot.yml', 'rename it to autopilot.yaml'],
    ['Autopilot.yaml', 'rename it to autopilot.yaml'],
    ['autopilot.json', 'rename it to autopilot.yaml (JSON can be read as YAML)'],
    ['autopilot.toml', 'write its settings into autopilot.yaml, as YAML'],
  ])('%s is refused by name, even beside one that is used', async (name, help) => {
    for (const files of [{ [name]: strict }, { [name]: strict, 'autopilot.yaml': strict }]) {
      const stage = scene({ roadmap, files })
      for (const args of [['run'], ['validate']]) {
        const { code, stderr } = await stage.run(args)
        expect([code, stderr.trimEnd().split('\n').slice(0, 2)]).toEqual([
          2,
          [`${name}:1:1: error E107: ${name} is not read: the configuration file is autopilot.yaml`, `    ${help}`],
        ])
      }
      expect(stage.repo.git('branch', '--list', 'autopilot/*')).toBe('')
    }
  })

  test('both names at once are refused', async () => {
    const stage = scene({ roadmap, files: { 'autopilot.yaml': strict, 'autopilot.yml': 'agents: 2\n' } })
    const { code, stderr } = await stage.run(['run'])
    expect(code).toBe(2)
    expect(stderr).toContain('E107: autopilot.yaml and autopilot.yml both exist')
  })

  test('one next to a roadmap in a subdirectory is refused, with the place where settings belong', async () => {
    const stage = scene({ files: { 'sub/roadmap.yaml': roadmap, 'sub/autopilot.yaml': strict } })
    const places = [
      { args: ['run', 'sub/roadmap.yaml'] },
      { args: ['run', '-C', 'sub'] },
      { args: ['validate', '-C', 'sub'] },
      { args: ['run', 'roadmap.yaml', '--isolation', 'none'], cwd: join(stage.repo.dir, 'sub') },
    ]
    for (const { args, ...where } of places) {
      const { code, stderr } = await stage.run(args, where)
      expect([args, code]).toEqual([args, 2])
      expect(stderr).toContain('sub/autopilot.yaml:1:1: error E107: a configuration file is read only at the root')
      expect(stderr).toContain('to run a gate in a subdirectory, use its cwd:')
    }
  })

  test('files with other names, directories, and files outside the repository are not a configuration', async () => {
    const files = {
      'autopilot.md': 'x\n',
      'my-autopilot.yaml': 'x\n',
      'autopilot.json/x': 'x\n',
      'sub/roadmap.yaml': roadmap,
    }
    const stage = scene({ files })
    expect((await stage.run(['run', 'sub/roadmap.yaml'])).code).toBe(0)
    const outside = stage.repo.beside('elsewhere')
    mkdirSync(outside)
    writeFileSync(join(outside, 'roadmap.yaml'), 'tasks:\n  - { id: b, run: echo > b }\n')
    writeFileSync(join(outside, 'autopilot.yaml'), strict)
    expect((await stage.run(['run', join(outside, 'roadmap.yaml')])).code).toBe(0)
  })

  test('a link to nothing is refused, one to a file is read', async () => {
    const stage = scene({ roadmap })
    symlinkSync('gone.yaml', join(stage.repo.dir, 'autopilot.yaml'))
    const { code, stderr } = await stage.run(['run'])
    expect(code).toBe(2)
    expect(stderr).toContain('autopilot.yaml:1:1: error E101: autopilot.yaml is a link to a file that does not exist')
    writeFileSync(join(stage.repo.dir, 'gone.yaml'), strict)
    expect((await stage.run(['run'])).code).toBe(1)
  })
})

describe('what is in force', () => {
  const configured = (config: string) => scene({ roadmap, files: { 'autopilot.yaml': config } })

  async function told(config: string, args: readonly string[] = []): Promise<readonly string[]> {
    const { records } = await configured(config).run(['run', '--output', 'json', ...args])
    return records().flatMap((one) => (one.type === 'notice' && one.text.startsWith('gates: ') ? [one.text] : []))
  }

  test('is one line at the start', async () => {
    expect(await told('')).toEqual(['gates: none'])
    const review = '{ review: [codex, "claude:opus"], criteria: good }'
    const config = `gates: [test -e a, { run: test -e b, name: built }, ${review}]\niterations: 1\nbase_gates: skip\n`
    const stage = configured(config)
    fakeCli(stage, 'codex', ({ succeed }) => {
      succeed()
    })
    const { stderr } = await stage.run(['run'])
    expect(stderr).toContain('gates: test -e a, built, review by codex or claude:opus')
    expect(await told('gates: [test -e a]\n', ['--isolation', 'none'])).toEqual(['gates: none'])
    expect((await configured('gates: test -e a\nbase_gates: skip\n').run(['run'])).stderr).toContain('gates: test -e a')
  })

  test('counts the tasks that have a verify of their own', async () => {
    const own = 'tasks:\n  - { id: a, run: echo > a, verify: test -e a }\n  - { id: b, run: echo > b }\n'
    const { stderr } = await scene({ roadmap: own }).run(['run'])
    expect(stderr).toContain('gates: none; 1 task with its own verify')
  })

  test('a gate alone may stand without a list, as a text or as a map', async () => {
    expect(await told('gates: test -e a\nbase_gates: skip\n')).toEqual(['gates: test -e a'])
    expect(await told('gates: { run: test -e a, name: there }\nbase_gates: skip\n')).toEqual(['gates: there'])
    expect(await told('gates: []\n')).toEqual(['gates: none'])
    expect((await configured('gates: test -e b\niterations: 1\nbase_gates: skip\n').run(['run'])).code).toBe(1)
    for (const [config, place] of [
      ['gates: ""\n', '1:8: error E104: gates.run: a gate needs a command'],
      ['gates: 5\n', '1:8: error E104: gates: expected a list'],
      ['gates: { run: make, timout: 5m }\n', '1:29: error E103: unknown key gates.timout'],
    ] as const)
      expect((await configured(config).run(['run'])).stderr).toContain(place)
  })
})
