import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { statAtOnce } from '../../platform/files/at-once.js'
import type { Repository } from '../contract.js'
import { linkStores } from '../stores/filter-stores.js'
import { readUntrusted } from '../git/untrusted-file.js'
import { carriedSettings, formatSettings, type GitSetting } from '../git/user-config.js'

/** What the trusted git directory is made from. */
export interface TrustedSource {
  readonly commonDir: string
  readonly objectFormat: Repository['objectFormat']
  /** The user's whole configuration. */
  readonly settings: readonly GitSetting[]
  /** Absolute paths of the user's own excludes and attributes files; they need not exist. */
  readonly excludesFile: string | undefined
  readonly attributesFile: string | undefined
}

/** Where the trusted git directory of a repository lies: where `git clean` does not reach. */
export function trustedDir(commonDir: string): string {
  return join(commonDir, 'autopilot', 'git')
}

/**
 * Where git leaves things that would change how it reads this directory, were it tampered with: another configuration,
 * another common directory, other parents of commits, hooks.
 */
const neverThere = ['commondir', 'gitdir', 'config.worktree', 'hooks', 'packed-refs', 'info/grafts', 'objects/info']

/**
 * Makes the trusted git directory, or brings it up to date with the user's configuration of this moment. Every file is
 * replaced as a whole, so a run that is under way beside this one never reads half of one.
 *
 * @returns the configuration it carries and the stores it links; throws what the file system throws, such as EACCES
 */
export async function refreshTrusted(
  source: TrustedSource,
): Promise<Pick<Repository, 'carriedConfig' | 'filterStores' | 'seal'>> {
  const dir = trustedDir(source.commonDir)
  await ownDirectory(join(source.commonDir, 'autopilot'))
  await ownDirectory(dir)
  for (const folder of ['refs', 'objects', 'info']) await ownDirectory(join(dir, folder))
  for (const path of neverThere) await rm(join(dir, path), { recursive: true, force: true })
  const carriedConfig = formatSettings([
    ...carriedSettings(source.settings),
    { key: 'core.excludesfile', value: join(dir, 'excludes') },
    { key: 'core.attributesfile', value: join(dir, 'attributes') },
  ])
  await Promise.all([
    replaceFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n'),
    replaceFile(join(dir, 'config'), ownConfig(source.objectFormat) + carriedConfig),
    copyText(source.excludesFile, join(dir, 'excludes')),
    copyText(source.attributesFile, join(dir, 'attributes')),
    copyText(join(source.commonDir, 'info', 'exclude'), join(dir, 'info', 'exclude')),
    copyText(join(source.commonDir, 'info', 'attributes'), join(dir, 'info', 'attributes')),
    mirrorShallow(source.commonDir, dir),
  ])
  const stores = await linkStores(source.commonDir, dir, source.settings)
  return { carriedConfig, filterStores: stores, seal: readSeal(dir) }
}

/** What makes git start programs, or see other content, once it stands there. */
const obeyed = ['HEAD', 'config', 'attributes', 'excludes', 'info/attributes', 'info/exclude', 'shallow']

/** What git would currently obey in the directory; a change or an addition gives another seal. */
function readSeal(dir: string): string {
  const texts = obeyed.map((name) => {
    const read = readUntrusted(join(dir, name), maxBytes)
    return read.ok ? (read.value?.toString('latin1') ?? '') : read.error.reason
  })
  const planted = neverThere.filter((name) => statAtOnce(join(dir, name)) !== undefined)
  return createHash('sha256')
    .update(JSON.stringify([texts, planted]))
    .digest('hex')
}

/** What a person is to do then. */
export const afterUnsealed = 'Find out who it was, then run autopilot resume, which rebuilds it.'

const maxBytes = 64 * 1024 * 1024

/**
 * Whether git's directory is as autopilot left it. Asked before git reads a work tree, or writes one: an agent is a process
 * of the same user, and what it wrote there would run with another task's content. Of kind `target`: nothing starts any
 * more, and what is finished waits for `resume`, which writes the directory anew.
 */
export function checkSeal({
  trusted,
  seal,
  onUnsealed,
}: Pick<Repository, 'trusted' | 'seal' | 'onUnsealed'>): Result<void, Failure> {
  if (readSeal(trusted.gitDir) === seal) return ok(undefined)
  const where = cleanLine(trusted.gitDir, 300)
  const what = `Somebody has changed the directory of autopilot's own git, ${where}, and its contents would now run`
  onUnsealed?.(what)
  return err(failure('target', `${what}. ${afterUnsealed}`))
}

/** `extensions.*` count only from repository format 1 on. Source: git's Documentation/technical/repository-version.txt. */
function ownConfig(format: Repository['objectFormat']): string {
  const version = format === 'sha1' ? '0' : '1'
  const own = [
    { key: 'core.repositoryformatversion', value: version },
    { key: 'core.bare', value: 'false' },
    { key: 'core.logallrefupdates', value: 'false' },
  ]
  return formatSettings(format === 'sha1' ? own : [...own, { key: 'extensions.objectformat', value: format }])
}

/** A directory that is ours alone: 0700, and a symbolic link in its place is replaced, never followed. */
async function ownDirectory(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats && !stats.isDirectory()) await rm(path)
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
}

async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(fresh, content, { mode: 0o600, flag: 'wx' })
  await rename(fresh, path)
}

/** An unreadable file counts as empty, as it does for git. */
async function copyText(from: string | undefined, to: string): Promise<void> {
  const content = from === undefined ? undefined : await readFile(from).catch(() => undefined)
  await replaceFile(to, content ?? '')
}

/** A shallow clone's commits lack parents; git must know that here too, or it reports them as missing. */
async function mirrorShallow(commonDir: string, dir: string): Promise<void> {
  const shallow = await readFile(join(commonDir, 'shallow')).catch(() => undefined)
  if (shallow) await replaceFile(join(dir, 'shallow'), shallow)
  else await rm(join(dir, 'shallow'), { force: true })
}
