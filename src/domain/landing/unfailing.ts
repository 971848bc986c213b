/** What takes in a pipe and gives on, and so ends well whatever came in. */
const passesOn = /(?<![|>])\|&?\s*(tee|tail|head|cat|sed|sort|uniq|ts|nl|tr|cut|less|more)\b[^|;&\n)`]*$/
const alwaysTrue = /(\|\||;|\n)[ \t]*(true|:|exit 0|echo\b[^|;&\n]*)$/
const inBackground = /(?<![&>|])&$/

/**
 * Why a command ends well whatever fails in it, in words; undefined where nothing of that kind is seen. A shell's status is
 * that of its last command, which is right for many a line and wrong for a gate: `npm test 2>&1 | tail -40` always passes.
 * It looks at the end of the text alone, so it finds the usual slips and no others.
 */
export function whyUnfailing(command: string): string | undefined {
  const text = command.trim()
  if (/\bpipefail\b/.test(text)) return undefined
  const last = passesOn.exec(text)?.[1]
  if (last !== undefined) return `its exit status is that of \`${last}\`, whatever comes before`
  if (inBackground.test(text)) return 'it ends before the commands that it starts in the background'
  const always = alwaysTrue.exec(text)
  // `set -e` ends a script where something fails, and an `echo` at its end is fine then.
  if (!always || (always[1] !== '||' && /\bset -\w*e/.test(text))) return undefined
  return `it ends with \`${always[2]?.split(/\s/)[0] ?? ''}\`, whatever comes before`
}

/** What to do about it. */
export const failingHelp = 'a gate must exit with another status than 0 if something is wrong'
