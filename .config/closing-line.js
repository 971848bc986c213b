// Prints the last line of CI: `N passed, N failed`. Tests are counted from vitest's JSON report; a step of CI that
// failed outside of the tests counts as one failure more.
import { readFileSync } from 'node:fs'

const [file, failedSteps] = process.argv.slice(2)
let report = { numPassedTests: 0, numFailedTests: 0 }
try {
  report = JSON.parse(readFileSync(file, 'utf8'))
} catch {
  // No report: the tests did not run, which the failed step says.
}
const failed = Math.max(report.numFailedTests, Number(failedSteps))
console.log(`${report.numPassedTests} passed, ${failed} failed`)
