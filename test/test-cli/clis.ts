import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program, Provider } from '../../src/providers/adapter/contract.js'
import { providersWith } from '../../src/providers/index.js'

/** A real CLI: where it comes from, and how it finds the tests' model server instead of its own. */
export interface RealCli {
  /** Its npm package. */
  readonly packageName: string
  readonly program: Program
  /** As `--provider` names it: with a model if the CLI has no default that the model server knows. */
  readonly agent: string
  /** It tries again for longer than a test may take if its allowance is used up: then its time limit ends it. */
  readonly isPatient?: true
  /** Logs it in: writes what it needs into an empty HOME, and gives the variables that it needs. */
  readonly logIn: (home: string, serverUrl: string) => Readonly<Record<string, string>>
}

const rows = {
  claude: {
    packageName: '@anthropic-ai/claude-code',
    program: programOf('claude'),
    agent: 'claude',
    logIn: (_, url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'sk-ant-test' }),
  },
  codex: {
    packageName: '@openai/codex',
    program: programOf('codex'),
    agent: 'codex',
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
    // Without a model it first asks one which to use, by a request that the server does not know.
    agent: 'gemini:gemini-2.5-pro',
    logIn(home, url) {
      mkdirSync(join(home, '.gemini'))
      // Without this choice it has no use for a server that is not Google's.
      const settings = { security: { auth: { selectedType: 'gemini-api-key' } } }
      writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings))
      return { GEMINI_API_KEY: 'test-key', GOOGLE_GEMINI_BASE_URL: url }
    },
  },
  opencode: {
    packageName: 'opencode-ai',
    program: programOf('opencode'),
    agent: 'opencode:stub/test-model',
    isPatient: true,
    logIn(home, url) {
      const stub = {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: `${url}/opencode/v1`, apiKey: 'sk-test' },
        models: { 'test-model': { limit: { context: 200_000, output: 8_000 }, cost: { input: 1, output: 2 } } },
      }
      const directory = join(home, '.config', 'opencode')
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, 'opencode.json'), JSON.stringify({ provider: { stub } }))
      return { OPENCODE_DISABLE_MODELS_FETCH: '1' }
    },
  },
  copilot: {
    packageName: '@github/copilot',
    program: programOf('copilot'),
    agent: 'copilot:gpt-4.1',
    logIn: (_, url) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/copilot/v1`,
      COPILOT_PROVIDER_API_KEY: 'sk-test',
      COPILOT_OFFLINE: 'true',
    }),
  },
  pi: {
    packageName: '@mariozechner/pi-coding-agent',
    program: programOf('pi'),
    agent: 'pi:stub/test-model',
    logIn(home, url) {
      const cost = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 }
      const model = {
        id: 'test-model',
        reasoning: false,
        input: ['text'],
        contextWindow: 200_000,
        maxTokens: 8_000,
        cost,
      }
      const stub = { baseUrl: `${url}/pi/v1`, api: 'openai-completions', apiKey: 'sk-test', models: [model] }
      const directory = join(home, '.pi', 'agent')
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, 'models.json'), JSON.stringify({ providers: { stub } }))
      // As the docs advise: without it pi waits silently for as long as the server says.
      writeFileSync(join(directory, 'settings.json'), JSON.stringify({ retry: { provider: { maxRetries: 0 } } }))
      return {}
    },
  },
  qwen: {
    packageName: '@qwen-code/qwen-code',
    program: programOf('qwen'),
    agent: 'qwen',
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

/** The provider that drives a CLI. */
export function providerOf(cli: string): Provider {
  const provider = providersWith({})(cli)
  if (!provider) throw new Error(`${cli} has no provider`)
  return provider
}

function programOf(name: string): Program {
  const { program } = providerOf(name)
  if (!program) throw new Error(`${name} has no program`)
  return program
}
