// Where secrets are compared: `sameSecret` of src/core/crypto/secret.ts and nothing else, since every other comparison ends
// at the first byte that differs and so tells how much was right. `npm run check` runs it over the tree, by what things are called;
// test/contract/secret-rules.test.ts plants what it must find.
//   node scripts/secret-rules.ts [ROOT]

import { dirname } from 'node:path'
import { type Breach, blank, breachesUnder } from './import-rules.ts'

/** The one place that compares. */
const DOOR = 'src/core/crypto/secret.ts'

/** Rooms whose words of the same name are about other people's texts: `tag` of HTML, `password` as a rule of the filter. */
const OTHER_TEXTS = ['src/core/conversation/', 'src/core/filter/', 'src/views/']

/** The last word of a name that stands for a secret, a MAC or what proves one. */
const SECRET_WORDS = [
  'secret',
  'secrets',
  'seed',
  'passphrase',
  'password',
  'token',
  'mac',
  'hmac',
  'tag',
  'commitment',
  'psk',
  'ikm',
  'prk',
]

/** Keys that are secret; the others (`publicKey`, `shareKey`, the key of a map) are not. */
const SECRET_KEYS =
  /^(content|message|storage|record|epoch|link|session|node|aead|mac|private|secret|device)Key$/

/** How bytes are written, behind their name. */
const ENCODING = /(?:Bytes|B64u|B64|Base64|Hex|Text)$/

/** What a comparison with says nothing about the secret. */
const NOTHING = /^(null|undefined|true|false|\d+|void)$/

const nameIsSecret = (name: string): boolean => {
  const bare = name.replace(ENCODING, '')
  if (SECRET_KEYS.test(bare)) return true
  const last = (/(?:^|[a-z0-9_$#])([A-Z]?[a-z0-9]+)$/.exec(bare)?.[1] ?? bare).toLowerCase()
  return SECRET_WORDS.includes(last)
}

/** Whether an expression is, or is made of, a secret: its last name, the names it is called with, and the function that makes a MAC. */
const isSecret = (expression: string): boolean => {
  const text = expression.trim()
  if (/\.(length|byteLength|size|kind|type|name|state)$/.test(text)) return false
  const called = /^([\w$.#?!]+)\((.*)\)$/s.exec(text)
  if (called) {
    const [, callee = '', inner = ''] = called
    const last = callee.split(/[.?!]+/).at(-1) ?? ''
    // A hash, a signature check or a length says nothing about what went in.
    if (/^(sha256|sha512|verify|typeof|Number|Boolean|parseInt|isNaN)$/i.test(last)) return false
    if (nameIsSecret(last) || /^(hmac|hkdf|macOf)/.test(last)) return true
    return /^(to|from)(Hex|B64u|Base32|Utf8|String)$|^(from|concat|plain|utf8|toString|slice|subarray|trim)$/.test(
      last,
    )
      ? [...inner.split(','), callee.split('.').slice(0, -1).join('.')].some(isSecret)
      : false
  }
  return nameIsSecret(
    text
      .split(/[.?!#]+/)
      .filter(Boolean)
      .at(-1) ?? '',
  )
}

const CALL = String.raw`\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)`
const OPERAND = String.raw`[\w$][\w$.?!#]*(?:${CALL})?(?:\.[\w$]+(?:${CALL})?)*`
const EQUALS = new RegExp(
  String.raw`(typeof\s+)?(${OPERAND})\s*(?:===|!==|==|!=)\s*(typeof\s+)?(${OPERAND})`,
  'g',
)
const FUNCTIONS = new RegExp(
  String.raw`\b(sameBytes|timingSafeEqual|(?:Buffer\.)?compare|deepEqual|deepStrictEqual|isDeepStrictEqual|equalBytes)(${CALL})`,
  'g',
)
const METHODS = new RegExp(
  String.raw`(${OPERAND})\.(equals|compare|localeCompare|includes|indexOf|startsWith|endsWith)(${CALL})`,
  'g',
)

const splitArguments = (call: string): string[] => {
  const parts: string[] = []
  let depth = 0
  let from = 1
  for (let at = 1; at < call.length - 1; at++) {
    if ('([{'.includes(call[at] ?? '')) depth++
    else if (')]}'.includes(call[at] ?? '')) depth--
    else if (call[at] === ',' && depth === 0) {
      parts.push(call.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, call.slice(from, -1)]
}

/**
 * Every comparison of a secret in one source file that is not `sameSecret`.
 * @param file - its path relative to the root, with slashes
 * @param source - its text
 */
export const secretBreachesOf = (file: string, source: string): Breach[] => {
  if (file === DOOR || OTHER_TEXTS.some(room => file.startsWith(room))) return []
  const text = blank(source, true)
  const breaches: Breach[] = []
  const tell = (index: number, what: string): void => {
    const line = text.slice(0, index).split('\n').length
    breaches.push({ file, line, what: `${what.replace(/\s+/g, ' ')} compares a secret: use sameSecret` })
  }
  for (const match of text.matchAll(EQUALS)) {
    const [whole, typeofLeft, left = '', typeofRight, right = ''] = match
    if (typeofLeft || typeofRight || NOTHING.test(left) || NOTHING.test(right)) continue
    // A name against a constant in capitals is a tag of a format.
    if (/^[A-Z][A-Z0-9_]+$/.test(right) || /^[A-Z][A-Z0-9_]+$/.test(left)) continue
    if (isSecret(left) || isSecret(right)) tell(match.index, whole)
  }
  for (const match of text.matchAll(FUNCTIONS)) {
    const [whole, , call = ''] = match
    if (/timingSafeEqual/.test(whole) || splitArguments(call).some(isSecret)) tell(match.index, whole)
  }
  for (const match of text.matchAll(METHODS)) {
    const [whole, on = '', , call = ''] = match
    if (on === 'Buffer') continue
    if (isSecret(on) || splitArguments(call).some(isSecret)) tell(match.index, whole)
  }
  return breaches
}

if (import.meta.main) {
  const breaches = breachesUnder(process.argv[2] ?? dirname(import.meta.dirname), secretBreachesOf)
  for (const { file, line, what } of breaches) console.log(`${file}:${line} ${what}`)
  process.exitCode = breaches.length === 0 ? 0 : 1
}
