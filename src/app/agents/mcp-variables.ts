import { join } from 'node:path'
import { readTextIfThere } from '../../platform/files/read-text.js'
import type { Withheld } from '../../providers/withheld.js'
import { passHint } from '../../providers/withheld.js'

const mcpFile = '.mcp.json'

/**
 * Variables that the repository's `.mcp.json` asks for, `${NAME}` or `${NAME:-default}`, and that are set here but kept
 * from the agents of claude: their MCP servers would fail, or quietly work with a default.
 */
export async function withheldFromMcp(root: string, withheld: Withheld): Promise<readonly string[]> {
  const text = await readTextIfThere(join(root, mcpFile))
  if (!text.ok || text.value === undefined) return []
  const asked = [...text.value.matchAll(/\$\{([A-Za-z_]\w*)(?::-[^}]*)?\}/g)].map(([, name = '']) => name)
  const names = [...new Set(asked)].filter((name) => withheld.has(name))
  if (names.length === 0) return []
  return [`${mcpFile} asks for ${names.map((name) => `\${${name}}`).join(', ')}. ${passHint(names)}`]
}
