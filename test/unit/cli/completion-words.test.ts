import { expect, test } from 'vitest'
import { completionTree } from '../../../src/cli/completion-tree.js'
import { typedValue, wantedAt } from '../../../src/cli/completion-words.js'
import { createProgram } from '../../../src/cli/program.js'

const line = completionTree(createProgram({}, () => undefined))

function wordsAt(...words: string[]): readonly string[] {
  const { source } = wantedAt(words, line)
  const typed = typedValue(words.at(-1) ?? '')
  return source.kind === 'words'
    ? source.words.map(({ word }) => word).filter((word) => word.startsWith(typed))
    : [source.kind]
}

test('a first word is a command, without those that only scripts call', () => {
  expect(wordsAt('')).toEqual(expect.arrayContaining(['run', 'resume', 'status', 'init', 'doctor', 'help']))
  expect(wordsAt('')).not.toContain('complete')
  expect(wordsAt('do')).toEqual(['doctor'])
  expect(wordsAt('--v')).toEqual(['--version'])
})

test('options are those of the command, and values are what the setting accepts', () => {
  expect(wordsAt('run', '--iso')).toEqual(['--isolation'])
  expect(wordsAt('resume', '--iso')).toEqual([])
  expect(wordsAt('run', '--isolation', '')).toEqual(['workspace', 'none'])
  expect(wordsAt('run', '--isolation=n')).toEqual(['none'])
  expect(wordsAt('run', '--background', 'o')).toEqual(['on', 'off'])
  expect(wordsAt('run', '-p', 'c')).toEqual(['claude', 'codex', 'copilot'])
  expect(wordsAt('run', '-')).toEqual(expect.arrayContaining(['-a', '--agents', '-C']))
})

test('arguments are files, runs, tasks and directories, whatever options stand before them', () => {
  expect(wordsAt('run', '')).toEqual(['files'])
  expect(wordsAt('run', '--dry-run', '-a', '3', '')).toEqual(['files'])
  expect(wordsAt('run', 'plan.yaml', '')).toEqual([])
  expect(wordsAt('run', '--only', '')).toEqual(['tasks'])
  expect(wordsAt('run', '--only', 'a', '--only', '')).toEqual(['tasks'])
  expect(wordsAt('status', '')).toEqual(['runs'])
  expect(wordsAt('logs', '')).toEqual(['tasks'])
  expect(wordsAt('logs', 'a', '--run', '')).toEqual(['runs'])
  expect(wordsAt('report', '--as', 'h')).toEqual(['html'])
  expect(wordsAt('run', '-C', '')).toEqual(['directories'])
  expect(wordsAt('schema', '')).toEqual(['roadmap', 'config', 'events'])
  expect(wordsAt('help', 'exit')).toEqual(['exit-codes'])
  expect(wordsAt('run', '--', '-')).toEqual(['files'])
})

test('an unknown command has nothing, also one that is called like a part of every object', () => {
  expect(wordsAt('nope', '')).toEqual([])
  expect(wordsAt('constructor', '')).toEqual([])
})

test('the directory and the arguments so far are known where ids are looked up', () => {
  expect(wantedAt(['run', 'plan.yaml', '-C', '../x', '--only', ''], line)).toMatchObject({
    args: ['plan.yaml'],
    directory: '../x',
  })
  expect(wantedAt(['run', '--directory=../x', '--only', ''], line)).toMatchObject({ directory: '../x' })
})
