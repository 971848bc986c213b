import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpPage } from '../ui/help-page.js'
import { sinkOf } from '../ui/print/output.js'

/** Prints a page of docs/, which lies beside the bundle's directory. */
export function showTopic(page: string): void {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', page), 'utf8')
  sinkOf(process.stdout).write(helpPage(text, process.stdout.isTTY ? process.stdout.columns : undefined))
}
