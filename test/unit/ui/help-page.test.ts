import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { helpPage } from '../../../src/ui/help-page.js'
import { projectRoot } from '../../support/rigs/program.js'

const page = `# A page

<!-- made by a test -->

A paragraph with a [link](elsewhere.md), **bold** words and \`code\`, long enough
that it is wrapped.

- one item that goes on
  in a second line
- another

| key | accepts | |
| --- | --- | --- |
| \`a\` | 1 to 5 | what \`a\\|b\` is |

\`\`\`sh
autopilot run   # as it is

exit
\`\`\`
`

test('a page is wrapped, its tables are lists, its code is as written, and its marks are gone', () => {
  expect(helpPage(page, 40)).toBe(`A PAGE

A paragraph with a link, bold words and
code, long enough that it is wrapped.

- one item that goes on in a second line
- another

  a
      accepts: 1 to 5
      what a|b is

    autopilot run   # as it is

    exit
`)
})

test.each(readdirSync(join(projectRoot, 'docs')).filter((name) => name.endsWith('.md')))(
  'docs/%s reads in 80 columns: only code and single words are longer, and no word is lost',
  (name) => {
    const text = readFileSync(join(projectRoot, 'docs', name), 'utf8')
    const shown = helpPage(text)
    for (const line of shown.split('\n'))
      if (line.length > 80 && !line.startsWith('    ')) expect(line.trim().split(' ').length).toBeLessThanOrEqual(2)
    const words = (page: string) => page.match(/[A-Za-z]{4,}/g)?.length ?? 0
    expect(words(shown)).toBeGreaterThan(words(text.replace(/\]\([^)]*\)/g, '')) * 0.9)
  },
)
