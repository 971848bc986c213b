import { present } from '../present.js'
import type { ProjectTree, Step, Tools } from './tools.js'

/** How a Python project is installed, and how its tools are called. */
interface Environment {
  readonly setup?: Step
  readonly run: (tool: string) => string
  readonly makes?: string
}

/** What pyproject.toml, lock files and the files of tools say. */
export function pythonTools(tree: ProjectTree): Tools | undefined {
  const manifests = ['pyproject.toml', 'setup.py', 'setup.cfg', 'Pipfile', 'uv.lock', ...requirementsIn(tree)]
  if (!manifests.some(tree.has)) return undefined
  const pytest = pytestSource(tree)
  const ruff = ruffSource(tree)
  const environment = environmentOf(tree, pytest === undefined ? [] : ['pytest'])
  const isRuffInstalled = mentions(tree, 'ruff')
  const { run } = environment
  return {
    ...present({
      setup: environment.setup,
      makes: environment.makes,
      test: pytest === undefined ? undefined : { command: run('pytest'), source: pytest },
    }),
    lint: ruff !== undefined && isRuffInstalled ? [{ command: run('ruff check'), source: ruff }] : [],
    perhaps: [
      ...(ruff !== undefined && !isRuffInstalled ? [{ command: 'uvx ruff check', source: ruff }] : []),
      ...(tree.has('tox.ini') ? [{ command: 'tox', source: 'tox.ini' }] : []),
      ...(tree.has('noxfile.py') ? [{ command: 'nox', source: 'noxfile.py' }] : []),
    ],
    remarks: [],
  }
}

function environmentOf(tree: ProjectTree, tools: readonly string[]): Environment {
  if (tree.has('uv.lock')) {
    // The project itself is installed by what runs; without it, setup depends on the lock alone.
    const setup = { command: 'uv sync --locked --no-install-project', source: 'uv.lock' }
    return { setup, run: (tool) => `uv run --locked ${tool}`, makes: '.venv' }
  }
  if (tree.has('poetry.lock')) {
    const setup = { command: 'poetry install --no-interaction', source: 'poetry.lock' }
    return { setup, run: (tool) => `poetry run ${tool}` }
  }
  const files = requirementsIn(tree)
  const missing = tools.filter((tool) => !mentions(tree, tool))
  const itself = files.length === 0 && isPackage(tree) ? ['-e .'] : []
  const what = [...itself, ...files.map((file) => `-r ${file}`), ...missing]
  const source = files[0] ?? (tree.has('pyproject.toml') ? 'pyproject.toml' : 'setup.py')
  const setup = { command: `python3 -m venv .venv && .venv/bin/pip install ${what.join(' ')}`, source }
  return {
    ...(what.length > 0 ? { setup } : {}),
    run: (tool) => `.venv/bin/${tool === 'pytest' ? 'python -m pytest' : tool}`,
    makes: '.venv',
  }
}

/** A pyproject.toml may only configure tools. */
function isPackage(tree: ProjectTree): boolean {
  return tree.has('setup.py') || /^\[(?:project|build-system|tool\.poetry)\]/m.test(tree.text('pyproject.toml'))
}

function requirementsIn(tree: ProjectTree): readonly string[] {
  const names = ['requirements.txt', 'requirements-dev.txt', 'requirements-test.txt', 'dev-requirements.txt']
  return names.filter(tree.has)
}

/** What says that the tests are pytest's; a dependency alone says it, too. */
function pytestSource(tree: ProjectTree): string | undefined {
  if (tree.has('pytest.ini')) return 'pytest.ini'
  if (/^\[tool\.pytest\b/m.test(tree.text('pyproject.toml'))) return 'pyproject.toml'
  if (/^\[tool:pytest\]/m.test(tree.text('setup.cfg'))) return 'setup.cfg'
  if (/^\[pytest\]/m.test(tree.text('tox.ini'))) return 'tox.ini'
  if (tree.hasNamed(/^conftest\.py$/)) return 'conftest.py'
  const file = declaring(tree, 'pytest')
  return file !== undefined && tree.hasNamed(/^(?:test_.*|.*_test)\.py$/) ? file : undefined
}

function ruffSource(tree: ProjectTree): string | undefined {
  const own = ['ruff.toml', '.ruff.toml'].find(tree.has)
  return own ?? (/^\[tool\.ruff\b/m.test(tree.text('pyproject.toml')) ? 'pyproject.toml' : undefined)
}

function mentions(tree: ProjectTree, tool: string): boolean {
  return declaring(tree, tool) !== undefined
}

/** The file that asks for a package of this name. */
function declaring(tree: ProjectTree, tool: string): string | undefined {
  const asked = new RegExp(`^\\s*(?:"|')?${tool}(?![\\w.-])|["']${tool}(?![\\w.-])`, 'm')
  const isTable = new RegExp(`^\\[tool\\.${tool}\\b`)
  return ['pyproject.toml', 'setup.cfg', 'setup.py', 'Pipfile', ...requirementsIn(tree)].find((file) =>
    asked.test(
      tree
        .text(file)
        .split('\n')
        .filter((line) => !isTable.test(line))
        .join('\n'),
    ),
  )
}
