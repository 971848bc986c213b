import { readdir } from 'node:fs/promises'

/**
 * Numbers for the files of a directory, counted from 1, that no file there has yet: a resumed run writes beside what the
 * run wrote before. There are never more numbers than files.
 */
export function numbersFor(directory: string): () => Promise<number> {
  const before = readdir(directory).then(
    (names) => names.length,
    () => 0,
  )
  let taken = 0
  return async () => {
    const number = ++taken
    return (await before) + number
  }
}
