/** Keys in forms of their own: JSON Web Tokens, private keys of all sorts, one-time codes, seed phrases, hashes of passwords. */
import type { Match, Rule } from '../rule.ts'
import { patternRule, token } from './pattern.ts'
import { isSample, isVaried } from './sample.ts'

/** A JSON Web Token or encrypted one (RFC 7515, 7516): its header is checked to be one. */
const jwtRule: Rule = patternRule({
  id: 'jwt',
  version: 2,
  severity: 'secret',
  needs: ['eyJ', 'ewog', 'ewoJ'],
  pattern:
    /(?<![A-Za-z0-9_-])(?:eyJ|ewo[gJ])[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,12000}\.[A-Za-z0-9_-]{0,8000}(?:\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{16,200})?/,
  accepts: value => {
    if (value.length < 30 || isSample(value)) return false
    try {
      const header: unknown = JSON.parse(
        Buffer.from(value.slice(0, value.indexOf('.')), 'base64url').toString(),
      )
      return typeof header === 'object' && header !== null && ('alg' in header || 'enc' in header)
    } catch {
      return false
    }
  },
})

const PEM_HEADER =
  /-{4,5}[ ]?BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)[ ]?-{4,5}/y
const PEM_FOOTER = /-{4,5}[ ]?END (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)[ ]?-{4,5}/
/** RSA with 16,384 bits takes 12,700 characters. */
const MAX_PEM_LENGTH = 16_000
const PEM_LINE = /(?:\\[nrt]|[\s>|"'+,\\]){1,64}|[A-Za-z0-9+/=]{16,16000}|[A-Za-z0-9+/=]{1,15}(?![^\s\\"'])/y

/** How far a key goes that was cut off before its end. */
function linesUntil(body: string): number {
  let at = 0
  for (PEM_LINE.lastIndex = 0; PEM_LINE.test(body); PEM_LINE.lastIndex = at) at = PEM_LINE.lastIndex
  return at
}

/** Private keys in textual form (RFC 7468, OpenSSH, SSH2, PGP), long or short, also with `\n` written out, also cut off before
 *  their end. A header in prose, with no key behind it, is none. */
const privateKeyRule: Rule = {
  id: 'private-key',
  version: 2,
  severity: 'secret',
  needs: ['---BEGIN ', '--- BEGIN '],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const [at, place] of places.entries()) {
      let start = place
      while (place - start < 2 && text[start - 1] === '-') start--
      PEM_HEADER.lastIndex = start
      if (!PEM_HEADER.test(text)) continue
      const bodyStart = PEM_HEADER.lastIndex
      const next = places[at + 1] ?? text.length
      const body = text.slice(bodyStart, Math.min(Math.max(next, bodyStart), bodyStart + MAX_PEM_LENGTH))
      const footer = PEM_FOOTER.exec(body)
      const end = footer ? footer.index : linesUntil(body)
      if (!isKeyText(body.slice(0, end))) continue
      const last = footer ? end + footer[0].length : body.slice(0, end).trimEnd().length
      matches.push({ start, end: bodyStart + last })
    }
    return matches
  },
}

const isKeyText = (body: string): boolean => {
  const letters = body.replace(/[^A-Za-z0-9+/]/g, '')
  return letters.length >= 40 && isVaried(letters, 8)
}

/** PuTTY's key files: all of the private lines. */
const puttyRule: Rule = patternRule({
  id: 'private-key',
  version: 1,
  severity: 'secret',
  needs: ['Private-Lines:'],
  pattern:
    /(Private-Lines: \d{1,3}\s{1,4})((?:[A-Za-z0-9+/=]{1,80}\s{1,4}){1,200}(?:Private-MAC: [a-f0-9]{40,64})?)/,
})

const WIREGUARD = patternRule({
  id: 'wireguard-key',
  version: 1,
  severity: 'secret',
  needs: ['privatekey', 'presharedkey'],
  anyCase: true,
  pattern:
    /((?:PrivateKey|PresharedKey)["']?[ ]{0,4}[=:][ ]{0,4}["']?)([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)/i,
})

/** The private members of a JSON Web Key (RFC 7517): `d`, and `k` of a symmetric one. */
const jwkRule: Rule = {
  id: 'jwk',
  version: 1,
  severity: 'secret',
  needs: ['"kty"'],
  scan: (text, places) => {
    const matches: Match[] = []
    let done = 0
    for (const place of places) {
      const from = Math.max(done, place - 3_000)
      done = place + 3_000
      for (const found of text
        .slice(from, done)
        .matchAll(/("(?:d|k|p|q|dp|dq|qi)"\s?:\s?")([A-Za-z0-9_-]{16,1400})"/g)) {
        const start = from + found.index + (found[1]?.length ?? 0)
        matches.push({ start, end: start + (found[2]?.length ?? 0) })
      }
    }
    return matches
  },
}

const otpauthRule: Rule = patternRule({
  id: 'otpauth',
  version: 1,
  severity: 'secret',
  needs: ['otpauth'],
  pattern: /(otpauth(?:-migration)?:\/\/[^\s"'<>]{0,300}?(?:secret|data)=)([A-Za-z0-9%+/=_-]{12,2000})/,
})

/** Words of a wallet's recovery phrase (BIP 39): 12 to 24 of three to eight letters, where the text says that it is one. */
const seedPhraseRule: Rule = patternRule({
  id: 'seed-phrase',
  version: 1,
  severity: 'secret',
  needs: ['seed', 'mnemonic', 'recovery phrase', 'recovery words', 'backup phrase', 'secret phrase'],
  anyCase: true,
  pattern:
    /((?:(?:wallet |secret )?seed(?: ?phrase| ?words)?|mnemonic(?: phrase| seed)?|(?:recovery|backup|secret) (?:phrase|words))[\w ()]{0,40}?(?: is|["'*_`]{0,3}[ ]?[:=])[\s"'`*_]{0,6})((?:\d{1,2}[.)] ?)?[a-z]{3,8}(?:[ ,\n]{1,3}(?:\d{1,2}[.)] ?)?[a-z]{3,8}){11,23})(?![a-z ]{0,2}[a-z]{9})/i,
  accepts: value => {
    const words = value.split(/[^A-Za-z]+/).filter(Boolean)
    // English prose has an article or a joining word among twelve; the list of BIP 39 has none of these.
    return !words.some(word =>
      /^(?:the|and|for|are|was|with|that|this|you|from|not|have|has|its|but)$/i.test(word),
    )
  },
})

const passwordHashRule: Rule = patternRule({
  id: 'password-hash',
  version: 1,
  severity: 'secret',
  needs: [
    '$2a$',
    '$2b$',
    '$2y$',
    '$1$',
    '$5$',
    '$6$',
    '$y$',
    '$apr1$',
    '$8$',
    '$9$',
    '$argon2',
    'pbkdf2_sha256$',
    '{SSHA',
    '{SHA}',
    'scrypt:',
  ],
  pattern:
    /\$[89]\$[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$(?:apr1|[156y])\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,24}\$(?:[./A-Za-z0-9]{1,24}\$)?[./A-Za-z0-9]{20,90}|\$argon2(?:id|[id])\$v=\d{1,3}\$[a-z0-9=,]{5,60}\$[A-Za-z0-9+/]{8,90}\$[A-Za-z0-9+/]{16,120}|pbkdf2_sha256\$\d{3,8}\$[A-Za-z0-9]{6,40}\$[A-Za-z0-9+/]{40,50}=?|\{SS?HA(?:256|512)?\}[A-Za-z0-9+/]{24,130}={0,2}|scrypt:\d{2,8}:\d{1,3}:\d{1,3}\$[A-Za-z0-9]{8,40}\$[a-f0-9]{60,140}/,
  accepts: value => isVaried(value, 10),
})

/** Codes that let somebody in once, or pay: three to eight digits after a word that says what they are. */
const codeRule: Rule = patternRule({
  id: 'one-time-code',
  version: 1,
  severity: 'secret',
  needs: [
    ...[
      'verification code',
      'security code',
      'confirmation code',
      'login code',
      'time code',
      'time password',
      'time pin',
    ],
    ...['2fa code', 'authentication code', 'access code', 'sms code', 'backup code', 'recovery code'],
    ...[
      'pin',
      'otp',
      'cvv',
      'cvc',
      'bestätigungscode',
      'código',
      'code de vérification',
      '验证码',
      '認証コード',
    ],
  ],
  anyCase: true,
  pattern:
    /((?<![a-z])(?:(?:verification|security|confirmation|login|time|2fa|authentication|access|sms|backup|recovery) (?:code|password|pin)s?|(?:card )?pin(?: ?(?:code|number))?|otp(?: code)?|cv[vc]2?|bestätigungscode|código|code de vérification|验证码|認証コード)(?: [a-z]{2,10}){0,3}?["'`*]{0,3}(?: is| ist| est| es|[:=]|是|は)[ ]{0,3}["'`*]{0,3}(?:G-)?)(\d{3}[ -]?\d{0,3}[ -]?\d{0,3})(?!\w|\.\d)/i,
  accepts: value => value.length >= 3,
})

/** As messages say it: `use code 123456`, `123456 is your code`. */
const saidCodeRule: Rule = patternRule({
  id: 'one-time-code',
  version: 1,
  severity: 'secret',
  needs: ['use code ', 'enter code ', 'the code ', ' is your '],
  anyCase: true,
  back: 9,
  pattern:
    /((?:use|enter|type)(?: the)? code:? )(\d{4,8})(?!\w)|(?<![\w-])\d{4,8}(?= is your [^\r\n]{0,40}(?:code|otp|pin)\b)/i,
})

export const keyRules: readonly Rule[] = [
  privateKeyRule,
  puttyRule,
  jwtRule,
  token('age-key', 'AGE-SECRET-KEY-', /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/i, { version: 2 }),
  WIREGUARD,
  jwkRule,
  otpauthRule,
  seedPhraseRule,
  passwordHashRule,
  codeRule,
  saidCodeRule,
  token('extended-key', 'xprv yprv zprv tprv', /[txyz]prv[1-9A-HJ-NP-Za-km-z]{100,112}(?![A-Za-z0-9])/),
  token('nostr-key', 'nsec1', /nsec1[02-9ac-hj-np-z]{58}(?![A-Za-z0-9])/),
]
