import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from '../../domain/process/environment.js'
import { createMask, type Mask } from '../../domain/secrets/mask.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { err, ok, type Result } from '../../domain/result.js'
import { secretsOf, secretsOfFile, shortestSecret, tooShort } from '../../domain/secrets/secrets.js'
import { readTextIfThere } from '../../platform/files/read-text.js'
import { readConfig, type Config } from '../../config/config.js'
import { maskOutput } from '../../ui/print/output.js'

/** The configuration, and what hides the secrets that it and the environment hold. */
export interface OpenConfig {
  readonly config: Config
  readonly mask: Mask
  /** What it hides. */
  readonly secrets: readonly string[]
  /** What a person should know about the masking. */
  readonly warnings: readonly string[]
}

/** Reads `autopilot.yaml` of a directory, and the secrets; from here on nothing that is printed shows them. */
export async function openConfig(directory: string, env: Environment): Promise<Result<OpenConfig, Problem[]>> {
  const read = await readConfig(directory, env)
  if (!read.ok) return read
  const config = read.value
  const { names, files } = config.file.secrets
  const inFiles = await readSecretFiles(files, directory, config)
  if (!inFiles.ok) return inFiles
  const known = [env, config.file.env, config.file.envTemplates, ...inFiles.value]
  const hidden = [
    ...secretsOf(env, names),
    ...secretsOf(config.file.env, names),
    ...secretsOf(config.file.envTemplates, names),
    ...inFiles.value.flatMap((values) => secretsOfFile(values, names)),
    ...webhookSecret(config),
  ]
  const mask = createMask(hidden)
  maskOutput(mask)
  const short = new Set(known.flatMap((values) => tooShort(values, names)))
  return ok({ config, mask, secrets: hidden, warnings: [...short].map(shortWarning) })
}

/** Whoever knows the URL of a webhook can write to its channel. */
function webhookSecret({ file: { notify } }: Config): readonly string[] {
  return notify?.webhook && 'url' in notify.webhook ? [notify.webhook.url] : []
}

function shortWarning(name: string): string {
  return `secrets: the value of ${name} is not masked, because it has fewer than ${shortestSecret} characters`
}

/** A file that does not exist holds no secret: there is seldom an `.env` in CI. */
async function readSecretFiles(
  files: readonly string[],
  directory: string,
  { place }: Config,
): Promise<Result<readonly Environment[], Problem[]>> {
  const found: Environment[] = []
  for (const [index, file] of files.entries()) {
    const text = await readTextIfThere(resolve(directory, file))
    if (!text.ok) {
      const position = place(['secrets', 'files', index])
      return err([{ severity: 'error', code: 'E106', text: `cannot read ${file}: ${text.error}`, position }])
    }
    if (text.value !== undefined) found.push(parseEnv(text.value))
  }
  return ok(found)
}
