import type { Scene } from './scene.js'

/** What `autopilot status --output json` prints, as far as tests look at it. */
export interface StatusObject {
  readonly run: string | null
  readonly standing: string
  readonly exitCode?: number
  readonly pid?: number
  readonly counts: Readonly<Record<string, number>>
  readonly queue?: { readonly busyAgents: number }
  readonly tasks: readonly { readonly id: string; readonly state: { readonly type: string } }[]
  readonly kept: readonly {
    readonly taskId: string
    readonly ref: string
    readonly why: string
    readonly diff: string
  }[]
  readonly keptWorkspaces: readonly { readonly path: string }[]
}

/** Runs `autopilot status --output json` to its end. */
export async function statusOf(stage: Scene, ...args: readonly string[]): Promise<StatusObject> {
  const { code, stdout, stderr } = await stage.run(['status', '--output', 'json', ...args])
  if (code !== 0) throw new Error(`status ended with ${code}: ${stdout}${stderr}`)
  return JSON.parse(stdout) as StatusObject
}

/** The names of all refs of autopilot's, shortened to what stands behind the run. */
export function ledgerRefs(stage: Scene): readonly string[] {
  const listing = stage.repo.git('for-each-ref', '--format=%(refname)', 'refs/autopilot')
  return listing.split('\n').flatMap((ref) => (ref === '' ? [] : [ref.replace(/^refs\/autopilot\/[^/]+\//, '')]))
}

/**
 * The subjects of all commits by this author that no ref of the user's repository leads to: `git gc` would delete them.
 */
export function danglingCommits(stage: Scene, author: string): readonly string[] {
  const said = stage.repo.git('fsck', '--no-reflogs', '--unreachable', '--connectivity-only')
  const commits = [...said.matchAll(/^unreachable commit ([0-9a-f]+)$/gm)].map(([, commit]) => commit!)
  return commits.flatMap((commit) => {
    const [name, subject] = stage.repo.git('log', '-1', '--format=%an%n%s', commit).split('\n')
    return name === author ? [subject!] : []
  })
}

/** The prefix with which a task's `run:` commits as somebody whom {@link danglingCommits} can tell from autopilot. */
export const asAgent = 'export GIT_AUTHOR_NAME=Agent GIT_AUTHOR_EMAIL=agent@example.org'
