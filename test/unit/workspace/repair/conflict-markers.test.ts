import { describe, expect, it } from 'vitest'
import { commitId, treeId } from '../../../support/brands.js'
import {
  leftMarkers,
  nothingWatched,
  watchMarkers,
  type MarkerWatch,
} from '../../../../src/workspace/repair/conflict-markers.js'
import type { Repository } from '../../../../src/workspace/contract.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

const labels = ['1'.repeat(40), '2'.repeat(40)]
const [ours, theirs] = labels as [string, string]
const marked = `<<<<<<< ${ours}\na\n=======\nb\n>>>>>>> ${theirs}\n`

interface Watched {
  readonly repo: GitRepo
  readonly repository: Repository
  readonly base: string
  readonly watch: MarkerWatch
  readonly left: (files: Readonly<Record<string, string | null>>) => Promise<readonly string[]>
}

/** A conflict in `a.txt`, which also has this content. */
async function watched(content = '', before = nothingWatched): Promise<Watched> {
  const repo = gitRepo({ files: { 'a.txt': content, 'b.txt': 'b\n' } })
  const repository = await openRepo(repo)
  const base = commitId(repo.git('rev-parse', 'HEAD'))
  const tree = `${commitOn(repo, base, { 'a.txt': `${content}${marked}` })}^{tree}`
  const found = await watchMarkers(repository, { tree: treeId(tree), touched: ['a.txt'], labels }, before)
  if (!found.ok) throw new Error(found.error.stderr)
  const { watch } = found.value
  const left = async (files: Readonly<Record<string, string | null>>) => {
    const read = await leftMarkers(repository, treeId(`${commitOn(repo, base, files)}^{tree}`), base, watch)
    if (!read.ok) throw new Error(read.error.stderr)
    return read.value
  }
  return { repo, repository, base, watch, left }
}

describe('conflict markers', () => {
  it('that were left are found, whole or in part, with any line ending', async () => {
    const { left } = await watched()
    for (const content of [
      marked,
      `<<<<<<< ${ours}\n`,
      '>>>>>>> mine\r\n',
      '<<<<<<<\n',
      '||||||| base\n',
      '<<<<<<<<<< x\n',
    ])
      expect(await left({ 'a.txt': content })).toEqual(['a.txt'])
    for (const content of ['', '=======\n', 'x <<<<<<< y\n', '<<<<<<\n', ' >>>>>>> x\n', '<<<<<<<x\n', null])
      expect(await left({ 'a.txt': content })).toEqual([])
  })

  it('are found by their label in any file that the work changed, and nothing else is taken for one there', async () => {
    const { left } = await watched()
    expect(await left({ 'a.txt': null, 'moved.txt': marked })).toEqual(['moved.txt'])
    expect(await left({ 'a.txt': null, 'b.txt': '<<<<<<< HEAD\nan example\n>>>>>>> x\n' })).toEqual([])
  })

  it('that only look like some and were there before are the file’s own', async () => {
    const own = '<<<<<<< an example\n>>>>>>> of markers\n'
    const { left } = await watched(own)
    expect(await left({ 'a.txt': own })).toEqual([])
    expect(await left({ 'a.txt': `${own}<<<<<<< another\n` })).toEqual(['a.txt'])
  })

  it('of an earlier conflict are watched along with those of a later one', async () => {
    const first = await watched()
    const second = await watched('', { labels: ['3'.repeat(40)], files: new Map([['b.txt', new Set<string>()]]) })
    expect(second.watch.labels).toEqual(['3'.repeat(40), ...labels])
    expect(await second.left({ 'b.txt': '<<<<<<< x\n' })).toEqual(['b.txt'])
    expect(await first.left({ 'b.txt': '<<<<<<< x\n' })).toEqual([])
  })

  it('are missing in some files that a conflict touched, which are reported', async () => {
    const repo = gitRepo({ files: { 'a.txt': marked, 'b.txt': 'b\n' } })
    const [repository, tree] = [await openRepo(repo), repo.git('rev-parse', 'HEAD^{tree}')]
    const found = await watchMarkers(
      repository,
      { tree: treeId(tree), touched: ['a.txt', 'b.txt', 'gone'], labels },
      nothingWatched,
    )
    expect(found).toMatchObject({ ok: true, value: { unmarked: ['b.txt', 'gone'] } })
  })

  it('cost nothing to look for if nothing is watched', async () => {
    const repository = await openRepo(gitRepo())
    expect(await leftMarkers(repository, treeId('no tree'), commitId('no base'), nothingWatched)).toEqual({
      ok: true,
      value: [],
    })
  })
})
