import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { deniedEvent } from '../adapter/line.js'
import { innerCommand } from './item.js'
import { methodNotFound, type RpcAnswer } from './rpc.js'

/** What a request of the server's is answered, and what that tells about the turn. */
export interface Reply {
  readonly answer: RpcAnswer
  readonly events: readonly AgentEvent[]
}

type Params = JsonObject | undefined
type Told = Parameters<typeof deniedEvent>[0]

/** Requests for a permission. Nobody is there to give one. */
const permissions: Readonly<Record<string, { readonly no: JsonObject; readonly told: (params: Params) => Told }>> = {
  'item/commandExecution/requestApproval': { no: { decision: 'decline' }, told: ofCommand },
  'item/fileChange/requestApproval': { no: { decision: 'decline' }, told: ofChange },
  // What is not granted is denied.
  'item/permissions/requestApproval': { no: { permissions: {} }, told: ofPermissions },
  // `exec` cancels them, too.
  'mcpServer/elicitation/request': { no: { action: 'cancel', content: null }, told: ofElicitation },
}

/** Requests of other versions. */
const unforeseen = /approval|permission/i

export function replyTo(method: string, params: Params): Reply {
  const known = Object.hasOwn(permissions, method) ? permissions[method] : undefined
  if (known) return { answer: { type: 'result', result: known.no }, events: [denied(known.told(params))] }
  return {
    answer: { type: 'error', error: { code: methodNotFound, message: `autopilot does not answer ${method}` } },
    events: unforeseen.test(method) ? [denied({ name: method, target: undefined })] : [],
  }
}

/** Where a completed item tells of it once more, the name of the call makes them one. */
function denied(told: Told): AgentEvent {
  return deniedEvent(told, 'nobody is there to permit it')
}

function ofCommand(params: Params): Told {
  const command = stringAt(params, 'command')
  const host = stringAt(objectAt(params, 'networkApprovalContext'), 'host')
  return {
    name: 'shell',
    target: command === undefined ? host : innerCommand(command),
    call: stringAt(params, 'itemId'),
  }
}

function ofChange(params: Params): Told {
  return { name: 'edit', target: stringAt(params, 'grantRoot'), call: stringAt(params, 'itemId') }
}

function ofPermissions(params: Params): Told {
  return { name: 'request_permissions', target: stringAt(params, 'reason'), call: stringAt(params, 'itemId') }
}

function ofElicitation(params: Params): Told {
  return { name: stringAt(params, 'serverName') ?? 'mcp', target: stringAt(params, 'message') }
}
