// The packed package and the build.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot, startProgram } from '../../support/rigs/program.js'
import { copyProject } from '../../support/scenes/project-copy.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import { topics } from '../../../src/cli/topics.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

test('the packed package holds only what is needed, installs without a network, and runs', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const home = stage.repo.beside('empty home')
  const env = { PATH: process.env.PATH ?? '', HOME: home, npm_config_update_notifier: 'false' }
  const npm = (...args: string[]) => startProgram(args, { cwd: projectRoot, env, file: 'npm' }).ended

  // What prepack would build has been built for all tests.
  const packed = await npm('pack', '--json', '--ignore-scripts', '--pack-destination', stage.repo.beside('.'))
  const [{ filename, files }] = JSON.parse(packed.stdout) as [Packed]
  const top = new Set(files.map(({ path }) => path.split('/')[0]))
  expect([...top].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'package.json'])
  expect(files.filter(({ path }) => /\.(ts|map)$|test|node_modules/.test(path))).toEqual([])

  const prefix = stage.repo.beside('prefix')
  const installed = await npm('install', '--offline', '-g', '--prefix', prefix, stage.repo.beside(filename))
  expect(installed.stderr).not.toMatch(/npm error/)
  expect(installed.code).toBe(0)
  const program = (...args: string[]) =>
    startProgram(args, { cwd: stage.repo.dir, env: stage.env, file: join(prefix, 'bin', 'autopilot') }).ended
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }
  expect((await program('--version')).stdout).toBe(`${version}\n`)
  for (const topic of Object.keys(topics)) expect(await program('help', topic)).toMatchObject({ code: 0, stderr: '' })
  expect((await program('run')).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
})

test('builds at the same moment each install a whole program, and leave nothing else', async () => {
  const copy = copyProject(join(tempDir(), 'project'))
  const env = { PATH: process.env.PATH ?? '' }
  const build = () => startProgram(['.config/build.js'], { cwd: copy, env, file: process.execPath }).ended
  const ended = await Promise.all([build(), build(), build(), build()])
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, '']))
  expect(readdirSync(copy).filter((name) => name.startsWith('dist'))).toEqual(['dist'])
  const answer = await startProgram(['bin/autopilot.js', '--version'], { cwd: copy, env, file: process.execPath }).ended
  expect(answer.code).toBe(0)
})
