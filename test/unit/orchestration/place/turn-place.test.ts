import { describe, expect, it, onTestFinished } from 'vitest'
import { commitId, runId, taskId } from '../../../support/brands.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import type { Harvested, TurnPlace } from '../../../../src/orchestration/place/isolation.js'
import { leasedPlace } from '../../../../src/orchestration/place/leased-place.js'
import { attemptRef } from '../../../../src/workspace/refs/ref-name.js'
import { placeAcrossText } from '../../../support/fakes/place-across-text.js'
import { taskOf } from '../../../support/rigs/task.js'
import { createRig, value, type Agent, type Rig } from '../../../support/rigs/workspace-rig.js'

type Parts = Parameters<typeof leasedPlace>[2]

/** Every place that turns happen in, by name: the suite runs on each. */
const places: readonly (readonly [string, (place: TurnPlace) => TurnPlace])[] = [
  ['a leased workspace', (place) => place],
  ['a leased workspace behind a border that lets only text pass', placeAcrossText],
]

interface Stage {
  readonly rig: Rig
  readonly agent: Agent
  readonly place: TurnPlace
  readonly ref: string
  /** Others have landed this meanwhile. */
  readonly land: (path: string, text: string) => string
  readonly released: () => number
}

async function opened(wrap: (place: TurnPlace) => TurnPlace, attempt = 1): Promise<Stage> {
  const rig = await createRig({ files: { 'a.txt': 'a\n', 'b.txt': 'b\n' } })
  onTestFinished(rig.repo.remove)
  const agent = await rig.leased(attempt)
  let tip = rig.base
  let released = 0
  rig.workspaces.onReleased(() => released++)
  const parts = {
    ...{
      repository: rig.repository,
      workspaces: rig.workspaces,
      runId: runId('run1'),
      mask: noMask,
      leaveOut: [],
      watched: [],
    },
    ...{ offLimits: { covers: () => false }, tip: () => tip, branch: 'main', onStuck: () => undefined },
    onAgentEnded: () => Promise.resolve(),
    step: <Value>(action: () => Promise<Value>) => action(),
  } as unknown as Parts
  const tried = { id: { taskId: taskId('T1'), attempt }, task: taskOf('T1'), agent: { provider: 'claude' } }
  return {
    ...{ rig, agent, ref: attemptRef(runId('run1'), taskId('T1'), attempt), released: () => released },
    place: wrap(leasedPlace(agent.workspace, tried, parts)),
    land(path, text) {
      rig.repo.write(path, text)
      return (tip = rig.repo.commit(`lands ${path}`))
    },
  }
}

async function harvested(place: TurnPlace): Promise<Harvested> {
  const harvest = await place.harvest()
  if (harvest.type !== 'candidate') throw new Error(`no candidate: ${harvest.type}`)
  return harvest
}

describe.each(places)('%s', (_, wrap) => {
  it('is at its base, and what a turn has made becomes a commit on the named ref', async () => {
    const { rig, agent, place, ref } = await opened(wrap)
    expect(place.place).toEqual({ cwd: agent.root, base: rig.base })
    agent.write('new.txt', 'new\n')
    const candidate = await harvested(place)
    expect(candidate).toMatchObject({ ref, base: rig.base })
    expect(rig.repo.git('rev-parse', ref)).toBe(candidate.commit)
    expect(rig.repo.git('show', `${ref}:new.txt`)).toBe('new')
  })

  it('has nothing to collect if nothing changed, and is in no trouble', async () => {
    const { place } = await opened(wrap)
    expect((await place.harvest()).type).toBe('unchanged')
    expect([await place.trouble(), await place.underWay()]).toEqual([undefined, undefined])
  })

  it('takes in what has landed meanwhile for a repair round, and its ref only moves forward', async () => {
    const { rig, agent, place, ref, land } = await opened(wrap)
    agent.write('new.txt', 'first\n')
    const first = await harvested(place)
    const tip = land('b.txt', 'landed\n')
    const together = value(await place.bringUpToDate(first))
    expect(together).toMatchObject({ base: tip, conflicts: [] })
    expect(await place.diff(together, 1000)).toContain('+first')
    expect([agent.read('b.txt'), agent.read('new.txt')]).toEqual(['landed\n', 'first\n'])
    agent.write('new.txt', 'second\n')
    const second = await harvested(place)
    expect(second).toMatchObject({ ref, base: tip })
    expect(rig.repo.git('merge-base', '--is-ancestor', first.commit, ref)).toBe('')
    expect(rig.repo.git('show', `${ref}:new.txt`)).toBe('second')
  })

  it('names what git cannot combine', async () => {
    const { agent, place, land } = await opened(wrap)
    agent.write('a.txt', 'mine\n')
    const candidate = await harvested(place)
    land('a.txt', 'theirs\n')
    expect(value(await place.bringUpToDate(candidate)).conflicts).toEqual(['a.txt'])
    expect(agent.read('a.txt')).toContain('<<<<<<<')
  })

  it('takes over the work of another attempt', async () => {
    const { rig, agent, place, land } = await opened(wrap, 2)
    rig.repo.git('checkout', '-q', '-b', 'other')
    const commit = land('other.txt', 'of attempt 1\n')
    rig.repo.git('checkout', '-q', '-')
    const tip = land('b.txt', 'landed\n')
    const together = value(await place.bringUpToDate({ commit: commitId(commit), base: rig.base }))
    expect([together.base, agent.read('other.txt'), agent.read('b.txt')]).toEqual([tip, 'of attempt 1\n', 'landed\n'])
  })

  it('is given back once, however often it is closed', async () => {
    const { place, released } = await opened(wrap)
    place.close()
    place.close()
    expect(released()).toBe(1)
  })
})
