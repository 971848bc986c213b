import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { setTimeout as passes } from 'node:timers/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { killingGit } from '../../support/fakes/killing-git.js'
import { asAgent, danglingCommits } from '../../support/scenes/past-run.js'
import { childrenOf, processesIn, stateOf, type PlacedProcess } from '../../support/rigs/processes.js'
import { createScene, type Scene } from '../../support/scenes/scene.js'
import type { Running } from '../../support/rigs/program.js'

const rounds = Number(process.env.KILL_ROUNDS ?? '200')
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000)
/** How soon the agents and tools of a killed run must be gone, ms. */
const goneWithinMs = 2_000

/** What is killed: autopilot; its watchdog and then autopilot; autopilot by its own git, once that has moved the target. */
const ways = ['autopilot', 'watchdog first', 'after a landing'] as const
type Way = (typeof ways)[number]

test(
  'a run of twelve tasks that is killed at any moment and resumed brings each task to the target once',
  { timeout: rounds * 60_000 },
  async () => {
    const tally = {
      kills: 0,
      byWay: Object.fromEntries(ways.map((way) => [way, 0])),
      starts: 0,
      idleGits: 0,
      launchers: 0,
      workers: 0,
      servers: 0,
    }
    const findings: string[] = []
    for (let round = 1; round <= rounds; round++) {
      const random = randomFrom(seed + round)
      const stage = createKillScene()
      try {
        for (const finding of await playRound(stage, random, tally)) findings.push(`round ${round}: ${finding}`)
      } finally {
        stage.remove()
      }
    }
    process.stdout.write(`${rounds} runs, ${JSON.stringify(tally)}, ${findings.length} findings, KILL_SEED=${seed}\n`)
    expect(findings).toEqual([])
  },
)

/** Twelve tasks, some of which wait for others: six commands, two of which commit by themselves, six of an agent CLI. */
function roadmap(): string {
  const command = (id: string, more = '') =>
    `  - id: ${id}\n    run: "sleep 0.1; echo ${id} > ${id}.txt${more}"\n    expects: change\n`
  const commits = (id: string) =>
    `; ${asAgent}; git add -A && git commit -qm 'By hand in ${id}' && echo more >> ${id}.txt`
  const agent = (id: string) => `  - { id: ${id}, title: Do ${id}${after[id] ? `, depends_on: [${after[id]}]` : ''} }\n`
  const after: Readonly<Record<string, string>> = { g: 'a', h: 'b', i: 'g', j: 'c', k: 'h, i' }
  const run =
    'abc'
      .split('')
      .map((id) => command(id))
      .join('') +
    'de'
      .split('')
      .map((id) => command(id, commits(id)))
      .join('')
  return `tasks:\n${run}${command('f')}${'ghijkl'.split('').map(agent).join('')}`
}

function createKillScene(): Scene {
  const stage = createScene({
    roadmap: roadmap(),
    files: { 'autopilot.yaml': 'gates: [test -f README.md]\nproviders: [claude]\n' },
  })
  fakeCli(stage, 'claude', ({ task, say, write, succeed }) => {
    say({ type: 'system', subtype: 'init', session_id: `session-of-${task}`, model: 'claude-test' })
    // Works for a fraction of a second.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50 + Math.random() * 250)
    write(`${task}.txt`, task)
    succeed()
  })
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  for (const move of [2, 5, 9]) {
    const bin = killingBin(stage, move)
    mkdirSync(bin)
    stage.program(`git-${move}`, killingGit(real, move))
    symlinkSync(join(stage.env.PATH!, `git-${move}`), join(bin, 'git'))
  }
  return stage
}

function killingBin({ repo }: Scene, move: number): string {
  return repo.beside(`killing-${move}`)
}

/**
 * Kills launchers of a run, and long-lived gits that wait for a question, again and again, until told to stop. A git that
 * is in the middle of a transaction, as its lock files show, is left alone: those files would stay.
 */
function killHelpers(stage: Scene, autopilot: number, random: () => number, tally: Tally): () => void {
  const kill = () => {
    const helpers = childrenOf(autopilot).filter(({ command }) => session.test(command) || launcher.test(command))
    const chosen = helpers[Math.floor(random() * helpers.length)]
    if (!chosen) return
    if (launcher.test(chosen.command)) {
      if (signal(chosen.pid, 'SIGKILL')) tally.launchers++
      return
    }
    if (!signal(chosen.pid, 'SIGSTOP')) return
    // Until it has really stopped, it may be about to lock something.
    while (!['T', 'Z', ''].includes(stateOf(chosen.pid)));
    if (locksIn(join(stage.repo.dir, '.git')).length > 0) {
      signal(chosen.pid, 'SIGCONT')
      return
    }
    if (signal(chosen.pid, 'SIGKILL')) tally.idleGits++
  }
  const timer = setInterval(kill, 100)
  return () => clearInterval(timer)
}

/** Kills a worker or an agent server of a run, once, at some moment: each costs an attempt, of which a task has few. */
function killWorker(autopilot: number, random: () => number, tally: Tally): () => void {
  const which = random() < 0.5 ? 'workers' : 'servers'
  let looks = 2 + Math.floor(random() * 12)
  const kill = () => {
    if (--looks > 0) return
    const workers = childrenOf(autopilot).filter(isWorker)
    const servers = workers.flatMap(({ pid }) => childrenOf(pid)).filter(({ command }) => server.test(command))
    const [chosen] = which === 'workers' ? workers : servers
    if (!chosen || !signal(chosen.pid, 'SIGKILL')) return
    tally[which]++
    clearInterval(timer)
  }
  const timer = setInterval(kill, 100)
  return () => clearInterval(timer)
}

const isWorker = ({ command }: PlacedProcess) => command.endsWith('worker.cjs')
const server = /claude .*--input-format/

/** Of gits and of agents. */
const launcher = /-s autopilot-(git|launcher)$/
const session = /(update-ref|hash-object|cat-file) .*--(stdin|stdin-paths|batch-check)/

function locksIn(gitDir: string): readonly string[] {
  const refs = readdirSync(join(gitDir, 'refs'), { recursive: true, encoding: 'utf8' })
  return [...refs, ...readdirSync(gitDir)].filter((name) => name.endsWith('.lock'))
}

interface Tally {
  kills: number
  starts: number
  idleGits: number
  launchers: number
  workers: number
  servers: number
  readonly byWay: Record<string, number>
}

/** Kills the run a few times, then lets it finish. Returns what was not as it should be. */
async function playRound(stage: Scene, random: () => number, tally: Tally): Promise<readonly string[]> {
  const findings: string[] = []
  /** In half of the rounds launchers are killed, too, gits that wait, workers and agent servers. */
  const killsHelpers = random() < 0.5
  const disturb = ({ pid }: Running) => {
    if (!killsHelpers) return () => undefined
    const stops = [killHelpers(stage, pid, random, tally), killWorker(pid, random, tally)]
    return () => stops.forEach((stop) => stop())
  }
  const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)]!
  for (let kill = 1 + Math.floor(random() * 3); kill > 0; kill--) {
    const way = pick(ways)
    const path = way === 'after a landing' ? `${killingBin(stage, pick([2, 5, 9]))}:${stage.env.PATH}` : stage.env.PATH!
    const run = stage.start([pick(commands(stage))], { env: { PATH: path } })
    tally.starts++
    const stop = disturb(run)
    const wasKilled = await killAtSomeMoment(run, way, random).finally(stop)
    if (!wasKilled) break
    tally.kills++
    tally.byWay[way]!++
    const left = way === 'watchdog first' ? [] : await leftOf(stage)
    if (left.length > 0)
      findings.push(`alive after ${goneWithinMs} ms (${way}): ${left.map(({ command }) => command).join('; ')}`)
  }
  const toTheEnd = async () => {
    tally.starts++
    const run = stage.start([pick(commands(stage))])
    const stop = disturb(run)
    return run.ended.finally(stop)
  }
  let last = await toTheEnd()
  // Gits that are killed one after the other can make collecting fail, which another start makes up for.
  for (let more = 0; more < 4 && last.code === 75; more++) last = await toTheEnd()
  if (last.code !== 0) findings.push(`exit code ${last.code}: ${last.stderr.slice(-2_000)}`)
  return [...findings, ...(await wrongAtEnd(stage))]
}

/** Before there is a journal, nothing can be resumed. */
function commands({ repo }: Scene): readonly string[] {
  const runs = join(repo.dir, '.autopilot', 'runs')
  const begun = (id: string) =>
    existsSync(join(runs, id, 'journal.jsonl')) && statSync(join(runs, id, 'journal.jsonl')).size > 0
  return existsSync(runs) && readdirSync(runs).some(begun) ? ['resume', 'run'] : ['run']
}

/** False when the run came to its end first. */
async function killAtSomeMoment(run: Running, way: Way, random: () => number): Promise<boolean> {
  if (way !== 'after a landing') {
    await Promise.race([passes(50 + random() * 1_800), run.ended])
    if (way === 'watchdog first') for (const pid of watchdogsOf(run.pid)) end(pid)
    run.kill('SIGKILL')
  }
  return (await run.ended).signal === 'SIGKILL'
}

function watchdogsOf(autopilot: number): readonly number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return listed.split('\n').flatMap((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return Number(parent) === autopilot && args.includes("trap '' INT TERM") ? [Number(pid)] : []
  })
}

function end(pid: number): void {
  signal(pid, 'SIGKILL')
}

/** False when it has just ended. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

/** Processes of the run that are still alive when they should not be. */
async function leftOf(stage: Scene): Promise<readonly PlacedProcess[]> {
  const place = dirname(stage.repo.dir)
  const began = performance.now()
  let left = processesIn(place)
  while (left.length > 0 && performance.now() - began < goneWithinMs) {
    await passes(20)
    left = processesIn(place)
  }
  return left
}

async function wrongAtEnd(stage: Scene): Promise<readonly string[]> {
  const { repo } = stage
  const ids = 'abcdefghijkl'.split('')
  const landed = repo
    .git('log', '--format=%(trailers:key=Autopilot-Task,valueonly)', 'main..autopilot/main')
    .split('\n')
    .filter(Boolean)
    .sort()
  const done = readFileSync(join(repo.dir, 'roadmap.yaml'), 'utf8').match(/status: done/g)?.length ?? 0
  const lost = danglingCommits(stage, 'Agent')
  const left = await leftOf(stage)
  repo.git('fsck', '--strict')
  return [
    ...(landed.join() === ids.join() ? [] : [`landed: ${landed.join(' ')}`]),
    ...(done === ids.length ? [] : [`${done} tasks are done in the roadmap`]),
    ...(lost.length === 0 ? [] : [`lost: ${lost.join('; ')}`]),
    ...(left.length === 0 ? [] : [`left at the end: ${left.map(({ command }) => command).join('; ')}`]),
  ]
}

/** Mulberry32: a small generator with a seed, so that a round can be repeated. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
