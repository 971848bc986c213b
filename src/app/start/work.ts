import { present } from '../../domain/present.js'
import type { ExitCode } from '../../domain/run/exit-code.js'
import { judgeRun } from '../../domain/run/verdict.js'
import { Cancellations } from '../../orchestration/run/cancellations.js'
import { WriteBack } from '../../orchestration/run/write-back.js'
import { createStopEarly } from '../../orchestration/stop-early.js'
import { realClock } from '../../platform/clock.js'
import { endGits } from '../../platform/git/living-gits.js'
import { killLivingGroups } from '../../platform/processes/process-group.js'
import { openTypedKeys, type TerminalBefore } from '../../platform/terminal/typed-keys.js'
import type { AgentPool } from '../../pool/contract.js'
import { LocalPool } from '../../pool/local-pool.js'
import { claude } from '../../providers/claude/provider.js'
import { withheldFrom } from '../../providers/environment.js'
import { createStatusWriter } from '../../roadmap/write/write-back.js'
import { shownPath } from '../../ui/shown-path.js'
import { withheldFromMcp } from '../agents/mcp-variables.js'
import { ownActor } from '../control/own-actor.js'
import { RunControl } from '../control/run-control.js'
import { RunSlots } from '../control/run-slots.js'
import { openRunSocket } from '../control/run-socket.js'
import { parseElsewhere } from '../prepare/roadmap-source.js'
import { reportWarnings } from '../reports/write-reports.js'
import { giveUp } from '../stop/give-up.js'
import { heedStops } from '../stop/heed-stops.js'
import { announce } from './announce.js'
import { tellCi } from '../ci/results.js'
import { loop, type LoopParts } from './loop.js'
import type { OpenRun } from './record.js'
import { opened, Table } from './table.js'

/** What a run has besides while its tasks are worked on. */
const atWork = new Table<never, OpenRun>()
  // The spinner stands where the summary will.
  .row('shown', ({ recorder }) => opened(undefined, recorder.closeReporters))
  .row('groups', () => opened(undefined, killLivingGroups))
  .row('pool', ({ clis: { policy, caps } }) => {
    const pool = new LocalPool({ policy, caps, clock: realClock })
    return opened(pool, () => pool.close())
  })
  .row('stopEarly', ({ recorder, pool }) => opened(createStopEarly(recorder, pool)))
  .row('roadmap', ({ beginning: { loaded } }) => {
    const parse = (bytes: Uint8Array) => parseElsewhere(bytes, loaded.options)
    return opened(createStatusWriter(loaded, { parse }))
  })
  .row('writeBack', ({ recorder, roadmap }) =>
    opened(new WriteBack(roadmap, (event) => void recorder.record(event), realClock)),
  )
  .row('heed', ({ prepared: { settings }, signals, recorder, stopEarly, stops: { note: onStop } }) =>
    opened(undefined, heedStops({ signals, recorder, stopEarly, settings, clock: realClock, onStop })),
  )
  .row('stands', followSuspension)
  .row('cancellations', () => opened(new Cancellations()))
  .row('slots', openSlots)
  .row('control', openControl)
  .row('socket', openSocket)
  .row('keys', openKeys)
  .row('told', tell)
  // While everything waits, for example for a cool-down, nothing else would keep the process alive.
  .row('alive', () => {
    const timer = setInterval(() => undefined, 2 ** 30)
    return opened(timer, () => clearInterval(timer))
  })

/** While the run stands still after Ctrl-Z, the terminal is the shell's. */
function followSuspension({ recorder, suspension }: OpenRun) {
  suspension.onSuspend(recorder.suspendReporters)
  suspension.onContinue((stoppedMs) => {
    if (stoppedMs > 0) void recorder.record({ type: 'run_continued', stoppedMs: Math.round(stoppedMs) })
    recorder.continueReporters()
  })
  return opened(undefined)
}

/** Their numbers are those of the start; the ports of further ones are taken when they come. */
function openSlots({ prepared: { settings }, numbers, most, recorder, pool }: OpenRun & { readonly pool: AgentPool }) {
  const given = { first: settings.agents, gateJobs: settings.gateJobs }
  return opened(new RunSlots({ pool, recorder, numbers: given, most, growTo: numbers.growTo }))
}

type ControlRow = OpenRun & Pick<LoopParts, 'pool' | 'slots' | 'cancellations'>

function openControl({ prepared: { location, settings }, runId, recorder, pool, slots, ...run }: ControlRow) {
  const control = new RunControl({
    ...{ runId, recorder, pool, slots, cancellations: run.cancellations },
    ...{ root: location.root, lock: location.lock, pid: process.pid },
    interrupt: run.signals.interrupt,
    clock: realClock,
    timeLimitMs: settings.timeLimitMs,
  })
  return opened(control, () => control.close())
}

/** A run that nobody can reach from outside works on all the same. */
async function openSocket({ control, runId, ground, env, recorder }: OpenRun & Pick<LoopParts, 'control'>) {
  const socket = await openRunSocket({ control, runId, runDir: ground.runDir, env })
  if (socket.ok) return opened(undefined, socket.value)
  const text = `the run has no socket, so autopilot pause, cancel and agents cannot reach it: ${socket.error}`
  void recorder.record({ type: 'notice', level: 'warning', text })
  return opened(undefined)
}

/** Whoever sits at the terminal may do the same by a key. */
function openKeys({ show, control, watchdog, suspension }: OpenRun & Pick<LoopParts, 'control'>) {
  const by = ownActor('key')
  let press: (key: string) => void = () => undefined
  const parts = {
    clock: realClock,
    onKey: (key: string) => press(key),
    onChanged: (before: TerminalBefore | undefined) => watchdog.guardTerminal(before),
  }
  const keys = show.keys && openTypedKeys(parts)
  if (!show.keys || !keys) return opened(undefined)
  press = show.keys((order) => control.order(order, by))
  suspension.onSuspend(() => keys.leave())
  return opened(undefined, () => keys.close())
}

/** Works on the tasks to their end, shows the summary and returns the exit code. */
export async function work(run: OpenRun): Promise<ExitCode> {
  await atWork.during(run, loopOrGiveUp)
  const { recorder, stops, record, show, prepared, beginning, env, notifier } = run
  const verdict = judgeRun(recorder.state, stops.first())
  await recorder.record({ type: 'run_finished', ...verdict })
  show.summary(recorder.state, { journal: shownPath(record.path), verbose: prepared.settings.verbose })
  const { loaded } = beginning
  const { settings, printer } = prepared
  await tellCi({
    ...{ state: recorder.state, tasks: loaded.graph.tasks, roadmap: loaded.path, env, printer },
    ...present({ dotenv: settings.dotenv, report: settings.report }),
  })
  for (const fault of (await notifier?.settled()) ?? []) printer.trouble(fault)
  return verdict.exitCode
}

/** What hangs long after it should have stopped is left as it is, with everything that the loop has open. */
async function loopOrGiveUp(run: LoopParts): Promise<void> {
  const isDone = loop(run).then(() => true)
  if (await Promise.race([isDone, run.signals.overdue.then(() => false)])) return
  endGits('SIGTERM')
  giveUp(run.recorder, run.writeBack)
}

/** Records what a person should know before the first agent starts. */
async function tell(run: OpenRun) {
  const { prepared, beginning, clis: setup, ground, recorder, numbers, env, live } = run
  const warn = (text: string) => void recorder.record({ type: 'notice', level: 'warning', text })
  beginning.notices.forEach(warn)
  if (live.notice) void recorder.record({ type: 'notice', ...live.notice })
  for (const text of await reportWarnings(prepared.settings)) warn(text)
  announce(recorder, { ...prepared, ...beginning, setup, ground, environmentOf: numbers.environmentOf })
  const withheld = withheldFrom(env, numbers.environmentOf)(claude)
  const isUsed = setup.policy.usable.includes(claude.name)
  if (isUsed) for (const text of await withheldFromMcp(ground.root, withheld)) warn(text)
  return opened(undefined)
}
