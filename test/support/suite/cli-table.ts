import { readFileSync } from 'node:fs'
import prettier from 'prettier'
import { projectRoot } from '../rigs/program.js'

/** A test with a real CLI, as it ran. */
export interface RanTest {
  /** With the titles of the groups around it in front. */
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
}

/** A CLI of the table, in the version that was installed. */
export interface TestedCli {
  readonly name: string
  readonly version: string
}

/** What is proved, and parts of the titles of the tests that prove it, with whatever CLI. */
interface Proof {
  readonly what: string
  readonly titles: readonly string[]
}

interface ProofGroup {
  readonly way: string
  /** Titles of groups, or of tests outside of any group, that belong to this way. */
  readonly of: RegExp
  readonly proofs: readonly Proof[]
}

export const proofGroups: readonly ProofGroup[] = [
  {
    way: 'a process for each turn',
    of: /one process for each turn|^a killed |^the processes of a tool |^what a tool of |^an ordinary user /,
    proofs: [
      { what: 'a task done, and what it wrote landed', titles: ['does a task: what it wrote lands'] },
      {
        what: 'under `edit`, nothing but what that permits',
        titles: ['may edit, and run what allow: permits', 'edit files and do nothing else'],
      },
      { what: 'what it cannot be limited to, refused before the start', titles: ['is refused before it starts'] },
      { what: 'a usage limit', titles: ['rests when its allowance is used up'] },
      { what: 'canceled while a tool runs', titles: ['is ended by Ctrl-C'] },
      {
        what: 'killed in the middle of a turn, its tools too',
        titles: ['is a crash, never a success', 'was running are ended, too'],
      },
      {
        what: 'what a tool leaves in the background, ended',
        titles: ['leaves in the background ends with the attempt'],
      },
      { what: 'a repair round in the same conversation', titles: ['repairs in the same conversation'] },
      { what: 'resumed after autopilot was killed', titles: ['continues its conversation when autopilot was killed'] },
      { what: 'a review that writes nothing', titles: ['reviews, and writes nothing'] },
    ],
  },
  {
    way: 'as a server',
    of: /as a server|on a worker/,
    proofs: [
      {
        what: 'task after task, each in its own conversation',
        titles: ['does task after task, each in a conversation of its own', 'does task after task, each in a new'],
      },
      {
        what: 'under `edit`, nothing but what that permits',
        titles: ['may edit, and run what allow: permits', 'enforces `edit`'],
      },
      {
        what: 'a usage limit',
        titles: ['rests when its allowance is used up', 'ends a turn with a used-up allowance'],
      },
      {
        what: 'canceled while a tool runs',
        titles: ['is ended by Ctrl-C', 'is canceled when its time is up', 'is interrupted while a tool runs'],
      },
      {
        what: 'the server killed in the middle of a turn',
        titles: ['killed in the middle of a turn', 'that is killed takes its tool along'],
      },
      {
        what: 'what a turn leaves in the background, ended',
        titles: ['has what a turn leaves in the background ended'],
      },
      {
        what: 'a repair round in the same conversation',
        titles: ['repairs in the same conversation', 'does a task and its repair round in one process'],
      },
      {
        what: 'goes on after the server was killed',
        titles: ['killed between two turns', 'continues a conversation with other variables'],
      },
      { what: 'a review that writes nothing', titles: ['reviews, and writes nothing', 'reviews by a schema'] },
    ],
  },
]

const mark = /(<!-- make test-cli -->).*?(<!-- end -->)/s

/** A page with the table between its marks made from these tests, which must be those of a whole run. */
export async function pageWithTable(
  page: string,
  clis: readonly TestedCli[],
  tests: readonly RanTest[],
): Promise<string> {
  const named = proofGroups.flatMap(({ proofs }) => proofs.flatMap(({ titles }) => titles))
  const missing = named.find((title) => !tests.some(({ name }) => name.includes(title)))
  if (missing !== undefined) throw new Error(`not all tests ran, so the table would not be whole: ${missing}`)
  if (!mark.test(page)) throw new Error('the page has no place for the table: <!-- make test-cli --><!-- end -->')
  const whole = page.replace(mark, (_, start: string, end: string) => `${start}\n\n${table(clis, tests)}\n\n${end}`)
  const config = JSON.parse(readFileSync(`${projectRoot}/.config/prettier.json`, 'utf8')) as prettier.Options
  return prettier.format(whole, { ...config, parser: 'markdown' })
}

function table(clis: readonly TestedCli[], tests: readonly RanTest[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const head = ['', ...clis.map(({ name, version }) => `${name} ${version}`)]
  const groups = proofGroups.flatMap((group) => [
    [`**${group.way}**`, ...clis.map(() => '')],
    ...group.proofs.map((proof) => [proof.what, ...clis.map(({ name }) => standing(name, group, proof, tests))]),
  ])
  return [head, head.map(() => '---'), ...groups].map(row).join('\n')
}

/** `—`: there is no such test for this CLI, mostly because it does not promise that. */
function standing(cli: string, { of }: ProofGroup, { titles }: Proof, tests: readonly RanTest[]): string {
  const isOfCli = new RegExp(`\\b${cli}\\b`)
  const its = tests.filter(
    ({ name }) => isOfCli.test(name) && of.test(name) && titles.some((title) => name.includes(title)),
  )
  if (its.some(({ state }) => state === 'failed')) return 'FAILED'
  return its.some(({ state }) => state === 'passed') ? 'yes' : '—'
}
