import { whyUnfailing } from '../landing/unfailing.js'
import { present } from '../present.js'
import type { ProjectTree, Step, Tools } from './tools.js'

/** A package manager of Node. */
interface Manager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun'
  readonly locks: readonly string[]
  readonly install: (tree: ProjectTree) => string
  readonly run: (script: string) => string
}

/** npm comes last: its lock file is often left behind by those who have changed to another. */
const managers: readonly Manager[] = [
  {
    name: 'pnpm',
    locks: ['pnpm-lock.yaml'],
    install: () => 'pnpm install --frozen-lockfile',
    run: (script) => (script === 'test' ? 'pnpm test' : `pnpm run ${script}`),
  },
  {
    name: 'yarn',
    locks: ['yarn.lock'],
    install: (tree) => `yarn install ${isBerry(tree) ? '--immutable' : '--frozen-lockfile'}`,
    run: (script) => `yarn run ${script}`,
  },
  {
    name: 'bun',
    locks: ['bun.lock', 'bun.lockb'],
    install: () => 'bun install --frozen-lockfile',
    run: (script) => `bun run ${script}`,
  },
  {
    name: 'npm',
    locks: ['package-lock.json', 'npm-shrinkwrap.json'],
    install: () => 'npm ci',
    run: (script) => (script === 'test' ? 'npm test' : `npm run ${script}`),
  },
]

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly packageManager: string
  readonly hasDependencies: boolean
}

/** What `package.json` says; its scripts by their usual names. */
export function nodeTools(tree: ProjectTree): Tools | undefined {
  const manifest = manifestOf(tree.text('package.json'))
  if (!manifest) return undefined
  const locked = managers.filter(({ locks }) => locks.some(tree.has))
  const named = managers.find(({ name }) => name === manifest.packageManager)
  const manager = locked.find((one) => one === named) ?? locked[0] ?? named
  const lock = manager?.locks.find(tree.has)
  const { run } = manager ?? npm
  const test = firstGate(manifest, ['test', 'test:ci', 'test:run', 'test:unit'], run)
  const lint = firstGate(manifest, ['lint', 'lint:check', 'lint:ci'], run)
  const types = firstGate(manifest, ['typecheck', 'type-check', 'check-types', 'types', 'tsc'], run)
  return {
    ...present({ test: test.gate, setup: setupOf(tree, manager, lock) }),
    ...(lock === undefined ? {} : { makes: 'node_modules' }),
    lint: [lint.gate, types.gate].flatMap((gate) => gate ?? []),
    perhaps: [],
    remarks: [
      ...[test, lint, types].flatMap(({ remarks }) => remarks),
      ...(locked.length > 1 ? [severalLocks(locked, tree, manager)] : []),
      ...(lock === undefined && manifest.hasDependencies ? [noLock] : []),
    ],
  }
}

const npm = { run: (script: string) => (script === 'test' ? 'npm test' : `npm run ${script}`) }

const noLock =
  'package.json has dependencies and git tracks no lock file: commit one, then name the installation under setup:'

function setupOf(tree: ProjectTree, manager: Manager | undefined, lock: string | undefined): Step | undefined {
  return manager && lock !== undefined ? { command: manager.install(tree), source: lock } : undefined
}

function severalLocks(locked: readonly Manager[], tree: ProjectTree, chosen: Manager | undefined): string {
  const locks = locked.flatMap((one) => one.locks.filter(tree.has))
  return `there are ${locks.join(' and ')}; ${chosen?.name ?? ''} is taken here`
}

/** Yarn 2 and later write their lock file in another form. */
function isBerry(tree: ProjectTree): boolean {
  return tree.has('.yarnrc.yml') || tree.text('yarn.lock').includes('__metadata:')
}

/** The first script of these names that can be a gate, and why others can't. */
function firstGate({ scripts }: Manifest, names: readonly string[], run: (script: string) => string) {
  const remarks: string[] = []
  for (const name of names) {
    const script = scripts[name]?.trim() ?? ''
    if (script === '') continue
    const why = whyNoGate(script)
    const command = /\breact-scripts test\b/.test(script) ? `CI=true ${run(name)}` : run(name)
    if (why === undefined) return { gate: { command, source: `package.json, scripts.${name}` }, remarks }
    remarks.push(`the script ${name} of package.json is no gate: ${why}`)
  }
  return { gate: undefined, remarks }
}

const watching =
  /(?:^|\s)--watch(?:All)?(?!=false)(?=$|\s|=)|(?:^|\s)(?:tsc|mocha|ava)\b[^&|;]*\s-w(?=$|\s)|\bnodemon\b|\bvitest\s+(?:watch|dev)\b|\bng test\b(?![^&|;]*--(?:watch=false|no-watch))|\bkarma start\b(?![^&|;]*--single-run)/

function whyNoGate(script: string): string | undefined {
  if (/no test specified/i.test(script)) return 'it is the placeholder that npm init writes'
  if (watching.test(script)) return 'it watches files and never ends'
  if (/(?:^|\s)--(?:fix|write)(?=$|\s)/.test(script)) return 'it changes files in place of failing'
  return whyUnfailing(script)
}

function manifestOf(text: string): Manifest | undefined {
  const manifest = parsed(text)
  if (manifest === undefined) return undefined
  const { packageManager, dependencies, devDependencies } = manifest
  const hasAny = (map: unknown) => typeof map === 'object' && map !== null && Object.keys(map).length > 0
  return {
    scripts: textsIn(manifest.scripts),
    packageManager: typeof packageManager === 'string' ? (/^[a-z]+/.exec(packageManager)?.[0] ?? '') : '',
    hasDependencies: hasAny(dependencies) || hasAny(devDependencies),
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function textsIn(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]): [string, string][] => (typeof text === 'string' ? [[key, text]] : [])),
  )
}
