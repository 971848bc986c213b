import { git } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import type { Furniture } from './furniture.js'

/** What one kind of package manager installs from. */
interface Ecosystem {
  /** Lock files, by what package managers call them: when one changes, what is installed does. */
  readonly locks: readonly string[]
  /** Where a tree has none of those, what is installed follows from these. */
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

/** The tree without files. Source: git's object names of it, by format. */
const emptyTree = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const

/**
 * Whether what setup depends on differs between two commits: its `inputs`, else lock files, and the manifests of a kind
 * of which the tree has no lock file. One process, in most cases two.
 */
export async function inputsChanged(
  repository: Pick<Repository, 'trusted' | 'objectFormat'>,
  { setup }: Furniture,
  from: string,
  to: string,
): Promise<boolean> {
  if (from === to) return false
  const { inputs } = setup ?? {}
  if (inputs) return differs(repository, from, to, inputs)
  if (await differs(repository, from, to, anywhere(ecosystems.flatMap(({ locks }) => locks)))) return true
  const manifests = anywhere(ecosystems.flatMap((one) => one.manifests))
  if (!(await differs(repository, from, to, manifests))) return false
  for (const ecosystem of ecosystems) {
    if (!(await differs(repository, from, to, anywhere(ecosystem.manifests)))) continue
    if (!(await differs(repository, emptyTree[repository.objectFormat], to, anywhere(ecosystem.locks)))) return true
  }
  return false
}

function anywhere(names: readonly string[]): string[] {
  return names.map((name) => `**/${name}`)
}

async function differs(
  { trusted }: Pick<Repository, 'trusted'>,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<boolean> {
  const args = ['diff-tree', '-r', '--quiet', from, to, '--', ...paths.map((path) => `:(glob)${path}`)]
  // Status 1 means that something differs; on any other trouble setup runs once too often rather than too seldom.
  return !(await git(trusted, args, { env: { GIT_LITERAL_PATHSPECS: '0' } })).ok
}
