import fc from 'fast-check'
import { expect, test } from 'vitest'
import { schemaFor } from '../../src/app/schema/schemas.js'
import { parseConfig } from '../../src/config/config.js'
import { formatProblem } from '../../src/domain/roadmap/problem.js'
import { fuzzRuns, fuzzTimeoutMs, hostileInputs } from '../support/games/mutations.js'
import { complaintsOf, configData } from '../support/rigs/json-schema.js'
import { expectInside } from '../support/rigs/positions.js'

const full = `agents: 5
iterations: 3
repair_rounds: 2
providers: [claude, codex=2, "claude:opus=1"]
target: autopilot/main
isolation: workspace
permissions: edit
timeout: 1h
gates:
  - npm test
  - { run: cargo test, cwd: core, timeout: 20m, name: rust }
gate_jobs: 2
routes: { simple: [claude:haiku], complex: [claude:opus, codex] }
allow: ['Bash(npm test:*)']
env: { NODE_ENV: test, NPM_TOKEN: }
setup: npm ci
copy: [.env]
prompt: docs/prompt.md
secrets: { files: [.env], names: [MINE] }
statuses: { icebox: on_hold }
workspaces: { dir: /fast }
`
const words = [
  ...[
    'agents: ',
    'gates:\n',
    '  - ',
    'routes: ',
    'env: ',
    'secrets: ',
    'workspaces: ',
    'timeout: ',
    'copy: ',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    ', ',
    ': ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '|\n',
    '&a ',
    '*a',
    '*a, '.repeat(30),
    '!!set ',
    '!x',
    '? ',
    '---\n',
    '<<: ',
    '#',
  ],
  ...[
    '0',
    '-1',
    '1e99',
    '.inf',
    '~',
    '1h',
    '99999999h',
    'claude=',
    'claude:',
    '..',
    '/',
    '__proto__',
    'constructor',
    '\u0000',
    '\ufeff',
  ],
]

test(
  'whatever is in autopilot.yaml, reading it ends in settings, which the schema allows, or in problems that stand inside the file',
  () => {
    fc.assert(
      fc.property(hostileInputs([full, 'agents: 2\n', `{"agents": 3}`], words), (bytes) => {
        const read = parseConfig(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), { NPM_TOKEN: 'x' })
        if (read.ok) {
          const { line, column } = read.value.place(['gates', 0, 'run'])
          expect(line >= 1 && column >= 1).toBe(true)
          expect(complaintsOf(schemaFor('config'), configData(bytes))).toEqual([])
          return
        }
        expect(read.error.length).toBeGreaterThan(0)
        expectInside(read.error, bytes)
        for (const problem of read.error) expect(formatProblem(problem).split('\n').length).toBeLessThanOrEqual(2)
      }),
      { numRuns: fuzzRuns },
    )
  },
  fuzzTimeoutMs,
)
