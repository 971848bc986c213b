// Which git and CLIs are started.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import { everyWay } from '../../support/scenes/every-way.js'

describe.each(everyWay)('%s', (_, flags) => {
  test('a tree does not bring its own git or CLI, and gates and agents have the programs of their own tree on PATH', async () => {
    const stage = scene({
      roadmap: 'tasks: [{ id: a }]\n',
      files: {
        'autopilot.yaml': 'setup: which-tree > setup.txt\ngates: [test "$(which-tree)" = work]\n',
        '.gitignore': 'setup.txt\n',
      },
    })
    const { repo, env } = stage
    const ran = repo.beside('ran')
    const tools = join(repo.dir, 'tools/bin')
    const put = (name: string, text: string) =>
      repo.write(`tools/bin/${name}`, `#!/bin/sh\n${text}\n`, { executable: true })
    put('which-tree', 'echo committed')
    // What a task may have landed: the CLI's own interpreter, as far as a name goes.
    put('node', `echo node >>'${ran}'; exit 1`)
    repo.commit('Tools')
    // What the user has there now, and programs that leave a mark if they are started.
    put('which-tree', 'echo uncommitted')
    for (const name of ['git', 'claude', 'rm', 'grep']) put(name, `echo ${name} >>'${ran}'; exit 1`)
    const calls = fakeCli(stage, 'claude', ({ write, read, succeed }) => {
      write('seen.txt', read('setup.txt'))
      write('tools/bin/which-tree', '#!/bin/sh\necho work\n')
      succeed()
    })
    const cli = join(env.PATH ?? '', 'claude')
    writeFileSync(cli, readFileSync(cli, 'utf8').replace(/^#!.*/, '#!/usr/bin/env node'))
    const path = `./tools/bin:${tools}:${env.PATH}`
    const { code, stderr } = await stage.run(['run', '-p', 'claude', ...flags], { env: { PATH: path } })
    expect(stderr).not.toContain('failed')
    expect(code).toBe(0)
    expect(existsSync(ran)).toBe(false)
    expect(stage.landed('seen.txt').trim()).toBe('committed')
    expect(calls()[0]?.env.PATH?.split(':')[1]).toBe(join(calls()[0]?.cwd ?? '', 'tools/bin'))
  })
})
