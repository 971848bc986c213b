import { defineConfig } from 'vitest/config'
import { CliTableReporter } from '../test/support/suite/cli-table-reporter.js'
import { chosenClis } from '../test/test-cli/clis.js'

// CI counts the tests from a report in this file.
const summary = process.env.VITEST_SUMMARY

// The page into which a table of what was proved is written, which only a run of all CLIs can fill.
const page = process.env.TABLE
if (page && process.env.TEST_CLIS) throw new Error('TABLE is for a run with all CLIs: leave TEST_CLIS out')

// Tests beside the folder `each` need claude and codex, those in it try every chosen CLI.
const both = (['claude', 'codex'] as const).every((cli) => chosenClis.includes(cli))
const include = ['test/test-cli/each/*.test.ts', ...(both ? ['test/test-cli/*.test.ts'] : [])]

// `make test-cli`: whole runs with the real agent CLIs, apart from the other tests, since they need a lot of packages.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  define: { AUTOPILOT_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    include,
    globalSetup: ['test/support/suite/build-once.ts', 'test/test-cli/install-clis.ts'],
    // The bound of every scenario: of their own accord the CLIs retry for three minutes, or wait for ever.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
    env: { NO_COLOR: '1' },
    reporters: ['default', ...(summary ? ['json'] : []), ...(page ? [new CliTableReporter(page)] : [])],
    ...(summary ? { outputFile: { json: summary } } : {}),
  },
})
