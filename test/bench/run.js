// Measures autopilot side by side with what people use today.
// Usage: node test/bench/run.js [--rounds N] [--json FILE] [--markdown FILE] [a b c ...]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { bundler } from './bundle.js'
import { measure } from './harness.js'
import { describeMachine, headCommit } from './machine.js'
import { asMarkdown, asText } from './report.js'

const bench = dirname(fileURLToPath(import.meta.url))
const project = dirname(dirname(bench))
const root = mkdtempSync(join(tmpdir(), 'autopilot-bench-'))
// On ext4, each run's directory is then placed in a part of the disk of its own, by its name, away from what other
// runs have deleted; see harness.js. Elsewhere it says that it cannot, and nothing is lost.
spawnSync('chattr', ['+T', root], { stdio: 'ignore' })
const clear = () => rmSync(root, { recursive: true, force: true, maxRetries: 3 })
process.on('exit', clear)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string' }, markdown: { type: 'string' } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)
const chosen = await choose(positionals)
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${values.rounds}: not a number of rounds`)

const place = { root, bench, program: copyProgram(), bundle: bundler({ bench, root }) }
const results = []
for (const benchmark of chosen) {
  const onRound = (round) => process.stderr.write(`(${benchmark.id}) ${benchmark.title}: round ${round} of ${rounds}\n`)
  try {
    const measured = await measure(benchmark, { rounds, place, onRound })
    process.stdout.write(`${asText(measured)}\n`)
    results.push(...measured)
  } catch (error) {
    // The other numbers are worth having all the same.
    process.stderr.write(`bench: (${benchmark.id}) ${benchmark.title}: ${error.message}\n`)
    process.exitCode = 1
  }
}
const facts = {
  date: new Date().toISOString().slice(0, 10),
  commit: headCommit(project),
  rounds,
  machine: describeMachine(root),
}
if (values.json) writeFileSync(values.json, `${JSON.stringify({ ...facts, results }, undefined, 2)}\n`)
if (values.markdown) {
  const config = await resolveConfig(values.markdown, { config: join(project, '.config', 'prettier.json') })
  writeFileSync(values.markdown, await format(asMarkdown(results, facts), { ...config, parser: 'markdown' }))
}

/** The benchmarks of the given letters, all of them without. */
async function choose(letters) {
  const files = readdirSync(join(bench, 'cases')).sort()
  const modules = await Promise.all(files.map((file) => import(`./cases/${file}`)))
  const all = modules.flatMap(({ benchmarks }) => benchmarks)
  const unknown = letters.filter((letter) => !all.some(({ id }) => id === letter))
  if (unknown.length > 0) fail(`no such benchmark: ${unknown.join(', ')}`)
  return letters.length === 0 ? all : all.filter(({ id }) => letters.includes(id))
}

/** A copy, so that a build meanwhile does not change what is measured. */
function copyProgram() {
  for (const name of ['bin', 'dist', 'package.json']) {
    cpSync(join(project, name), join(root, 'program', name), { recursive: true })
  }
  return join(root, 'program', 'bin', 'autopilot.js')
}

function fail(message) {
  process.stderr.write(`bench: ${message}\n`)
  process.exit(2)
}
