// Gates that run alone.
import { expect, test } from 'vitest'
import type { AgentRig } from '../../support/fakes/fake-agent.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import type { Running } from '../../support/rigs/program.js'
import { rig } from '../../support/scenes/rigged-scene.js'

/** Answers gates until the run has ended; each passes. Returns how many of a name ran at once, at most. */
async function answer(agents: AgentRig, running: Running, name: string): Promise<number> {
  const over = running.ended.then(() => undefined)
  const next = () => Promise.race([agents.next(), over])
  let most = 0
  for (let gate = await next(); gate; gate = await next()) {
    most = Math.max(most, agents.living().filter((living) => living === name).length)
    await gate.exit(0)
  }
  return most
}

test.each([
  [true, 1],
  [false, 2],
  // No event reports that a candidate has come to the queue, which is a moment after it was made.
])(
  'of two candidates that are judged at once, a gate with exclusive: %s judges %s at a time',
  { retry: 2, timeout: 20_000 },
  async (exclusive, atOnce) => {
    const agents = await rig()
    const waiting = { id: 'wait', priority: 1, run: agents.command('wait'), expects: 'no_change' }
    const work = ['first', 'one', 'two'].map((id, index) => ({
      id,
      priority: index === 0 ? 0 : 2,
      run: `echo > ${id}`,
    }))
    const stage = gatedScene({
      roadmap: JSON.stringify({ tasks: [...work, waiting] }),
      gates: [
        { name: 'alone', run: agents.command('alone'), ...(exclusive ? { exclusive: true } : {}) },
        agents.command('other'),
      ],
    })
    const running = stage.start(['run', '-a', '1', '-i', '1', '--gate-jobs', '4', '--output', 'json'])
    const before = [await agents.next('alone'), await agents.next('other')]
    await (await agents.next('wait')).exit(0)
    const seen = new Set<string>()
    await running.saw('candidate_created', ({ taskId }) => seen.add(taskId).size === 3)
    for (const gate of before) await gate.exit(0)
    // Both trees are judged: the other gate runs on each, and this one on as many as it may.
    const others = [await agents.next('other'), await agents.next('other')]
    const alone = [await agents.next('alone')]
    if (!exclusive) alone.push(await agents.next('alone'))
    expect(agents.living().filter((name) => name === 'alone')).toHaveLength(atOnce)
    for (const gate of [...others, ...alone]) await gate.exit(0)
    expect(await answer(agents, running, 'alone')).toBe(exclusive ? 1 : 0)
    expect([(await running.ended).code, stage.subjects()]).toEqual([0, ['first', 'one', 'two']])
  },
)
