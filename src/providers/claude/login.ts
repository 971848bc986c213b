import type { LoginCheck } from '../adapter/contract.js'

/** Source: observed with 2.1.332: `{"loggedIn": false, "authMethod": "none", …}`, in some 0.3 s, without a request. */
export const claudeLoginCheck: LoginCheck = {
  keys: [
    ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    ...['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY'],
  ],
  status: {
    args: ['auth', 'status'],
    isLoggedIn: ({ stdout }) => {
      const [, said] = /"loggedIn"\s*:\s*(true|false)/.exec(stdout) ?? []
      return said === undefined ? undefined : said === 'true'
    },
  },
}
