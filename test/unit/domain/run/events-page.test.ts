import { expect, it } from 'vitest'
import { eventsPage } from '../../../support/suite/events-page.js'
import { projectRoot } from '../../../support/rigs/program.js'

it('docs/events.md says what the shapes of events say; this file with `--update` writes it again', async () => {
  await expect(await eventsPage()).toMatchFileSnapshot(`${projectRoot}/docs/events.md`)
})
