import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject, onTestFinished, vi } from 'vitest'
import type { RunRecord } from '../../src/domain/run/event.js'
import { safeName } from '../../src/domain/name.js'
import { startProgram, type Ended, type RecordOf, type Running } from '../support/rigs/program.js'
import { processesIn, type PlacedProcess } from '../support/rigs/processes.js'
import { createScene, type Scene } from '../support/scenes/scene.js'
import { chosenClis, clis, type Cli } from './clis.js'
import { startModelServer, type ModelServer, type Script } from './model-server.js'
import { asOrdinaryUser } from './ordinary-user.js'

/** A repository, an empty HOME, fake keys, and the real CLIs on a PATH of their own, beside a model server. */
export interface Stage {
  readonly scene: Scene
  readonly server: ModelServer
  /** Starts `autopilot run --output json` with these arguments. */
  readonly start: (...args: readonly string[]) => Running
  /** As {@link start}, to its end. */
  readonly run: (...args: readonly string[]) => Promise<Ended>
  /** Puts a shell script before a CLI; in it, `$real` is the real one. */
  readonly wrap: (cli: Cli, script: string) => void
  /** Processes that work on the stage or have it in their environment. */
  readonly processes: () => readonly PlacedProcess[]
  /** Resolves when none of them is left; it is an error when one stays. */
  readonly quiet: () => Promise<void>
  /** Hands everything over to an ordinary user, who then runs the program. */
  readonly handOver: () => void
}

export interface StageOptions {
  readonly roadmap: string
  readonly script: Script
  /** `autopilot.yaml`. */
  readonly config?: string
  /** Further files of the first commit. */
  readonly files?: Readonly<Record<string, string>>
}

/** Sets the stage, which is removed with the test, together with whatever still runs on it. */
export async function setStage({ roadmap, script, config = '', files = {} }: StageOptions): Promise<Stage> {
  const scene = createScene({
    roadmap,
    files: { 'README.md': 'hello\n', 'autopilot.yaml': config, ...files },
    // The test reads the repository even if it belongs to somebody else.
    globalConfig: '[safe]\n\tdirectory = *\n',
  })
  const place = dirname(scene.repo.dir)
  const server = await startModelServer(script)
  const processes = () => processesIn(place)
  onTestFinished(async () => {
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
    await server.close()
    scene.remove()
  })
  const bin = join(place, 'bin')
  let [bins, start] = [inject('cliBins'), (args: readonly string[]) => scene.start(args)]
  const real = (cli: Cli) => join(bins[cli] ?? notChosen(cli), clis[cli].program.file)
  const link = (cli: Cli) => symlinkSync(real(cli), join(bin, clis[cli].program.file))
  chosenClis.forEach(link)
  // gemini starts no other shell.
  for (const tool of ['tail', 'bash']) symlinkSync(join('/usr/bin', tool), join(bin, tool))
  Object.assign(scene.env, environment(scene, server))
  const run = (...args: readonly string[]) => start(['run', '--output', 'json', ...args])
  return {
    ...{ scene, server, processes },
    // What autopilot itself started ends once autopilot's own end closes the pipes.
    quiet: () => vi.waitFor(() => expect(processes()).toEqual([]), { timeout: 2_000, interval: 20 }),
    start: run,
    run: (...args) => run(...args).ended,
    wrap(cli, text) {
      // A link would lead into the cache.
      const { file } = clis[cli].program
      rmSync(join(bin, file))
      scene.program(file, `#!/bin/sh\nreal='${real(cli)}'\n${text}\n`)
    },
    handOver() {
      const user = asOrdinaryUser(place, bins)
      bins = user.bins
      for (const cli of chosenClis) {
        rmSync(join(bin, clis[cli].program.file))
        link(cli)
      }
      start = (args) => startProgram([...user.args, ...args], { cwd: scene.repo.dir, env: scene.env, file: user.file })
    },
  }
}

function notChosen(cli: Cli): never {
  throw new Error(`${cli} is not among the CLIs that TEST_CLIS chose`)
}

function environment({ repo }: Scene, { url }: ModelServer): Record<string, string> {
  const [home, temporary] = [repo.beside('cli-home'), repo.beside('tmp')]
  for (const directory of [home, temporary]) mkdirSync(directory)
  const logins = chosenClis.map((cli) => clis[cli].logIn(home, url))
  return Object.assign({ HOME: home, TMPDIR: temporary }, ...logins) as Record<string, string>
}

/** What the CLI printed in the first attempt of a task, as it was kept; `turn`: of another turn than its first. */
export function readStdout({ scene }: Stage, records: readonly RunRecord[], task: string, turn = ''): string {
  const { runId } = only(records, 'run_started')
  const attempt = join(scene.repo.dir, '.autopilot', 'runs', runId, 'attempts', `${safeName(task)}-1`)
  return readFileSync(join(attempt, `stdout${turn}.log`), 'utf8')
}

/** The one record of its type; it is an error when there are more or none. */
export function only<Type extends RunRecord['type']>(records: readonly RunRecord[], type: Type): RecordOf<Type> {
  const [found, ...more] = all(records, type)
  if (!found || more.length > 0) throw new Error(`${found ? more.length + 1 : 0} records of ${type}, not one`)
  return found
}

export function all<Type extends RunRecord['type']>(
  records: readonly RunRecord[],
  type: Type,
): readonly RecordOf<Type>[] {
  return records.filter((record): record is RecordOf<Type> => record.type === type)
}
