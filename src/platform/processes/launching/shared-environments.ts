import { inShell } from './shell-words.js'

type WholeEnvironment = Readonly<Record<string, string>>

/**
 * Most of an environment is the same for all that a run starts. A shell is told of that once, as a function, and for each
 * process only of what it has of its own.
 */
export class SharedEnvironments {
  readonly #known = new Map<string, { readonly name: string; readonly env: WholeEnvironment }>()

  /** A command that exports a whole environment, with what the shell must be told before it. */
  exporting(env: WholeEnvironment): { readonly definition: string; readonly command: string } {
    const names = Object.keys(env).join(' ')
    const known = this.#known.get(names)
    if (!known) {
      const name = `environment${this.#known.size}`
      this.#known.set(names, { name, env })
      return { definition: `${name}() { ${exported(env)}; }\n`, command: name }
    }
    const own = Object.fromEntries(Object.entries(env).filter(([name, value]) => known.env[name] !== value))
    return { definition: '', command: Object.keys(own).length === 0 ? known.name : `${known.name}; ${exported(own)}` }
  }
}

function exported(env: WholeEnvironment): string {
  const words = Object.entries(env).map(([name, value]) => `${name}=${inShell(value)}`)
  return `export ${words.join(' ')}`
}
