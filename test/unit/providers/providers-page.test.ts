import { expect, it } from 'vitest'
import { projectRoot } from '../../support/rigs/program.js'
import { patternTexts } from '../../support/suite/pattern-texts.js'
import { providersPage } from '../../support/suite/providers-page.js'

it('docs/providers.md says what the providers declare; this file with `--update` writes it again', async () => {
  await expect(await providersPage()).toMatchFileSnapshot(`${projectRoot}/docs/providers.md`)
})

it.each([
  [/quota exceeded|hit your .{0,40}limit/, ['quota exceeded', 'hit your … limit']],
  [/oauth token (has|is) \w+/, ['oauth token has …', 'oauth token is …']],
  [/please log ?(out and sign )?in again/, ['please log in again', 'please log out and sign in again']],
  [/\bE(CONN\w+|PIPE)\b/, ['ECONN…', 'EPIPE']],
  [/rate.?limit|^\s*choices:/, ['rate limit', 'choices:']],
  [/model['’]s window|error in \S+settings\.json/, ["model's window", 'error in …settings.json']],
])('the page shows %s as texts that a person may have seen', (pattern, texts) => {
  expect(patternTexts(pattern)).toEqual(texts)
})
