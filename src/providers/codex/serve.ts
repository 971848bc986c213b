import type { Serving } from '../adapter/contract.js'
import { codexDialogue } from './dialogue.js'

/** `codex app-server`: one server for any directory, permissions and conversation, reviews included. */
export const codexServing: Serving = {
  command: (_, __, { CODEX_API_KEY: key = '' }) => ({
    file: 'codex',
    args: [
      ...['app-server', '-c', 'analytics.enabled=false', '--disable', 'plugins'],
      // A conversation that nobody listens to is closed at once, with its MCP servers: by default after half an hour.
      ...['-c', 'thread_unload_delay_secs=0'],
      // A key that it is told would otherwise be written over the user's login.
      ...(key === '' ? [] : ['-c', 'cli_auth_credentials_store="ephemeral"']),
    ],
    env: {},
  }),
  dialogue: codexDialogue,
}
