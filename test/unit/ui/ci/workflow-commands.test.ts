import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLine } from '../../../../src/domain/json-line.js'
import { cleanText } from '../../../../src/domain/text.js'
import { commandStop, jsonWithoutCommands, withoutCommands } from '../../../../src/ui/ci/workflow-commands.js'
import { commandsIn } from '../../../support/fakes/actions-runner.js'

/** Text full of what the runner looks for, and of what it ignores. */
const nasty = fc
  .array(
    fc.constantFrom(
      '::',
      ':',
      '##[',
      '#',
      '[',
      ']',
      'error',
      'set-env name=x',
      ' ',
      '\t',
      '\u00a0',
      '\u3000',
      '\u0085',
      '\n',
      '\r',
      'x',
    ),
    { maxLength: 15 },
  )
  .map((parts) => parts.join(''))

describe('outside text in a log of GitHub Actions', () => {
  it('gives no command, and what is printed as JSON keeps its value', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(commandsIn(withoutCommands(cleanText(text)))).toEqual([])
        const line = jsonWithoutCommands(jsonLine({ text }))
        expect(commandsIn(line)).toEqual([])
        expect(JSON.parse(line)).toEqual({ text })
      }),
      { numRuns: 2000 },
    )
  })

  it('would give commands without that', () => {
    expect(commandsIn('  ::error file=a::b\nx ##[group]y\nnone: ::debug::\n')).toEqual(['error', 'group'])
  })

  it('stays readable: only a line that would be a command has something in front', () => {
    expect(withoutCommands('one :: two\n  ::error::x\n##[group]\n')).toBe('one :: two\n|   ::error::x\n## [group]\n')
  })

  it('stands between a word that stops commands and one that nobody can guess', () => {
    const { stop, resume } = commandStop('T')
    expect([stop, resume]).toEqual(['::stop-commands::T\n', '::T::\n'])
    expect(commandsIn(stop + resume)).toEqual(['stop-commands', 'T'])
  })
})

it('JSON for machines does nothing to a terminal and keeps its value', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('a', '\u009b', '\u007f', '\u001b', '\u202e', '\u2066', '\u2028', '\n'),
  })
  fc.assert(
    fc.property(hostile, (text) => {
      const line = jsonLine({ text })
      expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*\n$/)
      expect(JSON.parse(line)).toEqual({ text })
    }),
  )
})
