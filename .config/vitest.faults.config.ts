import { configDefaults, defineConfig } from 'vitest/config'
import { patternOf, readFaultPage } from '../test/support/suite/fault-page.js'
import base from './vitest.config.js'

const tests = readFaultPage().flatMap((row) => row.tests)

// `make faults`: the tests that docs/faults.md names, wherever they are, the slow ones too.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [...new Set(tests.map(({ file }) => file))],
    exclude: configDefaults.exclude,
    testNamePattern: new RegExp(`^(${tests.map(patternOf).join('|')})$`),
    reporters: ['default', './test/support/suite/fault-reporter.ts'],
  },
})
