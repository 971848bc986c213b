import { createServer, type Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { takeLock } from './lock.js'

/** The ports that may be given out, both included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** Blocks of ports that nobody else on this machine gets until they are given back. */
export interface PortBlocks {
  /** The first port of each block. */
  readonly ports: readonly number[]
  readonly release: () => Promise<void>
}

/** So many ports lie beside each other in a block. */
export const portsInBlock = 10

/**
 * Takes up to `count` blocks of free ports, the lowest first; fewer if the range has no more. Each is locked first,
 * for all users, and then checked: a listener there belongs to somebody who knows nothing about locks.
 */
export async function takePortBlocks({ first, last }: PortRange, count: number): Promise<PortBlocks> {
  const taken: { readonly port: number; readonly release: Release }[] = []
  for (let port = first; port + portsInBlock - 1 <= last && taken.length < count; port += portsInBlock) {
    const release = await lockBlock(port)
    if (release === undefined) continue
    if (await isBlockFree(port)) taken.push({ port, release })
    else await release()
  }
  return {
    ports: taken.map(({ port }) => port),
    release: async () => {
      await Promise.all(taken.map(({ release }) => release()))
    },
  }
}

type Release = () => Promise<void>

/**
 * On Linux a socket in the abstract namespace: one for all users of a network namespace, to which ports belong, too;
 * no file, and gone with the process however that ends. Source: unix(7), "Abstract sockets". Elsewhere a lock file.
 */
async function lockBlock(port: number): Promise<Release | undefined> {
  const name = `autopilot-ports-${port}`
  if (process.platform !== 'linux') return lockFile(`/tmp/${name}.lock`)
  const server = await listening({ path: `\0${name}` })
  return server && (() => closed(server))
}

async function lockFile(path: string): Promise<Release | undefined> {
  try {
    const taken = await takeLock(path)
    return taken.ok ? taken.value : undefined
  } catch {
    // Another user's, who is gone: only they can remove it.
    return undefined
  }
}

/** Node listens and closes without a turn of the event loop: hundreds of blocks would let nothing else in. */
async function isBlockFree(first: number): Promise<boolean> {
  await nextTurn()
  for (let port = first; port < first + portsInBlock; port++) if (!(await isFree(port))) return false
  return true
}

/**
 * Whether one could listen on it on every address; where there is no IPv6, Node's `::` is not to be had. On Linux `::` takes
 * the addresses of IPv4, too, and is refused where anybody listens on one: ipv6(7), IPV6_V6ONLY, which Node turns off.
 */
async function isFree(port: number): Promise<boolean> {
  if (await canListen(port, '::')) return process.platform === 'linux' || (await canListen(port, '0.0.0.0'))
  return !(await hasIPv6()) && (await canListen(port, '0.0.0.0'))
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = await listening({ port, host })
  if (server) await closed(server)
  return server !== undefined
}

let ipv6: Promise<boolean> | undefined

function hasIPv6(): Promise<boolean> {
  ipv6 ??= listening({ port: 0, host: '::1' }).then(async (server) => {
    if (server) await closed(server)
    return server !== undefined
  })
  return ipv6
}

type ListenAddress = { readonly path: string } | { readonly port: number; readonly host: string }

/** A server that accepts nothing and keeps nothing alive; undefined if somebody else is there. */
function listening(place: ListenAddress): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen(place, () => resolve(server.unref()))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
