/**
 * Paths in the repository that an agent may not change, whatever the task: what it leaves there would decide what
 * later agents of this run or the next one may do. Pure. Case is ignored, as on some file systems.
 */
export interface OffLimits {
  /** Whether a change to this path is left out of the work. */
  readonly covers: (path: string) => boolean
  /** The same for people and agents: what is off limits, a few words each. */
  readonly names: readonly string[]
}

/** Where runs are recorded. */
const state = /^\.autopilot(?:\/|$)/i

/** The configuration, and every name that somebody could take for its. */
const configuration = /^\.?autopilot\.(?:ya?ml|jsonc?|toml)(?:\/|$)/i

/**
 * What gives the agent CLIs tools, hooks and permissions, at any depth, since they look for some of it beside the files
 * that they read. Texts such as CLAUDE.md and AGENTS.md can give none. Sources: the CLIs' pages on settings, hooks, MCP,
 * sub-agents and skills, whose headers name tools and permissions, too.
 */
const armament = [
  String.raw`\.mcp\.json`,
  // The path itself only if it is a link or a file: its contents are checked by name.
  String.raw`\.claude(?:$|\/(?:settings[^/]*\.json|agents|commands|hooks|plugins|skills)(?=\/|$))`,
  String.raw`\.claude-plugin`,
  ...['codex', 'copilot', 'gemini', 'opencode', 'pi', 'qwen'].map((name) => String.raw`\.${name}`),
  String.raw`opencode\.jsonc?`,
  String.raw`\.github\/(?:agents|hooks|skills)`,
  String.raw`\.cursor(?:$|\/(?:cli|hooks|mcp)\.json)`,
  String.raw`\.vscode\/mcp\.json`,
]
const arms = new RegExp(String.raw`(?:^|\/)(?:${armament.join('|')})(?:\/|$)`, 'i')

const armamentNames = [
  '.claude/settings*.json',
  '.claude/hooks/',
  '.mcp.json',
  '.codex/',
  'other settings of agent CLIs',
]

/**
 * What is off limits in a repository.
 *
 * @param own - more paths that are read as configuration, such as a prompt template
 */
export function offLimits(
  own: readonly string[],
  { agentsMayConfigure }: { readonly agentsMayConfigure: boolean },
): OffLimits {
  const isOwn = (path: string) => own.some((one) => path === one || path.startsWith(`${one}/`))
  if (agentsMayConfigure) return { covers: (path) => state.test(path), names: [] }
  return {
    covers: (path) => isOwn(path) || [state, configuration, arms].some((pattern) => pattern.test(path)),
    names: [...own, 'autopilot.yaml', ...armamentNames],
  }
}

/** Paths in the work tree that may be links to files which count as what the link is called. */
export const maybeLinked: readonly string[] = [
  ...['autopilot.yaml', 'autopilot.yml', '.mcp.json', '.codex', '.codex/config.toml'],
  ...['.claude', '.claude/settings.json', '.claude/settings.local.json', '.claude/hooks'],
]
