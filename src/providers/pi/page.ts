import type { ProviderPage } from '../adapter/page.js'
import { messageTexts, stderrTexts } from './failure.js'

export const piPage: ProviderPage = {
  needs: 'pi on `PATH`, and Node.js 20.6',
  login: 'the key of the provider, such as `ANTHROPIC_API_KEY`',
  modelServer: '`models.json` in `~/.pi/agent`',
  review: 'only the tools that read; a run that gives it `edit` cannot use it for reviews either',
  tokens: 'yes; cached tokens included',
  cost: 'with each call of the model; unknown for a model without prices',
  finalEvent: 'the event `agent_end`, with `stopReason: stop`',
  failures: {
    messages: messageTexts,
    stderr: stderrTexts,
    besides: {
      usage_limit: 'whatever the status',
      context: 'only if pi could not make it smaller',
    },
  },
}
