import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CommitId } from '../../../../src/domain/brand.js'
import { commitId, treeId } from '../../../support/brands.js'
import { driverWarnings } from '../../../../src/app/ground/git-warnings.js'
import { ok } from '../../../../src/domain/result.js'
import { withAttributesTree } from '../../../../src/workspace/land/merge-attributes.js'
import { mergeTrees } from '../../../../src/workspace/land/merge.js'
import { stack } from '../../../../src/workspace/land/stack.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

type Files = Readonly<Record<string, string>>

const lines = (first: string, last: string) =>
  [first, 'b', 'c', 'd', 'e', 'f', 'g', last].map((line) => `${line}\n`).join('')
const start = lines('a', 'z')

/** What a merge left: the paths in conflict, and the contents of all others. */
interface Outcome {
  readonly conflicts: readonly string[]
  readonly clean: Files
}

interface Scene {
  readonly repo: GitRepo
  readonly ours: CommitId
  readonly theirs: CommitId
}

/** Two commits on one with these files; `ours` is checked out, as a target would be. */
function scene(base: Files, ours: Files, theirs: Files): Scene {
  const repo = gitRepo({ files: base })
  const side = (files: Files) => {
    repo.git('checkout', '-q', '--detach', 'main')
    for (const [path, content] of Object.entries(files)) repo.write(path, content)
    return repo.commit()
  }
  const sides = { theirs: side(theirs), ours: side(ours) }
  return { repo, ...sides }
}

function contents(repo: GitRepo, tree: string, conflicts: readonly string[]): Files {
  const entries = repo.git('ls-tree', '-r', '-z', tree).split('\0')
  const files = entries.flatMap((entry) => (entry === '' ? [] : [entry.split(/\t([^]*)/)])) as [string, string][]
  return Object.fromEntries(files.flatMap(([blob, path]) => (conflicts.includes(path) ? [] : [[path, blob]])))
}

async function merged({ repo, ours, theirs }: Scene): Promise<Outcome & { readonly tree: string }> {
  const result = await mergeTrees(await openRepo(repo), ours, theirs)
  if (!result.ok) throw new Error(result.error.stderr)
  const { tree, conflicts } =
    'tree' in result.value
      ? { tree: result.value.tree, conflicts: [] }
      : {
          tree: result.value.conflict.tree,
          conflicts: result.value.conflict.touched.map((path) => Buffer.from(path, 'latin1').toString('utf8')).sort(),
        }
  return { tree, conflicts, clean: contents(repo, tree, conflicts) }
}

/** The same by plain git, in the user's checkout and with their whole configuration. */
function plainly({ repo, theirs }: Scene): Outcome {
  try {
    repo.git('merge', '-q', '--no-commit', '--no-ff', theirs)
  } catch {
    // Git fails like this for a conflict.
  }
  const unmerged = repo.git('ls-files', '--unmerged', '-z').split('\0')
  const named = [...new Set(unmerged.flatMap((entry) => entry.split(/\t([^]*)/)[1] ?? []))].sort()
  repo.git('add', '-A')
  return { conflicts: named, clean: contents(repo, repo.git('write-tree'), named) }
}

const bothAppend = [{ 'log.md': `${start}ours\n` }, { 'log.md': `${start}theirs\n` }] as const

describe('attributes of the target’s tree, in a merge,', () => {
  it('decide as in plain git: both lines of a union land, one on top of the other', async () => {
    const { repo, ours, theirs } = scene({ 'log.md': start, '.gitattributes': '*.md merge=union\n' }, ...bothAppend)
    const repository = await openRepo(repo)
    const base = commitId(repo.git('rev-parse', `${ours}^`))
    const work = (commit: CommitId) => ({
      single: { commit, tree: treeId(`${commit}^{tree}`) },
      base,
      message: 'work\n',
    })
    const { members, left } = await stack(repository, { tip: base, branch: 'x' }, [work(ours), work(theirs)])
    expect(left).toEqual([])
    expect(repo.git('show', `${members[1]?.ready.commit}:log.md`)).toBe(`${start}ours\ntheirs`)
  })

  it('are needed for that: without them the same two conflict', async () => {
    expect(await merged(scene({ 'log.md': start }, ...bothAppend))).toMatchObject({ conflicts: ['log.md'] })
  })

  const spliced = [{ lock: lines('A', 'z') }, { lock: lines('a', 'Z') }] as const
  it.each<readonly [string, Files, readonly string[]]>([
    ['-merge', { '.gitattributes': 'lock -merge\n' }, ['lock']],
    ['binary', { '.gitattributes': '/lock binary\n' }, ['lock']],
    ['a macro', { '.gitattributes': '[attr]whole -merge\nlock whole\n' }, ['lock']],
    ['no attribute, the control', { '.gitattributes': 'other -merge\n' }, []],
    ['a line that another takes back', { '.gitattributes': '* -merge\nlock !merge\n' }, []],
  ])('a file with %s is spliced only where git would', async (_, attributes, conflicts) => {
    const here = scene({ lock: start, ...attributes }, ...spliced)
    const found = await merged(here)
    expect(found).toMatchObject(plainly(here))
    expect(found.conflicts).toEqual(conflicts)
  })

  it('are those of our side, of every folder above the file, and the repository’s own win', async () => {
    const file = 'a/b/log.md'
    const sides = [
      { [file]: `${start}ours\n` },
      { [file]: `${start}theirs\n`, '.gitattributes': '* -merge\n' },
    ] as const
    const here = scene(
      { [file]: start, '.gitattributes': '* -merge\n', 'a/.gitattributes': 'b/*.md merge=union\n' },
      ...sides,
    )
    expect(await merged(here)).toMatchObject({ conflicts: [] })
    const onlyTheirs = scene({ [file]: start }, sides[0], { ...sides[1], '.gitattributes': '* merge=union\n' })
    expect(await merged(onlyTheirs)).toMatchObject({ conflicts: [file] })
    here.repo.write('.git/info/attributes', '*.md -merge\n')
    expect(await merged(here)).toMatchObject({ conflicts: [file] })
  })

  it('come from nowhere else: git stands in an empty directory, and a link in the place of the file does not count', async () => {
    const file = 'tmp/log.md'
    const here = scene({ [file]: start }, { [file]: `${start}ours\n` }, { [file]: `${start}theirs\n` })
    const stands = await withAttributesTree(await openRepo(here.repo), async ({ workTree }) => {
      return ok({ workTree, holds: await readdir(workTree) })
    })
    expect(stands).toMatchObject({ ok: true, value: { holds: [] } })
    expect(readdirSync(join(here.repo.dir, '.git/autopilot/merging'))).toEqual([])
    here.repo.write('elsewhere', '* merge=union\n')
    const link = here.repo.git('hash-object', '-w', '--no-filters', '--', 'elsewhere')
    here.repo.git('update-index', '--add', '--cacheinfo', `120000,${link},.gitattributes`)
    const ours = here.repo.git('commit-tree', here.repo.git('write-tree'), '-p', here.ours, '-m', 'link')
    expect(await merged({ ...here, ours: commitId(ours) })).toMatchObject({ conflicts: [file] })
  })

  it('count in a folder whose name is no text', async () => {
    const repo = gitRepo({
      files: { log: `${start}ours\n`, base: start, theirs: `${start}theirs\n`, up: '* merge=union\n' },
    })
    const blob = (path: string) => repo.git('rev-parse', `HEAD:${path}`)
    const commit = (log: string, ...parents: readonly string[]) => {
      const inner = [`100644 blob ${blob('up')}\t.gitattributes`, `100644 blob ${blob(log)}\tlog`].join('\n')
      const tree = (input: Buffer) =>
        execFileSync('git', ['mktree'], { cwd: repo.dir, env: repo.env, input }).toString().trim()
      const top = Buffer.from(`040000 tree ${tree(Buffer.from(`${inner}\n`))}\t\xff\n`, 'latin1')
      return commitId(repo.git('commit-tree', tree(top), ...parents.flatMap((each) => ['-p', each]), '-m', log))
    }
    const base = commit('base')
    const here = { repo, ours: commit('log', base), theirs: commit('theirs', base) }
    expect(await merged(here)).toMatchObject({ conflicts: [] })
  })

  const odd = fc.string({
    unit: fc.constantFrom(...Array.from('ab*?[]!\\ "#.-\n\tüé|\x7f')),
    minLength: 1,
    maxLength: 6,
  })
  const folder = odd.filter((name) => !/^\.+$/.test(name))
  const rule = fc.record({
    pattern: fc.constantFrom('*', 'log', '/log', '*.md', 'b/*', '**/log', '"l\\157g"', '[attr]own', '!log'),
    value: fc.constantFrom(
      'merge=union',
      '-merge',
      'merge',
      '!merge',
      'binary',
      'merge=binary',
      'merge=text',
      'own',
      'merge=odd',
    ),
  })
  const text = fc
    .array(rule, { maxLength: 3 })
    .map((rules) => rules.map(({ pattern, value }) => `${pattern} ${value}\n`).join(''))

  it('decide as plain git’s do, whatever folders are called', { timeout: 60_000 }, async () => {
    const tree = fc.array(fc.tuple(folder, text, text), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(text, tree, async (top, folders) => {
        const texts: Record<string, string> = { '.gitattributes': top }
        const paths = ['log']
        for (const [name, outer, inner] of folders) {
          texts[`${name}/.gitattributes`] = outer
          texts[`${name}/b/.gitattributes`] = inner
          paths.push(`${name}/log`, `${name}/b/log`, `${name}/b/x.md`)
        }
        const all = (content: string) => Object.fromEntries(paths.map((path) => [path, content]))
        const here = scene({ ...texts, ...all(start) }, all(`${start}ours\n`), all(`${start}theirs\n`))
        expect(await merged(here)).toMatchObject(plainly(here))
        here.repo.remove()
      }),
      { numRuns: 4 },
    )
  })
})

describe('a merge driver that is a program', () => {
  const base = { 'a.txt': start, '.gitattributes': '*.txt merge=odd\n*.bin filter=lfs merge=lfs\n* merge=union\n' }

  it('never runs, is named at the start, and its files are merged as text', async () => {
    const here = scene(
      { ...base, '.gitattributes': '*.txt merge=odd\n' },
      { 'a.txt': lines('A', 'z') },
      { 'a.txt': lines('a', 'Z') },
    )
    const mark = here.repo.beside('it-ran')
    writeFileSync(here.repo.beside('driver'), `#!/bin/sh\n: > '${mark}'\nexit 1\n`, { mode: 0o755 })
    here.repo.git('config', 'merge.odd.driver', here.repo.beside('driver'))
    expect(await merged(here)).toMatchObject({ conflicts: [] })
    expect(existsSync(mark)).toBe(false)
    const where = { place: { gitDir: `${here.repo.dir}/.git` }, root: here.repo.dir, env: here.repo.env }
    expect(await driverWarnings(where, here.ours)).toEqual([
      'merge drivers that .gitattributes asks for do not run here; their files are merged as text: odd; ' +
        "only git's own run: text, binary, union",
    ])
    // The control: plain git does run it.
    plainly(here)
    expect(existsSync(mark)).toBe(true)
  })

  it('is not named if it is git’s own, or that of Git LFS without a definition', async () => {
    const { repo } = scene(base, {}, {})
    const where = { place: { gitDir: `${repo.dir}/.git` }, root: repo.dir, env: repo.env }
    const named = async () => /as text: (.*);/.exec((await driverWarnings(where, commitId('HEAD'))).join())?.[1]
    expect(await named()).toBe('odd')
    repo.git('config', 'merge.lfs.driver', 'false')
    expect(await named()).toBe('lfs, odd')
    expect(
      await driverWarnings(where, commitOn(repo, commitId(repo.git('rev-parse', 'HEAD')), { '.gitattributes': null })),
    ).toEqual([])
  })
})
