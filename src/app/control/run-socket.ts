import { randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import type { Answer } from '../../domain/run/control.js'
import { isRunId } from '../../domain/name.js'
import { err, ok, type Result } from '../../domain/result.js'
import { errorText } from '../../domain/text.js'
import { realClock } from '../../platform/clock.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import { askLine } from '../../platform/sockets/ask-line.js'
import { serveLines } from '../../platform/sockets/line-server.js'
import {
  isPrivateDirectory,
  isPrivateSocket,
  openSocketDirectory,
  socketDirectories,
} from '../../platform/sockets/socket-directory.js'
import { readMessage } from './messages.js'
import type { RunControl } from './run-control.js'

/** The file of a run's directory that says where its socket is; gone with the run, unless that is killed. */
const fileName = 'control'
/** What makes a name unlike that of an earlier part of the run: four hexadecimal digits. */
const randomLength = 4
const ending = '.sock'
/** A socket that is so old, ms, listens, or never will. */
const settledMs = 60_000
/** Sockets of runs that were killed: so many are removed at most by one run. */
const mostStale = 100

export interface RunSocketParts {
  readonly control: Pick<RunControl, 'order'>
  readonly runId: RunId
  readonly runDir: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How often a run looks whether its socket is still there, ms: what cleans up temporary directories may take it away. */
const lookMs = 5_000

/**
 * Gives a run a socket, at which commands can reach it, and another one if that is taken away; or tells why it has none. The
 * returned function closes it.
 */
export async function openRunSocket(parts: RunSocketParts): Promise<Result<() => Promise<void>, string>> {
  const first = await openOnce(parts)
  if (!first.ok) return first
  let open: OpenSocket | undefined = first.value
  let looking: Promise<void> | undefined
  const look = async () => {
    if (open && (await isPrivateSocket(open.path))) return
    await open?.close()
    const again = await openOnce(parts)
    open = again.ok ? again.value : undefined
  }
  const timer = setInterval(() => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined))
  }, lookMs)
  timer.unref()
  return ok(async () => {
    clearInterval(timer)
    await looking
    await open?.close()
  })
}

interface OpenSocket {
  readonly path: string
  readonly close: () => Promise<void>
}

async function openOnce(parts: RunSocketParts): Promise<Result<OpenSocket, string>> {
  const { control, runId, runDir, env } = parts
  const name = `${runId}-${randomBytes(randomLength / 2).toString('hex')}${ending}`
  const directory = await openSocketDirectory(await socketDirectories(env), Buffer.byteLength(name))
  if (!directory.ok) return directory
  const path = join(directory.value.path, name)
  const file = join(runDir, fileName)
  const served = await serveLines({ path, answer: (line) => answerTo(line, control) })
  if (!served.ok) {
    await directory.value.close()
    return served
  }
  const close = async () => {
    await rm(file, { force: true }).catch(() => undefined)
    await served.value.close()
    await tidying
    await directory.value.close()
  }
  const tidying = removeStale(directory.value.path, name)
  try {
    await writePrivateFile(file, `${path}\n`)
  } catch (error) {
    await close()
    return err(errorText(error))
  }
  return ok({ path, close })
}

async function answerTo(line: string, control: Pick<RunControl, 'order'>): Promise<string> {
  const message = readMessage(line)
  const answer: Answer = message
    ? await control.order(message.order, message.by)
    : { type: 'misunderstood', version: AUTOPILOT_VERSION }
  return JSON.stringify(answer)
}

/** Where a run says that its socket is; undefined if it says nothing. */
export async function socketOf(runDir: string): Promise<string | undefined> {
  const text = await readFile(join(runDir, fileName), 'utf8').catch(() => '')
  const path = text.trimEnd()
  return path === '' || path.includes('\0') ? undefined : path
}

/** The sockets in the usual directories, with the runs whose names they bear: also of a run whose directory is gone. */
export async function knownSockets(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly { readonly run: string; readonly path: string }[]> {
  const found = await Promise.all((await socketDirectories(env)).map(socketsIn))
  return found.flat()
}

async function socketsIn(directory: string): Promise<readonly { readonly run: string; readonly path: string }[]> {
  if (!(await isPrivateDirectory(directory))) return []
  const names = await readdir(directory).catch((): string[] => [])
  return names.flatMap((name) => {
    const run = name.endsWith(ending) ? name.slice(0, -ending.length - randomLength - 1) : ''
    return isRunId(run) ? [{ run, path: join(directory, name) }] : []
  })
}

/** Removes what runs have left that were killed. Never rejects. */
async function removeStale(directory: string, own: string): Promise<void> {
  const others = (await socketsIn(directory)).filter(({ path }) => path !== join(directory, own))
  for (const { path } of others.slice(0, mostStale)) {
    const stats = await lstat(path).catch(() => undefined)
    // Between its making and its listening, one looks dead.
    if (!stats?.isSocket() || realClock.now() - stats.mtimeMs < settledMs) continue
    const asked = await askLine(path, '', { patienceMs: 1_000 })
    if (!asked.ok && asked.error === 'nobody') await rm(path, { force: true }).catch(() => undefined)
  }
}
