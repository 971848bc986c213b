import { present } from '../present.js'
import type { ProjectTree, Tools } from './tools.js'

/** Cargo. */
export function rustTools(tree: ProjectTree): Tools | undefined {
  if (!tree.has('Cargo.toml')) return undefined
  const isWorkspace = /^\[workspace\]/m.test(tree.text('Cargo.toml'))
  const locked = tree.has('Cargo.lock')
  const options = `${isWorkspace ? ' --workspace' : ''}${locked ? ' --locked' : ''}`
  return {
    ...present({ setup: locked ? { command: 'cargo fetch --locked', source: 'Cargo.lock' } : undefined }),
    makes: 'target',
    test: { command: `cargo test${options}`, source: 'Cargo.toml' },
    lint: [],
    perhaps: [
      { command: `cargo clippy --all-targets${options} -- -D warnings`, source: 'Cargo.toml' },
      ...(tree.has('rustfmt.toml') || tree.has('.rustfmt.toml')
        ? [{ command: 'cargo fmt --check', source: 'rustfmt.toml' }]
        : []),
    ],
    remarks: [],
  }
}

/** The go command, and golangci-lint where it is configured. */
export function goTools(tree: ProjectTree): Tools | undefined {
  if (!tree.has('go.mod')) return undefined
  const linter = ['.golangci.yml', '.golangci.yaml', '.golangci.toml', '.golangci.json'].find(tree.has)
  const isVendored = tree.has('vendor/modules.txt')
  return {
    ...present({
      setup: tree.has('go.sum') && !isVendored ? { command: 'go mod download', source: 'go.sum' } : undefined,
    }),
    test: { command: 'go test ./...', source: 'go.mod' },
    lint: [
      { command: 'go vet ./...', source: 'go.mod' },
      ...(linter === undefined ? [] : [{ command: 'golangci-lint run', source: linter }]),
    ],
    perhaps: [],
    remarks: [],
  }
}

/** Maven and Gradle, by their wrappers where there are any. */
export function jvmTools(tree: ProjectTree): Tools | undefined {
  const gradle = ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'].find(tree.has)
  const source = tree.has('pom.xml') ? 'pom.xml' : gradle
  if (source === undefined) return undefined
  const maven = `${tree.has('mvnw') ? './mvnw' : 'mvn'} -B verify`
  const command = source === 'pom.xml' ? maven : `${tree.has('gradlew') ? './gradlew' : 'gradle'} check`
  return { test: { command, source }, lint: [], perhaps: [], remarks: [] }
}

/** Targets of make by their usual names. */
export function makeTools(tree: ProjectTree): Tools | undefined {
  const file = ['GNUmakefile', 'makefile', 'Makefile'].find(tree.has)
  if (file === undefined) return undefined
  const targets = targetsIn(tree.text(file))
  const first = (...names: readonly string[]) => {
    const name = names.find((one) => targets.has(one))
    return name === undefined ? undefined : { command: `make ${name}`, source: file }
  }
  const test = first('test', 'tests', 'check')
  const lint = first('lint')
  if (!test && !lint) return undefined
  return { ...present({ test }), lint: lint ? [lint] : [], perhaps: [], remarks: [] }
}

function targetsIn(text: string): ReadonlySet<string> {
  // `name: …` and `one two:`, but not `NAME := …`.
  const rules = [...text.matchAll(/^([A-Za-z][\w./ -]*?)\s*::?(?!=)/gm)]
  return new Set(rules.flatMap(([, names = '']) => names.split(/\s+/)))
}
