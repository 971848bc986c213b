import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { installers, installingIn } from '../../../src/domain/installers.js'

const names = (run: string) => installingIn(run)?.map(({ command }) => command)

test.each([
  ['npm ci', ['npm ci']],
  ['npm ci --no-audit --omit=dev', ['npm ci']],
  ['  npm ci\n', ['npm ci']],
  ['npm ci && pip install -r requirements-dev.txt', ['npm ci', 'pip install -r']],
  ['python3 -m venv .venv\n.venv/bin/pip install -q -r ./requirements.txt', ['python -m venv', 'pip install -r']],
  ['.venv/bin/python -m pip install -r requirements.txt', ['pip install -r']],
  ['python3 -m pip install -r a.txt -r b/c.txt', ['pip install -r']],
  ['pnpm install --offline --frozen-lockfile', ['pnpm install --frozen-lockfile']],
  ['composer install --no-scripts -q --no-autoloader', ['composer install --no-autoloader --no-scripts']],
  ['uv sync --no-install-project --locked', ['uv sync --no-install-project']],
  ['go mod download', ['go mod download']],
  ['pnpm install', undefined],
  ['uv sync', undefined],
  ['composer install --no-scripts', undefined],
  ['npm ci && make', undefined],
  ['npm ci; make', undefined],
  ['npm ci | tail', undefined],
  ['npm ci $FLAGS', undefined],
  ['npm ci --prefix web', undefined],
  ['npm ci --script-shell=./sh', undefined],
  ['npm cit', undefined],
  ['cd web && npm ci', undefined],
  ['./npm ci', undefined],
  ['tools/pip install -r requirements.txt', undefined],
  ['pip install -r /etc/requirements.txt', undefined],
  ['pip install -r ../requirements.txt', undefined],
  ['pip install -r', undefined],
  ['pip install -e .', undefined],
  ['', undefined],
])('%j installs by %j', (run, expected) => {
  expect(names(run)).toEqual(expected)
})

test('the files that pip is given are inputs', () => {
  const [pip] = installingIn('pip install -r ./dev/all.txt') ?? []
  expect(pip?.inputs).toContain('dev/all.txt')
  expect(pip?.reads).toContain('dev/all.txt')
})

const builds = (run: string, texts: Readonly<Record<string, string>>) =>
  installingIn(run)?.some((one) => one.buildsFromTree(new Map(Object.entries(texts)), one.options))

test.each<[string, string, Readonly<Record<string, string>>, boolean]>([
  ['a manifest without scripts', 'npm ci', { 'package.json': '{"scripts":{"test":"x"}}' }, false],
  ['a script of the project’s own', 'npm ci', { 'package.json': '{"scripts":{"prepare":"x"}}' }, true],
  ['one whose name JSON escapes', 'npm ci', { 'package.json': '{"scripts":{"p\\u006fstinstall":"x"}}' }, true],
  ['one that is told not to run', 'npm ci --ignore-scripts', { 'package.json': '{"scripts":{"prepare":"x"}}' }, false],
  ['a manifest that is none', 'npm ci', { 'package.json': '{' }, true],
  ['a package packed from the tree', 'npm ci', { 'package.json': '{"dependencies":{"a":"file:lib"}}' }, true],
  [
    'a package that is only linked',
    'pnpm install --frozen-lockfile',
    { 'package.json': '{"dependencies":{"a":"link:lib"}}' },
    false,
  ],
  ['an implicit build', 'npm ci', { 'package.json': '{}', 'binding.gyp': '{}' }, true],
  [
    'somebody else’s manifest with a script',
    'npm ci',
    { 'package.json': '{}', 'fixtures/package.json': '{"scripts":{"install":"x"}}' },
    false,
  ],
  [
    'that of a workspace',
    'npm ci',
    { 'package.json': '{"workspaces":["a"]}', 'a/package.json': '{"scripts":{"install":"x"}}' },
    true,
  ],
  [
    'that of a pnpm workspace',
    'pnpm install --frozen-lockfile',
    { 'package.json': '{}', 'pnpm-workspace.yaml': 'packages: [a]', 'a/package.json': '{"scripts":{"install":"x"}}' },
    true,
  ],
  [
    'packages that pnpm copies',
    'pnpm install --frozen-lockfile',
    { 'package.json': '{}', '.npmrc': 'inject-workspace-packages=true' },
    true,
  ],
  ['a hook of pnpm’s', 'pnpm install --frozen-lockfile', { 'package.json': '{}', '.pnpmfile.cjs': '' }, true],
  [
    'a patch of yarn’s own folder',
    'yarn install --immutable',
    { 'package.json': '{"resolutions":{"a":"patch:a@1#~/.yarn/patches/a.patch"}}' },
    false,
  ],
  [
    'a patch of elsewhere',
    'yarn install --immutable',
    { 'package.json': '{"resolutions":{"a":"patch:a@1#./a.patch"}}' },
    true,
  ],
  [
    'the project alone in uv’s lock',
    'uv sync --no-install-project',
    { 'uv.lock': 'source = { editable = "." }\nsource = { registry = "x" }' },
    false,
  ],
  [
    'another package of the tree in it',
    'uv sync --no-install-project',
    { 'uv.lock': 'source = { editable = "lib" }' },
    true,
  ],
  [
    'names and versions',
    'pip install -r r.txt',
    {
      'r.txt':
        '# all\nDjango[argon2] >= 4.2 ; python_version > "3.8"\nruff==1.0 \\\n    --hash=sha256:abc\n-r requirements-base.txt\n\n',
    },
    false,
  ],
  ['a path in a requirements file', 'pip install -r r.txt', { 'r.txt': './lib\n' }, true],
  ['a path without a dot', 'pip install -r r.txt', { 'r.txt': 'lib/one\n' }, true],
  ['an editable one', 'pip install -r r.txt', { 'r.txt': '-e .\n' }, true],
  ['a file by its URL', 'pip install -r r.txt', { 'r.txt': 'one @ file:///lib\n' }, true],
  ['an archive of the tree', 'pip install -r r.txt', { 'r.txt': 'one-1.0.whl\n' }, true],
  ['another file of any name', 'pip install -r r.txt', { 'r.txt': '-r other.txt\n' }, true],
  [
    'a path in poetry’s lock',
    'poetry install --no-root',
    { 'poetry.lock': '[package.source]\ntype = "directory"' },
    true,
  ],
  ['a Gemfile that only names gems', 'bundle install', { Gemfile: "source 'x'\ngem 'rails', '~> 7'\n" }, false],
  ['a Gemfile that reads', 'bundle install', { Gemfile: "gem 'a', File.read('v')\n" }, true],
  ['a gem of the tree', 'bundle install', { Gemfile: '', 'Gemfile.lock': 'PATH\n  remote: .\n' }, true],
  [
    'a repository of the tree',
    'composer install --no-autoloader --no-scripts',
    { 'composer.json': '{"repositories":[{"type": "path"}]}' },
    true,
  ],
  ['modules', 'go mod download', { 'go.mod': 'replace a => ./b' }, false],
])('%s: %s builds from the tree itself: %j %j', (_, run, texts, expected) => {
  expect(builds(run, texts)).toBe(expected)
})

test('the documentation has exactly this table', () => {
  const page = readFileSync(new URL('../../../docs/workspaces.md', import.meta.url), 'utf8')
  const [, table = ''] = /\n\| installer[^\n]*\n\|[ -|]*\n((?:\|[^\n]*\n)+)/.exec(page) ?? []
  const rows = table.split('\n').flatMap((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? [])
  expect(rows).toEqual(installers.map(({ command }) => command))
})
