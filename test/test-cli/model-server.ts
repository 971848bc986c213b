import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Cli } from './clis.js'
import type { Answer, Body, Conversation, HttpAnswer } from './protocol.js'
import { routeOf, type Route } from './routes.js'

/** A request for the next turn of an agent's conversation. */
export interface Turn {
  readonly cli: Cli
  /** The id of the task in the prompt. */
  readonly task: string
  /** What the conversation is about: a review has its own; a repair or a finishing turn continues that of the work. */
  readonly about: 'work' | 'repair' | 'finish' | 'review'
  /** Tool results so far: 0 in the first turn. */
  readonly results: number
  /** The whole conversation, as JSON text. */
  readonly said: string
  /** Which request of this CLI for this task it is, from 1, across attempts and the CLI's retries. */
  readonly request: number
  /** The header by which it logs in. */
  readonly authorization: string | undefined
}

/** What the model answers. A promise holds the agent back until the test lets it continue. */
export type Script = (turn: Turn) => Answer | Promise<Answer>

/** A model server on the loopback interface that answers as the test says. */
export interface ModelServer {
  readonly url: string
  /** What was asked, in order. */
  readonly turns: readonly Turn[]
  readonly close: () => Promise<void>
}

/** Starts a server. An exception of `script` is answered with a status that no CLI retries. */
export async function startModelServer(script: Script): Promise<ModelServer> {
  const turns: Turn[] = []
  const server = createServer((request, response) => {
    respond(request, response, answerTo).catch((error: unknown) => {
      sendJson(response, { status: 400, body: { error: { message: `the test's script failed: ${String(error)}` } } })
    })
  })
  // codex tries a WebSocket first; 426 makes it use HTTP at once.
  server.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, turns, close }

  function answerTo(
    { cli }: Route,
    { said, tools, results }: Conversation,
    authorization: string | undefined,
  ): Answer | Promise<Answer> {
    if (tools.length === 0) return { type: 'text', text: 'A title' }
    const task = /Task ([\w-]+)\.\\n/.exec(said)?.[1] ?? 'no task in the prompt'
    const request = turns.filter((turn) => turn.task === task && turn.cli === cli).length + 1
    const turn = { cli, task, about: aboutOf(said), results, said, request, authorization }
    turns.push(turn)
    return script(turn)
  }

  async function close(): Promise<void> {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

/** The prompts' own headings, as they stand in JSON. */
function aboutOf(said: string): Turn['about'] {
  if (said.includes('# Review\\n')) return 'review'
  if (said.includes('# Not finished\\n')) return 'finish'
  return said.includes('# Repair\\n') ? 'repair' : 'work'
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answerTo: (route: Route, conversation: Conversation, authorization?: string) => Answer | Promise<Answer>,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const route = request.method === 'POST' ? routeOf(path) : undefined
  const sent = await text(request)
  if (!route) {
    sendJson(response, elsewhere(path))
    return
  }
  const { protocol } = route
  const body = JSON.parse(sent) as Body
  const conversation = protocol.read(body)
  const answer = await answerTo(route, conversation, request.headers.authorization)
  switch (answer.type) {
    case 'silence':
      return
    case 'refusal':
      sendJson(response, protocol.refuse(answer.refusal))
      return
    case 'cut': {
      const { events } = protocol.encode({ type: 'text', text: 'I was about to' }, body, conversation)
      startStream(response)
      // The end of the connection follows what was written.
      response.write(events.slice(0, events.length / 2).join(''), () => response.destroy())
      return
    }
    case 'text':
    case 'write':
    case 'shell':
    case 'verdict': {
      const { events, whole } = protocol.encode(answer, body, conversation)
      if (conversation.stream) startStream(response).end(events.join(''))
      else sendJson(response, { status: 200, body: whole })
    }
  }
}

/** What CLIs ask for besides: models, token counts, whether somebody is there. */
function elsewhere(path: string): HttpAnswer {
  if (path === '/' || path.endsWith('/v1/models'))
    return { status: 200, body: { object: 'list', data: [], models: [] } }
  if (path === '/v1/messages/count_tokens') return { status: 200, body: { input_tokens: 1000 } }
  if (path.endsWith(':countTokens')) return { status: 200, body: { totalTokens: 1000 } }
  return { status: 404, body: { error: { type: 'not_found', message: `no route ${path}` } } }
}

function startStream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
}

function sendJson(response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
