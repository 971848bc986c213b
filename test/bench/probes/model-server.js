// A real CLI and the model server of the tests with real CLIs, which takes hardly any time for an answer. The agent of
// each task writes one file.
// Usage: model-server.js CLI [HOME [HELD]]. Prints what the CLI is and the directory of its program, null if it isn't
// installed. With HOME, logs it in there, prints what its runs need, and serves until the end of the input; then prints
// the processor time that this took, in ms. With HELD, agents that have written their file get no answer until so many
// wait: then it says so, and answers after a line of input.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { clis } from '../../test-cli/clis.ts'
import { binIfInstalled } from '../../test-cli/install-clis.ts'
import { startModelServer } from '../../test-cli/model-server.ts'
import { calling, writes } from '../../test-cli/scripts.ts'

const [cli, home, held = '0'] = process.argv.slice(2)
const { agent, logIn, program } = clis[cli]

if (home === undefined) {
  say({ type: 'found', name: `${program.file} ${program.testedVersion}`, bin: binIfInstalled(clis[cli]) ?? null })
} else {
  await serve(Number(held))
}

async function serve(most) {
  const input = createInterface({ input: process.stdin })
  const [released, ended] = [once(input, 'line'), once(input, 'close')]
  let waiting = 0
  const server = await startModelServer(async (turn) => {
    if (turn.results > 0 && most > 0) {
      if (++waiting === most) say({ type: 'all wait' })
      await released
    }
    return calling(writes(`made-${turn.task}.txt`))(turn)
  })
  say({ type: 'serves', agent, env: logIn(home, server.url) })
  const before = process.cpuUsage()
  await ended
  const { user, system } = process.cpuUsage(before)
  say({ type: 'over', cpuMs: (user + system) / 1e3 })
  await server.close()
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
