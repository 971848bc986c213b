import { join } from 'node:path'
import type { WaitPolicy } from '../../domain/accounts/governor.js'
import { isCi, type Environment } from '../../domain/process/environment.js'
import { BudgetKeeper } from '../../orchestration/accounts/budget-keeper.js'
import { Governor } from '../../orchestration/accounts/governor.js'
import { watchUnknown } from '../../orchestration/accounts/unknown-cost.js'
import { watchTogether } from '../../orchestration/agent-watch.js'
import type { AgentRunner, ClosableRunner } from '../../orchestration/agent/contract.js'
import { createSlotLeftovers } from '../../orchestration/agent/slot-leftovers.js'
import { catchUpOn } from '../../orchestration/attempt/salvage.js'
import { BaseWatch } from '../../orchestration/landing/base-watch.js'
import type { Isolation } from '../../orchestration/place/isolation.js'
import { RoomWatch } from '../../orchestration/place/room-watch.js'
import type { Cancellations } from '../../orchestration/run/cancellations.js'
import { runTasks } from '../../orchestration/run/run.js'
import type { WriteBack } from '../../orchestration/run/write-back.js'
import { serverRunner } from '../../orchestration/server/server-runner.js'
import { endedEarly, type StopEarly } from '../../orchestration/stop-early.js'
import { localZone, realClock } from '../../platform/clock.js'
import { openDoor, type Door, type StartProcess } from '../../platform/processes/door.js'
import { sweep } from '../../platform/processes/sweep.js'
import { barredDirectories } from '../../platform/programs/own-programs.js'
import type { AgentPool } from '../../pool/contract.js'
import { withheldFrom } from '../../providers/environment.js'
import type { StatusWriter } from '../../roadmap/write/write-back.js'
import type { RunSettings } from '../../config/settings.js'
import { createCliCheck } from '../agents/cli-check.js'
import type { RunControl } from '../control/run-control.js'
import type { RunSlots } from '../control/run-slots.js'
import { reviewsOf } from '../agents/providers.js'
import { slotWorkers } from '../worker/slot-workers.js'
import { slotId, slotNumber } from '../../domain/agent/work-number.js'
import { tracesOf } from '../ground/traces.js'
import { budgetsOf } from './budgets.js'
import type { OpenRun } from './record.js'
import { maxTotalAttemptsOf } from './run-limits.js'
import { opened, Table } from './table.js'

/** A run whose tasks it should work on. */
export interface LoopParts extends OpenRun {
  readonly pool: AgentPool
  readonly stopEarly: StopEarly
  readonly roadmap: StatusWriter
  readonly writeBack: WriteBack
  /** Tasks that people cancel on their own. */
  readonly cancellations: Cancellations
  /** The agent slots; their number may change. */
  readonly slots: RunSlots
  readonly control: RunControl
}

/** The time between TERM and KILL for what is left running at the end, ms. */
const leftoverGraceMs = 1_000

/** What the loop has open. If a stop is overdue, nobody waits until it is closed. */
const looping = new Table<never, LoopParts>()
  .row('door', ({ ground, watchdog }) => {
    const door = openDoor({ runDir: ground.runDir, watchdog, repository: ground.root, isBusy: true })
    return opened(door, door.close)
  })
  .row('start', ({ door }) => opened(door.start))
  .row('base', ({ recorder, pool, stopEarly, signals }) =>
    opened(new BaseWatch({ recorder, pool, stopEarly, signal: signals.canceled })),
  )
  .row('room', watchRoom)
  .row('isolation', isolate)
  // A process that still runs in a workspace would write into it during its removal.
  .row('sweep', (run) => opened(undefined, () => sweepUp(run)))
  // Workers bear the mark of the run, so they are gone before the sweep looks for what does.
  .row('runner', (run) => (run.prepared.settings.workers ? openWorkers(run) : openProcesses(run)))
  .row('written', ({ beginning: { landed }, writeBack }) => {
    for (const { id } of landed) writeBack.done(id)
    return opened(undefined, () => writeBack.finish())
  })
  .row('filled', fillSlots)
  .row('accounts', watchAccounts)
  // They look at what the rows above have open.
  .row('watches', ({ room, base }) =>
    opened(undefined, () => {
      room.close()
      return base.close()
    }),
  )

type Looping = Parameters<Parameters<(typeof looping)['during']>[1]>[0]

/** Works on the tasks until nothing runs and nothing can start any more. */
export async function loop(run: LoopParts): Promise<void> {
  await looping.during(run, async (open) => {
    await runTasks(taskParts(open))
    open.control.close()
  })
}

function openWorkers({ prepared, ground, watchdog, numbers, recorder, env, slots }: LoopParts) {
  const { settings, config, secrets } = prepared
  const { envTemplates: templates, secrets: named, customProviders } = config.file
  const runner = slotWorkers({
    slots: settings.agents,
    setup: () => ({
      ...{ runDir: ground.runDir, repository: ground.root, customProviders, secrets, oneShot: settings.oneShot },
      barred: barredDirectories(),
      masked: { templates, names: named.names, numbers: numbers.count(), ports: numbers.ports },
    }),
    ...{ env, clock: realClock, watchdog },
    onSpawned: (slot, process) => recorder.record({ type: 'worker_started', slot: slotId(slot), ...process }),
    onReplaced: (slot, why) => void recorder.record({ type: 'worker_replaced', slot: slotId(slot), why }),
  })
  return openRunner(runner, slots)
}

/** What serves a slot ends with it. */
function openRunner(runner: ClosableRunner, slots: RunSlots) {
  slots.onRemoved((id) => runner.rest(slotNumber(id)))
  return opened<AgentRunner>(runner, () => runner.close())
}

/** A process for each turn. What is nothing but a server is one here, too. */
function openProcesses({
  prepared,
  ground,
  door: { start, environmentIn },
  numbers,
  slots,
}: LoopParts & { readonly door: Door }) {
  const runner = serverRunner({
    ...{ start, environmentIn, findProvider: prepared.findProvider, maskAt: numbers.maskAt, clock: realClock },
    directory: join(ground.runDir, 'servers'),
    oneShot: true,
  })
  return openRunner(runner, slots)
}

function watchRoom({ prepared: { settings }, env, recorder, pool, stopEarly, signals }: LoopParts) {
  const waits = waitPolicy(settings, env).onLimit === 'wait'
  return opened(new RoomWatch({ clock: realClock, recorder, pool, stopEarly, waits, signal: signals.canceled }))
}

interface IsolationRow extends LoopParts {
  readonly start: StartProcess
  readonly base: BaseWatch
  readonly room: RoomWatch
}

function isolate({ signals, slots, beginning: { resumed }, ground, ...open }: IsolationRow) {
  const { pool, recorder, base, room, stopEarly, start, watchdog } = open
  const isolation = ground.isolate({
    ...{ pool, recorder, base, room, stopEarly, start, watchdog },
    slots,
    signal: signals.canceled,
    numberedTo: resumed?.numberedTo ?? 0,
  })
  // After a bug, agents' work is still in their workspaces.
  return opened(isolation, (isWhole) => (isWhole ? isolation.close() : undefined))
}

async function sweepUp({ prepared: { location }, runId, watchdog, signals }: LoopParts): Promise<void> {
  const traces = { entry: tracesOf(location, runId).entry, places: watchdog.places }
  await sweep([{ traces, spawned: [] }], signals.canceled.aborted ? 0 : leftoverGraceMs)
}

async function fillSlots(run: LoopParts & { readonly isolation: Isolation }) {
  const { slots, beginning, recorder, isolation, signals } = run
  slots.open()
  const { resumed, loaded } = beginning
  const { tasks } = loaded.graph
  if (resumed) await catchUpOn(resumed, { recorder, isolation, signal: signals.canceled, tasks })
  return opened(undefined)
}

/** Limits, budgets and logins; `ending` ends agents when a budget is used up and says so. */
function watchAccounts(run: LoopParts) {
  const { prepared, beginning, clis, numbers, env, recorder, pool, stopEarly, signals, watchdog } = run
  const { settings, config } = prepared
  const { checkIn, whyUnusable } = createCliCheck({
    detected: clis.detected,
    findProvider: prepared.findProvider,
    environmentOf: numbers.environmentOf,
    ended: { signal: signals.canceled, watchdog },
    onOther: (other) => void recorder.record({ type: 'version_differs', ...other }),
  })
  const facts = { clock: realClock, random: Math.random, zone: localZone }
  const wait = waitPolicy(settings, env)
  const governor = new Governor({ ...facts, recorder, pool, stopEarly, wait, whyUnusable })
  const ending = new AbortController()
  const budgets = budgetsOf(settings, config.file) ?? { run: {}, providers: {} }
  const keeper = new BudgetKeeper({
    ...{ recorder, pool, stopEarly, budgets },
    ...(settings.budgetAction === 'end' ? { endAgents: () => ending.abort(endedEarly) } : {}),
  })
  keeper.look()
  const unknown = watchUnknown({
    ...{ recorder, stopEarly, budgets, findProvider: prepared.findProvider },
    tasks: beginning.loaded.graph.tasks,
  })
  const accounts = { checkIn, ending: ending.signal, keeper, watch: watchTogether(governor, keeper, unknown) }
  return opened(accounts, () => governor.close())
}

function taskParts(run: Looping): Parameters<typeof runTasks>[0] {
  const { prepared, beginning, numbers, ground, accounts, writeBack, roadmap, env, signals } = run
  const { pool, room, recorder, runner, isolation, base, cancellations } = run
  const { settings, config, template } = prepared
  const { gates, allow, prices, env: extraEnv, envTemplates } = config.file
  return {
    ...settings,
    ...numbers,
    ...{ pool, room, recorder, runner, isolation, base, cancellations, gates, allow, prices, extraEnv },
    graph: beginning.loaded.graph,
    clock: realClock,
    findProvider: prepared.findProvider,
    judgesBase: settings.baseGates === 'judge',
    // Agents' finished work is collected and lands all the same.
    signal: AbortSignal.any([signals.canceled, accounts.ending]),
    withheldOf: withheldFrom(env, numbers.environmentOf),
    checkIn: accounts.checkIn,
    watch: accounts.watch,
    allowances: accounts.keeper,
    numbering: { templates: envTemplates, ports: numbers.ports },
    leftovers: createSlotLeftovers(),
    reviews: reviewsOf(settings, config.file),
    asRoot: process.getuid?.() === 0,
    offLimits: [...ground.leaveOut, ...ground.offLimits],
    maxAttempts: settings.iterations,
    maxTotalAttempts: maxTotalAttemptsOf(settings),
    attemptsDir: join(ground.runDir, 'attempts'),
    markDone: (taskId) => writeBack.done(taskId),
    heldByPerson: (taskId) => roadmap.held(taskId),
    ...(beginning.resumed ? { resumptions: beginning.resumed.resumptions } : {}),
    ...(beginning.resumed?.named ? { named: beginning.resumed.named } : {}),
    ...(template === undefined ? {} : { template }),
  }
}

/** Nobody watches a CI job, and its hours cost money: there a run doesn't wait for an account unless told to. */
function waitPolicy({ onLimit, maxWaitMs }: RunSettings, env: Environment): WaitPolicy {
  return { onLimit: onLimit ?? (isCi(env) ? 'stop' : 'wait'), ...(maxWaitMs === undefined ? {} : { maxWaitMs }) }
}
