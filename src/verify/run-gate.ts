import { realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { formatExitStatus } from '../domain/agent/attempt.js'
import type { Clock } from '../domain/clock.js'
import type { Gate, Verdict } from '../domain/landing/gate.js'
import type { Mask } from '../domain/secrets/mask.js'
import { cleanLine, endOf } from '../domain/text.js'
import { scheduleUsable } from '../domain/agent/usable-time.js'
import { isStopped } from '../platform/processes/table/process-identity.js'
import type { ProcessEnd, OnSpawned } from '../platform/processes/running-process.js'
import type { StartProcess } from '../platform/processes/door.js'
import { fullDisk } from '../platform/files/full-disk.js'

/** Where and with what a gate runs. */
export interface GateRun {
  /** Root of a clean checkout of the tree to be judged. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  /** All that it prints goes there, up to a cap. */
  readonly logFile: string
  /** Hides secrets in the log and in what an agent is told. */
  readonly mask: Mask
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Aborted when nobody waits for the verdict any more. */
  readonly unwanted?: AbortSignal
  /** Told of the gate's process before the gate begins. */
  readonly onSpawned: OnSpawned
  readonly start: StartProcess
}

const maxLogBytes = 50 * 1024 * 1024
const graceMs = 2_000
/** The variable that identifies a gate's processes, wherever they go: its log. */
const mark = 'AUTOPILOT_GATE'

/** Runs one gate to its end, in its own process group, and returns its verdict. Never rejects. */
export async function runGate(
  gate: Gate,
  { root, env, logFile, mask, clock, signal, unwanted, onSpawned, start }: GateRun,
): Promise<Verdict> {
  const cwd = await directoryIn(root, gate.cwd)
  if (cwd === undefined)
    return { type: 'failed', message: `there is no directory ${cleanLine(gate.cwd ?? '')}`, tail: '' }
  const process = start({
    file: '/bin/sh',
    // One stream for both, so that the log reads as on a terminal; the end of stderr is also kept.
    args: ['-c', `exec >&2\n${gate.run}`],
    cwd,
    root,
    env: { ...env, [mark]: logFile },
    mark,
    input: '',
    stdoutFile: '/dev/null',
    stderrFile: logFile,
    maxFileBytes: maxLogBytes,
    mask,
    graceMs,
    onStdoutLine: () => undefined,
    onSpawned,
  })
  const onAbort = () => process.end('canceled')
  const ending = unwanted ? [signal, unwanted] : [signal]
  for (const one of ending) one.addEventListener('abort', onAbort, { once: true })
  if (ending.some(({ aborted }) => aborted)) onAbort()
  const cancelTimeout = scheduleUsable(gate.timeoutMs, () => process.end('timeout'), {
    clock,
    isStopped: () => isStopped(process.pid ?? 0),
  })
  await process.exited
  cancelTimeout()
  const end = await process.finished
  for (const one of ending) one.removeEventListener('abort', onAbort)
  const verdict = judge(gate, end)
  if (verdict.type !== 'failed') return verdict
  // A gate's output about a full disk may be its own words. Only a disk that is full right now says nothing about the
  // tree.
  const full = await fullDisk([root, logFile])
  return full === undefined ? verdict : { type: 'errored', message: `no space is left on the disk of ${full}` }
}

/** Where a gate starts; undefined if the tree has no such directory, or a link to somewhere outside instead. */
async function directoryIn(root: string, cwd = ''): Promise<string | undefined> {
  try {
    const [top, place] = [await realpath(root), await realpath(join(root, cwd))]
    const [first] = relative(top, place).split(sep)
    return first !== '..' && (await stat(place)).isDirectory() ? place : undefined
  } catch {
    return undefined
  }
}

function judge(gate: Gate, { exit, ended, stderrTail }: ProcessEnd): Verdict {
  const tail = endOf(stderrTail)
  if (ended === 'canceled') return { type: 'errored', message: 'it was canceled' }
  if (ended === 'timeout') {
    return { type: 'failed', message: `no end within ${gate.timeoutMs / 1000} s`, tail }
  }
  if (exit.type === 'not_started' || exit.type === 'lost') return { type: 'errored', message: formatExitStatus(exit) }
  if (exit.type === 'code' && exit.code === 0) return { type: 'passed' }
  return { type: 'failed', message: formatExitStatus(exit), tail }
}
