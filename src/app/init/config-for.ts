import { join } from 'node:path'
import { noConfig } from '../../config/config.js'
import { mergeSettings } from '../../config/settings.js'
import { defaultProviders, providerNames } from '../../domain/agent/provider-model.js'
import { present } from '../../domain/present.js'
import type { Environment } from '../../domain/process/environment.js'
import { findProject } from '../../domain/project/project.js'
import { isFile } from '../../platform/files/read-whole.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import { childEnvironments } from '../../providers/environment.js'
import { providersWith } from '../../providers/index.js'
import { setUpProviders } from '../agents/providers.js'
import { configText } from './config-text.js'
import { schemaPath } from './schema-path.js'
import { projectTrees, trackedFiles } from './tracked-files.js'

/** A configuration for what is found in a directory. `signal` ends CLIs that have not answered. */
export async function configFor(
  root: string,
  place: GitPlace | undefined,
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<string> {
  const files = await trackedFiles(root, place)
  const trees = await projectTrees(root, files)
  const project = findProject(trees.root, trees.below)
  const settings = mergeSettings()
  const candidates = providerNames.flatMap((name) => findProvider(name) ?? []).filter(({ program }) => program)
  const environmentOf = childEnvironments(env, {})
  const { detected } = await setUpProviders(candidates, settings, noConfig.file, environmentOf, {
    cwd: root,
    signal,
  })
  return configText({
    project,
    clis: detected.flatMap(({ provider: { name }, detection }) =>
      detection.usable ? [{ name, ...present({ version: detection.version }) }] : [],
    ),
    isDefault: (name) => defaultProviders.includes(name),
    dotenv: await dotenvFiles(root, files),
    unignored: place ? await notIgnored(place, project.makes, env) : [],
    schema: schemaPath('config'),
  })
}

const findProvider = providersWith({})

/** Dotenv files that exist here and are not in git. */
async function dotenvFiles(root: string, tracked: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of ['.env', '.env.local', '.env.development', '.env.test'])
    if (!tracked.includes(name) && (await isFile(join(root, name)))) found.push(name)
  return found
}

async function notIgnored(
  place: GitPlace,
  directories: readonly string[],
  userConfig: Environment,
): Promise<readonly string[]> {
  // It knows no literal paths. The user's own excludes count, too.
  const options = { env: { GIT_LITERAL_PATHSPECS: '0' }, userConfig }
  const found: string[] = []
  for (const name of directories) {
    // With a slash, git takes it for a directory, whether or not it is there.
    const asked = await git(place, ['check-ignore', '--no-index', '--', `${name}/`], options)
    if (!asked.ok && asked.error.exit.type === 'code' && asked.error.exit.code === 1) found.push(name)
  }
  return found
}
