import type { LoginCheck } from '../adapter/contract.js'

/** Source: observed with 0.171.0: `Logged in using ChatGPT`, `API key configured - …`, `Not logged in`, on stderr. */
export const codexLoginCheck: LoginCheck = {
  keys: ['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN'],
  status: {
    args: ['login', 'status'],
    isLoggedIn: ({ stdout, stderr }) => {
      const said = `${stdout}\n${stderr}`
      if (/^Not logged in/m.test(said)) return false
      return /^(?:Logged in|API key configured)\b/m.test(said) ? true : undefined
    },
  },
}
