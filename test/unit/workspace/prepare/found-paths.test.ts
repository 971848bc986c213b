import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findPaths } from '../../../../src/workspace/prepare/found-paths.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

function treeOf(paths: readonly string[]): string {
  const root = tempDir()
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
  return root
}

function usualTree(): string {
  const tree = treeOf([
    ...[
      '.env',
      '.env.test',
      'a/.env',
      'a/b/.env',
      'a/node_modules/x/.env',
      'a/.git/.env',
      'app/[id]/.env',
      'app/i/.env',
    ],
    ...['data/1.bin', 'data/2.bin', 'data/x.txt', 'data/a+b.txt', 'data/deep/3.bin'],
  ])
  symlinkSync(join(tree, 'a'), join(tree, 'loop'))
  return tree
}

describe('a path of copy: or link:', () => {
  it.each([
    ['.env', ['.env']],
    ['*/.env', ['a/.env']],
    ['**/.env', ['.env', 'a/.env', 'a/b/.env', 'app/[id]/.env', 'app/i/.env']],
    ['.env*', ['.env', '.env.test']],
    ['app/[id]/.env', ['app/[id]/.env']],
    ['app/[i]/.env', ['app/i/.env']],
    ['data/[!2].bin', ['data/1.bin']],
    ['data/[1-2].bin', ['data/1.bin', 'data/2.bin']],
    ['data/?.bin', ['data/1.bin', 'data/2.bin']],
    ['data/**/*.bin', ['data/1.bin', 'data/2.bin', 'data/deep/3.bin']],
    ['data/a+*', ['data/a+b.txt']],
    ['./data/', ['./data/']],
    ['data*', ['data']],
    ['a/node_modules/*/.env', ['a/node_modules/x/.env']],
  ])('%s is found, and nothing is missing', async (path, paths) => {
    expect(await findPaths(usualTree(), [path])).toEqual({ paths, missing: [] })
  })

  it.each(['*.none', 'data/[z-a].bin', 'loop/*', '**/.git', 'data/x.txt/*', 'data/[', 'data/(*'])(
    '%s matches nothing',
    async (path) => {
      expect(await findPaths(usualTree(), [path])).toEqual({ paths: [], missing: [path] })
    },
  )

  it('without wildcards stays in the list if there is nothing, and is reported', async () => {
    expect(await findPaths(usualTree(), ['gone', '.env', '.env*'])).toEqual({
      paths: ['gone', '.env', '.env.test'],
      missing: ['gone'],
    })
  })
})
