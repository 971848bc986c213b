import { shortestSecret } from './secrets.js'
import { cleanLine } from '../text.js'

/**
 * The forms in which a secret may turn up: as it is, its lines one by one, on one line, in a JSON text, in a URL, in hex
 * digits, and in base64, by itself or inside something longer such as `user:password`.
 */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return []
  const forms = [
    ...[secret, secret.trim(), cleanLine(secret, Infinity)],
    ...secret.split(/\r?\n/).map((line) => line.trim()),
    ...[inJson(secret), inJson(inJson(secret))],
    ...inUrl(new TextEncoder().encode(secret)),
    ...encodedForms(secret),
  ]
  return [...new Set(forms)].filter((form) => form.length >= shortestSecret)
}

/** Forms that programs break into lines of some length, at any position: base64, base64 for URLs, and hex. */
export function encodedForms(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return []
  const bytes = new TextEncoder().encode(secret)
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [...inBase64(bytes), hex, hex.toUpperCase()]
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Writers of URLs differ in which characters they leave alone, and in the case of the digits. */
const unreserved = [/[\w.~-]/, /[\w.~!*'()-]/, /[\w.~!*'();/?:@&=+$,#-]/] as const

function inUrl(bytes: Uint8Array): readonly string[] {
  return unreserved.flatMap((kept) => {
    const upper = [...bytes].map((byte) => percentEncoded(byte, kept)).join('')
    return [upper, upper.replaceAll('%20', '+'), upper.replace(/%../g, (code) => code.toLowerCase())]
  })
}

function percentEncoded(byte: number, kept: RegExp): string {
  const character = String.fromCharCode(byte)
  return kept.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** By itself, and at each of the three places that it can have in a longer text: what no neighbour has a part in. */
function inBase64(bytes: Uint8Array): readonly string[] {
  const alone = base64([...bytes])
  const inside = [0, 1, 2].map((offset) => {
    const all = base64([...new Uint8Array(offset), ...bytes, 0, 0])
    return all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const forms = [alone, alone.replace(/=+$/, ''), ...inside]
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

function base64(bytes: readonly number[]): string {
  return btoa(bytes.map((byte) => String.fromCharCode(byte)).join(''))
}
