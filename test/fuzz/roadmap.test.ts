import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planRun, startOrder } from '../../src/domain/roadmap/plan.js'
import { formatProblem } from '../../src/domain/roadmap/problem.js'
import { roadmapSchema } from '../../src/roadmap/formats/native/schema.js'
import { parseRoadmap } from '../../src/roadmap/formats/parse.js'
import { formatHold, showId } from '../../src/ui/format.js'
import { fuzzRuns, fuzzTimeoutMs, hostileInputs } from '../support/games/mutations.js'
import { complaintsOf, roadmapData } from '../support/rigs/json-schema.js'
import { expectInside } from '../support/rigs/positions.js'

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/roadmaps/${name}`, import.meta.url)), 'utf8')
const small = `defaults: { provider: claude, timeout: 5m, verify: [npm test] }
tasks:
  - id: a # first
    title: "One: two"
    status: in_progress
    dependencies: { depends_on: [b, E1] }
    exit_criteria: [x, {critic: y}]
    verify: { run: make, timeout: 1h, cwd: sub }
    description: |
      Some text.
  - &anchor { id: b, title: 'It''s', priority: high, complexity: 7, max_attempts: 2 }
epics:
  - id: E1
    milestones:
      - { id: M1, tasks: [{ id: c, run: "true", expects: no_change }], sets: [{ id: S, tasks: [*anchor] }] }
`
const json = `{ "tasks": [{ "id": "a", "title": "\\u0041", "status": "pending" }, { "id": 2, "dependencies": ["a"] }] }\n`
const words = [
  ...[
    'tasks:',
    'epics:\n',
    '- id: ',
    'status: done\n',
    'dependencies: [',
    ']',
    '{',
    '}',
    ', ',
    ': ',
    '\n',
    '\n  ',
    '\t',
    '\r\n',
  ],
  ...[
    '"',
    "'",
    '|\n',
    '>-\n',
    '&a ',
    '*a',
    '!!binary ',
    '!x ',
    '? ',
    '--- ',
    '...\n',
    '#',
    '%YAML 1.1\n',
    '<<: ',
    '\\',
    '`',
    '@',
  ],
  ...[
    '0x1f',
    '1e999',
    '.nan',
    '~',
    'null',
    '2025-01-01',
    '__proto__: ',
    'constructor',
    '\u0000',
    '\ufeff',
    '\u2028',
    '\ud83d\ude00',
  ],
  ...[
    '"tasks": [',
    '"id": ',
    '"a",',
    '\\u00',
    'verify: ',
    'run: ',
    'timeout: ',
    'defaults: ',
    'a: '.repeat(50),
    '['.repeat(200),
  ],
]

const schema = roadmapSchema({ statuses: [], providers: ['claude', 'codex'] })

test(
  'whatever is in a roadmap, reading it ends in tasks, which the schema allows, or in problems that stand inside the file',
  () => {
    const inputs = hostileInputs([small, json, fixture('nested.yaml'), fixture('tabs.json')], words)
    const files = fc.constantFrom('roadmap.yaml', 'roadmap.json', 'roadmap')
    fc.assert(
      fc.property(inputs, files, (bytes, file) => {
        const { roadmap, graph, problems, values } = parseRoadmap(bytes, { file, providers: ['claude', 'codex'] })
        expectInside(problems, bytes)
        for (const problem of problems) expect(formatProblem(problem).split('\n').length).toBeLessThanOrEqual(2)
        const failed = problems.some(({ severity }) => severity === 'error')
        expect(failed || (roadmap !== undefined && graph !== undefined)).toBe(true)
        if (failed || !roadmap || !graph) return
        expect(complaintsOf(schema, roadmapData(bytes, file))).toEqual([])
        const { tasks, runnable } = planRun(graph, roadmap.groups)
        expect(
          startOrder(graph, runnable)
            .map(({ id }) => id)
            .sort(),
        ).toEqual([...runnable].sort())
        for (const { id, hold } of tasks) expect(`${showId(id)} ${hold ? formatHold(hold) : ''}`).not.toContain('\n')
        expect([...values.keys()].every((id) => graph.tasks.has(id))).toBe(true)
      }),
      { numRuns: fuzzRuns },
    )
  },
  fuzzTimeoutMs,
)
