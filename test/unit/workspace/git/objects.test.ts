import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CommitId } from '../../../../src/domain/brand.js'
import { commitId, treeId } from '../../../support/brands.js'
import { diffCommits, readTexts, treeOf } from '../../../../src/workspace/git/objects.js'
import { commitTree, leadsBack } from '../../../../src/workspace/git/sessions.js'
import { childrenOf } from '../../../support/rigs/processes.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

async function opened() {
  const repo = gitRepo()
  const repository = await openRepo(repo)
  const blob = (content: string | Buffer) =>
    execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: repo.dir, input: content, encoding: 'utf8' }).trim()
  return { repo, repository, blob, base: commitId(repo.git('rev-parse', 'main')) }
}

const whole = (text: string) => text

it('each blob is read to its last byte, whatever is in it and however git cuts it into pieces', async () => {
  const { repository, blob } = await opened()
  const texts = ['', '\n', 'no end of line', 'x missing\n', 'ä€🙂'.repeat(100_000), `${'0'.repeat(40)} blob 3\nabc\n`]
  expect(await readTexts(repository, texts.map(blob), whole)).toEqual({ ok: true, value: texts })
  const twice = [blob('same'), blob('same')]
  expect(await readTexts(repository, twice, (text, index) => `${text}${index}`)).toEqual({
    ok: true,
    value: ['same0', 'same1'],
  })
})

it('an object that does not exist is named, and the next question is answered all the same', async () => {
  const { repository, blob } = await opened()
  const gone = 'ab'.repeat(20)
  expect(await readTexts(repository, [blob('here'), gone], whole)).toMatchObject({
    ok: false,
    error: { stderr: `fatal: ${gone} missing` },
  })
  expect(await readTexts(repository, [blob('here')], whole)).toEqual({ ok: true, value: ['here'] })
  expect((await treeOf(repository, treeId(gone))).ok).toBe(false)
})

it('two commits differ as plain git says, for any names and changes', async () => {
  const { repo, repository, base } = await opened()
  const name = fc.constantFrom('a', 'b/c', 'b/d', 'ü', 'with space', 'end 1\nend', 'q"')
  const files = fc.dictionary(name, fc.option(fc.constantFrom('one\n', 'two\n', '')))
  await fc.assert(
    fc.asyncProperty(files, files, async (left, right) => {
      const [from, to] = [left, right].map((side) => commitOn(repo, base, side)) as [CommitId, CommitId]
      const told = execFileSync('git', ['diff-tree', '-r', '-z', '--name-status', '--no-renames', from, to], {
        cwd: repo.dir,
        encoding: 'latin1',
      })
      const paths = told.split('\0').filter((_, index) => index % 2 === 1)
      const differs = await diffCommits(repository, treeId(from), treeId(to))
      expect(differs.ok && differs.value.map(({ path }) => path)).toEqual(paths)
    }),
    { numRuns: 15 },
  )
})

it('another git is asked if the one that was asked is killed, before or between two questions', async () => {
  const { repo, repository, blob, base } = await opened()
  const other = commitOn(repo, base, { a: 'x\n' })
  const ask = async () => {
    const [texts, differs] = [
      await readTexts(repository, [blob('text')], whole),
      await diffCommits(repository, treeId(base), other),
    ]
    return [texts.ok && texts.value, differs.ok && differs.value.map(({ path }) => path)]
  }
  const answer = [['text'], ['a']]
  expect(await ask()).toEqual(answer)
  for (const { pid, command } of childrenOf(process.pid))
    if (/cat-file --batch-command|diff-tree --stdin/.test(command)) process.kill(pid, 'SIGKILL')
  expect(await ask()).toEqual(answer)
})

it('what was there before, and what is new, is found even after somebody has packed the repository again', async () => {
  const { repo, repository, blob, base } = await opened()
  const [old, other] = [blob('old'), commitOn(repo, base, { a: 'x' })]
  repo.git('branch', 'keep', other)
  repo.git('update-ref', 'refs/keep/blob', old)
  expect(
    (await readTexts(repository, [old], whole)).ok && (await diffCommits(repository, treeId(base), other)).ok,
  ).toBe(true)
  for (let round = 0; round < 3; round++) {
    repo.git('repack', '-a', '-d', '-q')
    repo.git('prune-packed', '-q')
    const fresh = commitOn(repo, other, { b: `${round}` })
    expect(await readTexts(repository, [old, blob(`${round}`)], whole)).toEqual({
      ok: true,
      value: ['old', `${round}`],
    })
    const differs = await diffCommits(repository, treeId(base), fresh)
    expect(differs.ok && differs.value.map(({ path }) => path)).toEqual(['a', 'b'])
    repo.git('update-ref', 'refs/keep/fresh', fresh)
  }
})

it('what a new commit is made of, and what it leads back to, is known without asking', async () => {
  const { repo, repository, base } = await opened()
  const tree = repo.git('rev-parse', 'main^{tree}')
  const made = async (parents: readonly CommitId[]) => {
    const commit = await commitTree(repository, treeId(tree), parents, 'made')
    if (!commit.ok) throw new Error(commit.error.stderr)
    return commit.value
  }
  const one = await made([base])
  const two = await made([one])
  const aside = await made([base, two])
  const { sessions } = repository
  expect(sessions.made.get(two)).toEqual({ tree, parents: [one] })
  expect([two, one, base].map((commit) => leadsBack(sessions, two, commit))).toEqual([true, true, true])
  // Only git knows what is behind somebody else's commit, or beside the first parents.
  expect([leadsBack(sessions, one, two), leadsBack(sessions, aside, two), leadsBack(sessions, base, one)]).toEqual([
    ...[false, false, false],
  ])
})
