import { expect, it } from 'vitest'
import { reportsPage } from '../../support/suite/reports-page.js'
import { projectRoot } from '../../support/rigs/program.js'

it('docs/reports.md says what the shape of a report says; this file with `--update` writes it again', async () => {
  await expect(await reportsPage()).toMatchFileSnapshot(`${projectRoot}/docs/reports.md`)
})
