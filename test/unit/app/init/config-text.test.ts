import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configText } from '../../../../src/app/init/config-text.js'
import { schemaFor } from '../../../../src/app/schema/schemas.js'
import { parseConfig } from '../../../../src/config/config.js'
import { findProject } from '../../../../src/domain/project/project.js'
import type { ProjectTree } from '../../../../src/domain/project/tools.js'
import { complaintsOf, configData } from '../../../support/rigs/json-schema.js'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    'x\ngates: [rm -rf /]',
    '# x',
    "it's",
    'a: b',
    'jest || true',
    'vitest watch',
    'exit 1 \u2028 y',
    '${x}',
    '$(x)',
  ),
)
const scripts = fc.dictionary(fc.constantFrom('test', 'test:ci', 'lint', 'typecheck', 'types'), text)
const manifest = fc.record({ scripts, packageManager: text, dependencies: fc.dictionary(text, text) })

const names = [
  ...['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', '.yarnrc.yml', 'bun.lock', 'Cargo.lock', 'go.mod', 'go.sum'],
  ...['uv.lock', 'poetry.lock', 'pytest.ini', 'ruff.toml', 'tox.ini', 'noxfile.py', 'pom.xml', 'build.gradle', 'mvnw'],
  ...['conftest.py', 'rustfmt.toml', '.golangci.yml', 'requirements.txt', 'setup.py'],
]
const tree = fc
  .record({
    there: fc.subarray(names),
    json: fc.oneof(
      manifest.map((value) => JSON.stringify(value)),
      text,
    ),
    toml: fc.oneof(fc.constantFrom('[project]\nname="x"\n', '[tool.ruff]\n[tool.pytest.ini_options]\n'), text),
    make: fc.oneof(fc.constantFrom('test: a\n', 'lint:\n'), text),
  })
  .map(({ there, json, toml, make }): ProjectTree => {
    const texts = new Map([
      ['package.json', json],
      ['pyproject.toml', toml],
      ['Cargo.toml', toml],
      ['Makefile', make],
    ])
    const all = [...there, ...texts.keys()]
    return {
      has: (path) => all.includes(path),
      hasNamed: (pattern) => all.some((name) => pattern.test(name)),
      text: (path) => texts.get(path) ?? '',
    }
  })
const empty: ProjectTree = { has: () => false, hasNamed: () => false, text: () => '' }

test('whatever a project and its CLIs say of themselves, the file reads back without a problem, with no more than was found', () => {
  const clis = fc.array(fc.record({ name: fc.constantFrom('claude', 'codex', 'gemini'), version: text }), {
    maxLength: 3,
  })
  fc.assert(
    fc.property(tree, fc.boolean(), clis, (one, isBelow, found) => {
      const project = isBelow ? findProject(empty, new Map([['sub', one]])) : findProject(one, new Map())
      const written = configText({
        ...{ project, clis: found, dotenv: ['.env'], unignored: project.makes },
        isDefault: (name) => name !== 'gemini',
        schema: '.autopilot/schema/config.json',
      })
      const parsed = parseConfig(written, {})
      if (!parsed.ok) expect(parsed.error).toEqual([])
      else {
        const { gates, setup } = parsed.value.file
        expect(gates.map(({ run }) => run)).toEqual(project.gates.map(({ command }) => command))
        expect(gates.map(({ cwd }) => cwd)).toEqual(project.gates.map(({ cwd }) => cwd))
        expect(setup?.run).toBe(project.setup?.command)
      }
      expect(complaintsOf(schemaFor('config'), configData(written))).toEqual([])
    }),
    { numRuns: 500 },
  )
})
