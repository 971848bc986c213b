// What README and docs tell a person to type.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { projectRoot } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const pages = ['README.md', ...readdirSync(join(projectRoot, 'docs')).map((name) => join('docs', name))]
const texts = pages.filter((page) => page.endsWith('.md')).map((page) => readFileSync(join(projectRoot, page), 'utf8'))

/** Commands of autopilot in blocks of shell lines, and in the middle of a text. */
const inBlocks = texts
  .flatMap((text) => [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n')))
  .flatMap(commandsIn)
const inText = texts
  .flatMap((text) => [...text.replace(/^```[^]*?^```/gm, '').matchAll(/`(autopilot [^`]+)`/g)])
  .flatMap(([, code = '']) => commandsIn(code))

/** What a line runs of autopilot: without a comment, and what the shell does with it. */
function commandsIn(line: string): readonly string[] {
  const [, command] = /^(?:\$ )?autopilot ([a-z][^#|><&;(]*)/.exec(line.trim()) ?? []
  return command === undefined || /^(?:on|is|has)\b/.test(command) ? [] : [command.replaceAll(/\s+/g, ' ').trim()]
}

/** A word that a person puts something in place of, such as `<run>`, `N` or `[task]`. */
const isPlaceholder = (word: string) => /^[<[…]|^[A-Z]+[>\]]?$/.test(word)

test('each command of autopilot that README and docs name exists, with its options', () => {
  const program = createProgram({}, () => undefined)
  const unknown = [...new Set([...inBlocks, ...inText])].filter((command) => {
    const [name = '', ...words] = command.split(/[ |]/)
    if (isPlaceholder(name)) return false
    const found = program.commands.find((one) => one.name() === name)
    const flags = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/[=,.)].*$/, ''))
    const known = new Set(found?.options.flatMap(({ long, short }) => [long, short]) ?? [])
    return !found || flags.some((flag) => !known.has(flag) && flag !== '--help')
  })
  expect(unknown).toEqual([])
  expect(inBlocks.length).toBeGreaterThan(10)
})

test('each command in a block of README and docs does what it should in a small project', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: login, title: Sign in }\n' })
  fakeCli(stage, 'claude', ({ task, write, succeed }) => {
    write(`${task}.txt`, 'done\n')
    succeed()
  })
  // What the blocks tell of begins with a run.
  expect((await stage.run(['run'])).code).toBe(0)
  const commands = [...new Set(inBlocks)].filter((command) => !command.split(' ').some(isPlaceholder))
  for (const command of commands) {
    const { code, stderr } = await stage.run(command.split(' '), { env: { SHELL: '/bin/bash' } })
    expect([command, code === 0 ? 0 : stderr]).toEqual([command, 0])
  }
})
