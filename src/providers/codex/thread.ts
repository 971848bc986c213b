import type { Permissions } from '../../domain/agent/permissions.js'
import type { Assignment, TurnToServe } from '../adapter/contract.js'
import { objectAt, parseObject, type JsonObject } from '../adapter/json.js'

/** codex's own keys, which no tool has a use for. */
const keys = ['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN']

/** A request to the server. */
export interface Request {
  readonly method: string
  readonly params: JsonObject
}

/**
 * Opens the conversation of a turn, which codex calls a thread. It is read-only until the turn says what it may do: a
 * thread that may write makes its directory a trusted project in the user's `config.toml`, and then the settings, hooks
 * and MCP servers of the workspace count. `exec` does neither. What isn't said is as in the user's configuration.
 * Source: observed with 0.171.0.
 */
export function openThread(turn: TurnToServe, env: Readonly<Record<string, string>>): Request {
  const { assignment } = turn
  const { cwd, model } = assignment.request
  const params = {
    ...{ cwd, approvalPolicy: 'never', sandbox: 'read-only' },
    ...(model === undefined ? {} : { model }),
  }
  const config = variablesOf(turn, env)
  if (assignment.type === 'review') {
    const blind = { ...config, project_doc_max_bytes: 0 }
    return { method: 'thread/start', params: { ...params, ephemeral: true, config: blind } }
  }
  const { conversation } = assignment
  return conversation === undefined
    ? { method: 'thread/start', params: { ...params, config } }
    : { method: 'thread/resume', params: { ...params, config, threadId: conversation, excludeTurns: true } }
}

/**
 * What the turn's tools see besides the server's environment, one by one: a table would replace the user's own. A
 * variable can't be taken away without that either, so a key is emptied.
 */
function variablesOf(
  { variables }: TurnToServe,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const hidden = keys.filter((name) => Object.hasOwn(env, name)).map((name): [string, string] => [name, ''])
  const entries = [...hidden, ...Object.entries(variables)]
  return Object.fromEntries(entries.map(([name, value]) => [`shell_environment_policy.set.${name}`, value]))
}

/** The user's settings, which say more about the sandbox of `edit`. */
export function readConfig({ request: { cwd } }: Assignment): Request {
  return { method: 'config/read', params: { cwd } }
}

/** `config`: the answer of {@link readConfig}. */
export function startTurn(assignment: Assignment, threadId: string, config: JsonObject | undefined): Request {
  const { prompt } = assignment.request
  const params = { threadId, input: [{ type: 'text', text: prompt }] }
  const more =
    assignment.type === 'review'
      ? { outputSchema: parseObject(assignment.request.schema) ?? {} }
      : { sandboxPolicy: sandboxPolicy(assignment.request.permissions, config) }
  return { method: 'turn/start', params: { ...params, ...more } }
}

/** As `exec -s workspace-write` and `-s danger-full-access` have it. */
function sandboxPolicy(permissions: Permissions, config: JsonObject | undefined): JsonObject {
  if (permissions === 'full') return { type: 'dangerFullAccess' }
  const own = objectAt(objectAt(config, 'config'), 'sandbox_workspace_write')
  const roots: unknown = own?.writable_roots
  return {
    type: 'workspaceWrite',
    writableRoots: Array.isArray(roots) ? roots.filter((root) => typeof root === 'string') : [],
    networkAccess: own?.network_access === true,
    excludeTmpdirEnvVar: own?.exclude_tmpdir_env_var === true,
    excludeSlashTmp: own?.exclude_slash_tmp === true,
  }
}
