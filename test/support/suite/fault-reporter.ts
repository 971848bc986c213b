import { relative } from 'node:path'
import type { TestCase, TestModule } from 'vitest/node'
import { patternOf, readFaultPage, type FaultRow, type NamedTest } from './fault-page.js'
import { projectRoot } from '../rigs/program.js'

type Standing = 'shown' | 'FAILED' | 'not run here' | 'not shown'

/** Reports on each fault of the page once all of its tests have run. */
export default class FaultReporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const lines = readFaultPage().map((row) => {
      const ran = row.tests.map((named) => tests.filter((test) => isNamed(test, named)))
      return { standing: standingOf(row, ran), text: row.fault, number: row.number }
    })
    const width = Math.max(...lines.map(({ standing }) => standing.length))
    const shown = lines.map(
      ({ number, standing, text }) => `${String(number).padStart(3)}  ${standing.padEnd(width)}  ${text}`,
    )
    const count = (wanted: Standing) => lines.filter(({ standing }) => standing === wanted).length
    const total = `${count('shown')} of ${lines.length} faults shown, ${count('FAILED')} failed, ${count('not run here')} not run here`
    process.stdout.write(`\n${shown.join('\n')}\n\n${total}\n`)
  }
}

function isNamed(test: TestCase, { file, title }: NamedTest): boolean {
  const isThere = relative(projectRoot, test.module.moduleId) === file
  return isThere && new RegExp(`^${patternOf({ file, title })}$`).test(test.fullName.replaceAll(' > ', ' '))
}

function standingOf({ tests }: FaultRow, ran: readonly (readonly TestCase[])[]): Standing {
  if (tests.length === 0) return 'not shown'
  const states = ran.map((cases) => cases.map((test) => test.result().state))
  if (states.flat().includes('failed')) return 'FAILED'
  return states.every((each) => each.includes('passed')) ? 'shown' : 'not run here'
}
