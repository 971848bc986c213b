import type { Dialogue, Wire } from '../adapter/contract.js'
import { stringAt, type JsonObject } from '../adapter/json.js'
import { loginFailure, requestFailure, serverFailure } from './failure.js'
import { replyTo } from './request.js'
import { RpcClient } from './rpc.js'
import { CodexTurn } from './turn.js'

/** Notifications that tell nothing which doesn't come once more: pieces of texts, and the whole diff after each edit. */
const unwanted = [
  ...['item/agentMessage/delta', 'item/plan/delta', 'item/reasoning/textDelta', 'item/reasoning/summaryTextDelta'],
  ...['item/reasoning/summaryPartAdded', 'item/commandExecution/outputDelta', 'item/fileChange/outputDelta'],
  ...['turn/diff/updated', 'account/rateLimits/updated'],
]

/** Speaks with `codex app-server`. Source: recorded exchanges of 0.171.0. */
export function codexDialogue(wire: Wire): Dialogue {
  let turn: CodexTurn | undefined
  const broke = (how: string) => wire.fail(serverFailure(how))
  const rpc = new RpcClient({
    send: (line) => wire.send(line),
    notified: (method, params) => turn?.notified(method, params),
    asked(method, params) {
      const { answer, events } = replyTo(method, params)
      turn?.tell(events)
      return answer
    },
    broke,
  })
  // Turns that go on, by their threads: those of sub-agents outlive the one that began them.
  const running = new Map<string, string>()
  return {
    receive: (line) => rpc.receive(line),
    open: () => new Promise((resolve) => openServer(rpc, wire, resolve)),
    turn(served, hear) {
      turn = new CodexTurn(served, { rpc, hear, broke, running, env: wire.env })
      return turn
    },
  }
}

/** `opened` isn't called if it fails: then the server is ended. */
function openServer(rpc: RpcClient, wire: Wire, opened: () => void): void {
  rpc.request('initialize', clientFacts(), (answer) => {
    const agent = answer.type === 'result' ? stringAt(answer.result, 'userAgent') : undefined
    if (answer.type === 'error') wire.fail(requestFailure(answer.error))
    else if (agent === undefined) wire.fail(serverFailure('speaks another protocol'))
    else {
      rpc.notify('initialized')
      logIn(rpc, wire, opened)
    }
  })
}

function clientFacts(): JsonObject {
  return {
    clientInfo: { name: 'autopilot', title: 'autopilot', version: AUTOPILOT_VERSION },
    capabilities: { experimentalApi: true, optOutNotificationMethods: unwanted },
  }
}

/**
 * Unlike `exec`, app-server doesn't look at `CODEX_API_KEY`: its client must tell it. `serve.ts` has it keep the key in
 * memory. Source: observed with 0.171.0.
 */
function logIn(rpc: RpcClient, wire: Wire, done: () => void): void {
  const { CODEX_API_KEY: apiKey = '' } = wire.env
  if (apiKey === '') {
    done()
    return
  }
  rpc.request('account/login/start', { type: 'apiKey', apiKey }, (answer) => {
    if (answer.type === 'error') wire.fail(loginFailure(answer.error))
    else done()
  })
}
