import { expect, it, onTestFinished } from 'vitest'
import { openRepository } from '../../src/workspace/repository.js'
import { readTrailers } from '../../src/workspace/trailers.js'
import { createGitRepo } from '../support/git-repo.js'

it('reads the values of one trailer from the commits of a range, whatever else messages hold', async () => {
  const repo = createGitRepo()
  onTestFinished(repo.remove)
  const add = (message: string) => {
    repo.git('commit', '-q', '--allow-empty', '-m', message)
    return repo.git('rev-parse', 'HEAD')
  }
  const from = add('before\n\nTask: before')
  add('one\n\nTask: A 1\nTask: ≥\nOther: no')
  add('two\n\nTask: in the text, no trailer\n\nsome more')
  const to = add('three\n\nTask: -x\n')
  const opened = await openRepository({ dir: repo.dir, env: repo.env })
  if (!opened.ok) throw new Error(opened.error.message)
  const read = (range: { from: string; to: string }) => readTrailers(opened.value, { key: 'Task', ...range })
  expect(await read({ from, to })).toEqual({ ok: true, value: new Set(['-x', 'A 1', '≥']) })
  expect(await read({ from, to: from })).toEqual({ ok: true, value: new Set() })
  expect(await read({ from, to: '0'.repeat(40) })).toMatchObject({ ok: false, error: { code: 'git_failed' } })
})
