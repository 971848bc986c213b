import type { ProviderPage } from '../adapter/page.js'
import { messageTexts, stderrTexts } from './failure.js'

export const qwenPage: ProviderPage = {
  needs: 'Qwen Code on `PATH`, and Node.js; with `edit` Linux and Bubblewrap (`/usr/bin/bwrap`)',
  login: '`OPENAI_API_KEY`, `OPENAI_BASE_URL` and `OPENAI_MODEL`',
  modelServer: '`OPENAI_BASE_URL`, or `modelProviders` in `~/.qwen/settings.json`',
  review: 'the approval mode `plan`, in which nothing writes, and neither settings nor instructions of the tree',
  resume: 'in the same workspace only; elsewhere, a repair round is told from the start',
  tokens: 'yes; cached tokens included',
  finalEvent: 'the event `result`, with `subtype: success`',
  refusals: 'errors of tool calls, also of a tool that is not offered; `permission_denials` of the final event',
  failures: {
    messages: messageTexts,
    stderr: stderrTexts,
    besides: {
      usage_limit: 'whatever the status',
      turn_limit: 'a limit of your settings',
      timeout: 'a limit of your settings',
    },
  },
}
