import { expect, it } from 'vitest'
import { allowedCommand, allowedCommands, refuseAllow } from '../../../../src/providers/adapter/allowed-command.js'

it.each([
  ['Bash(npm test:*)', { command: 'npm test', isPrefix: true }],
  ['Bash(git status)', { command: 'git status', isPrefix: false }],
  ['Bash(./gradlew :app:test)', { command: './gradlew :app:test', isPrefix: false }],
  ['Bash(make -j4 CC=gcc:*)', { command: 'make -j4 CC=gcc', isPrefix: true }],
])('%s permits a command', (entry, permitted) => {
  expect(allowedCommand(entry)).toEqual(permitted)
})

it.each([
  ...[
    'WebFetch(domain:example.org)',
    'Edit',
    'Bash',
    'Bash()',
    'Bash(:*)',
    'Bash(npm *)',
    'Bash(a && b)',
    'Bash(a; b)',
  ],
  ...['Bash(a | b)', 'Bash(a > b)', 'Bash($HOME/x)', 'Bash(`a`)', "Bash(a 'b')", 'Bash(a\nb)', 'Bash(a  b)', 'Bash(é)'],
])('%j is not a command in plain words', (entry) => {
  expect(allowedCommand(entry)).toBeUndefined()
})

it('names what a CLI cannot be told, and what to do', () => {
  expect(refuseAllow('qwen', ['Bash(npm test:*)'])).toBeUndefined()
  expect(refuseAllow('qwen', ['Bash(npm test:*)', 'Read(//etc/**)'])).toEqual({
    kind: 'usage',
    message:
      'qwen cannot be told `Read(//etc/**)` of `allow:`; it knows only commands in plain words, such as ' +
      '`Bash(npm test:*)`. Use another provider, or change the entry.',
  })
  expect(allowedCommands(['Bash(npm test:*)', 'Bash(make)']).map(({ command }) => command)).toEqual([
    'npm test',
    'make',
  ])
})
