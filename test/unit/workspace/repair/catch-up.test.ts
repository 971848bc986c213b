import { expect, it, onTestFinished } from 'vitest'
import type { CommitId } from '../../../../src/domain/brand.js'
import { taskId, treeId } from '../../../support/brands.js'
import { diffText, type CaughtUp } from '../../../../src/workspace/repair/catch-up.js'
import { leftMarkers, nothingWatched, type MarkerWatch } from '../../../../src/workspace/repair/conflict-markers.js'
import { conflictNote } from '../../../../src/workspace/repair/conflict-note.js'
import { pathText } from '../../../../src/workspace/git-path.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { createRig, value, type Agent, type Rig } from '../../../support/rigs/workspace-rig.js'

const files = { 'line.txt': 'start\n', 'other.txt': 'other\n', '.gitignore': '*.log\n' }
const lessee = { taskId: taskId('T1'), attempt: 1 }
const message = 'T1: work\n'

interface Round {
  readonly rig: Rig
  readonly agent: Agent
  readonly caught: CaughtUp
  readonly tip: CommitId
  /** What is left of the conflict after the agent's work. */
  readonly left: () => Promise<readonly string[]>
}

/** An attempt's work as the agent does it, then brought together with what somebody else has finished. */
async function round(work: (agent: Agent) => void, theirs: Readonly<Record<string, string | null>>): Promise<Round> {
  const rig = await createRig({ files: { ...files, 'bin.dat': 'a\0b' } })
  onTestFinished(() => rig.repo.remove())
  const agent = await rig.leased()
  work(agent)
  const tip = Object.keys(theirs).length === 0 ? rig.base : commitOn(rig.repo, rig.base, theirs)
  const caught = await bringUpToDate(rig, agent, tip, nothingWatched)
  return { rig, agent, caught, tip, left: () => leftIn(rig, agent, tip, caught.watch) }
}

async function bringUpToDate(rig: Rig, agent: Agent, tip: CommitId, watch: MarkerWatch): Promise<CaughtUp> {
  const { commit: candidate, tree, parents } = await rig.candidate(agent)
  const so = { candidate, made: { tree, parents }, base: rig.base, message, watch }
  return value(await rig.workspaces.bringUpToDate(agent.workspace, lessee, so, tip))
}

async function leftIn(rig: Rig, agent: Agent, tip: CommitId, watch: MarkerWatch): Promise<readonly string[]> {
  const collected = value(await rig.collect(agent, { base: tip, ref: 'refs/autopilot/run1/T1/2' }))
  rig.repo.git('update-ref', '-d', 'refs/autopilot/run1/T1/2')
  const tree = collected.type === 'candidate' ? collected.tree : rig.repo.git('rev-parse', `${tip}^{tree}`)
  const found = await leftMarkers(rig.repository, treeId(tree), tip, watch)
  if (!found.ok) throw new Error(found.error.stderr)
  return found.value.map(pathText)
}

it('work and tip are together in the work tree, under a HEAD that is a merge of the two, the tip first', async () => {
  const { agent, caught, tip } = await round(
    ({ write }) => {
      write('mine.txt', 'mine\n')
      write('built.log', 'ignored\n')
    },
    { 'theirs.txt': 'theirs\n' },
  )
  expect(caught).toMatchObject({ conflicts: [] })
  expect([agent.read('mine.txt'), agent.read('theirs.txt'), agent.read('built.log')]).toEqual([
    'mine\n',
    'theirs\n',
    'ignored\n',
  ])
  expect(agent.git('rev-parse', 'HEAD^1')).toBe(tip)
  expect(agent.git('diff', '--name-only', 'HEAD^1')).toBe('mine.txt')
  expect(agent.git('diff', '--name-only', 'HEAD^2')).toBe('theirs.txt')
  expect(agent.git('status', '--porcelain')).toBe('')
  expect(agent.git('symbolic-ref', '--short', 'HEAD')).toMatch(/^autopilot\/t1-.*-1$/)
})

it('a tip that has not moved changes nothing', async () => {
  const { agent, caught, rig } = await round(({ write }) => write('line.txt', 'mine\n'), {})
  expect(caught).toMatchObject({ conflicts: [], watch: nothingWatched })
  expect([agent.read('line.txt'), agent.git('rev-parse', 'HEAD^1')]).toEqual(['mine\n', rig.base])
})

it('both sides of a conflict stand between markers, and are found until they are gone', async () => {
  const { agent, caught, left } = await round(({ write }) => write('line.txt', 'mine\n'), { 'line.txt': 'theirs\n' })
  expect(caught.conflicts).toEqual(['line.txt'])
  expect(caught.note).toBeUndefined()
  expect(agent.read('line.txt')).toMatch(/^<{7} .*\ntheirs\n={7}\nmine\n>{7} .*\n$/)
  expect(await left()).toEqual(['line.txt'])
  agent.write('line.txt', 'both\n')
  expect(await left()).toEqual([])
})

it('markers of a size that an attribute of the tip sets are found, too', async () => {
  const tip = { 'line.txt': 'theirs\n', '.gitattributes': '*.txt conflict-marker-size=4\n' }
  const { agent, caught, left } = await round(({ write }) => write('line.txt', 'mine\n'), tip)
  expect(caught.note).toBeUndefined()
  expect(agent.read('line.txt')).toMatch(/^<{4} .*\ntheirs\n={4}\nmine\n>{4} .*\n$/)
  expect(await left()).toEqual(['line.txt'])
  agent.write('line.txt', 'both\n')
  expect(await left()).toEqual([])
})

const unmarked: Readonly<
  Record<string, readonly [(agent: Agent) => void, Readonly<Record<string, string | null>>, RegExp]>
> = {
  'that the work changed and the tip deleted': [
    ({ write }) => write('line.txt', 'mine\n'),
    { 'line.txt': null },
    /^- CONFLICT \(modify\/delete\): line\.txt deleted in HEAD\^1 and modified in HEAD\^2\./m,
  ],
  'that the work deleted and the tip changed': [
    ({ git }) => git('rm', '-q', 'line.txt'),
    { 'line.txt': 'theirs\n' },
    /^- CONFLICT \(modify\/delete\): line\.txt deleted in HEAD\^2 and modified in HEAD\^1\./m,
  ],
  'that is binary': [
    ({ write }) => write('bin.dat', 'mine\0'),
    { 'bin.dat': 'theirs\0' },
    /bin\.dat \(HEAD\^1 vs\. HEAD\^2\)/,
  ],
  'that is not to be merged, by an attribute of the tip,': [
    ({ write }) => write('line.txt', 'mine\n'),
    { 'line.txt': 'theirs\n', '.gitattributes': '*.txt -merge\n' },
    /line\.txt \(HEAD\^1 vs\. HEAD\^2\)/,
  ],
  'that both renamed': [
    ({ git }) => git('mv', 'line.txt', 'mine.txt'),
    { 'line.txt': null, 'theirs.txt': 'start\n' },
    /^- CONFLICT \(rename\/rename\): line\.txt renamed to theirs\.txt in HEAD\^1 and to mine\.txt in HEAD\^2\.$/m,
  ],
}
it.each(Object.entries(unmarked))(
  'a file %s cannot be marked: a note names it, and is found until it is deleted',
  async (_, [work, theirs, told]) => {
    const { agent, caught, left } = await round(work, theirs)
    expect(caught.note).toBe(conflictNote)
    expect(agent.read(conflictNote)).toMatch(told)
    expect(await left()).toEqual([conflictNote])
    agent.git('mv', conflictNote, 'elsewhere.md')
    expect(await left()).toEqual(['elsewhere.md'])
    agent.git('rm', '-qf', 'elsewhere.md')
    expect(await left()).toEqual([])
  },
)

it('a file with markers and one without are each reported in their own way', async () => {
  const { agent, caught, left } = await round(
    ({ write }) => {
      write('line.txt', 'mine\n')
      write('other.txt', 'mine\n')
    },
    { 'line.txt': null, 'other.txt': 'theirs\n' },
  )
  expect(caught.conflicts).toEqual(['line.txt', 'other.txt'])
  expect(agent.read(conflictNote)).not.toContain('other.txt')
  expect([...(await left())].sort()).toEqual([conflictNote, 'other.txt'])
})

it('a note that is still there in the next round is added to', async () => {
  const { rig, agent, tip, caught } = await round(({ write }) => write('line.txt', 'mine\n'), { 'line.txt': null })
  agent.write('other.txt', 'mine\n')
  const {
    commit: candidate,
    tree,
    parents,
  } = await rig.candidate(agent, {
    base: tip,
    ref: 'refs/autopilot/run1/T1/9',
  })
  const further = commitOn(rig.repo, tip, { 'other.txt': null })
  const work = { candidate, made: { tree, parents }, base: tip, message, watch: caught.watch }
  const again = value(await rig.workspaces.bringUpToDate(agent.workspace, lessee, work, further))
  expect(again.note).toBe(conflictNote)
  expect(agent.read(conflictNote)).toMatch(/line\.txt deleted[^]*other\.txt deleted/)
  expect(await leftIn(rig, agent, further, again.watch)).toEqual([conflictNote])
})

it('a workspace that is not where it was is refused', async () => {
  const rig = await createRig({ files })
  onTestFinished(() => rig.repo.remove())
  const agent = await rig.leased()
  agent.write('x', 'x')
  const { commit: candidate } = await rig.candidate(agent)
  const moved = { ...agent.workspace, root: `${agent.root}-moved` }
  const work = { candidate, base: rig.base, message, watch: nothingWatched }
  expect(await rig.workspaces.bringUpToDate(moved, lessee, work, rig.base)).toMatchObject({
    ok: false,
    error: { kind: 'collect' },
  })
})

it('the diff is that of the work, cut at a line where it is too long', async () => {
  const { rig, caught, tip } = await round(({ write }) => write('line.txt', 'mine\n'), { 'theirs.txt': 'theirs\n' })
  const whole = await diffText(rig.repository, tip, caught.tree, { most: 10_000, whole: 'git diff X' })
  expect(whole).toMatch(/^diff --git a\/line\.txt b\/line\.txt\n[^]*^-start\n\+mine$/m)
  expect(whole).not.toContain('theirs')
  const cut = await diffText(rig.repository, tip, caught.tree, { most: 60, whole: 'git diff X' })
  expect(cut.split('\n').slice(0, -1)).toEqual(whole.split('\n').slice(0, cut.split('\n').length - 1))
  expect(cut).toContain('[… cut')
})
