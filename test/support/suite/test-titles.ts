import { readFileSync } from 'node:fs'
import ts from 'typescript'

const makers = new Set(['test', 'it', 'describe'])

/**
 * The titles of the tests in a file, each with the titles of the groups around it in front, read from its source
 * without running it. `%s` stands for whatever a title is filled in with; tests that are skipped in any case are left out.
 */
export function testTitles(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const titles: string[] = []
  const visit = (node: ts.Node, groups: readonly string[]) => {
    const made = ts.isCallExpression(node) ? readMade(node) : undefined
    if (made === undefined) ts.forEachChild(node, (child) => visit(child, groups))
    else if (made.maker !== 'describe') titles.push([...groups, made.title].join(' '))
    else node.forEachChild((child) => visit(child, [...groups, made.title]))
  }
  visit(source, [])
  return titles
}

/** `test('title', …)`, `it.each(table)('title', …)`, `describe.runIf(condition)('title', …)`. */
function readMade({ expression, arguments: [first] }: ts.CallExpression) {
  const maker = makerOf(expression)
  const title = first && titleOf(first)
  return maker === undefined || title === undefined ? undefined : { maker, title }
}

function makerOf(expression: ts.Expression): string | undefined {
  if (ts.isIdentifier(expression)) return makers.has(expression.text) ? expression.text : undefined
  if (ts.isCallExpression(expression)) return makerOf(expression.expression)
  const isDropped = ts.isPropertyAccessExpression(expression) && /^(skip|todo)$/.test(expression.name.text)
  return ts.isPropertyAccessExpression(expression) && !isDropped ? makerOf(expression.expression) : undefined
}

function titleOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.head.text + node.templateSpans.map(({ literal }) => `%s${literal.text}`).join('')
}
