// `autopilot init`: what it writes for the projects that it finds.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { schemaFor } from '../../../src/app/schema/schemas.js'
import { complaintsOf, configData, roadmapData } from '../../support/rigs/json-schema.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

interface Written {
  readonly gates?: readonly (string | { readonly run: string; readonly cwd: string })[]
  readonly setup?: string
  readonly secrets?: { readonly files: readonly string[] }
  readonly providers?: readonly string[]
}

const claude = '#!/bin/sh\necho "2.1.332 (Claude Code)"\n'

function sceneOf(files: Readonly<Record<string, string>>): Scene {
  const stage = scene({ files })
  stage.program('claude', claude)
  return stage
}

/** Writes the files, and reads them back as the program and as an editor would. */
async function init(stage: Scene): Promise<{ readonly text: string; readonly config: Written }> {
  const { code, stdout, stderr } = await stage.run(['init'])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(stdout).toContain('wrote autopilot.yaml')
  const text = stage.repo.read('autopilot.yaml')
  expect(complaintsOf(schemaFor('config'), configData(text))).toEqual([])
  expect(complaintsOf(schemaFor('roadmap'), roadmapData(stage.repo.read('roadmap.yaml')))).toEqual([])
  const valid = await stage.run(['validate'])
  expect(valid).toMatchObject({ code: 0, stderr: '' })
  expect(valid.stdout).toContain('roadmap.yaml is valid: 2 tasks, 2 to run, 0 held, 0 done')
  const dry = await stage.run(['run', '--dry-run'])
  expect(dry).toMatchObject({ code: 0, stderr: '' })
  return { text, config: parse(text) as Written }
}

const packageJson = (scripts: Readonly<Record<string, string>>, more: object = {}) =>
  JSON.stringify({ scripts, ...more })
const tested = packageJson({ test: 'vitest run', lint: 'eslint .', typecheck: 'tsc --noEmit' })

test.each<[kind: string, files: Record<string, string>, setup: string | undefined, gates: Written['gates']]>([
  [
    'npm',
    { 'package.json': tested, 'package-lock.json': '{}', '.gitignore': 'node_modules/\n' },
    'npm ci',
    ['npm test', 'npm run lint', 'npm run typecheck'],
  ],
  [
    'pnpm',
    { 'package.json': tested, 'pnpm-lock.yaml': '', 'package-lock.json': '{}' },
    'pnpm install --frozen-lockfile',
    ['pnpm test', 'pnpm run lint', 'pnpm run typecheck'],
  ],
  [
    'yarn of old',
    { 'package.json': tested, 'yarn.lock': '# yarn lockfile v1\n' },
    'yarn install --frozen-lockfile',
    ['yarn run test', 'yarn run lint', 'yarn run typecheck'],
  ],
  [
    'yarn',
    { 'package.json': packageJson({ test: 'jest' }), 'yarn.lock': '__metadata:\n  version: 8\n' },
    'yarn install --immutable',
    ['yarn run test'],
  ],
  [
    'several lock files, of which package.json names one',
    {
      'package.json': packageJson({ test: 'jest' }, { packageManager: 'yarn@4.1.0' }),
      'yarn.lock': '',
      'pnpm-lock.yaml': '',
      '.yarnrc.yml': '',
    },
    'yarn install --immutable',
    ['yarn run test'],
  ],
  [
    'npm, in a file with a byte order mark',
    { 'package.json': `\ufeff${packageJson({ test: 'x' })}` },
    undefined,
    ['npm test'],
  ],
  ['npm without dependencies', { 'package.json': packageJson({ test: 'node --test' }) }, undefined, ['npm test']],
  [
    'a script that watches, beside one that does not',
    { 'package.json': packageJson({ test: 'vitest watch', 'test:ci': 'vitest run' }) },
    undefined,
    ['npm run test:ci'],
  ],
  [
    'react-scripts, which watch unless CI is set',
    { 'package.json': packageJson({ test: 'react-scripts test' }) },
    undefined,
    ['CI=true npm test'],
  ],
  [
    'cargo',
    { 'Cargo.toml': '[package]\nname = "x"\n', 'Cargo.lock': '', '.gitignore': '/target\n' },
    'cargo fetch --locked',
    ['cargo test --locked'],
  ],
  ['a workspace of cargo', { 'Cargo.toml': '[workspace]\nmembers = ["a"]\n' }, undefined, ['cargo test --workspace']],
  [
    'go',
    { 'go.mod': 'module x\n', 'go.sum': '', '.golangci.yml': '' },
    'go mod download',
    ['go test ./...', 'go vet ./...', 'golangci-lint run'],
  ],
  [
    'uv with pytest and ruff',
    {
      'pyproject.toml':
        '[project]\nname = "x"\n[dependency-groups]\ndev = ["pytest>=8", "ruff"]\n[tool.ruff]\n[tool.pytest.ini_options]\n',
      'uv.lock': '',
      '.gitignore': '.venv\n',
    },
    'uv sync --locked --no-install-project',
    ['uv run --locked pytest', 'uv run --locked ruff check'],
  ],
  [
    'poetry',
    { 'pyproject.toml': '[tool.poetry]\nname = "x"\n', 'poetry.lock': '', 'tests/conftest.py': '' },
    'poetry install --no-interaction',
    ['poetry run pytest'],
  ],
  [
    'requirements with pytest',
    { 'requirements.txt': 'flask\n', 'requirements-dev.txt': 'pytest==8.0\n', 'pytest.ini': '[pytest]\n' },
    'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -r requirements-dev.txt',
    ['.venv/bin/python -m pytest'],
  ],
  [
    'make',
    { Makefile: 'CC := cc\n.PHONY: test lint\ntest: all\n\t./run\nlint:\n\t./lint\n' },
    undefined,
    ['make test', 'make lint'],
  ],
  [
    'make that only calls npm',
    { Makefile: 'test:\n\tnpm test\n', 'package.json': packageJson({ test: 'node --test' }) },
    undefined,
    ['npm test'],
  ],
  ['Maven', { 'pom.xml': '<project/>', mvnw: '#!/bin/sh\n' }, undefined, ['./mvnw -B verify']],
  ['Gradle', { 'build.gradle.kts': '', gradlew: '#!/bin/sh\n' }, undefined, ['./gradlew check']],
  [
    'two projects below the root',
    {
      'web/package.json': packageJson({ test: 'node --test' }, { devDependencies: { a: '1' } }),
      'web/package-lock.json': '{}',
      'api/go.mod': 'module x\n',
    },
    '(cd web && npm ci)',
    [
      { run: 'go test ./...', cwd: 'api' },
      { run: 'go vet ./...', cwd: 'api' },
      { run: 'npm test', cwd: 'web' },
    ],
  ],
])('for %s, setup and gates are what the project says', async (_, files, setup, gates) => {
  const { config } = await init(sceneOf(files))
  expect(config.setup).toEqual(setup)
  expect(new Set(config.gates)).toEqual(new Set(gates))
})

test.each([
  ['npm’s placeholder', { test: 'echo "Error: no test specified" && exit 1' }, /placeholder/],
  ['a script that never ends', { test: 'jest --watchAll' }, /watches files/],
  ['a script that cannot fail', { test: 'jest || true' }, /ends with `true`/],
  ['a linter that mends', { lint: 'eslint --fix .' }, /changes files/],
])('%s is no gate, and the file says why', async (_, scripts, why) => {
  const { text, config } = await init(sceneOf({ 'package.json': packageJson(scripts) }))
  expect(config.gates).toBeUndefined()
  expect(text).toMatch(why)
  expect(text).toContain('nothing is checked before work lands')
})

test('an empty repository gets a configuration without gates, which says so', async () => {
  const { text, config } = await init(sceneOf({ 'README.md': 'x\n' }))
  expect(config).toEqual({ agents: 5, iterations: 3 })
  expect(text).toContain('# gates:')
})

test('only what git tracks counts: an ignored lock file would not be in a workspace', async () => {
  const stage = sceneOf({
    'package.json': packageJson({ test: 'x' }, { dependencies: { a: '1' } }),
    '.gitignore': 'package-lock.json\n',
  })
  stage.repo.write('package-lock.json', '{}')
  const { text, config } = await init(stage)
  expect(config.setup).toBeUndefined()
  expect(text).toContain('git tracks no lock file')
})

test('what setup makes must be ignored by git, and a comment says so where it is not', async () => {
  const files = { 'package.json': packageJson({ test: 'x' }), 'package-lock.json': '{}' }
  expect((await init(sceneOf(files))).text).toContain('git does not ignore node_modules')
  expect((await init(sceneOf({ ...files, '.gitignore': 'node_modules\n' }))).text).not.toContain('git does not ignore')
})

test('an untracked .env is masked; that it could be copied stands in a comment, with what that means', async () => {
  const stage = sceneOf({ '.gitignore': '.env*\n', '.env.example': 'A=\n' })
  stage.repo.write('.env', 'TOKEN=0123456789abcdef\n')
  const { text, config } = await init(stage)
  expect(config.secrets).toEqual({ files: ['.env'] })
  expect(Object.keys(config)).not.toContain('copy')
  expect(text).toMatch(/^# copy: \[\.env\]$/m)
  expect(text).toMatch(/Every agent can read a copied file/)
  expect(text).not.toContain('0123456789abcdef')
})

test('names the CLIs that it finds; where none of them is taken by itself, the one that is here is', async () => {
  const usual = sceneOf({ 'README.md': 'x\n' })
  expect((await init(usual)).text).toContain('# providers: [claude]')
  const other = scene({ files: { 'README.md': 'x\n' } })
  other.program('gemini', '#!/bin/sh\necho 0.61.0\n')
  const { config, text } = await init(other)
  expect(config.providers).toEqual(['gemini'])
  expect(text).toContain('# Found here: gemini 0.61.0.')
})

test('overwrites nothing, not even through a link, and says what it left', async () => {
  const stage = sceneOf({ 'autopilot.yml': 'agents: 2\n', 'roadmap.json': '{"tasks":[{"id":"a","title":"x"}]}' })
  const before = stage.repo.git('status', '--porcelain')
  const both = await stage.run(['init'])
  expect(both).toMatchObject({ code: 0, stderr: '' })
  expect(both.stdout).toContain('autopilot.yml and roadmap.json: there already, left as it is')
  expect(stage.repo.git('status', '--porcelain')).toBe(before)
  expect(stage.repo.read('autopilot.yml')).toBe('agents: 2\n')

  const linked = sceneOf({ 'README.md': 'x\n' })
  symlinkSync(linked.repo.beside('elsewhere'), join(linked.repo.dir, 'roadmap.yaml'))
  const refused = await linked.run(['init'])
  expect(refused.code).toBe(4)
  expect(existsSync(linked.repo.beside('elsewhere'))).toBe(false)
})

test('--dry-run prints both files, and writes nothing', async () => {
  const stage = sceneOf({ 'package.json': tested, 'package-lock.json': '{}' })
  const { code, stdout, stderr } = await stage.run(['init', '--dry-run'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^# autopilot\.yaml$[^]*^setup: npm ci$[^]*^# roadmap\.yaml$[^]*^tasks:$/m)
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})

test('the first line tells editors where the schema is, and git does not see it', async () => {
  const stage = sceneOf({ 'README.md': 'x\n' })
  await init(stage)
  for (const [file, name] of [
    ['autopilot.yaml', 'config'],
    ['roadmap.yaml', 'roadmap'],
  ] as const) {
    const [, path = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(stage.repo.read(file)) ?? []
    const schema: unknown = JSON.parse(readFileSync(join(stage.repo.dir, path), 'utf8'))
    expect(schema).toEqual(JSON.parse(JSON.stringify(schemaFor(name))))
  }
  expect(stage.repo.git('status', '--porcelain')).toBe('?? autopilot.yaml\n?? roadmap.yaml')
})

test('in a subdirectory, both files go to the root, and the next step says where', async () => {
  const stage = sceneOf({ 'sub/x': '' })
  const { code, stdout } = await stage.run(['init'], { cwd: join(stage.repo.dir, 'sub') })
  expect(code).toBe(0)
  expect(stdout).toContain('autopilot doctor -C ')
  expect(existsSync(join(stage.repo.dir, 'autopilot.yaml'))).toBe(true)
  expect(existsSync(join(stage.repo.dir, 'roadmap.yaml'))).toBe(true)
})

test('where there is no repository yet, it writes for the files that are there, and says what is missing', async () => {
  const stage = sceneOf({ 'README.md': 'x\n' })
  const dir = stage.repo.beside('plain')
  stage.repo.write('../plain/package.json', packageJson({ test: 'node --test' }))
  const { code, stderr } = await stage.run(['init'], { cwd: dir })
  expect(code).toBe(0)
  expect(stderr).toContain('is not in a git repository')
  expect(parse(readFileSync(join(dir, 'autopilot.yaml'), 'utf8'))).toMatchObject({ gates: ['npm test'] })
})

test('a configuration under another name is named, and nothing is written beside it', async () => {
  const stage = sceneOf({ '.autopilot.yaml': 'agents: 2\n' })
  const { code, stderr } = await stage.run(['init'])
  expect(code).toBe(2)
  expect(stderr).toContain('.autopilot.yaml is not read')
  expect(existsSync(join(stage.repo.dir, 'autopilot.yaml'))).toBe(false)
})
