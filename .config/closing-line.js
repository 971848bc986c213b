// Prints the last line of CI: `N passed, N failed`. Tests are counted from vitest's JSON reports; a step of CI that
// failed although no test of it did (there may be no report at all) counts as one failure more.
// usage: closing-line.js <failed steps> <report>...
import { readFileSync } from 'node:fs'

const [failedSteps, ...files] = process.argv.slice(2)
const reports = files.map((file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // No report: the tests did not run, which the failed step says.
    return { numPassedTests: 0, numFailedTests: 0 }
  }
})
const passed = reports.reduce((sum, { numPassedTests }) => sum + numPassedTests, 0)
const failedTests = reports.reduce((sum, { numFailedTests }) => sum + numFailedTests, 0)
const explained = reports.filter(({ numFailedTests }) => numFailedTests > 0).length
console.log(`${passed} passed, ${failedTests + Math.max(0, Number(failedSteps) - explained)} failed`)
