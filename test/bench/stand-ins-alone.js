// The floor under every orchestrator: the stand-in agents alone, so many at once, started by a bare spawn in a loop.
// Usage: node stand-ins-alone.js SLOTS < commands.json
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const commands = JSON.parse(readFileSync(0, 'utf8'))
const slots = Number(process.argv[2])

async function work() {
  for (let next = commands.shift(); next; next = commands.shift()) {
    const child = spawn('/bin/sh', ['-c', next.run], { stdio: 'ignore' })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    if (code !== 0) process.exitCode = 1
  }
}

await Promise.all(Array.from({ length: slots }, work))
