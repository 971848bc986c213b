import type { ProviderPage } from '../adapter/page.js'
import { kindsOfType, messageTexts, stderrTexts } from './failure.js'

export const copilotPage: ProviderPage = {
  needs: 'GitHub Copilot CLI on `PATH`, and Node.js for its launcher',
  login: '`COPILOT_GITHUB_TOKEN`',
  modelServer: '`COPILOT_PROVIDER_BASE_URL`, `COPILOT_PROVIDER_API_KEY`, `COPILOT_MODEL`',
  review: 'only the tools that read, and no instructions of the tree',
  resume: 'autopilot chooses the id (`--session-id=ID`)',
  finalEvent: 'the event `result`, with `exitCode: 0`',
  refusals: 'errors of tool calls (`code: denied`), also of a tool that is not offered',
  failures: {
    fields: { errorType: kindsOfType },
    messages: messageTexts,
    stderr: stderrTexts,
    besides: { usage_limit: 'whatever the status' },
  },
}
