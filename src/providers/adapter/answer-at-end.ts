/**
 * The JSON object that ends a text, for CLIs that hold the model to no schema: it may say something before its answer,
 * and put it into a code fence. Undefined unless there is exactly one such object: of two, it would be a guess which one
 * is meant.
 *
 * @param key - the first key of the object
 */
export function answerAtEnd(text: string, key: string): string | undefined {
  const unfenced = text.trim().replace(/\s*```$/, '')
  const starts = [...unfenced.matchAll(new RegExp(`\\{\\s*"${key}"`, 'g'))]
  return starts.length === 1 ? unfenced.slice(starts[0]?.index) : undefined
}
