import { defineConfig } from 'vitest/config'

// CI counts the tests from a report in this file.
const summary = process.env.VITEST_SUMMARY

// `make test-cli`: whole runs with the real agent CLIs, apart from the other tests, since they need 770 MB of packages.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  define: { AUTOPILOT_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    include: ['test/test-cli/**/*.test.ts'],
    globalSetup: ['test/support/suite/build-once.ts', 'test/test-cli/install-clis.ts'],
    // The bound of every scenario: of their own accord the CLIs retry for three minutes, or wait for ever.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
    env: { NO_COLOR: '1' },
    ...(summary ? { reporters: ['default', 'json'], outputFile: { json: summary } } : {}),
  },
})
