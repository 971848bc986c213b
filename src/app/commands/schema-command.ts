import { resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { jsonSink } from '../../ui/print/output.js'
import { printerFor } from '../../ui/print/printers.js'
import { locate } from '../ground/location.js'
import { openConfig } from '../prepare/open-config.js'
import { schemaFor, schemaText, type SchemaName } from '../schema/schemas.js'

export interface SchemaArguments {
  readonly name: SchemaName
  readonly directory: string
}

/** `autopilot schema`: prints a JSON Schema; that of roadmaps is for the repository's configuration. */
export async function schemaCommand({ name, directory }: SchemaArguments, env: Environment): Promise<ExitCode> {
  const here = resolve(directory)
  const repository = name === 'roadmap' ? await locate(here, env) : undefined
  const opened = name === 'roadmap' ? await openConfig(repository?.ok ? repository.value.root : here, env) : undefined
  if (opened?.ok === false) {
    printerFor('human', env).problems(opened.error)
    return exitCodes.usage
  }
  jsonSink(process.stdout).write(schemaText(schemaFor(name, opened?.value.config)))
  return exitCodes.done
}
