import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const count = 2000
const browserFile = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((dir) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(dir, name)))
  .find((path) => existsSync(path))

/** Leaves the journal of a run of so many tasks in the stage's directory. */
async function withJournal(stage) {
  await stage.execute(['node', await stage.bundle('long-journal'), stage.dir, String(count)])
}

function report(stage, ...args) {
  return stage.execute(['node', stage.program, 'report', '-C', stage.dir, ...args])
}

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'r',
    title: `the report of a run of ${count} tasks`,
    baselines: {},
    run: async (stage) => {
      await withJournal(stage)
      const page = await report(stage, '--file', join(stage.dir, 'report.html'))
      const junit = await report(stage, '--file', join(stage.dir, 'report.xml'))
      return { page: [page.wallMs], junit: [junit.wallMs] }
    },
    rows: [
      { title: 'as a page', metric: 'page', unit: 'ms', target: { text: '< 3 s', limit: () => 3000 } },
      { title: 'as JUnit XML', metric: 'junit', unit: 'ms' },
    ],
  },
  {
    id: 'r',
    title: `the page of a run of ${count} tasks in a browser`,
    baselines: {},
    whyNot: () => Promise.resolve(browserFile === undefined ? 'there is no Chromium on this machine' : undefined),
    run: async (stage) => {
      await withJournal(stage)
      const file = join(stage.dir, 'report.html')
      await report(stage, '--file', file)
      const probe = join(stage.bench, 'probes', 'page-ready.js')
      return JSON.parse((await stage.execute(['node', probe, browserFile ?? '', file, '3'])).stdout)
    },
    rows: [
      {
        title: 'from opening it until a row obeys a click',
        metric: 'ready',
        unit: 'ms',
        target: { text: '< 1 s', limit: () => 1000 },
      },
    ],
  },
]
