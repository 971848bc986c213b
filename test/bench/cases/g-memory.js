import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runRoadmap } from '../autopilot.js'
import { stageFile } from '../stage.js'

const [slots, bytes] = [5, 200e6]

/** Lines of 100 bytes, or one line of all bytes. */
const commandLines = `yes ${'x'.repeat(99)} | head -c ${bytes}`
const commandLine = `head -c ${bytes} /dev/zero | tr '\\0' x`

const say = (text) =>
  JSON.stringify({ type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text }] } })
const [before, after] = say('|').split('|')
const final = JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'done', num_turns: 1 })

/** What the stand-in claude prints: what autopilot must parse, not only pass on. */
const claudeLines = `yes '${say('x'.repeat(2000))}' | head -c ${bytes}; echo; echo '${final}'`
const claudeLine = `printf '%s' '${before}'; ${commandLine}; echo '${after}'; echo '${final}'`

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  { title: '5 commands that print 200 MB each, in lines', run: commandLines, maxMb: 150 },
  { title: '5 stand-in claudes that print 200 MB of events each', claude: claudeLines, maxMb: 150 },
  { title: '5 commands that print one line of 200 MB each', run: commandLine, maxMb: 200 },
  { title: '5 stand-in claudes that print one event of 200 MB each', claude: claudeLine, maxMb: 200 },
].map(({ title, maxMb, ...kind }) => ({
  id: 'g',
  title,
  baselines: { 'node -e 0': async (stage) => peakOf(await stage.execute(['node', '-e', idle], { memory: true })) },
  run: (stage) => printing(stage, kind),
  rows: [
    {
      title: 'peak memory of autopilot',
      metric: 'peak',
      unit: 'MB',
      target: { text: `< ${maxMb} MB`, limit: () => maxMb },
    },
  ],
}))

/** An empty node that lives long enough to be looked at. */
const idle = 'setTimeout(() => {}, 100)'

const peakOf = ({ peakMb, wallMs }) => ({ peak: [peakMb], wall: [wallMs] })

async function printing(stage, { run, claude }) {
  const directory = join(stage.dir, 'plain')
  mkdirSync(directory)
  if (claude !== undefined) standInClaude(stage, claude)
  const commands = Array.from({ length: slots }, (_, index) => ({ id: `t${index + 1}`, run }))
  return peakOf(await runRoadmap(stage, directory, { slots, commands, isolation: 'none', memory: true }))
}

/** Puts a program named claude on this stage's PATH. */
function standInClaude(stage, prints) {
  const bin = join(stage.dir, 'bin')
  mkdirSync(bin)
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo '0.0.0 (Claude Code)'; exit; fi\ncat > /dev/null\n${prints}\n`
  chmodSync(stageFile(stage, join('bin', 'claude'), script), 0o700)
  stage.env.PATH = `${bin}:${stage.env.PATH}`
}
