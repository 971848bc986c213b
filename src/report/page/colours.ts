import { useEffect } from 'preact/hooks'
import type { Span } from '../form.js'

/** A colour of the style sheet, as the theme of now has it. */
export function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

/** The colour of what happened, by its end and its kind. */
export function colourNameOf({ kind, end }: Pick<Span, 'kind' | 'end'>): string {
  if (end === 'failed' || end === 'errored') return 'failed'
  if (end === 'cut_off') return 'canceled'
  return kind.replace('_', '-')
}

/** What is drawn on a canvas is drawn anew when colours change: another theme, and on paper. */
export function useRedraw(draw: () => void): void {
  useEffect(() => {
    const query = window.matchMedia('(prefers-color-scheme: dark)')
    query.addEventListener('change', draw)
    document.addEventListener('themechange', draw)
    window.addEventListener('beforeprint', draw)
    window.addEventListener('afterprint', draw)
    return () => {
      query.removeEventListener('change', draw)
      document.removeEventListener('themechange', draw)
      window.removeEventListener('beforeprint', draw)
      window.removeEventListener('afterprint', draw)
    }
  }, [draw])
}
