import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Program } from '../../src/providers/adapter/contract.js'
import { chosenClis, clis, type Cli, type RealCli } from './clis.js'

/** The directories that hold the programs. */
export type CliBins = Readonly<Partial<Record<Cli, string>>>

declare module 'vitest' {
  interface ProvidedContext {
    readonly cliBins: CliBins
  }
}

/**
 * Installs the real CLIs once into the user's cache directory, outside of the repository, each in the version that its
 * provider says it was tested with. Installed aside and renamed when whole, so an interrupted installation is never
 * taken for one. A failure fails the tests.
 */
export default function installClis({ provide }: TestProject): void {
  const bins = chosenClis.map((cli): [Cli, string] => [cli, installed(clis[cli])])
  provide('cliBins', Object.fromEntries(bins))
}

/** The directory with the program of a CLI; undefined if it has not been installed. */
export function binIfInstalled({ program }: RealCli): string | undefined {
  const directory = directoryOf(program)
  return existsSync(directory) ? binOf(directory) : undefined
}

function installed(cli: RealCli): string {
  const bin = binIfInstalled(cli) ?? install(cli)
  checkVersion(bin, cli.program)
  return bin
}

function directoryOf({ file, testedVersion }: Program): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return join(cache, 'autopilot-test-cli', `${file}-${testedVersion}`)
}

function install({ packageName, program }: RealCli): string {
  const [spec, directory] = [`${packageName}@${program.testedVersion}`, directoryOf(program)]
  const cache = dirname(directory)
  process.stderr.write(`installing ${spec} into ${directory}\n`)
  mkdirSync(cache, { recursive: true })
  const aside = mkdtempSync(join(cache, 'installing-'))
  try {
    // So that npm does not look for a project further up.
    writeFileSync(join(aside, 'package.json'), '{ "private": true }\n')
    // Some programs are in optional packages, one for each platform.
    const flags = ['--include=optional', '--no-fund', '--no-audit', '--loglevel=error']
    execFileSync('npm', ['install', ...flags, spec], { cwd: aside, stdio: ['ignore', 2, 2] })
    checkVersion(binOf(aside), program)
    renameSync(aside, directory)
  } catch (error) {
    // Somebody else may have been faster.
    if (!existsSync(directory)) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  return binOf(directory)
}

function binOf(directory: string): string {
  return join(directory, 'node_modules', '.bin')
}

function checkVersion(bin: string, program: Program): void {
  const ended = spawnSync(join(bin, program.file), [...program.versionArgs], { encoding: 'utf8' })
  if (ended.error) throw ended.error
  const said = ended[program.versionStream ?? 'stdout']
  if (program.parseVersion(said) === program.testedVersion) return
  throw new Error(`${program.file} ${program.testedVersion} was installed, but says ${said}`)
}
