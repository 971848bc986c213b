/** One word of a POSIX shell's command line, whatever it holds but NUL. */
export function inShell(word: string): string {
  return /^[\w/.:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Whether a shell can write this name of a variable: shells such as dash drop others. */
export function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}
