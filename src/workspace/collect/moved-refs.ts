import { join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { statAtOnce } from '../../platform/files/at-once.js'
import { listUntrusted, readUntrusted, type Unreadable } from '../git/untrusted-file.js'

/**
 * How the agent left its `.git`, read as files: no git runs there. Oids have the right form; nothing else is certain.
 */
export interface AgentRefs {
  /** Undefined on an unborn branch, and if the whole `.git` is gone. */
  readonly head?: string
  /** Every ref but the stash, by full name. */
  readonly refs: ReadonlyMap<string, string>
  /** The latest first. */
  readonly stashes: readonly string[]
}

const maxRefBytes = 4096
const maxListBytes = 16 * 1024 * 1024
const maxRefs = 10_000

/**
 * Reads HEAD, loose and packed refs and the stash of a workspace. Protocol: gitrepository-layout, git-pack-refs and
 * the reflog line `<old> <new> <who>\t<message>`. Anything odd is an error that names the file, never a guess. The
 * refs that it was `given`, as the text of a `packed-refs` file, aren't the agent's, and there may be any number.
 */
export function readAgentRefs(root: string, oid: RegExp, given: Buffer): Result<AgentRefs, Unreadable> {
  return readRefsIn(join(root, '.git'), oid, given)
}

/** Like {@link readAgentRefs}, for a git directory. */
export function readRefsIn(gitDir: string, oid: RegExp, given: Buffer): Result<AgentRefs, Unreadable> {
  const stats = statAtOnce(gitDir)
  if (!stats) return ok({ refs: new Map(), stashes: [] })
  if (!stats.isDirectory()) return err({ path: gitDir, reason: 'is no longer a directory' })
  if (statAtOnce(join(gitDir, 'reftable'))) {
    return err({ path: join(gitDir, 'reftable'), reason: 'has an unsupported form of refs' })
  }
  const raw = readRawRefs(gitDir, oid, given)
  if (!raw.ok) return raw
  const head = readUntrusted(join(gitDir, 'HEAD'), maxRefBytes)
  if (!head.ok) return head
  const target = parseRef(head.value, oid)
  if (target === undefined) return err({ path: join(gitDir, 'HEAD'), reason: 'is missing or not a ref' })
  const stashes = readStashes(gitDir, oid)
  if (!stashes.ok) return stashes
  return ok(resolveAll(raw.value, target, stashes.value))
}

/** The branch checked out or the commit, as the files say it: `ref: refs/heads/x` or an oid. */
type RefValue = string

function readRawRefs(gitDir: string, oid: RegExp, given: Buffer): Result<Map<string, RefValue>, Unreadable> {
  const packed = readUntrusted(join(gitDir, 'packed-refs'), given.length + maxListBytes)
  if (!packed.ok) return packed
  const own = packed.value === undefined || packed.value.equals(given) ? '' : packed.value.toString('latin1')
  const refs = parsePackedRefs(own, oid, own === '' ? new Set() : new Set(given.toString('latin1').split('\n')))
  if (!refs) return err({ path: join(gitDir, 'packed-refs'), reason: 'is not a list of refs' })
  const names = listUntrusted(join(gitDir, 'refs'), maxRefs)
  if (!names.ok) return names
  for (const name of names.value) {
    // Left behind by a killed git; the ref itself is unchanged.
    if (name.endsWith('.lock')) continue
    const path = join(gitDir, 'refs', name)
    const content = readUntrusted(path, maxRefBytes)
    if (!content.ok) return content
    const value = parseRef(content.value, oid)
    if (value === undefined) return err({ path, reason: 'is not a ref' })
    refs.set(`refs/${name}`, value)
  }
  return ok(refs)
}

function parseRef(content: Buffer | undefined, oid: RegExp): RefValue | undefined {
  const line = content?.toString('latin1').replace(/\s+$/, '') ?? ''
  if (/^ref: refs\/\S+$/.test(line)) return line
  return oid.test(line) ? line : undefined
}

function parsePackedRefs(text: string, oid: RegExp, given: ReadonlySet<string>): Map<string, RefValue> | undefined {
  const refs = new Map<string, RefValue>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('^') || given.has(line)) continue
    const space = line.indexOf(' ')
    const [value, name] = [line.slice(0, space), line.slice(space + 1)]
    if (!oid.test(value) || !name.startsWith('refs/') || refs.size >= maxRefs) return undefined
    refs.set(name, value)
  }
  return refs
}

function readStashes(gitDir: string, oid: RegExp): Result<string[], Unreadable> {
  const logs = join(gitDir, 'logs')
  for (const directory of [logs, join(logs, 'refs')]) {
    const stats = statAtOnce(directory)
    if (!stats) return ok([])
    if (!stats.isDirectory()) return err({ path: directory, reason: 'is not a directory' })
  }
  const log = readUntrusted(join(logs, 'refs', 'stash'), maxListBytes)
  if (!log.ok) return log
  const lines = log.value?.toString('latin1').split('\n') ?? []
  return ok(
    lines
      .map((line) => line.split(' ')[1] ?? '')
      .filter((value) => oid.test(value) && !/^0+$/.test(value))
      .reverse(),
  )
}

function resolveAll(raw: ReadonlyMap<string, RefValue>, head: RefValue, logged: readonly string[]): AgentRefs {
  const resolve = (value: RefValue | undefined, depth = 0): string | undefined => {
    if (!value?.startsWith('ref: ')) return value
    // git itself follows at most five symbolic refs.
    return depth < 5 ? resolve(raw.get(value.slice(5)), depth + 1) : undefined
  }
  const refs = new Map<string, string>()
  for (const [name, value] of raw) {
    const commit = resolve(value)
    if (commit !== undefined && name !== 'refs/stash') refs.set(name, commit)
  }
  const stash = resolve(raw.get('refs/stash'))
  const stashes = [...new Set([...(stash === undefined ? [] : [stash]), ...logged])]
  const commit = resolve(head)
  return { ...(commit === undefined ? {} : { head: commit }), refs, stashes }
}
