/** What tells a real value from one that stands in for it: in manuals, templates and tests. */

const STAND_IN =
  /^(?:[<{]|%(?:[({sd]|\w{1,60}%|$)|\$(?:[{(]|[A-Za-z_]\w{0,60}(?![\w!@#%^&*?+=]))|\[(?:secret|personal):|y[ou]{2}r[-_ ]?|change_?me|[[(<]?redacted|placeholder|example|dummy|insert[-_]|replace[-_]?(?:me|with)|(?:x{4}|\*{3}|\.{3}))/i
const STAND_IN_INSIDE =
  /EXAMPLE|example|placeholder|PLACEHOLDER|[Xx]{8}|0{12}|\*{4}|\.{3}|y[ou]{2}r[-_]|YOUR[-_]|[-_](?:here|HERE)$|not[-_]a[-_]real|fake[-_]/
/** Values that manuals print and everybody copies: jwt.io, Stripe, RFC 6749, RFC 6750, RFC 7617. */
const PRINTED =
  /SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV|4eC39HqLyjWDarjtT1zdp7dc|BQokikJOvBiI2HlWgH4olfQ2|2YotnFZFEjr1zCsicMWpAA|tGzv3JOkF0XG5Qx2TlKWIA|mF_9\.B5f-4\.1JqM|QWxhZGRpbjpvcGVuIHNlc2FtZQ|czZCaGRSa3F0MzpnWDFmQmF0M2JW/

/** Whether a token is one of a manual, whatever is around it. */
export const isPrinted = (value: string): boolean =>
  PRINTED.test(value) || /[Xx]{12}|EXAMPLE(?:KEY)?$/.test(value)

/** Whether at least `distinct` different characters stand among the last forty. */
export const isVaried = (value: string, distinct: number): boolean =>
  new Set(value.slice(-40)).size >= distinct

/** What issuers begin tokens with. */
const PREFIX = /^(?:[a-z]{1,10}\d{0,2}[-_]){1,3}/i
/** Where counting goes on with other characters. */
const TURN = /^(?:90|0a|0A|9a|9A|f0|F0|f1|F1|za|zA|z0|Z0|z1|Z1|Za|zZ)$/
/** How often it may begin anew: whoever types a password by hand begins anew more often, `abcdEFGH1234abcdEFGH`. */
const MAX_BREAKS = 1

/** Nobody counts further. */
const MAX_COUNTED = 128

/** Whether each character follows upon the one before, as in `1234567890abcdefgh`. */
export function isCounting(value: string): boolean {
  const body = value.replace(PREFIX, '')
  let breaks = 0
  for (let at = 1; at < body.length && breaks <= MAX_BREAKS; at++)
    if (body.charCodeAt(at) - body.charCodeAt(at - 1) !== 1 && !TURN.test(body.slice(at - 1, at + 1)))
      breaks++
  return body.length >= 8 && breaks <= MAX_BREAKS
}

/** Letters of both cases in an order that no words have: four consonants and more in a row, rare ones among them. */
export const isScrambled = (value: string): boolean =>
  /^(?=[A-Za-z]{0,64}[a-z])(?=[A-Za-z]{0,64}[A-Z])[A-Za-z]{10,64}$/.test(value) &&
  (value.match(/[b-df-hj-np-tv-z]{4,64}/gi) ?? []).some(run => /[jqxzv]/i.test(run))

/** Whether somebody wrote this where a value would stand, as manuals do: `<token>`, `${TOKEN}`, `your-key`, `xxxx…`. */
export const isStandIn = (value: string, distinct = 3): boolean =>
  STAND_IN.test(value) || !isVaried(value, distinct)

/** Whether this is the value of a manual, also one that begins as real ones do. @param value - what follows its prefix, or all */
export function isSample(value: string): boolean {
  if (isStandIn(value) || STAND_IN_INSIDE.test(value) || isPrinted(value)) return true
  return value.length >= 16 && value.length <= MAX_COUNTED && isCounting(value)
}

/** Bits for each character, by how often characters occur in it (Shannon): 0 for one alone, about 4 for 20 random ones. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
  return bits
}

/** Whether it looks drawn by chance rather than spoken: letters and digits mixed again and again, or cases without order. */
export function isRandom(value: string): boolean {
  if (value.length < 12 || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false
  // Words with a number behind change kind rarely; what is drawn changes kind at about every second character.
  let changes = 0
  for (let at = 1; at < value.length; at++) {
    if (kindOf(value.charCodeAt(at)) !== kindOf(value.charCodeAt(at - 1))) changes++
  }
  return changes >= value.length / 5 && entropyOf(value) > 2.7
}

const kindOf = (code: number): number =>
  code < 48 ? 3 : code < 58 ? 0 : code < 65 ? 3 : code < 91 ? 1 : code < 97 ? 3 : code < 123 ? 2 : 3
