/** One word of a POSIX shell's command line, whatever it holds but NUL. */
export function inShell(word: string): string {
  return /^[\w/.:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Whether a shell can write this name of a variable: shells such as dash drop others. */
export function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/**
 * Whether a shell exports this variable like any other. Some are its own: bash refuses to set `UID`, and `IFS` changes how
 * it reads. Source: bash(1), "Shell Variables"; POSIX, Shell Command Language, "Shell Variables".
 */
export function isPlainName(name: string): boolean {
  return (
    isShellName(name) &&
    !/^(_|IFS|E?UID|PPID|SHELLOPTS|BASH.*|OPT(ARG|IND|ERR)|PS\d|LINENO|GROUPS|FUNCNAME)$/.test(name)
  )
}
