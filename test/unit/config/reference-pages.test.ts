import { expect, test } from 'vitest'
import { schemaFor } from '../../../src/app/schema/schemas.js'
import { parseConfig } from '../../../src/config/config.js'
import { complaintsOf, configData } from '../../support/rigs/json-schema.js'
import { projectRoot } from '../../support/rigs/program.js'
import { configExample, referencePages } from '../../support/suite/reference-pages.js'

test.each(Object.keys(referencePages))(
  'docs/%s says what the tables of the code say; this file with `--update` writes it again',
  async (name) => {
    await expect(await referencePages[name]!()).toMatchFileSnapshot(`${projectRoot}/docs/${name}`)
  },
)

test('the example of every key is valid', () => {
  const parsed = parseConfig(configExample, {})
  if (!parsed.ok) expect(parsed.error).toEqual([])
  expect(complaintsOf(schemaFor('config'), configData(configExample))).toEqual([])
})
