import type { Task } from './task.js'

/** What a task says in its own words; the rest of it is about when, by whom and how it is done and checked. */
export type TaskWords = Pick<Task, 'title' | 'description' | 'prompt' | 'exitCriteria' | 'contextFiles' | 'run'>

/** A hash as lower-case hex digits. */
export type Hash = (text: string) => string

/**
 * A task's own words in one form: the same for the same task however a file spells it. White space, line ends, ticked
 * boxes, and the order of criteria and files don't make another task; nor does a title that no agent sees because
 * `prompt` replaces it.
 */
export function wordsOf({ title, description, prompt, exitCriteria, contextFiles, run }: TaskWords): string {
  const isShown = prompt === undefined || run !== undefined
  return JSON.stringify([
    isShown ? plain(title) : '',
    isShown ? plain(description) : '',
    plain(prompt ?? ''),
    plainList(exitCriteria),
    plainList(contextFiles),
    command(run ?? ''),
  ])
}

/**
 * A digest of what an agent is told: of the task's own words and, after a plus sign, of the user's prompt template.
 * The number in front says how it is made; a later version that makes it differently doesn't compare it with older
 * ones.
 */
export function textOf(task: TaskWords, template: string | undefined, hash: Hash): string {
  const own = `${version}-${hash(wordsOf(task))}`
  return template === undefined ? own : `${own}+${hash(plain(template))}`
}

const version = '1'

/** Whether a word has the form of a digest of a task's own words: what it is read from is outside text. */
export function isOwnText(word: string): boolean {
  return /^1-[0-9a-f]{16,64}$/.test(word)
}

/** The digest of the task's own words, without that of the template. */
export function ownText(text: string): string {
  return text.split('+')[0] ?? text
}

/** Both are known, and they are not about the same words. */
export function isOtherTask(before: string | undefined, now: string | undefined): boolean {
  return isOther(before && ownText(before), now && ownText(now))
}

/** Both are known and were made in the same way, and they differ. */
export function isOther(before: string | undefined, now: string | undefined): boolean {
  if (before === undefined || now === undefined) return false
  return before.split('-')[0] === now.split('-')[0] && before !== now
}

function plainList(entries: readonly string[]): readonly string[] {
  return entries
    .map(plain)
    .filter((entry) => entry !== '')
    .sort()
}

function plain(text: string): string {
  return text
    .normalize('NFC')
    .replace(/^(\s*(?:[-*+]\s+|\d+[.)]\s+)?)\[[ xX]\]/gm, '$1[ ]')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Within a line of a command a blank may mean something. */
function command(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .trim()
}
