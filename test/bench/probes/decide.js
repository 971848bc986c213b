// Feeds a whole roadmap through the schedule and the pool, task by task, without agents, and prints how long each
// decision took, in ms: from the end of a task to the moment at which its slot is the next one's.
// Argument: the file.
import { rankOf, readyTasks } from '../../../src/domain/roadmap/schedule.ts'
import { realClock } from '../../../src/platform/clock.ts'
import { LocalPool } from '../../../src/pool/local-pool.ts'
import { loadRoadmap } from '../../../src/roadmap/load.ts'

const loaded = await loadRoadmap(process.argv[2], { shownAs: 'roadmap.yaml' })
if (!loaded.ok) throw new Error('the roadmap could not be read')
const { graph } = loaded.value
const policy = {
  routes: { complex: [{ provider: 'claude', model: 'opus' }] },
  usable: ['claude', 'codex'],
  providers: [{ provider: 'claude' }, { provider: 'codex' }],
  ordered: false,
}
const pool = new LocalPool({ policy, clock: realClock })
for (let slot = 1; slot <= 5; slot++) pool.addAgent({ id: `slot-${slot}` })

const settled = new Map()
const busy = []
const controller = new AbortController()
let onStart = () => undefined

const settledness = (id) => settled.get(id) ?? 'waiting'
const queue = (ids) => {
  for (const id of readyTasks(graph, settledness, ids)) void work(id)
}

async function work(id) {
  settled.set(id, 'other')
  const task = graph.tasks.get(id)
  const request = { id, rank: rankOf(task, 1, graph), needsWorkspace: false }
  const agent = await pool.reserveAgent(request, task.complexity, { signal: controller.signal })
  busy.push({ id, agent })
  onStart()
}

const began = performance.now()
queue(graph.tasks.keys())
while (busy.length < 5) await new Promise((resolve) => (onStart = resolve))
const start = performance.now() - began

const decisions = []
while (decisions.length < graph.tasks.size - 5) {
  const { id, agent } = busy.shift()
  const decided = new Promise((resolve) => (onStart = resolve))
  const at = performance.now()
  settled.set(id, 'done')
  queue(graph.dependents.get(id) ?? [])
  pool.releaseAgent(agent.id)
  await decided
  decisions.push(performance.now() - at)
}
process.stdout.write(JSON.stringify({ start: [start], decision: decisions }))
process.exit()
