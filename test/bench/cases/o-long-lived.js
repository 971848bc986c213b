import { runRealAgents, whyNotInstalled } from '../real-agents.js'

const [slots, count] = [2, 40]

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = ['codex', 'copilot'].map((cli) => ({
  id: 'o',
  title: `${count} short tasks of ${cli} on ${slots} slots, by long-lived servers`,
  whyNot: (place) => whyNotInstalled(place, cli),
  baselines: {
    'one-shot': (stage) => short(stage, cli, []),
    'one-shot on workers': (stage) => short(stage, cli, ['--workers', '--one-shot']),
  },
  run: (stage) => short(stage, cli, ['--workers']),
  rows: [
    {
      title: 'time of a slot, a task',
      metric: 'each',
      unit: 'ms',
      target: { text: '<= 0.5 x one-shot', limit: ({ baseline }) => 0.5 * baseline('one-shot') },
    },
    { title: 'processor time, a task', metric: 'cpu', unit: 'ms' },
    { title: 'an agent, from its start to its end', metric: 'turn', unit: 'ms' },
  ],
}))

async function short(stage, cli, flags) {
  const { wallMs, cpuMs, records } = await runRealAgents(stage, { cli, count, slots, flags })
  return { each: [(wallMs * slots) / count], cpu: [cpuMs / count], turn: turns(records) }
}

/** Of each task, the ms from its agent's start, or from the moment at which its server was given to it, to its end. */
function turns(records) {
  const startOf = new Map()
  return records.flatMap(({ type, ms, taskId }) => {
    if (type === 'agent_spawned') startOf.set(taskId, ms)
    return type === 'agent_exited' ? [ms - startOf.get(taskId)] : []
  })
}
