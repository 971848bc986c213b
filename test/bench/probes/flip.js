// Marks a hundred tasks done, one after the other, and prints how long each took and the longest stall of the event
// loop meanwhile, in ms.
// Arguments: the file; `as-read`, `edited` for somebody else's edit before each, `bare` for only writing the file.
import { join } from 'node:path'
import { appendFileSync } from 'node:fs'
import { open, readFile, rename } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { loadRoadmap } from '../../../src/roadmap/load.ts'
import { parseOffThread } from '../../../src/roadmap/parse-off-thread.ts'
import { createStatusWriter } from '../../../src/roadmap/write/write-back.ts'

const [path, how] = process.argv.slice(2)
const count = how === 'as-read' ? 100 : 20
const loaded = await loadRoadmap(path, { shownAs: 'roadmap.yaml' })
if (!loaded.ok) throw new Error('the roadmap could not be read')
const ids = [...loaded.value.graph.tasks.keys()]
const parse = parseOffThread(join(import.meta.dirname, 'parse-worker.mjs'))
const writer = createStatusWriter(loaded.value, { parse: (bytes) => parse(bytes, loaded.value.options) })
const flip = how === 'bare' ? writeBare : markDone

const resolution = 1
const delay = monitorEventLoopDelay({ resolution })
await pause(200)
const flips = []
delay.enable()
for (let at = 0; at < count; at++) {
  if (how === 'edited') appendFileSync(path, `# an edit: ${at}\n`)
  const began = performance.now()
  await flip(ids[Math.floor((at * ids.length) / count)])
  flips.push(performance.now() - began)
  // Agents do not end back to back; and the garbage collection after a flip counts as its stall.
  await pause(5)
}
delay.disable()
// The histogram holds the times between two ticks: the resolution is in each.
process.stdout.write(JSON.stringify({ flip: flips, stall: [delay.max / 1e6 - resolution] }))
process.exit()

async function markDone(id) {
  const written = await writer.markDone(id)
  if (!written.ok || written.value !== 'written') throw new Error(`${id} was not written`)
}

async function writeBare() {
  const bytes = await readFile(path)
  const file = await open(`${path}.new`, 'w')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await rename(`${path}.new`, path)
}
