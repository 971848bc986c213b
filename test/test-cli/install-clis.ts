import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Program } from '../../src/providers/adapter/contract.js'
import { providers } from '../../src/providers/index.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory that holds the programs `claude` and `codex`. */
    readonly cliBin: string
  }
}

/** The packages of the CLIs, in the versions that the providers say they were tested with. */
const packages = [
  { name: '@anthropic-ai/claude-code', program: providers.claude.program },
  { name: '@openai/codex', program: providers.codex.program },
].map(({ name, program }) => {
  if (!program) throw new Error(`${name} has no program`)
  return { name, program }
})

/**
 * Installs the real CLIs once into the user's cache directory, outside of the repository: about 770 MB. Installed aside
 * and renamed when whole, so an interrupted installation is never taken for one. A failure fails the tests.
 */
export default function installClis({ provide }: TestProject): void {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'autopilot-test-cli')
  const installed = join(cache, packages.map(({ program }) => `${program.file}-${program.testedVersion}`).join('_'))
  if (!existsSync(installed)) install(cache, installed)
  const bin = binOf(installed)
  for (const { program } of packages) checkVersion(bin, program)
  provide('cliBin', bin)
}

function install(cache: string, installed: string): void {
  const specs = packages.map(({ name, program }) => `${name}@${program.testedVersion}`)
  process.stderr.write(`installing ${specs.join(' and ')} into ${installed}\n`)
  mkdirSync(cache, { recursive: true })
  const aside = mkdtempSync(join(cache, 'installing-'))
  try {
    // So that npm does not look for a project further up.
    writeFileSync(join(aside, 'package.json'), '{ "private": true }\n')
    // The programs themselves are in optional packages, one for each platform.
    const flags = ['--include=optional', '--no-fund', '--no-audit', '--loglevel=error']
    execFileSync('npm', ['install', ...flags, ...specs], { cwd: aside, stdio: ['ignore', 2, 2] })
    for (const { program } of packages) checkVersion(binOf(aside), program)
    renameSync(aside, installed)
  } catch (error) {
    // Somebody else may have been faster.
    if (!existsSync(installed)) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function binOf(directory: string): string {
  return join(directory, 'node_modules', '.bin')
}

function checkVersion(bin: string, program: Program): void {
  const said = execFileSync(join(bin, program.file), [...program.versionArgs], { encoding: 'utf8' })
  if (program.parseVersion(said) === program.testedVersion) return
  throw new Error(`${program.file} ${program.testedVersion} was installed, but says ${said}`)
}
