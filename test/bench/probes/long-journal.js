// Writes the journal of a run of many tasks into a directory, as a run would leave it there.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { longRun } from '../../support/games/long-run.js'

const [, , root, count] = process.argv
const records = longRun({ tasks: Number(count), slots: 8, dependencies: 3 })
const dir = join(root, '.autopilot', 'runs', records[0].runId)
mkdirSync(dir, { recursive: true })
writeFileSync(join(dir, 'journal.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
