// Loads a roadmap in a fresh process and prints how long it took, in ms.
// Arguments: the file; `autopilot`, or `yaml` for the bare parser.
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { loadRoadmap } from '../../../src/roadmap/load.ts'

const [path, what] = process.argv.slice(2)
const began = performance.now()
const ok = what === 'yaml' ? parse() : (await loadRoadmap(path, { shownAs: 'roadmap.yaml' })).ok
const load = performance.now() - began
if (!ok) throw new Error('the roadmap could not be read')
process.stdout.write(JSON.stringify({ load: [load] }))

function parse() {
  return parseDocument(readFileSync(path, 'utf8'), { uniqueKeys: false }).errors.length === 0
}
