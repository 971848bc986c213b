import type { Cli } from './clis.js'
import type { ToolCall, ToolUse } from './protocol.js'

/** How a CLI that speaks chat completions calls its own tools. */
export interface ChatTools {
  readonly cli: Cli
  readonly toolCall: (use: ToolUse) => ToolCall
}

export const chatTools: readonly ChatTools[] = [
  {
    cli: 'qwen',
    toolCall: (use) =>
      use.type === 'write'
        ? { name: 'write_file', input: { file_path: use.path, content: use.content } }
        : { name: 'run_shell_command', input: { command: use.command, is_background: false } },
  },
]
