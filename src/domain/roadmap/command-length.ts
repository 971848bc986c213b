/**
 * The longest command that a shell can be given, in bytes. Source: Linux's MAX_ARG_STRLEN, 128 KiB for one argument with
 * its end; less a little for what autopilot puts in front.
 */
export const longestCommandBytes = 128 * 1024 - 64

export function isTooLong(command: string): boolean {
  return command.length > longestCommandBytes / 4 && new TextEncoder().encode(command).length > longestCommandBytes
}

/** What to do about it. */
export const shorterCommand = 'a command can have at most 128 KB: put it into a script in the repository, and call that'
