// A Node that is too old.
import { readFileSync, writeFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { transformSync } from 'esbuild'
import { expect, test } from 'vitest'
import { programFile } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

/** Starts the program in a Node that says it is of this version. */
function runAs(version: string) {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const faked = stage.repo.beside('faked.cjs')
  const versions = `{ ...process.versions, node: '${version}' }`
  writeFileSync(faked, `Object.defineProperty(process, 'versions', { value: ${versions} })\n`)
  return stage.run(['validate'], { env: { NODE_OPTIONS: `--require ${faked}` } })
}

test.each(['12.22.12', '18.20.4', '20.9.0', '20.18.3'])(
  'Node %s gets a message about what to do, not about a bug',
  async (version) => {
    const { code, stdout, stderr } = await runAs(version)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`this is Node ${version}, and autopilot needs Node 20.19 or newer`)
    expect(stderr).toMatch(/Install a newer one/)
    expect(stderr).not.toMatch(/internal error|report it/)
  },
)

test.each(['20.19.0', '21.0.0', '22.1.0', '100.0.0'])('Node %s is new enough', async (version) => {
  expect((await runAs(version)).code).toBe(0)
})

test('the version check can be read by an old Node: it has the syntax of 2017, and nothing is imported before', () => {
  const source = readFileSync(programFile, 'utf8')
  // A plain script has no static import, no import.meta and no await outside a function.
  expect(() => new Script(source)).not.toThrow()
  const lowered = (target: string) =>
    transformSync(source, { target, supported: { 'dynamic-import': true }, legalComments: 'none' }).code
  expect(lowered('es2017')).toBe(lowered('esnext'))
})
