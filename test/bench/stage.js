// One run's surroundings: a directory, an empty HOME and an empty TMPDIR of its own, and nothing else of whoever runs
// the benchmarks. Everything lies below one directory, which goes away afterwards.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

/**
 * @typedef {object} Measured
 * @property {number} wallMs from the start of the process to its end
 * @property {number} cpuMs user and system time of the whole machine meanwhile: the one way to what every descendant
 *   took, since nobody waits for those that a launcher has started
 * @property {number} peakMb greatest resident memory of the process itself, where /proc tells it; else NaN
 * @property {number} startedAt epoch ms
 * @property {string} stdout
 *
 * @typedef {object} Stage
 * @property {string} dir
 * @property {string} tmp
 * @property {Record<string, string>} env
 * @property {string} bench the directory of the benchmarks
 * @property {string} program the copied autopilot, to be started with node
 * @property {(name: string) => Promise<string>} bundle path of a bundled probe of the benchmarks' own
 * @property {(command: readonly string[], options?: ExecuteOptions) => Promise<Measured>} execute
 *
 * @typedef {object} ExecuteOptions
 * @property {string} [cwd]
 * @property {string} [stdin] path of a file
 * @property {boolean} [memory] whether its greatest resident memory is measured
 * @property {(pid: number) => void} [onStart] told the process
 */

/**
 * @param {{ root: string, number: number, bench: string, program: string, bundle: Stage['bundle'] }} place
 * @returns {Stage & { remove: () => void }}
 */
export function createStage({ root, number, ...rest }) {
  const dir = join(root, `run-${number}-${randomBytes(3).toString('hex')}`)
  const [home, tmp] = [join(dir, 'home'), join(dir, 'tmp')]
  for (const path of [dir, home, tmp]) mkdirSync(path, { mode: 0o700 })
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: tmp,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    NO_COLOR: '1',
  }
  let count = 0
  return {
    ...rest,
    dir,
    tmp,
    env,
    execute: (command, options = {}) => execute(command, env, join(dir, `output-${++count}`), { cwd: dir, ...options }),
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/**
 * @param {readonly string[]} command
 * @param {Record<string, string>} env
 * @param {string} output where stdout and stderr go
 * @param {ExecuteOptions & { cwd: string }} options
 * @returns {Promise<Measured>}
 */
async function execute(command, env, output, { cwd, stdin, memory = false, onStart }) {
  const [file, ...args] = command
  const names = ['stdout', 'stderr'].map((name) => `${output}.${name}`)
  const descriptors = [openSync(stdin ?? '/dev/null', 'r'), ...names.map((name) => openSync(name, 'w'))]
  const startedAt = Date.now()
  const busyBefore = busyMs()
  const began = process.hrtime.bigint()
  const child = spawn(file, args, { cwd, env, stdio: descriptors })
  if (child.pid !== undefined) onStart?.(child.pid)
  const peak = memory ? watchMemory(child.pid) : undefined
  const status = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? code))
  })
  const wallMs = Number(process.hrtime.bigint() - began) / 1e6
  const cpuMs = busyMs() - busyBefore
  for (const descriptor of descriptors) closeSync(descriptor)
  const [stdout, stderr] = names.map((name) => readFileSync(name, 'utf8'))
  if (status !== 0) {
    throw new Error(`${command.join(' ').slice(0, 200)}: ended with ${status}\n${stdout}${stderr}`.slice(0, 4000))
  }
  return { wallMs, cpuMs, peakMb: peak?.() ?? NaN, startedAt, stdout }
}

/** User and system time of all processors since the start of the machine. */
function busyMs() {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
}

/** VmHWM only grows, so that the last look before the end misses no peak but one of the last ms. See proc(5). */
function watchMemory(pid) {
  let peakKb = NaN
  const look = () => {
    try {
      const line = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      if (line) peakKb = Number(line[1])
    } catch {
      // It has ended, or this system has no /proc.
    }
  }
  const timer = setInterval(look, 10)
  look()
  return () => {
    clearInterval(timer)
    return (peakKb * 1024) / 1e6
  }
}

/** Writes a file below the stage and returns its path. */
export function stageFile(stage, name, text) {
  const path = join(stage.dir, name)
  writeFileSync(path, text)
  return path
}
