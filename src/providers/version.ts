/** The first thing that looks like a version: `2.1.330 (Claude Code)`, `codex-cli 0.169.0`. */
export function findVersion(stdout: string): string | undefined {
  return /\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,60})?/.exec(stdout)?.[0]
}
