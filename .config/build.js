// Bundles the program into dist/: a small file that starts it, one for the command line, one that completes it in a shell, one for each worker thread, one
// for worker processes, one for a library that few runs need, the texts of --help and the words of completions. Importing the libraries unbundled costs about 0.3 s at every start; tsc only checks types.
import { createHash } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
// Built beside and then put in place, so that a program that starts meanwhile finds the old bundle or the new one.
const outdir = join(root, `dist.${process.pid}`)
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

/** The library of the Agent Client Protocol, which only who has a server of it loads, in whatever process. */
const acpConnection = join(root, 'src', 'providers', 'acp', 'connection.ts')
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/connection\.js$/ }, ({ kind, path, resolveDir }) => {
      const isIt = kind === 'dynamic-import' && join(resolveDir, path).replace(/\.js$/, '.ts') === acpConnection
      return isIt ? { path: './acp-connection.cjs', external: true } : undefined
    })
  },
}

const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  metafile: true,
  // Where code comes from a cache, `require` loads further files, but `import` cannot.
  supported: { 'dynamic-import': false },
  plugins: [apart],
  logLevel: 'warning',
}
// One CommonJS file for the command line: V8 keeps what it has compiled only of scripts, not of modules.
const program = await build({
  ...common,
  entryPoints: { 'command-line': 'src/cli/command-line.ts', complete: 'src/cli/complete.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { AUTOPILOT_VERSION: JSON.stringify(version), 'import.meta.dirname': '__dirname' },
})
const idOf = async (file) =>
  createHash('sha256')
    .update(await readFile(join(outdir, file)))
    .digest('hex')
    .slice(0, 16)
// CommonJS, too: Node's loader of modules takes longer than all that `--version` does.
const start = await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: {
    AUTOPILOT_VERSION: JSON.stringify(version),
    COMMAND_LINE_ID: JSON.stringify(await idOf('command-line.cjs')),
    COMPLETE_ID: JSON.stringify(await idOf('complete.cjs')),
    'import.meta.dirname': '__dirname',
  },
})
// In CommonJS, libraries may `require` parts of Node; in a module that is an error as the thread starts.
const workers = await build({
  ...common,
  entryPoints: {
    'parse-worker': 'src/roadmap/parse-worker.ts',
    'kept-worker': 'src/workspace/kept/kept-worker.ts',
    worker: 'src/app/worker/worker-main.ts',
    'layout-worker': 'src/report/graph/layout-worker.ts',
    'acp-connection': acpConnection,
  },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { AUTOPILOT_VERSION: JSON.stringify(version), 'import.meta.dirname': '__dirname' },
})
// What a report is in a browser: its script and its style, which stand in each page.
const page = await build({
  absWorkingDir: root,
  outdir,
  entryPoints: { 'report-page': 'src/report/page/main.tsx' },
  tsconfig: join(root, 'src', 'report', 'page', 'tsconfig.json'),
  bundle: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
})
const { helpTexts, completions } = createRequire(import.meta.url)(join(outdir, 'command-line.cjs'))
await writeFile(join(outdir, 'help.json'), JSON.stringify(await helpTexts()))
await writeFile(join(outdir, 'completions.json'), JSON.stringify(await completions()))
// The page's script goes wherever a report goes, and the licences of what is in it go with it.
const script = join(outdir, 'report-page.js')
const theirs = (await licences(Object.keys(page.metafile.inputs))).replaceAll('*/', '* /')
await writeFile(script, `/*!\n${theirs}*/\n${await readFile(script, 'utf8')}`)
const inputs = [program, start, workers, page].flatMap(({ metafile }) => Object.keys(metafile.inputs))
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES.txt'), await licences(inputs))
await putInPlace()

/** Another build may put its own in place at the same moment. */
async function putInPlace() {
  const old = `${outdir}.old`
  for (let left = 20; ; left--) {
    await rename(dist, old).catch(() => undefined)
    try {
      await rename(outdir, dist)
      break
    } catch (error) {
      if (left === 0 || (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')) throw error
    } finally {
      await rm(old, { recursive: true, force: true })
    }
  }
}

/** The licence texts of every package of which code is in the bundle, as their licences ask for. */
async function licences(inputs) {
  const packages = new Set()
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match) packages.add(join(root, match[1]))
  }
  const texts = []
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const text = await firstReadable(
      ['license', 'LICENSE', 'LICENSE.md', 'license.md', 'LICENSE.txt'].map((f) => join(folder, f)),
    )
    texts.push(`${name} ${version} (${license})\n\n${text ?? `See ${relative(root, folder)}/package.json`}`.trim())
  }
  return texts.join(`\n\n${'-'.repeat(80)}\n\n`) + '\n'
}

async function firstReadable(files) {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  return undefined
}
