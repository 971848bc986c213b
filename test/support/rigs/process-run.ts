import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { noMask } from '../../../src/domain/secrets/mask.js'
import { startProcess, type RunningProcess, type ProcessSpec } from '../../../src/platform/processes/running-process.js'
import type { Launcher } from '../../../src/platform/processes/launching/launcher.js'
import { startRig, type AgentRig } from '../fakes/fake-agent.js'

/** A process that a test started, with every line that it has printed so far. */
export interface ProcessRun extends RunningProcess {
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  readonly stdoutFile: string
  readonly stderrFile: string
}

let launcher: Launcher | undefined

/** From now on, processes are started by this launcher, where it can. */
export function startBy(other: Launcher | undefined): void {
  launcher = other
}

/** The processes of a group of tests are started by one launcher, where it can; each test has a rig of its own. */
export function startGroupBy(open: () => Promise<Launcher | undefined>, onRig: (rig: AgentRig) => void): void {
  let own: Launcher | undefined
  let rig: AgentRig
  beforeAll(async () => {
    own = await open()
    startBy(own)
  })
  afterAll(() => {
    startBy(undefined)
    return own?.close()
  })
  beforeEach(async () => {
    rig = await startRig()
    onRig(rig)
  })
  afterEach(() => rig.close())
}

/** Starts a fake agent as attempts do; what `change` names replaces the defaults: long grace, big files, no input. */
export function startRun(rig: AgentRig, change: Partial<ProcessSpec> = {}): ProcessRun {
  const [stdoutFile, stderrFile] = [join(rig.dir, 'stdout.log'), join(rig.dir, 'stderr.log')]
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const agent = startProcess({
    ...rig.argv('agent'),
    cwd: rig.dir,
    env: { PATH: process.env.PATH ?? '' },
    input: '',
    stdoutFile,
    stderrFile,
    maxFileBytes: 1_000_000,
    mask: noMask,
    graceMs: 30_000,
    onStdoutLine: (line) => stdout.push(line),
    onStderrLine: (line) => stderr.push(line),
    ...(launcher === undefined ? {} : { launcher }),
    ...change,
  })
  return Object.assign(agent, { stdout, stderr, stdoutFile, stderrFile })
}
