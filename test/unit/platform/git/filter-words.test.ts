import { expect, it } from 'vitest'
import { formatGitFailure } from '../../../../src/platform/git/git-failure.js'

const failed = (stderr: string) =>
  formatGitFailure({ args: ['read-tree'], exit: { type: 'code', code: 128 }, stderr, stdout: Buffer.alloc(0) })

it.each([
  [
    'a filter that runs as one process and is not there',
    'git-lfs filter-process: 1: git-lfs: not found\nfatal: the remote end hung up unexpectedly\n',
    'git-lfs filter-process: 1: git-lfs: not found',
  ],
  [
    'content that is nowhere',
    'Downloading data.bin (10 B)\nError downloading object: data.bin (95f4170): Smudge error: Error downloading data.bin: batch request: missing protocol: "none"\n\n' +
      "Errors logged to '/x/lfs/logs/1.log'.\nUse `git lfs logs last` to view the log.\nerror: external filter 'git-lfs filter-process' failed\nfatal: data.bin: smudge filter lfs failed\n",
    'Error downloading object: data.bin (95f4170)',
  ],
  [
    'a filter for each file',
    "no key\nerror: external filter 'crypt' failed 1\nerror: external filter 'crypt' failed\nfatal: a: clean filter 'crypt' failed\n",
    'no key',
  ],
])('the failure of %s says what the filter said', (_, stderr, said) => {
  expect(failed(stderr)).toBe(`git read-tree: a content filter failed: ${said} (exit code 128)`)
})

it.each([
  ['without a word of the filter', "fatal: a: clean filter 'crypt' failed\n", "fatal: a: clean filter 'crypt' failed"],
  ['of git itself', 'warning: something\nfatal: bad object HEAD\n', 'fatal: bad object HEAD'],
])('a failure %s says what git said', (_, stderr, said) => {
  expect(failed(stderr)).toBe(`git read-tree: ${said} (exit code 128)`)
})
