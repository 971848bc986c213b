// What the benchmarks do with autopilot itself: a roadmap of commands, a run, its journal.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {{ id: string, run?: string, status?: string }} Command without `run`, it is a task for an agent CLI */

/**
 * `count` stand-in agents: each works for so many seconds and writes one file of its own.
 * @returns {Command[]}
 */
export function standIns(count, seconds) {
  return Array.from({ length: count }, (_, index) => standIn(index + 1, seconds))
}

/** @returns {Command} */
export function standIn(number, seconds) {
  return { id: `t${number}`, run: `sleep ${seconds}; echo ${number} > made-${number}.txt` }
}

/** @param {readonly Command[]} commands */
export function roadmapText(commands) {
  const tasks = commands.map(({ id, run, status }) => {
    const line = (key, value) => (value === undefined ? '' : `    ${key}: ${value}\n`)
    return `  - id: ${id}\n    title: Task ${id}\n${line('status', status)}${line('run', run && JSON.stringify(run))}`
  })
  return `version: 1\ntasks:\n${tasks.join('')}`
}

/**
 * Runs the roadmap in `directory`, and checks that every task is done, in the file, too.
 * @param {import('./stage.js').Stage} stage
 */
export async function runRoadmap(
  stage,
  directory,
  { slots, commands, isolation = 'workspace', memory = false, flags = [], preload = [], onStart },
) {
  const roadmap = join(directory, 'roadmap.yaml')
  if (isolation === 'none') writeFileSync(roadmap, roadmapText(commands))
  const node = ['node', ...preload.flatMap((file) => ['--import', file])]
  const command = [...node, stage.program, 'run', '--agents', String(slots), '--isolation', isolation, '-C', directory]
  const measured = await stage.execute([...command, ...flags, roadmap], { cwd: directory, memory, onStart })
  const done = readFileSync(roadmap, 'utf8').match(/^ {4}status: done$/gm)?.length ?? 0
  if (done !== commands.length) throw new Error(`${done} of ${commands.length} tasks are done in the roadmap`)
  return measured
}

/** The records of the only run in a directory. */
export function readJournal(directory) {
  const runs = join(directory, '.autopilot', 'runs')
  const [run, ...others] = readdirSync(runs)
  if (run === undefined || others.length > 0) throw new Error(`not one run in ${runs}`)
  const lines = readFileSync(join(runs, run, 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => JSON.parse(line))
}

/**
 * For each slot, the ms from the end of an agent to the start of the next: the time that a slot is idle while work
 * waits. The last end on each slot has none.
 */
export function handovers(records) {
  const slotOf = new Map()
  const exitedAt = new Map()
  const gaps = []
  for (const { type, ms, taskId, attempt, slot } of records) {
    const key = `${taskId} ${attempt}`
    if (type === 'attempt_started') slotOf.set(key, slot)
    if (type === 'agent_exited') exitedAt.set(slot, ms)
    if (type === 'agent_spawned') {
      const ended = exitedAt.get(slotOf.get(key))
      if (ended !== undefined) gaps.push(ms - ended)
    }
  }
  return gaps
}
