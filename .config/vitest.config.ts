import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

// CI counts the tests from a report in this file.
const summary = process.env.VITEST_SUMMARY

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  define: { AUTOPILOT_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    include: ['test/**/*.test.ts'],
    // `make test-cli` runs the ones, with the real CLIs, and `make faults` the others.
    exclude: [...configDefaults.exclude, 'test/test-cli/**', 'test/faults/slow/**'],
    globalSetup: ['test/support/suite/build-once.ts'],
    // Generous: real processes and real git on a machine that may be busy. No test asserts a time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most tests wait for processes; by default one core would stand idle.
    maxWorkers: availableParallelism(),
    env: { NO_COLOR: '1' },
    ...(summary ? { reporters: ['default', 'json'], outputFile: { json: summary } } : {}),
  },
})
