import { describe, expect, it } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { readUndone } from '../../../../src/workspace/refs/undone.js'
import { gitRepo } from '../../../support/scenes/repositories.js'

function history() {
  const repo = gitRepo()
  let files = 0
  const work = (message = 'work') => {
    repo.write(`f${++files}`, 'x\n')
    return repo.commit(message)
  }
  const revert = (...args: readonly string[]) => {
    repo.git('revert', '--no-edit', ...args)
    return repo.git('rev-parse', 'HEAD')
  }
  const undone = async () => {
    const read = await readUndone({ gitDir: `${repo.dir}/.git` }, [commitId('HEAD')])
    if (!read.ok) throw new Error(read.error.stderr)
    return [...read.value].sort()
  }
  return { repo, work, revert, undone }
}

describe('a commit is undone', () => {
  it('by git’s own revert, and not any more when that was reverted', async () => {
    const { work, revert, undone } = history()
    const one = work()
    work()
    expect(await undone()).toEqual([])
    const first = revert(one)
    expect(await undone()).toEqual([one])
    const second = revert(first)
    expect(await undone()).toEqual([first])
    revert(second)
    expect(await undone()).toEqual([one, second].sort())
  })

  it('by a revert with an abbreviated id, and with others by one message that names them all', async () => {
    const { repo, work, undone } = history()
    const ids = [work(), work(), work()]
    repo.git('revert', '--no-edit', '--reference', ids[0]!)
    repo.commit(`Undo both\n\nThis reverts commit ${ids[1]}.\n\nThis reverts commit ${ids[2]}.`)
    expect(await undone()).toEqual([...ids].sort())
  })

  it('with all that a merge brought when the merge is reverted', async () => {
    const { repo, work, revert, undone } = history()
    const before = work()
    repo.git('switch', '-q', '-c', 'side')
    const brought = [work(), work()]
    repo.git('switch', '-q', 'main')
    repo.git('merge', '-q', '--no-ff', '-m', 'Merge', 'side')
    const merge = repo.git('rev-parse', 'HEAD')
    revert('-m', '1', merge)
    expect(await undone()).toEqual([...brought, merge].sort())
    expect(await undone()).not.toContain(before)
  })

  it('not by words in a subject, in a quotation, or about what is not in the history', async () => {
    const { repo, work, undone } = history()
    const one = work()
    work(`This reverts commit ${one}.`)
    work(`Talk\n\n> This reverts commit ${one}.\nSee: This reverts commit ${one}.`)
    work(`Other\n\nThis reverts commit ${'a'.repeat(40)}.`)
    expect(await undone()).toEqual([])
    repo.commit(`Undo\n\nThis reverts commit ${one}.`)
    expect(await undone()).toEqual([one])
  })

  it('by a GitHub pull request whose message has only a number and a title, squashed or merged', async () => {
    const { repo, work, undone } = history()
    const squashed = work('Add a page (#12)\n\nAutopilot-Task: a')
    repo.git('switch', '-q', '-c', 'side')
    const brought = [work(), work()]
    repo.git('switch', '-q', 'main')
    repo.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #14 from me/side\n\nDo two things', 'side')
    const merge = repo.git('rev-parse', 'HEAD')
    const revert = work('Revert "Add a page" (#13)\n\nReverts owner/some.name#12')
    expect(await undone()).toEqual([squashed])
    work('Merge pull request #15 from me/revert-14-side\n\nRevert "Do two things"\n\nReverts owner/name#14')
    expect(await undone()).toEqual([squashed, merge, ...brought].sort())
    // And not any more when the revert was reverted in the same way.
    work('Revert "Revert "Add a page"" (#16)\n\nReverts owner/name#13')
    expect(await undone()).toEqual([revert, merge, ...brought].sort())
  })

  it('not by such a message if it is not known which commit is meant', async () => {
    const { repo, work, undone } = history()
    work('Add a page (#12)')
    work('Add a page')
    const reverts = (number: number, title: string) => work(`Revert "${title}" (#20)\n\nReverts owner/name#${number}`)
    reverts(12, 'Add another page')
    reverts(13, 'Add a page')
    work('Revert "Add a page" (#20)\n\nIt said: Reverts owner/name#12')
    work('Talk about it (#21)\n\nReverts owner/name#12')
    // A pull request that comes later, and one on a branch beside it, are not meant; nor is one of two.
    reverts(30, 'Later')
    work('Later (#30)')
    repo.git('switch', '-q', '-c', 'beside', 'HEAD~1')
    work('Beside (#31)')
    repo.git('switch', '-q', 'main')
    reverts(31, 'Beside')
    repo.git('merge', '-q', '--no-ff', '-m', 'Merge', 'beside')
    work('Twice (#32)')
    work('Twice (#32)')
    reverts(32, 'Twice')
    expect(await undone()).toEqual([])
    reverts(12, 'Add a page')
    expect(await undone()).toHaveLength(1)
  })
})
