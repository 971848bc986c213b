/** The files of a tree that an installer reads: text by path. */
export type TreeTexts = ReadonlyMap<string, string>

/** A command that installs what manifests and lock files name, and reads nothing else of the tree. */
export interface Installer {
  /** The words that it starts with, and options that it must have; `-r` takes a file. */
  readonly command: string
  /** Its inputs, as git pathspecs with `:(glob)`. */
  readonly inputs: readonly string[]
  /** Those inputs whose text decides whether it builds something from the tree after all. */
  readonly reads: readonly string[]
  readonly buildsFromTree: (texts: TreeTexts, options: readonly string[]) => boolean
}

/** It depends only on its inputs, whatever they contain. */
const readsNothing = { reads: [], buildsFromTree: () => false } as const

const manifests = ['**/package.json', 'binding.gyp']

/** The commands whose inputs autopilot knows; docs/workspaces.md has the same table. */
export const installers: readonly Installer[] = [
  {
    command: 'npm ci',
    inputs: [...manifests, 'package-lock.json', 'npm-shrinkwrap.json', '**/.npmrc'],
    reads: [...manifests, '**/.npmrc'],
    buildsFromTree: ofNode,
  },
  {
    command: 'pnpm install --frozen-lockfile',
    inputs: [...manifests, 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '**/.npmrc', '.pnpmfile.*', 'patches/**'],
    reads: [...manifests, 'pnpm-workspace.yaml', '**/.npmrc', '.pnpmfile.*'],
    buildsFromTree: ofNode,
  },
  {
    command: 'yarn install --immutable',
    inputs: [...manifests, 'yarn.lock', '.yarnrc.yml', '.yarn/**'],
    reads: [...manifests, '.yarnrc.yml'],
    buildsFromTree: ofNode,
  },
  {
    command: 'uv sync --no-install-project',
    inputs: ['**/pyproject.toml', 'uv.lock', 'uv.toml', '.python-version'],
    reads: ['uv.lock'],
    buildsFromTree: (texts) => /^source = \{ (editable|directory|path|virtual) = "(?!\.")/m.test(all(texts)),
  },
  {
    command: 'pip install -r',
    inputs: ['**/requirements*.txt', '**/constraints*.txt'],
    reads: ['**/requirements*.txt', '**/constraints*.txt'],
    buildsFromTree: (texts) => [...texts.values()].some((text) => !text.split('\n').every(isRequirement)),
  },
  { command: 'python -m venv', inputs: ['.python-version'], ...readsNothing },
  { command: 'uv venv', inputs: ['.python-version', 'uv.toml', 'pyproject.toml'], ...readsNothing },
  {
    command: 'poetry install --no-root',
    inputs: ['pyproject.toml', 'poetry.lock', 'poetry.toml', '.python-version'],
    reads: ['pyproject.toml', 'poetry.lock'],
    buildsFromTree: (texts) => /^type = "(directory|file)"|\bpath\s*=/m.test(all(texts)),
  },
  {
    command: 'bundle install',
    inputs: ['Gemfile', 'Gemfile.lock', '.ruby-version', '.tool-versions', '.bundle/config'],
    reads: ['Gemfile', 'Gemfile.lock'],
    // A Gemfile is a program.
    buildsFromTree: (texts) =>
      /^PATH$/m.test(all(texts)) ||
      /\b(eval\w*|instance_eval|File|Dir|IO|require\w*|load|system|gemspec|path)\b/.test(texts.get('Gemfile') ?? ''),
  },
  {
    command: 'composer install --no-autoloader --no-scripts',
    inputs: ['composer.json', 'composer.lock'],
    reads: ['composer.json'],
    buildsFromTree: (texts) => /"type"\s*:\s*"path"|"patches/.test(all(texts)),
  },
  { command: 'go mod download', inputs: ['**/go.mod', '**/go.sum', 'go.work', 'go.work.sum'], ...readsNothing },
  {
    command: 'cargo fetch',
    inputs: ['**/Cargo.toml', '**/Cargo.lock', '**/.cargo/**', 'rust-toolchain*'],
    ...readsNothing,
  },
]

/** An installer as a setup calls it. */
export interface Installing extends Installer {
  readonly options: readonly string[]
}

/** The installers that a setup consists of, in order; undefined if it contains anything else. */
export function installingIn(run: string): readonly Installing[] | undefined {
  const steps = run
    .split(/&&|\n/)
    .map((step) => step.trim())
    .filter((step) => step !== '')
  const known = steps.map(installing)
  return known.length > 0 && known.every((one) => one !== undefined) ? known : undefined
}

function installing(step: string): Installing | undefined {
  // Characters that a shell would interpret.
  if (!/^[\w@%+=:,./ -]+$/.test(step)) return undefined
  const words = step
    .replace(/^(\.?v?env\/bin\/)?(python3? -m pip|pip3?) /, 'pip ')
    .replace(/^python3? -m venv \.?v?env$/, 'python -m venv')
    .split(/ +/)
  for (const installer of installers) {
    const named = installer.command.split(' ').filter((word) => !isNeeded(word))
    const needed = installer.command.split(' ').filter(isNeeded)
    const rest = words.slice(named.length)
    if (!named.every((word, index) => words[index] === word) || !needed.every((word) => rest.includes(word))) continue
    const files = filesIn(rest, needed)
    if (files) {
      const { inputs, reads } = installer
      return { ...installer, inputs: [...inputs, ...files], reads: [...reads, ...files], options: rest }
    }
  }
  return undefined
}

/** `-m` is a part of the name. */
function isNeeded(word: string): boolean {
  return word.startsWith('-') && word !== '-m'
}

/** The files after `-r`; undefined if there are unknown words. */
function filesIn(words: readonly string[], needed: readonly string[]): readonly string[] | undefined {
  const files: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '-r' && needed.includes('-r')) {
      const file = words[++index]
      if (file === undefined || !/^(?!\/|.*\.\.)[\w./-]+$/.test(file)) return undefined
      files.push(file.replace(/^(\.\/)+/, ''))
    } else if (!needed.includes(word) && !harmless.test(word)) return undefined
  }
  return files
}

/** Options that don't change what the command reads of the tree. */
const harmless =
  /^(-[qns]|--(quiet|silent|no-audit|no-fund|offline|prefer-offline|no-progress|no-interaction|no-ansi|locked|frozen|no-dev|all-extras|all-groups|prod|require-hashes|no-input|disable-pip-version-check|no-cache-dir|prefer-dist|ignore-scripts|immutable-cache|no-install-workspace|sync)|--(omit|include|loglevel|jobs|reporter|with|without|group)=[\w,.-]+)$/

function all(texts: TreeTexts): string {
  return [...texts.values()].join('\n')
}

/**
 * Scripts of the project that an install runs. Source: `npm help scripts`, pnpm's and yarn's pages with the same name.
 */
const lifecycle = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'].concat(
  'dependencies',
  'pnpm:devPreinstall',
)

function ofNode(texts: TreeTexts, options: readonly string[]): boolean {
  const paths = [...texts.keys()]
  if (paths.some((path) => path === 'binding.gyp' || path.startsWith('.pnpmfile.'))) return true
  const isManifest = (path: string) => path === 'package.json' || path.endsWith('/package.json')
  if (paths.some((path) => !isManifest(path) && /inject|install-links|script-shell/i.test(texts.get(path) ?? '')))
    return true
  const root = manifestIn(texts.get('package.json'))
  const hasMembers = root?.workspaces !== undefined || texts.has('pnpm-workspace.yaml')
  const read = paths.filter((path) => path === 'package.json' || (hasMembers && isManifest(path)))
  const runsScripts = !options.includes('--ignore-scripts')
  return read.some((path) => {
    const manifest = manifestIn(texts.get(path))
    if (!manifest) return true
    // A package that is copied or packed from the tree, and a patch for one; `JSON.stringify` undoes JSON escapes.
    const copies = /"(file|exec):|"patch:(?!.*\.yarn\/patches)|"injected":true/.test(JSON.stringify(manifest))
    const { scripts } = manifest
    return copies || (runsScripts && typeof scripts === 'object' && lifecycle.some((name) => name in (scripts ?? {})))
  })
}

function manifestIn(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const manifest: unknown = JSON.parse(text ?? '')
    return typeof manifest === 'object' && manifest !== null
      ? (manifest as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether a line of a requirements file names only packages of an index, or other such files, and nothing of the tree.
 */
function isRequirement(line: string): boolean {
  return requirementLines.some((pattern) => pattern.test(line))
}

const requirementLines: readonly RegExp[] = [
  /^\s*(#.*)?$/,
  /^\s*(?!\S*\.(whl|zip|tar|gz|bz2|tgz)\b)[a-z\d][\w.-]*\s*(\[[\w\s,.-]*\])?\s*([=<>!~(;\\#][^@]*)?$/i,
  /^\s*--hash=\S+\s*\\?\s*$/,
  /^\s*(-r|-c|--requirement|--constraint)[\s=]+(?!\/|.*\.\.)([\w.-]+\/)*(requirements|constraints)[^/\s]*\.txt\s*$/,
  /^\s*(-i|--index-url|--extra-index-url|--trusted-host|--only-binary|--no-binary)[\s=]+\S+\s*$/,
  /^\s*--(require-hashes|prefer-binary|pre)\s*$/,
]
