/**
 * What makes GitLab's log fold the lines between them under a title. `name` consists of letters, digits and `_`; `at` is
 * in epoch s. Source: GitLab docs, CI/CD, job logs, custom collapsible sections.
 */
export function sectionMarkers(
  name: string,
  title: string,
): { begin: (at: number) => string; end: (at: number) => string } {
  return {
    begin: (at) => `\u001b[0Ksection_start:${at}:${name}[collapsed=true]\r\u001b[0K${title}`,
    end: (at) => `\u001b[0Ksection_end:${at}:${name}\r\u001b[0K`,
  }
}
