/** What the model does in one turn of a conversation; a test decides it. */
export type Answer =
  /** Ends the turn with this text. */
  | { readonly type: 'text'; readonly text: string }
  /** Calls the CLI's own tool that writes a file; `path` is relative to the workspace. */
  | { readonly type: 'write'; readonly path: string; readonly content: string }
  /** Calls the CLI's own shell tool; in the background where that tool can be asked for it, which claude's can. */
  | { readonly type: 'shell'; readonly command: string; readonly background?: true }
  /** A reviewer's answer, by the schema that the CLI was given. */
  | { readonly type: 'verdict'; readonly verdict: 'approve' | 'reject'; readonly reasons: readonly string[] }
  | { readonly type: 'refusal'; readonly refusal: Refusal }
  /** Takes the request and never answers. */
  | { readonly type: 'silence' }
  /** Begins an answer, then breaks the connection. */
  | { readonly type: 'cut' }

/** How a model server says no, each in its protocol's own shape. */
export type Refusal = 'unauthorized' | 'usage_limit' | 'overloaded'

/** An answer that has content. */
export type Content = Extract<Answer, { type: 'text' | 'write' | 'shell' | 'verdict' }>

/** What matters of a request, the same for every protocol. */
export interface Conversation {
  /** Messages as JSON text. */
  readonly said: string
  /** Names of the tools on offer; none for side requests such as a title. */
  readonly tools: readonly string[]
  /** Results of tools that the conversation holds. */
  readonly results: number
  readonly stream: boolean
}

export type Body = Readonly<Record<string, unknown>>

export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** One wire protocol, as far as a CLI needs it. */
export interface Protocol {
  read(body: Body): Conversation
  refuse(refusal: Refusal): HttpAnswer
  /** The answer as server-sent events, and as one JSON document for requests that do not stream. */
  encode(content: Content, body: Body, conversation: Conversation): Encoded
}

export interface Encoded {
  /** Made by `namedEvent` or `dataEvent`. */
  readonly events: readonly string[]
  readonly whole: unknown
}

/** A server-sent event that is named after its type. */
export function namedEvent(event: { readonly type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** A server-sent event without a name. */
export function dataEvent(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

/** A call of one of the CLI's own tools. */
export type ToolUse = Extract<Content, { type: 'write' | 'shell' }>

/** The same as the CLI wants it. */
export interface ToolCall {
  readonly name: string
  readonly input: Body
}

/** A reviewer's answer as text, for CLIs without a schema of their own. */
export function verdictText({ verdict, reasons }: Extract<Content, { type: 'verdict' }>): string {
  return JSON.stringify({ verdict, reasons })
}

/** Token numbers of every answer, so that tests can look for them in the journal. */
export const tokens = { input: 1000, cached: 200, output: 50 } as const

/** When a used-up allowance comes back, s from now. */
export const resetsInSeconds = 3600

export function objects(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.filter((one): one is Body => typeof one === 'object' && one !== null) : []
}
