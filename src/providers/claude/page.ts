import type { ProviderPage } from '../adapter/page.js'
import { apiErrors, limitSubtypes, resultTexts, stderrTexts, terminalReasons } from './failure.js'

export const claudePage: ProviderPage = {
  needs: 'Claude Code on `PATH`',
  login: '`ANTHROPIC_API_KEY` or `CLAUDE_CODE_OAUTH_TOKEN`',
  modelServer: '`ANTHROPIC_BASE_URL`',
  review: '`default`, without the tools that edit; its answer is `structured_output` of the final event',
  tokens: 'yes, cached ones included',
  finalEvent: 'the event `result`',
  refusals: 'reported up to three times: when it happens, with its result, and in the final event; it counts once',
  failures: {
    fields: { subtype: limitSubtypes, terminal_reason: terminalReasons, api_error: apiErrors },
    messages: resultTexts,
    stderr: stderrTexts,
  },
}
