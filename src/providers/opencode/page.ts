import type { ProviderPage } from '../adapter/page.js'
import { kindsOfName, messageTexts, stderrTexts } from './failure.js'

export const opencodePage: ProviderPage = {
  needs: 'opencode on `PATH`; about 8 s of processor and 0.6 to 1.2 GB for each agent',
  login: 'the key of the provider, such as `ANTHROPIC_API_KEY`',
  modelServer: '`provider:` in `~/.config/opencode/opencode.json`, or in the file named by `OPENCODE_CONFIG`',
  review: 'rules that let it read, find and list files; no commands',
  tokens: 'yes; cached tokens included',
  cost: 'with each call of the model; unknown for a model without prices',
  finalEvent: 'the last `step_finish`, with `reason: stop`',
  refusals: 'errors of tool calls, also of a tool that is not offered',
  failures: {
    fields: { name: kindsOfName },
    messages: messageTexts,
    stderr: stderrTexts,
    besides: {
      usage_limit: 'whatever the status',
      rate_limit: 'the time comes from `retry-after`',
      crash: '`Unexpected server error`, which is also all that it says of an unknown model or provider',
    },
  },
}
