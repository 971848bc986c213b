import type { ProviderPage } from '../adapter/page.js'
import { errorTypes, messageTexts, stderrTexts } from './failure.js'

export const geminiPage: ProviderPage = {
  needs: 'Gemini CLI and `bash` on `PATH`, and Node.js 20',
  login: '`GEMINI_API_KEY`',
  modelServer:
    '`GOOGLE_GEMINI_BASE_URL`, and `security.auth.selectedType: gemini-api-key` in `~/.gemini/settings.json`',
  review:
    'a policy that lets it read files and the change, with `git diff` and such; a `GEMINI.md` of the tree counts, which no setting turns off',
  tokens: 'yes; cached tokens included',
  finalEvent: 'the event `result`',
  refusals: 'errors of tool calls (`policy_violation`; a redirection; a path outside)',
  failures: {
    fields: { 'error.type': errorTypes },
    messages: messageTexts,
    stderr: stderrTexts,
    besides: {
      usage_limit: 'a suggested wait of 100 s or more',
      turn_limit: 'the limit is `model.maxSessionTurns` of your settings',
    },
  },
}
