// Runs with the real agent CLIs that `make test-cli` has installed, before a model server that takes hardly any time.
import { execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { delimiter } from 'node:path'
import { createInterface } from 'node:readline'
import { readJournal, roadmapText, runRoadmap } from './autopilot.js'
import { commitsOn, smallRepository } from './small-repository.js'

/**
 * Why a CLI can't be measured here. It is up to hundreds of MB, which nobody expects a benchmark to install.
 * @param {import('./harness.js').Place} place
 * @returns {Promise<string | undefined>}
 */
export async function whyNotInstalled(place, cli) {
  const { bin, name } = await find(place, cli)
  return bin === null ? `${name} is not installed; \`make test-cli TEST_CLIS=${cli}\` installs it` : undefined
}

async function find({ bundle }, cli) {
  return JSON.parse(execFileSync('node', [await bundle('model-server'), cli], { encoding: 'utf8' }))
}

/**
 * A run of `count` tasks, each in a workspace of its own, where the agent writes one file.
 * @param {import('./stage.js').Stage} stage
 * @param {object} options
 * @param {string} options.cli
 * @param {number} options.count
 * @param {number} options.slots
 * @param {readonly string[]} options.flags
 * @param {Record<string, string>} [options.files] further ones of the repository
 * @param {(run: { pid: number, root: string, release: () => void }) => Promise<void>} [options.inTheMiddle] called while
 *   all agents have done their work but not ended their turns, which needs a slot for each; `release` lets them
 */
export async function runRealAgents(stage, { cli, count, slots, flags, files = {}, inTheMiddle }) {
  const model = await startModel(stage, cli, inTheMiddle ? count : 0)
  try {
    const commands = Array.from({ length: count }, (_, index) => ({ id: `t${index + 1}` }))
    const root = smallRepository(stage, roadmapText(commands), files)
    // Over the Agent Client Protocol, not every CLI can be held to less than `full`.
    const all = ['--provider', model.agent, '--permissions', 'full', '--iterations', '1', ...flags]
    let pid
    const onStart = (started) => (pid = started)
    const run = runRoadmap(stage, root, { slots, commands, flags: all, onStart })
    if (inTheMiddle) {
      const isHeld = await Promise.race([model.allWait.then(() => true), run.then(() => false)])
      if (!isHeld) throw new Error('the run was over before all agents were at work')
      // Without the answer the run would never end.
      await inTheMiddle({ pid, root, release: model.release }).finally(model.release)
    }
    const { wallMs, cpuMs } = await run
    const arrived = commitsOn(stage, root, 'autopilot/main')
    if (arrived !== count) throw new Error(`${arrived} of ${count} commits arrived`)
    return { wallMs, cpuMs: cpuMs - (await model.stop()), records: readJournal(root) }
  } finally {
    await model.stop()
  }
}

/** Logs the CLI in on the stage, and puts it on the PATH there. */
async function startModel(stage, cli, held) {
  const [{ bin }, probe] = [await find(stage, cli), await stage.bundle('model-server')]
  const child = spawn('node', [probe, cli, stage.env.HOME, String(held)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const told = new EventEmitter()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line)
    told.emit(message.type, message)
  })
  const [allWait, over] = [once(told, 'all wait'), once(told, 'over')]
  const serves = await Promise.race([once(told, 'serves'), exited.then(() => undefined)])
  if (serves === undefined) throw new Error('the model server has ended')
  const [{ agent, env }] = serves
  Object.assign(stage.env, env, { PATH: `${bin}${delimiter}${stage.env.PATH}` })
  let cpuMs
  return {
    agent,
    allWait,
    release: () => child.stdin.write('\n'),
    stop: () => (cpuMs ??= stop()),
  }

  /** Gives the processor time that the server took for its answers. */
  async function stop() {
    child.stdin.end()
    const [{ cpuMs: taken }] = await over
    await exited
    return taken
  }
}
