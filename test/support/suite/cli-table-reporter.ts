import { readFileSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { chosenClis, clis } from '../../test-cli/clis.js'
import { pageWithTable } from './cli-table.js'

/** Writes what the tests with real CLIs have proved into a page. Which CLIs are installed, `install-clis.ts` has checked. */
export class CliTableReporter implements Reporter {
  readonly #page: string

  constructor(page: string) {
    this.#page = page
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .map((test) => ({ name: test.fullName, state: test.result().state }))
    const columns = chosenClis.map((name) => ({ name, version: clis[name].program.testedVersion }))
    writeFileSync(this.#page, await pageWithTable(readFileSync(this.#page, 'utf8'), columns, tests))
  }
}
