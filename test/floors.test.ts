import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[]
  }
}

function violations(folder: string): readonly string[] {
  const args = [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    '--config',
    '.config/dependency-cruiser.cjs',
  ]
  const { stdout } = spawnSync(process.execPath, [...args, '--output-type', 'json', folder], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  })
  const report = JSON.parse(stdout) as Report
  return report.summary.violations.map(({ from, rule }) => `${from.replace(/^.*\/src\//, '')}: ${rule.name}`).sort()
}

describe('the check of the floors', () => {
  it('finds nothing in the program', () => {
    expect(violations('src')).toEqual([])
  })

  it('reports every deliberately wrong import of the fixture', () => {
    expect(violations('test/fixtures/floors/src')).toEqual([
      'app/looks-up.ts: app-does-not-look-up',
      'app/start: no-cycles-of-folders',
      'app/stop: no-cycles-of-folders',
      'cli/top.ts: only-pool-knows-a-queue-library',
      'cli/top.ts: only-ui-colours',
      'config/next-door.ts: a-room-never-imports-another-room',
      'domain/looks-up.ts: domain-imports-only-domain',
      'domain/looks-up.ts: domain-imports-only-domain',
      'domain/looks-up.ts: only-platform-spawns',
      'roadmap/next-door.ts: a-room-never-imports-another-room',
      'roadmap/next-door.ts: rooms-do-not-look-up',
      'ui/parses.ts: only-cli-knows-commander',
    ])
  })
})
