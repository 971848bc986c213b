import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../../src/providers/adapter/contract.js'
import { providers } from '../../src/providers/index.js'

/** A real CLI: where it comes from, and how it finds the tests' model server instead of its own. */
export interface RealCli {
  /** Its npm package. */
  readonly packageName: string
  readonly program: Program
  /** Logs it in: writes what it needs into an empty HOME, and gives the variables that it needs. */
  readonly logIn: (home: string, serverUrl: string) => Readonly<Record<string, string>>
}

const rows = {
  claude: {
    packageName: '@anthropic-ai/claude-code',
    program: programOf('claude'),
    logIn: (_, url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'sk-ant-test' }),
  },
  codex: {
    packageName: '@openai/codex',
    program: programOf('codex'),
    logIn(home, url) {
      const codexHome = join(home, '.codex')
      mkdirSync(codexHome)
      writeFileSync(join(codexHome, 'config.toml'), `openai_base_url = "${url}/v1"\n`)
      return { CODEX_HOME: codexHome, CODEX_API_KEY: 'sk-test' }
    },
  },
  gemini: {
    packageName: '@google/gemini-cli',
    program: programOf('gemini'),
    logIn(home, url) {
      mkdirSync(join(home, '.gemini'))
      // Without this choice it has no use for a server that is not Google's.
      const settings = { security: { auth: { selectedType: 'gemini-api-key' } } }
      writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings))
      return { GEMINI_API_KEY: 'test-key', GOOGLE_GEMINI_BASE_URL: url }
    },
  },
  qwen: {
    packageName: '@qwen-code/qwen-code',
    program: untilThen('qwen', '0.24.4'),
    logIn(home, url) {
      mkdirSync(join(home, '.qwen'))
      const auth = { selectedType: 'openai', apiKey: 'sk-test', baseUrl: `${url}/qwen/v1` }
      const settings = { security: { auth }, model: { name: 'test-model' } }
      writeFileSync(join(home, '.qwen', 'settings.json'), JSON.stringify(settings))
      return {}
    },
  },
} as const satisfies Readonly<Record<string, RealCli>>

export type Cli = keyof typeof rows

export const clis: Readonly<Record<Cli, RealCli>> = rows

const cliNames = Object.keys(rows) as readonly Cli[]

/** The CLIs that are installed and tested: all, or those that TEST_CLIS names. */
export const chosenClis: readonly Cli[] = chosen(process.env.TEST_CLIS ?? '')

function chosen(text: string): readonly Cli[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  const unknown = names.filter((name) => !cliNames.some((cli) => cli === name))
  if (unknown.length > 0) throw new Error(`TEST_CLIS names ${unknown.join(', ')}; there are ${cliNames.join(', ')}`)
  return names.length === 0 ? cliNames : cliNames.filter((cli) => names.includes(cli))
}

function programOf(name: keyof typeof providers): Program {
  const { program } = providers[name] as { readonly program?: Program }
  if (!program) throw new Error(`${name} has no program`)
  return program
}

/** Until its provider is there. */
function untilThen(file: string, testedVersion: string): Program {
  return {
    ...{ file, versionArgs: ['--version'], testedVersion, loginCommand: '', installCommand: '' },
    parseVersion: (stdout) => stdout.trim(),
  }
}
