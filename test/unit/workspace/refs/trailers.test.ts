import { expect, it, onTestFinished } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { openRepository } from '../../../../src/workspace/repository/repository.js'
import { readTrailers } from '../../../../src/workspace/refs/trailers.js'
import { createGitRepo } from '../../../support/scenes/git-repo.js'

it('the task and the text of each commit in a range are read, the last first, whatever else the messages hold', async () => {
  const repo = createGitRepo()
  onTestFinished(repo.remove)
  const add = (message: string) => {
    repo.git('commit', '-q', '--allow-empty', '-m', message)
    return repo.git('rev-parse', 'HEAD')
  }
  const from = add('before\n\nTask: before')
  const text = `1-${'0'.repeat(16)}`
  const one = add('one\n\nTask: A 1\nTask: ≥\nOther: no\nText: 1-0123456789abcdef')
  const both = add(`both\n\nTask: A 1\nTask: B\nText: ${text}\nText: 1-ffffffffffffffff`)
  const odd = add('odd\n\nTask: B\nText: 7-another-way')
  add('two\n\nTask: in the text, no trailer\n\nsome more')
  const to = add('three\n\nTask: -x\n')
  const opened = await openRepository({ dir: repo.dir, env: repo.env })
  if (!opened.ok) throw new Error(opened.error.message)
  const read = ({ from, to }: { from: string; to: string }) =>
    readTrailers(opened.value.trusted, { key: 'Task', textKey: 'Text' }, { from: commitId(from), to: [commitId(to)] })
  expect(await read({ from, to })).toEqual({
    ok: true,
    value: new Map([
      ['-x', [{ commit: to }]],
      ['A 1', [{ commit: both, text }, { commit: one }]],
      ['B', [{ commit: odd }, { commit: both, text: '1-ffffffffffffffff' }]],
      ['≥', [{ commit: one }]],
    ]),
  })
  expect(await read({ from, to: from })).toEqual({ ok: true, value: new Map() })
  expect(await read({ from, to: '0'.repeat(40) })).toMatchObject({ ok: false, error: { code: 'git_failed' } })
})
