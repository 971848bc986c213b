import type { ProviderPage } from '../adapter/page.js'
import { messageTexts, stderrTexts } from './failure.js'

export const codexPage: ProviderPage = {
  needs: 'Codex CLI on `PATH`, and Node.js for its launcher',
  login: '`CODEX_API_KEY`; it ignores `OPENAI_API_KEY` alone',
  modelServer: '`openai_base_url` in `config.toml` below `CODEX_HOME`',
  review: 'sandbox `read-only`; its answer is the last message',
  tokens: 'yes, cached ones included',
  finalEvent: 'the event `turn.completed` or `turn.failed`, whose message tells failures apart',
  refusals: 'only what it declined itself; to codex, what its sandbox prevents is a command that failed',
  failures: { messages: messageTexts, stderr: stderrTexts },
}
