import { closeSync, openSync, readSync } from 'node:fs'
import { isProgram, ownProgram } from './own-programs.js'

/** What is started, and with which words. */
interface Started {
  readonly file: string
  readonly args: readonly string[]
}

/** Source: execve(2): Linux reads so much of a script's first line. */
const longestFirstLine = 255

/**
 * A program that is a script for whatever `env` finds (`#!/usr/bin/env node`) is started by an interpreter of the user's: on
 * the PATH of a workspace `env` could find one that the tree has brought, and it would run with the CLI's own rights. A
 * line that says more than a name and plain options is left as it is.
 */
export function withOwnInterpreter<Command extends Started>(command: Command, path: string | undefined): Command {
  const said =
    /^#![ \t]*\/(?:usr\/)?bin\/env[ \t]+(?:-S[ \t]+)?([^\s=\-/'"\\$][^\s='"\\$/]*)((?:[ \t]+-[\w=-]+)*)[ \t\r]*\n/
  // A program that isn't executable, as in the middle of an update, must not run all the same.
  if (!isProgram(command.file)) return command
  const [, name, options = ''] = said.exec(firstLine(command.file)) ?? []
  const interpreter = name === undefined ? undefined : ownProgram(name, path)
  if (interpreter === undefined) return command
  const more = options.split(/[ \t]+/).filter((option) => option !== '')
  return { ...command, file: interpreter, args: [...more, command.file, ...command.args] }
}

/** With its line feed; empty for what cannot be read. */
function firstLine(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const bytes = Buffer.alloc(longestFirstLine)
      const text = bytes.toString('latin1', 0, readSync(descriptor, bytes))
      return text.slice(0, text.indexOf('\n') + 1)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return ''
  }
}
