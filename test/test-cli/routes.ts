import { chatProtocol } from './chat-protocol.js'
import { chatTools } from './chat-tools.js'
import type { Cli } from './clis.js'
import { geminiProtocol } from './gemini-protocol.js'
import { messagesProtocol } from './messages-protocol.js'
import type { Protocol } from './protocol.js'
import { responsesProtocol } from './responses-protocol.js'

/** Who asks at a path, and in which protocol. */
export interface Route {
  readonly cli: Cli
  readonly protocol: Protocol
}

const routes: readonly (Route & { readonly path: RegExp })[] = [
  { path: /^\/v1\/messages$/, cli: 'claude', protocol: messagesProtocol },
  { path: /^\/v1\/responses$/, cli: 'codex', protocol: responsesProtocol },
  { path: /^\/v1beta\/models\/[^/]+:streamGenerateContent$/, cli: 'gemini', protocol: geminiProtocol(true) },
  { path: /^\/v1beta\/models\/[^/]+:generateContent$/, cli: 'gemini', protocol: geminiProtocol(false) },
  // Several CLIs speak it: the name of each stands before it in the address that it was given.
  ...chatTools.map((tools) => ({
    ...{ path: new RegExp(`^/${tools.cli}/v1/chat/completions$`), cli: tools.cli },
    protocol: chatProtocol(tools),
  })),
]

export function routeOf(path: string): Route | undefined {
  return routes.find((route) => route.path.test(path))
}
