/** Check digits: of tokens, bank accounts, cards and national numbers. Each takes the characters without spaces and separators. */
import { crc32 } from 'node:zlib'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Six last characters are the CRC-32 of those between prefix and them, in base 62: tokens of GitHub and npm
 *  (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/). */
export function hasCrc62(value: string): boolean {
  const body = value.slice(value.lastIndexOf('_') + 1)
  return body.length === 36 && crc62(body.slice(0, 30)) === body.slice(30)
}

/** CRC-32 in base 62, six characters. */
export function crc62(body: string): string {
  let sum = crc32(body)
  let digits = ''
  for (let at = 0; at < 6; at++) {
    digits = `${BASE62[sum % 62]}${digits}`
    sum = Math.floor(sum / 62)
  }
  return digits
}

/** ISO/IEC 7812-1 annex B. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** The number that digits and letters (A is 10) make, by a modulus. */
export function modulo(value: string, modulus: number): number {
  let rest = 0
  for (const char of value) {
    const digit = Number.parseInt(char, 36)
    rest = (rest * (digit > 9 ? 100 : 10) + digit) % modulus
  }
  return rest
}

/** Digits times weights, summed; weights from the left, digits beyond them are left out. */
export const weighted = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0)

const VERHOEFF_TURN = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]
const VERHOEFF_JOIN = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]

/** Verhoeff's check digit, as the last. */
export function isVerhoeff(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const turned = VERHOEFF_TURN[at % 8]?.[Number(digits[digits.length - 1 - at])]
    sum = Number(VERHOEFF_JOIN[sum]?.[Number(turned)])
  }
  return sum === 0
}

/** ISO 7064 MOD 11,10, as the last. */
export function isMod1110(digits: string): boolean {
  let product = 10
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === Number(digits.at(-1))
}

/** A day of some month. @param month - 1 to 12 */
export const isDay = (day: number, month: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)
