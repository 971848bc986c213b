import {
  dataEvent,
  objects,
  resetsInSeconds,
  tokens,
  verdictText,
  type Body,
  type Content,
  type HttpAnswer,
  type Protocol,
  type Refusal,
} from './protocol.js'

/** Gemini, which gemini speaks: `POST /v1beta/models/<model>:streamGenerateContent`, or `:generateContent`. */
export function geminiProtocol(stream: boolean): Protocol {
  return {
    read(body) {
      const parts = objects(body.contents).flatMap((content) => objects(content.parts))
      const tools = objects(body.tools).flatMap(({ functionDeclarations }) => objects(functionDeclarations))
      return {
        said: JSON.stringify(body.contents),
        tools: tools.map(({ name }) => String(name)),
        results: parts.filter(({ functionResponse }) => functionResponse !== undefined).length,
        stream,
      }
    },
    refuse: (refusal) => refusals[refusal](),
    encode(content) {
      const whole = response([part(content)], 'STOP')
      return { events: [dataEvent(response([part(content)])), dataEvent(response([], 'STOP'))], whole }
    },
  }
}

const usageMetadata = {
  promptTokenCount: tokens.input,
  cachedContentTokenCount: tokens.cached,
  candidatesTokenCount: tokens.output,
  totalTokenCount: tokens.input + tokens.output,
}

function response(parts: readonly Body[], finishReason?: string): Body {
  const candidate = { content: { role: 'model', parts }, index: 0 }
  const end = finishReason === undefined ? {} : { usageMetadata }
  return { candidates: [{ ...candidate, ...(finishReason === undefined ? {} : { finishReason }) }], ...end }
}

function part(content: Content): Body {
  switch (content.type) {
    case 'text':
      return { text: content.text }
    case 'verdict':
      return { text: verdictText(content) }
    case 'write':
      return call('write_file', { file_path: content.path, content: content.content })
    case 'shell':
      return call('run_shell_command', { command: content.command, description: 'Runs a command' })
  }
}

function call(name: string, args: Body): Body {
  return { functionCall: { name, args } }
}

const refusals: Readonly<Record<Refusal, () => HttpAnswer>> = {
  unauthorized: () =>
    refused(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
    ]),
  overloaded: () => refused(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  usage_limit: () =>
    refused(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.', [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [
          {
            quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests',
            quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
          },
        ],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${resetsInSeconds}s` },
    ]),
}

function refused(code: number, status: string, message: string, details: readonly Body[] = []): HttpAnswer {
  return { status: code, body: { error: { code, message, status, details } } }
}
