import type { CommitId, TreeId } from '../../domain/brand.js'
import { installingIn, type TreeTexts } from '../../domain/installers.js'
import { git, gitBytes } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import type { Furniture } from './furniture.js'

/** What one kind of package manager installs from. */
interface Ecosystem {
  /** Lock files, by their usual names: if one changes, so does what is installed. */
  readonly locks: readonly string[]
  /** If a tree has no lock file, these decide what is installed. */
  readonly manifests: readonly string[]
}

const ecosystems: readonly Ecosystem[] = [
  {
    locks: [
      ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'],
      'deno.lock',
    ],
    manifests: ['package.json', 'pnpm-workspace.yaml', 'deno.json', 'deno.jsonc'],
  },
  { locks: ['Cargo.lock'], manifests: ['Cargo.toml'] },
  { locks: ['go.sum', 'go.work.sum'], manifests: ['go.mod', 'go.work'] },
  { locks: ['Gemfile.lock'], manifests: ['Gemfile', '*.gemspec'] },
  { locks: ['composer.lock'], manifests: ['composer.json'] },
  { locks: ['mix.lock', 'rebar.lock'], manifests: ['mix.exs', 'rebar.config'] },
  { locks: ['pubspec.lock'], manifests: ['pubspec.yaml'] },
  {
    locks: [...['requirements*.txt', 'Pipfile.lock', 'poetry.lock', 'uv.lock', 'pdm.lock', 'pylock.toml', 'pixi.lock']],
    manifests: ['pyproject.toml', 'setup.py', 'setup.cfg', 'Pipfile', 'pixi.toml', 'environment.yml'],
  },
  {
    locks: ['gradle.lockfile'],
    manifests: ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts', 'pom.xml'],
  },
  { locks: ['packages.lock.json', 'paket.lock'], manifests: ['*.csproj', '*.fsproj', 'Directory.Packages.props'] },
  { locks: ['conan.lock', 'vcpkg-lock.json'], manifests: ['conanfile.txt', 'conanfile.py', 'vcpkg.json'] },
  { locks: ['stack.yaml.lock', 'cabal.project.freeze'], manifests: ['stack.yaml', 'cabal.project', '*.cabal'] },
  {
    locks: ['Package.resolved', 'Podfile.lock', 'Cartfile.resolved'],
    manifests: ['Package.swift', 'Podfile', 'Cartfile'],
  },
  { locks: ['Manifest.toml'], manifests: ['Project.toml'] },
  { locks: ['flake.lock'], manifests: ['flake.nix'] },
]

/** The empty tree. Source: git's ids for it, by object format. */
const emptyTree = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' as TreeId,
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321' as TreeId,
}

/** Where trees lie. */
type Trees = Pick<Repository, 'trusted' | 'objectFormat'>

/**
 * Whether setup's inputs differ between two commits: its `inputs`; otherwise, if `keep:` lists paths, lock files (and
 * the manifests of a kind without a lock file in the tree); otherwise what a known installer reads, or the whole tree.
 * One process, usually two.
 */
export async function inputsChanged(
  trees: Trees,
  furniture: Furniture,
  from: CommitId,
  to: CommitId,
): Promise<boolean> {
  if (from === to) return false
  const { setup, keep } = furniture
  if (keep !== 'auto') return setup?.inputs ? differs(trees, from, to, setup.inputs) : locksChanged(trees, from, to)
  const inputs = await inputsAt(trees, furniture, to)
  // What git ignores decides what may stay.
  return differs(trees, from, to, inputs === 'tree' ? [] : [...inputs, '**/.gitignore'])
}

/**
 * Setup's inputs with `keep: auto`, for a commit: pathspecs, or the whole tree. Costs a process for a known installer.
 */
export async function inputsAt(
  trees: Trees,
  { setup }: Furniture,
  commit: CommitId,
): Promise<'tree' | readonly string[]> {
  if (setup?.inputs) return setup.inputs
  const installing = installingIn(setup?.run ?? '')
  if (!installing) return 'tree'
  for (const { reads, buildsFromTree, options } of installing) {
    const texts = reads.length === 0 ? new Map<string, string>() : await textsIn(trees, commit, reads)
    if (!texts || buildsFromTree(texts, options)) return 'tree'
  }
  return installing.flatMap(({ inputs }) => inputs)
}

/** The texts of a commit's files at these pathspecs; undefined if git can't tell. */
async function textsIn({ trusted }: Trees, commit: CommitId, paths: readonly string[]): Promise<TreeTexts | undefined> {
  const args = ['grep', '-z', '-a', '--full-name', '-e', '', commit, '--', ...paths.map((path) => `:(glob)${path}`)]
  const found = await gitBytes(trusted, args, globs)
  // Status 1 means that there is none.
  const isNone = !found.ok && found.error.exit.type === 'code' && found.error.exit.code === 1
  if (!found.ok && !isNone) return undefined
  const texts = new Map<string, string>()
  for (const line of found.ok ? found.value.toString('utf8').split('\n') : []) {
    const end = line.indexOf('\0')
    const path = line.slice(commit.length + 1, end)
    if (end >= 0) texts.set(path, `${texts.get(path) ?? ''}${line.slice(end + 1)}\n`)
  }
  return texts
}

async function locksChanged(trees: Trees, from: CommitId, to: CommitId): Promise<boolean> {
  if (await differs(trees, from, to, anywhere(ecosystems.flatMap(({ locks }) => locks)))) return true
  const manifests = anywhere(ecosystems.flatMap((one) => one.manifests))
  if (!(await differs(trees, from, to, manifests))) return false
  for (const ecosystem of ecosystems) {
    if (!(await differs(trees, from, to, anywhere(ecosystem.manifests)))) continue
    if (!(await differs(trees, emptyTree[trees.objectFormat], to, anywhere(ecosystem.locks)))) return true
  }
  return false
}

function anywhere(names: readonly string[]): string[] {
  return names.map((name) => `**/${name}`)
}

const globs = { env: { GIT_LITERAL_PATHSPECS: '0' } } as const

/** Whether anything at these pathspecs differs; without pathspecs, whether anything does. */
async function differs(
  { trusted }: Trees,
  from: CommitId | TreeId,
  to: CommitId,
  paths: readonly string[],
): Promise<boolean> {
  const args = ['diff-tree', '-r', '--quiet', from, to, '--', ...paths.map((path) => `:(glob)${path}`)]
  // Status 1 means a difference; on any other trouble, setup runs once too often rather than too seldom.
  return !(await git(trusted, args, globs)).ok
}
