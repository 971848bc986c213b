import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLauncher, type Launcher } from '../../../../../src/platform/processes/launching/launcher.js'
import { isThere } from '../../../../../src/platform/processes/table/process-identity.js'
import { processTable } from '../../../../../src/platform/processes/table/process-table.js'
import { startRig, type AgentRig } from '../../../../support/fakes/fake-agent.js'
import { bundledProgram } from '../../../../support/rigs/bundled-program.js'
import { openReadyLauncher } from '../../../../support/rigs/launchers.js'
import { startBy, startRun } from '../../../../support/rigs/process-run.js'
import { tempDir } from '../../../../support/rigs/temp-dir.js'
import { until } from '../../../../support/rigs/until.js'

let rig: AgentRig
let launcher: Launcher
beforeEach(async () => {
  rig = await startRig()
  launcher = await openReadyLauncher({ lookMs: 20 })
  startBy(launcher)
})
afterEach(() => {
  startBy(undefined)
  return Promise.all([launcher.close(), rig.close()])
})

const seen = (pid: number) => processTable().find((one) => one.pid === pid)!
const env = { PATH: process.env.PATH ?? '' }
const line = (text: string) => ({ file: '/bin/sh', args: ['-c', text], cwd: tempDir(), env })

/** Two that the same shell has launched, with those that wait for them, and the shell itself. */
async function twoAtWork() {
  const runs = [startRun(rig), startRun(rig)]
  const come = [await rig.next(), await rig.next()]
  const agents = runs.map((run) => come.find(({ pid }) => pid === run.pid)!)
  const waiting = agents.map(({ pid }) => seen(pid).parent)
  return { runs, agents, waiting, shell: seen(waiting[0]!).parent }
}

describe.runIf(existsSync('/proc/self/stat'))('a launcher', () => {
  it('is the parent of what it launches, each of which leads a group of its own', async () => {
    const { agents, waiting, shell } = await twoAtWork()
    expect(shell).not.toBe(process.pid)
    expect(seen(shell).parent).toBe(process.pid)
    expect(waiting.map((pid) => seen(pid).parent)).toEqual([shell, shell])
    expect(agents.map(({ pid }) => seen(pid).group)).toEqual(agents.map(({ pid }) => pid))
    for (const agent of agents) await agent.exit()
  })

  it('gives each its own environment, complete', async () => {
    const environments = [
      { ...env, A: '1', B: "it's $HOME `odd`\n*" },
      { ...env, A: '2', B: '' },
      { ...env, A: '2' },
      { ...env, B: 'x', A: '1' },
      // Of a shell's own variables.
      { ...env, UID: '7' },
    ]
    for (const environment of environments) {
      startRun(rig, { env: environment })
      const agent = await rig.next()
      const own = Object.entries(agent.env).filter(([name]) => !['PWD', 'SHLVL', '_'].includes(name))
      expect(Object.fromEntries(own)).toEqual(environment)
      await agent.exit()
    }
  })

  it('passes nothing of one process on to the next: input that nobody has read is gone', async () => {
    const first = startRun(rig, { ...line('exit 0'), input: 'a prompt that nobody reads\n'.repeat(10) })
    await first.finished
    const next = startRun(rig, { ...line('cat'), input: 'mine' })
    await next.finished
    expect(next.stdout.at(-1)).toBe('mine')
  })

  it('leaves processes to Node for which it has no fifos, so that nobody waits', async () => {
    const go = join(rig.dir, 'go')
    const waits = line(`until [ -e ${go} ]; do sleep 0.05; done; echo ran`)
    const files = Array.from({ length: 40 }, (_, i) => join(rig.dir, `${i}.log`))
    const runs = files.map((stdoutFile) => startRun(rig, { ...waits, stdoutFile }))
    await until(() => runs.every(({ pid }) => pid !== undefined), 'all stand')
    const parents = runs.map(({ pid }) => seen(pid!).parent)
    expect(parents).toContain(process.pid)
    expect(parents.some((parent) => parent !== process.pid)).toBe(true)
    writeFileSync(go, '')
    for (const run of runs) expect((await run.finished).exit).toEqual({ type: 'code', code: 0 })
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(files.map(() => 'ran\n'))
  })

  it('keeps no process for an end that was reported, however many there were', async () => {
    const { agents, shell } = await twoAtWork()
    for (const agent of agents) await agent.exit()
    for (let i = 0; i < 60; i++) await startRun(rig, line(':')).finished
    expect(processTable().filter(({ parent }) => parent === shell).length).toBeLessThan(20)
  })

  it('takes no process at first, and removes its fifos when it is closed', async () => {
    const directory = join(tempDir(), 'fifos')
    const other = openLauncher({ directory })
    expect(other.launch(line(':'))).toBeUndefined()
    expect(existsSync(directory)).toBe(false)
    for (let i = 0; i < 4; i++) void other.launch(line(':'))
    await until(() => existsSync(directory) && readdirSync(directory).length > 0, 'it makes fifos')
    await other.close()
    expect(existsSync(directory)).toBe(false)
    expect(other.launch(line(':'))).toBeUndefined()
  })
})

describe.runIf(existsSync('/proc/self/stat'))('when a launcher is killed', () => {
  it('the end of what runs is seen all the same, and another launches the next process', async () => {
    const { runs, agents, shell } = await twoAtWork()
    process.kill(shell, 'SIGKILL')
    await until(() => !isThere(shell), 'it is gone')
    startRun(rig)
    const next = await rig.next()
    for (const [i, agent] of agents.entries()) {
      await agent.exit(i + 3)
      expect((await runs[i]!.finished).exit).toEqual({ type: 'code', code: i + 3 })
    }
    await next.exit()
    await until(async () => {
      const launched = await launcher.launch(line(':'))
      launched?.go('')
      return launched !== undefined
    }, 'another has come')
  })

  it('Node starts, once, what it was asked for and had not made ready', async () => {
    const { agents, shell } = await twoAtWork()
    process.kill(shell, 'SIGSTOP')
    const marks = join(rig.dir, 'marks')
    const run = startRun(rig, line(`echo ran >> ${marks}`))
    process.kill(shell, 'SIGKILL')
    expect((await run.finished).exit).toEqual({ type: 'code', code: 0 })
    expect(readFileSync(marks, 'utf8')).toBe('ran\n')
    for (const agent of agents) await agent.exit()
  })

  it('together with the shell that waits for a process, nobody knows how that process ended', async () => {
    const { runs, agents, waiting, shell } = await twoAtWork()
    process.kill(shell, 'SIGKILL')
    process.kill(waiting[0]!, 'SIGKILL')
    const [first, second] = agents
    await first!.exit(0)
    expect((await runs[0]!.finished).exit).toEqual({ type: 'lost' })
    await second!.exit(0)
    expect((await runs[1]!.finished).exit).toEqual({ type: 'code', code: 0 })
  })
})

it.runIf(existsSync('/proc/self/stat'))(
  'a process that its launcher does not come to is given up and never runs',
  async () => {
    const slow = await openReadyLauncher({ readyMs: 50 })
    const { cwd } = line('')
    const first = (await slow.launch({ ...line('sleep 60'), cwd }))!
    first.go('')
    const shell = seen(seen(first.pid).parent).parent
    process.kill(shell, 'SIGSTOP')
    expect(await slow.launch({ ...line('touch ran'), cwd })).toBeUndefined()
    process.kill(shell, 'SIGCONT')
    process.kill(-first.pid, 'SIGKILL')
    expect(await first.ended).toEqual({ type: 'signal', signal: 'SIGKILL' })
    void slow.close()
    await until(() => !processTable().some(({ parent, group }) => parent === shell || group === shell), 'all have gone')
    expect(readdirSync(cwd)).toEqual([])
  },
)

it.runIf(existsSync('/proc/self/stat'))('a launcher leaves nothing behind when autopilot is killed', async () => {
  const dir = tempDir()
  const program = await bundledProgram(`
    import { openLauncher } from './src/platform/processes/launching/launcher.ts'
    const [cwd] = process.argv.slice(2)
    const launcher = openLauncher({ directory: cwd + '/fifos', leftToNode: 0 })
    const spec = { file: 'sh', args: ['-c', 'touch ran'], cwd, env: { PATH: process.env.PATH } }
    const again = async () => {
      const launched = await launcher.launch(spec)
      if (launched) console.log(launched.pid)
      else setTimeout(again, 5)
    }
    void again()`)
  const parent = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(said.toString())
  const { group: shell } = seen(seen(pid).parent)
  parent.kill('SIGKILL')
  await until(() => !processTable().some(({ group }) => group === pid || group === shell), 'all have gone')
  expect(existsSync(join(dir, 'ran'))).toBe(false)
})
