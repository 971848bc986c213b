import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles probes as the program itself is bundled, so that what has no command of its own can be measured from inside.
 * The roadmap's worker thread is put beside them. Each probe is built once.
 */
export function bundler({ bench, root }) {
  const built = new Map()
  return (name) => {
    if (!built.has(name)) built.set(name, bundle(name))
    return built.get(name)
  }

  async function bundle(name) {
    const outdir = join(root, 'probes', name)
    await mkdir(outdir, { recursive: true })
    await build({
      entryPoints: {
        [name]: join(bench, 'probes', `${name}.js`),
        'parse-worker': join(bench, '..', '..', 'src', 'roadmap', 'parse-worker.ts'),
      },
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      mainFields: ['module', 'main'],
      minifySyntax: true,
      define: { AUTOPILOT_VERSION: '"0.0.0-bench"' },
      banner: {
        js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
      },
      logLevel: 'warning',
    })
    return join(outdir, `${name}.mjs`)
  }
}
