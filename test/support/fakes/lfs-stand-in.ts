/**
 * A program that does with content what git-lfs does, as far as autopilot has to do with it: it stores content by its
 * SHA-256 in the git directory it runs under, finds it there or beside an alternate, writes its format into the
 * configuration, and can prune. `prune` takes all that the commit it stands on does not need.
 */
export const lfsStandIn = String.raw`#!/usr/bin/env node
const { createHash } = require('node:crypto')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { dirname, join, resolve } = require('node:path')
const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
const gitDir = resolve(git('rev-parse', '--git-dir'))
try { git('config', 'lfs.repositoryformatversion') } catch { git('config', '--local', 'lfs.repositoryformatversion', '0') }
const at = (store, oid) => join(store, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid)
const own = join(gitDir, 'lfs')
const [way, , path] = process.argv.slice(2)
const oidIn = (text) => /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1]
if (way === 'prune') {
  const needed = new Set(git('ls-tree', '-r', '--name-only', 'HEAD').split('\n').map((file) => oidIn(git('show', 'HEAD:' + file))))
  const all = fs.existsSync(join(own, 'objects')) ? fs.readdirSync(join(own, 'objects'), { recursive: true }) : []
  for (const file of all) if (/[0-9a-f]{64}$/.test(file) && !needed.has(file.slice(-64))) fs.rmSync(join(own, 'objects', file))
} else {
  const input = fs.readFileSync(0)
  const oid = oidIn(input.toString('latin1'))
  if (way === 'clean' && oid === undefined) {
    const fresh = createHash('sha256').update(input).digest('hex')
    fs.mkdirSync(dirname(at(own, fresh)), { recursive: true })
    fs.writeFileSync(at(own, fresh), input)
    process.stdout.write('version https://git-lfs.github.com/spec/v1\noid sha256:' + fresh + '\nsize ' + input.length + '\n')
  } else if (way === 'clean' || oid === undefined || process.env.GIT_LFS_SKIP_SMUDGE) process.stdout.write(input)
  else {
    const list = join(gitDir, 'objects/info/alternates')
    const others = fs.existsSync(list) ? fs.readFileSync(list, 'utf8').split('\n').filter(Boolean) : []
    const found = [own, ...others.map((one) => join(dirname(one), 'lfs'))].map((store) => at(store, oid)).find(fs.existsSync)
    if (found !== undefined) process.stdout.write(fs.readFileSync(found))
    else {
      console.error('Downloading ' + path + '\nError downloading object: ' + path + ': Smudge error: no remote\n')
      process.exitCode = 2
    }
  }
}
`

/** What `git lfs install` sets, but for the one process for all files. */
export function lfsSettings(program: string): readonly (readonly [string, string])[] {
  return [
    ['filter.lfs.clean', `${program} clean -- %f`],
    ['filter.lfs.smudge', `${program} smudge -- %f`],
    ['filter.lfs.required', 'true'],
  ]
}
