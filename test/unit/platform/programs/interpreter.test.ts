import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withOwnInterpreter } from '../../../../src/platform/programs/interpreter.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const program = (dir: string, name: string, text: string | Buffer) => {
  writeFileSync(join(dir, name), text, { mode: 0o755 })
  return join(dir, name)
}

it.each([
  ['#!/usr/bin/env interp\n', []],
  ['#! /bin/env interp\r\n', []],
  ['#!/usr/bin/env -S interp --no-warnings --stack-size=99\n', ['--no-warnings', '--stack-size=99']],
])('a script that begins with %s is started by the interpreter that autopilot’s own PATH names', (line, options) => {
  const dir = tempDir()
  const interp = program(dir, 'interp', '#!/bin/sh\n')
  const file = program(dir, 'cli', `${line}rest\n`)
  expect(withOwnInterpreter({ file, args: ['-p'], input: 'x' }, `./bin:${dir}`)).toEqual({
    ...{ file: interp, args: [...options, file, '-p'], input: 'x' },
  })
})

it.each([
  ['another interpreter', '#!/bin/sh\n'],
  ['a variable for it', '#!/usr/bin/env -S A=b interp\n'],
  ['words in quotes', '#!/usr/bin/env -S interp "a b"\n'],
  ['an option of env', '#!/usr/bin/env -i interp\n'],
  ['one that is nowhere', '#!/usr/bin/env nowhere\n'],
  ['no line', '#!/usr/bin/env interp'],
  ['no script', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 10])],
  ['nothing', ''],
])('a program with %s is started as it is', (_, text) => {
  const dir = tempDir()
  program(dir, 'interp', '#!/bin/sh\n')
  const command = { file: program(dir, 'cli', text), args: [] }
  expect(withOwnInterpreter(command, dir)).toBe(command)
})

it('a program that does not exist, or may not be executed, is left to whoever starts it', () => {
  const dir = tempDir()
  program(dir, 'interp', '#!/bin/sh\n')
  const closed = join(dir, 'closed')
  writeFileSync(closed, '#!/usr/bin/env interp\n', { mode: 0o644 })
  expect(withOwnInterpreter({ file: closed, args: [] }, dir)).toEqual({ file: closed, args: [] })
  const command = { file: '/nonexistent/cli', args: [] }
  expect(withOwnInterpreter(command, '/bin')).toBe(command)
})
