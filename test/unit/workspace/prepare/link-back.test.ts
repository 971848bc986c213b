import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { refuseLinksBack } from '../../../../src/workspace/prepare/link-back.js'
import { gitRepo } from '../../../support/scenes/repositories.js'

const files = { 'README.md': 'hello\n', 'packages/a/index.js': '1\n', '.gitignore': 'node_modules/\nbuilt/\n' }

test.each([
  ['a package of the tree', 'node_modules/a', '../packages/a', ['node_modules'], 'packages/a'],
  [
    'one in a scope, whose directory alone is linked',
    'node_modules/@x/a',
    '../../packages/a',
    ['node_modules/@x'],
    'packages/a',
  ],
  ['a file', 'node_modules/.bin/a', '../../packages/a/index.js', ['node_modules'], 'packages/a/index.js'],
  ['the root', 'node_modules/self', '..', ['node_modules'], 'the root'],
  ['a package, by an absolute path', 'node_modules/a', 'ABSOLUTE', ['node_modules'], 'packages/a'],
  ['files that are not tracked', 'node_modules/a', '../built', ['node_modules'], undefined],
  ['what is linked, too', 'node_modules/.bin/a', '../b/cli.js', ['node_modules'], undefined],
  ['outside the tree', 'node_modules/a', '/usr', ['node_modules'], undefined],
  ['nothing', 'node_modules/a', '../gone', ['node_modules'], undefined],
  ['a package, where the path is not linked', 'node_modules/a', '../packages/a', ['models'], undefined],
])(
  'a link in a path of link: that leads to %s is refused just where files of the tree answer',
  async (_, at, to, links, named) => {
    const repo = gitRepo({ files })
    repo.write('node_modules/b/cli.js', '')
    repo.write('built/x', '')
    mkdirSync(join(repo.dir, at, '..'), { recursive: true })
    symlinkSync(to === 'ABSOLUTE' ? join(repo.dir, 'packages/a') : to, join(repo.dir, at))
    const place = { gitDir: join(repo.dir, '.git') }
    const found = await refuseLinksBack(repo.dir, links, { place, commit: commitId(repo.git('rev-parse', 'HEAD')) })
    expect(found.ok ? undefined : found.error.message).toEqual(
      named === undefined ? undefined : expect.stringContaining(`link: ${at} leads to ${named}`),
    )
  },
)
