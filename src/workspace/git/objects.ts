import { randomUUID } from 'node:crypto'
import type { CommitId, TreeId } from '../../domain/brand.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { parseRaw, type Change } from './index-changes.js'

/** Questions for gits that are already running: no process starts for what every attempt asks. */
type Asked = Pick<Repository, 'sessions'>

/** What git said of one object. */
interface ObjectInfo {
  readonly oid: string
  readonly size: number
}

/** The tree of a commit, or a tree itself, by its full id. */
export async function treeOf({ sessions }: Asked, id: CommitId | TreeId): Promise<Result<TreeId, GitFailure>> {
  const known = sessions.made.get(id as CommitId)
  if (known) return ok(known.tree)
  const info = await infosOf({ sessions }, [`${id}^{tree}`])
  return info.ok ? ok((info.value[0]?.oid ?? '') as TreeId) : info
}

/** How one tree differs from another, both by full ids. */
async function diffTrees(
  { sessions }: Asked,
  from: TreeId,
  to: TreeId,
): Promise<Result<readonly Change[], GitFailure>> {
  if (from === to) return ok([])
  // Source: git's builtin/diff-tree.c: a line that doesn't begin with an id is echoed, after everything before it.
  const end = `end ${randomUUID()}\n`
  const answer = await sessions.diffs.ask(`${from} ${to}\n${end}`, (text) => text.endsWith(end))
  if (!answer.ok) return answer
  // The first line repeats both ids.
  const raw = answer.value.slice(answer.value.indexOf('\n') + 1, -end.length)
  return ok(parseRaw(raw.split('\0')))
}

/** The difference between two commits or trees, both given by full ids. */
export async function diffCommits(
  asked: Asked,
  from: CommitId | TreeId,
  to: CommitId | TreeId,
): Promise<Result<readonly Change[], GitFailure>> {
  const before = await treeOf(asked, from)
  if (!before.ok) return before
  const after = await treeOf(asked, to)
  return after.ok ? diffTrees(asked, before.value, after.value) : after
}

/** Larger blobs don't count as text. In bytes. */
const maxBytes = 64 * 1024 * 1024

/**
 * Passes on the contents of blobs, as UTF-8, one after the other, so that only one is in memory; a blob larger than
 * {@link maxBytes} counts as empty.
 */
export async function readTexts<Value>(
  { sessions }: Asked,
  oids: readonly string[],
  read: (text: string, index: number) => Value,
): Promise<Result<Value[], GitFailure>> {
  if (oids.length === 0) return ok([])
  const infos = await infosOf({ sessions }, oids)
  if (!infos.ok) return infos
  const values: Value[] = []
  for (const [index, { oid, size }] of infos.value.entries()) {
    const text = size > maxBytes ? ok('') : await contentOf({ sessions }, oid, size)
    if (!text.ok) return text
    values.push(read(text.value, index))
  }
  return ok(values)
}

/** Source of the commands and answers: git-cat-file(1), `--batch-command`; `OID SP TYPE SP SIZE LF`, else `NAME missing LF`. */
async function infosOf({ sessions }: Asked, names: readonly string[]): Promise<Result<ObjectInfo[], GitFailure>> {
  const question = names.map((name) => `info ${name}\n`).join('')
  const answer = await sessions.objects.ask(question, (text) => text.split('\n').length > names.length)
  if (!answer.ok) return answer
  const infos: ObjectInfo[] = []
  for (const line of answer.value.trimEnd().split('\n')) {
    const [, oid, size] = /^([0-9a-f]+) [a-z]+ (\d+)$/.exec(line) ?? []
    if (oid === undefined) return err(missing(line))
    infos.push({ oid, size: Number(size) })
  }
  return ok(infos)
}

async function contentOf({ sessions }: Asked, oid: string, size: number): Promise<Result<string, GitFailure>> {
  const header = `${oid} blob ${size}\n`
  const isMissing = (text: string) => text === `${oid} missing\n`
  const isWhole = (text: string) => text.length > header.length + size || isMissing(text)
  const answer = await sessions.objects.ask(`contents ${oid}\n`, isWhole)
  if (!answer.ok) return answer
  if (!answer.value.startsWith(header)) return err(missing(answer.value.slice(0, 100)))
  return ok(Buffer.from(answer.value.slice(header.length, -1), 'latin1').toString('utf8'))
}

function missing(line: string): GitFailure {
  const exit = { type: 'code', code: 128 } as const
  return { args: ['cat-file'], exit, stderr: `fatal: ${line}`, stdout: Buffer.alloc(0) }
}
