import { fine, warning, wrong, type Finding } from '../../domain/finding.js'
import { cleanLine } from '../../domain/text.js'
import { askProgram } from '../../platform/processes/ask-program.js'
import type { CaptureOptions } from '../../platform/processes/capture.js'
import type { Program, Provider, StatusAnswer } from '../../providers/adapter/contract.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import type { Detected } from '../agents/providers.js'

/** What the CLIs of a run look like, and how much memory its agents may need. */
export interface CliChecks {
  readonly findings: readonly Finding[]
  /** Those that can do work. */
  readonly usable: readonly Provider[]
}

export interface CliParts {
  /** Of the CLIs that the run would take, the answers. */
  readonly detected: readonly Detected[]
  /** Without one of these, the run would be refused. */
  readonly needed: ReadonlySet<Provider>
  /** The others that there are. */
  readonly others: readonly Detected[]
  readonly environmentOf: EnvironmentOf
  readonly ended: Pick<CaptureOptions, 'signal' | 'watchdog' | 'cwd'>
}

/** Whether each CLI is there, in which version, and logged in. */
export async function checkClis({ detected, needed, others, ...parts }: CliParts): Promise<CliChecks> {
  const checked = await Promise.all(detected.map((one) => checkCli(one, parts)))
  const usable = checked.flatMap(({ isUsable, provider }) => (isUsable ? [provider] : []))
  const isRefused = needed.size > 0 && !usable.some((provider) => needed.has(provider))
  // Beside one that works, another that doesn't is no reason to refuse a run.
  const findings = checked.flatMap(({ findings: found }) =>
    isRefused
      ? found
      : found.map((finding): Finding => (finding.level === 'error' ? { ...finding, level: 'warning' } : finding)),
  )
  return { findings: [...findings, ...besides(others)], usable }
}

async function checkCli(
  { provider, detection }: Detected,
  { environmentOf, ended }: Pick<CliParts, 'environmentOf' | 'ended'>,
): Promise<{ readonly provider: Provider; readonly isUsable: boolean; readonly findings: readonly Finding[] }> {
  const { name, program } = provider
  if (!detection.usable) {
    const cure = detection.help === '' ? undefined : detection.help
    return { provider, isUsable: false, findings: [wrong(name, detection.reason, cure)] }
  }
  if (!program) return { provider, isUsable: true, findings: [fine(name, 'described in the configuration')] }
  const version = detection.version ?? ''
  const tested = detection.tested
    ? fine(name, `${version}, the version that autopilot was tested with`)
    : warning(name, `${version}; autopilot was tested with ${program.testedVersion}`, testedHelp)
  const login = await checkLogin(name, program, environmentOf(provider), ended)
  return { provider, isUsable: login.level !== 'error', findings: [tested, login] }
}

const testedHelp = 'It will most likely work. If a run behaves oddly, this is the first thing to look at.'

/** The status of a login is a file, or a question to the system's keyring. */
const loginTimeoutMs = 20_000

async function checkLogin(
  name: string,
  { file, login: { keys, status }, loginCommand }: Program,
  env: Readonly<Record<string, string>>,
  ended: CliParts['ended'],
): Promise<Finding> {
  const key = keys.find((one) => (env[one] ?? '') !== '')
  if (key !== undefined) return fine(name, `logged in by ${key}`)
  const unknown = fine(name, `whether it is logged in shows only when an agent runs; if not: ${loginCommand}`)
  if (!status) return unknown
  const { exit, stdout, stderr } = await askProgram(file, status.args, { ...ended, env, timeoutMs: loginTimeoutMs })
  const answer: StatusAnswer = { stdout, stderr, ...(exit.type === 'code' ? { code: exit.code } : {}) }
  const isLoggedIn = status.isLoggedIn(answer)
  if (isLoggedIn === undefined) return unknown
  return isLoggedIn
    ? fine(name, 'logged in')
    : wrong(name, 'not logged in', `Log in with \`${loginCommand}\`, or set ${keys[0] ?? 'a key'}.`)
}

function besides(others: readonly Detected[]): readonly Finding[] {
  const here = others.flatMap(({ provider: { name }, detection }) =>
    detection.usable ? [`${name} ${cleanLine(detection.version ?? '', 60)}`.trim()] : [],
  )
  return here.length === 0 ? [] : [fine('others', `also here, and used only if named (--provider): ${here.join(', ')}`)]
}
