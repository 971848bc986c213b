import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../support/brands.js'
import {
  childEnvironment,
  childEnvironments,
  environmentOfChecks,
  environmentOfSetup,
} from '../../../src/providers/environment.js'
import { toolchainHomes } from '../../../src/providers/toolchain-homes.js'
import { providers } from '../../../src/providers/index.js'
import { providerNames } from '../../../src/domain/agent/provider-model.js'

/** Written down a second time, so that a name added to the product by mistake fails here. */
const common =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|TERM|XDG_.*|(HTTP|HTTPS|ALL|NO)_PROXY|(http|https|all|no)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO)$/
const own = {
  claude:
    /^(ANTHROPIC_.*|CLAUDE_CONFIG_DIR|CLAUDE_CODE_(OAUTH_TOKEN|API_KEY_HELPER_TTL_MS|CLIENT_.*|USE_(BEDROCK|VERTEX|FOUNDRY)|SKIP_(BEDROCK|VERTEX|FOUNDRY)_AUTH|MAX_OUTPUT_TOKENS|SUBAGENT_MODEL|EFFORT_LEVEL|SHELL)|API_TIMEOUT_MS|MCP_(TOOL_)?TIMEOUT|MAX_THINKING_TOKENS|BASH_(DEFAULT|MAX)_TIMEOUT_MS|DISABLE_PROMPT_CACHING.*|IS_SANDBOX)$/,
  codex:
    /^(CODEX_(HOME|API_KEY|ACCESS_TOKEN|CA_CERTIFICATE)|OPENAI_(API_KEY|BASE_URL|ORGANIZATION|PROJECT)|AZURE_OPENAI_API_KEY|RUST_LOG)$/,
  gemini:
    /^(GEMINI_(API_KEY(_AUTH_MECHANISM)?|CLI_HOME|CLI_CUSTOM_HEADERS|MODEL)|GOOGLE_(GEMINI_BASE_URL|GENAI_(API_VERSION|USE_GCA|USE_VERTEXAI)|CLOUD_(PROJECT(_ID)?|LOCATION))|CODE_ASSIST_ENDPOINT)$/,
  opencode:
    /^(OPENCODE_(CONFIG(_CONTENT|_DIR)?|API_KEY|AUTH_CONTENT|MODELS_(URL|PATH)|DISABLE_(MODELS_FETCH|AUTOCOMPACT))|(ANTHROPIC|OPENAI|GEMINI|GOOGLE_GENERATIVE_AI|OPENROUTER|XAI|GROQ|DEEPSEEK|MISTRAL)_API_KEY|OPENAI_BASE_URL)$/,
  qwen: /^(QWEN_(HOME|RUNTIME_DIR|CODE_MAX_OUTPUT_TOKENS|CODE_SYSTEM_SETTINGS_PATH)|OPENAI_(API_KEY|BASE_URL|MODEL)|BAILIAN_(CODING|TOKEN)_PLAN_API_KEY|(DASHSCOPE|OPENROUTER|MODELSCOPE)_API_KEY|ANTHROPIC_(API_KEY|BASE_URL|MODEL)|GEMINI_(API_KEY|MODEL))$/,
  copilot: /^(COPILOT_(GITHUB_TOKEN|HOME|MODEL|OFFLINE|PROVIDER_.*|GH_HOST|CUSTOM_INSTRUCTIONS_DIRS)|GH_HOST)$/,
  pi: /^(PI_(CODING_AGENT_DIR|CODING_AGENT_SESSION_DIR|PACKAGE_DIR|OFFLINE|TELEMETRY)|ANTHROPIC_OAUTH_TOKEN|(ANTHROPIC|OPENAI|GEMINI|OPENROUTER|XAI|GROQ|DEEPSEEK|MISTRAL|OPENCODE)_API_KEY)$/,
  command: /^$/,
}

const name = fc.oneof(
  fc.constantFrom('PATH', 'LC_ALL', 'XDG_DATA_HOME', 'HTTP_PROXY', 'no_proxy', 'ANTHROPIC_API_KEY', 'CODEX_HOME'),
  fc.constantFrom('AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'GIT_DIR', 'NODE_OPTIONS', 'CLAUDECODE', 'SSH_AUTH_SOCK'),
  fc.constantFrom('XPATH', 'PATH_', 'path', 'LC', 'XDG', 'AZURE_CLIENT_SECRET', '__proto__', 'CLAUDE_CODE_ENTRYPOINT'),
  fc.stringMatching(/^[A-Z_]{1,12}$/),
)

describe.each(providerNames)('the environment of %s', (provider) => {
  it('holds nothing of the parent outside the list', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (parent) => {
        for (const passed of Object.keys(childEnvironment(parent, providers[provider], {}))) {
          expect(common.test(passed) || own[provider].test(passed) || toolchainHomes.includes(passed)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('holds all of `extra`, which wins over the parent', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), fc.dictionary(name, fc.string()), (parent, extra) => {
        expect(childEnvironment(parent, providers[provider], extra)).toMatchObject(extra)
      }),
    )
  })

  it('does not change what it passes', () => {
    const parent = { PATH: '/bin', LC_ALL: 'C', https_proxy: 'http://proxy', XDG_CACHE_HOME: '/c', HOME: undefined }
    const passed = childEnvironment({ ...parent, TERM: 'xterm' }, providers[provider], {})
    expect(passed).toEqual({
      ...{ PATH: '/bin', LC_ALL: 'C', https_proxy: 'http://proxy', XDG_CACHE_HOME: '/c' },
      TERM: 'dumb',
    })
  })
})

describe('childEnvironment', () => {
  const keys = { ANTHROPIC_API_KEY: 'a', CODEX_API_KEY: 'c', OPENAI_BASE_URL: 'o' }

  it('gives each provider its own keys only', () => {
    expect(childEnvironment(keys, providers.claude, {})).toEqual({ ANTHROPIC_API_KEY: 'a', TERM: 'dumb' })
    expect(childEnvironment(keys, providers.codex, {})).toEqual({
      CODEX_API_KEY: 'c',
      OPENAI_BASE_URL: 'o',
      TERM: 'dumb',
    })
    expect(childEnvironment(keys, providers.command, {})).toEqual({ TERM: 'dumb' })
  })

  it.each([
    ['CLAUDE_CODE_USE_BEDROCK', 'AWS_PROFILE'],
    ['CLAUDE_CODE_USE_VERTEX', 'GOOGLE_APPLICATION_CREDENTIALS'],
    ['CLAUDE_CODE_USE_FOUNDRY', 'AZURE_CLIENT_SECRET'],
  ])('passes cloud credentials to claude only where %s is on', (on, credential) => {
    const parent = { [credential]: 'secret' }
    expect(childEnvironment(parent, providers.claude, {})).not.toHaveProperty(credential)
    expect(childEnvironment({ ...parent, [on]: '0' }, providers.claude, {})).not.toHaveProperty(credential)
    expect(childEnvironment({ ...parent, [on]: '1' }, providers.claude, {})).toHaveProperty(credential, 'secret')
    expect(childEnvironment(parent, providers.claude, { [on]: 'true' })).toHaveProperty(credential, 'secret')
    expect(childEnvironment({ ...parent, [on]: '1' }, providers.codex, {})).not.toHaveProperty(credential)
  })

  it('passes cloud credentials to gemini only if that cloud is on', () => {
    const parent = { GOOGLE_APPLICATION_CREDENTIALS: '/key.json', GOOGLE_CLOUD_ACCESS_TOKEN: 'secret', GEMINI_CLI: '1' }
    const { gemini } = providers
    expect(childEnvironment(parent, gemini, {})).toEqual({ TERM: 'dumb' })
    expect(childEnvironment({ ...parent, GOOGLE_GENAI_USE_VERTEXAI: 'true' }, gemini, {})).toMatchObject({
      GOOGLE_APPLICATION_CREDENTIALS: '/key.json',
    })
    expect(childEnvironment({ ...parent, GOOGLE_GENAI_USE_GCA: 'true' }, gemini, {})).toMatchObject({
      GOOGLE_CLOUD_ACCESS_TOKEN: 'secret',
    })
  })

  it('hides the session that autopilot itself was started from', () => {
    const outer = {
      CLAUDECODE: '1',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      CLAUDE_CODE_SSE_PORT: '1',
      CODEX_SANDBOX: 'seatbelt',
    }
    expect(childEnvironment(outer, providers.claude, {})).toEqual({ TERM: 'dumb' })
    expect(childEnvironment(outer, providers.codex, {})).toEqual({ TERM: 'dumb' })
  })
})

it('lets the time limits of MCP servers through to claude', () => {
  const set = { MCP_TIMEOUT: '60000', MCP_TOOL_TIMEOUT: '120000' }
  expect(childEnvironment(set, providers.claude, {})).toMatchObject(set)
})

it('everybody gets the homes of toolchains, and only gates and setup get CI', () => {
  const parent = { PATH: '/bin', RUSTUP_HOME: '/opt/rustup', JAVA_HOME: '/opt/java', NVM_DIR: '/opt/nvm', CI: 'true' }
  const environmentOf = childEnvironments(parent, {})
  const homes = { RUSTUP_HOME: '/opt/rustup', JAVA_HOME: '/opt/java', NVM_DIR: '/opt/nvm' }
  for (const provider of Object.values(providers)) {
    expect(environmentOf(provider)).toMatchObject(homes)
    expect(environmentOf(provider)).not.toHaveProperty('CI')
  }
  expect(environmentOfChecks(parent, environmentOf)(providers.command)).toMatchObject({ ...homes, CI: 'true' })
  const chosen = childEnvironments(parent, { CI: 'mine' })
  expect(environmentOfChecks(parent, chosen)(providers.command)).toMatchObject({ CI: 'mine' })
})

it('a process that has a number sees it, and variables made of it; setup sees none, nor the user’s own in their place', () => {
  const parent = { PATH: '/bin', TMPDIR: '/tmp', AUTOPILOT_SLOT: '77', AUTOPILOT_TASK: 'outer' }
  const templates = { TMPDIR: '/tmp/{{slot}}', DATABASE_URL: 'postgres://localhost/{{task}}_{{slot}}' }
  const environmentOf = childEnvironments(parent, { FIXED: 'x' }, { templates, ports: [1, 2, 3, 20030] })
  const { command } = providers
  expect(environmentOf(command, { number: 4, taskId: taskId('a') })).toEqual({
    ...{ PATH: '/bin', TERM: 'dumb', FIXED: 'x', AUTOPILOT_SLOT: '4', AUTOPILOT_PORT: '20030', AUTOPILOT_TASK: 'a' },
    ...{ TMPDIR: '/tmp/4', DATABASE_URL: 'postgres://localhost/a_4' },
  })
  expect(environmentOf(command)).toEqual({ PATH: '/bin', TMPDIR: '/tmp', TERM: 'dumb', FIXED: 'x' })
  expect(environmentOfSetup(environmentOf, templates)(command)).toEqual({ PATH: '/bin', TERM: 'dumb', FIXED: 'x' })
})
