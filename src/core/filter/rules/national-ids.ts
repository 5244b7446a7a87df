/** Numbers by which states know people. A form of its own and check digits make one; where other numbers look alike, a word before
 *  it must say what it is. */
import { isDay, isLuhn, isMod1110, isVerhoeff, modulo, weighted } from './checks.ts'

export interface NationalId {
  id: string
  /** From the beginning of the word in which the first digit stands. Every repetition is bounded. */
  form: RegExp
  /** In the text shortly before; not asked for where nothing else has the form and the check digits. */
  word?: RegExp
  /** @param value - without spaces and separators, in upper case */
  isValid?: (value: string) => boolean
}

const digitsOf = (value: string): number[] => [...value].map(Number)
const letterOf = (letters: string, at: number): string => letters[at] ?? ''

/** `YYMMDD` from a place on. */
const isDate = (value: string, at = 0, offset = 0): boolean =>
  isDay(Number(value.slice(at + 4, at + 6)) - offset, Number(value.slice(at + 2, at + 4)))

function isFiscalCode(value: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const code = value.charCodeAt(at)
    const index = code < 65 ? code - 48 : code - 65
    sum += at % 2 === 0 ? (odd[index] ?? 0) : index
  }
  return String.fromCharCode(65 + (sum % 26)) === value[15]
}

/** Check digits of Brazilian numbers: two, each over those before. */
function areBrazilian(value: string, weights: readonly number[]): boolean {
  if (/^(\d)\1*$/.test(value)) return false
  return [weights.slice(1), weights].every(some => {
    const rest = weighted(value, some) % 11
    return (rest < 2 ? 0 : 11 - rest) === Number(value[some.length])
  })
}

const isEan13 = (value: string): boolean =>
  digitsOf(value).reduce((sum, digit, at) => sum + digit * (at % 2 === 0 ? 1 : 3), 0) % 10 === 0

const CURP_VALUES = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
const isCurp = (value: string): boolean =>
  (10 -
    ([...value.slice(0, 17)].reduce((sum, char, at) => sum + CURP_VALUES.indexOf(char) * (18 - at), 0) %
      10)) %
    10 ===
  Number(value[17])

/** The first that fits gives the name. */
export const NATIONAL_IDS: readonly NationalId[] = [
  {
    id: 'us-ssn',
    form: /\d{3}-\d{2}-\d{4}/y,
    isValid: value => !/^(?:000|666|9)|^\d{3}00|0000$|^078051120$|^219099999$/.test(value),
  },
  {
    id: 'us-ssn',
    form: /\d{3}[ ]?\d{2}[ ]?\d{4}/y,
    word: /ssn|social security/i,
    isValid: value => !/^(?:000|666|9)|^\d{3}00|0000$/.test(value),
  },
  { id: 'us-itin', form: /9\d{2}-[5-9]\d-\d{4}/y, word: /itin|tax/i },
  {
    id: 'uk-nino',
    form: /[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?[A-D]/y,
    isValid: value => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(value),
  },
  {
    id: 'uk-nhs-number',
    form: /\d{3}[ -]?\d{3}[ -]?\d{4}/y,
    word: /\bnhs\b/i,
    isValid: value => (11 - (weighted(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(value[9]),
  },
  {
    id: 'de-tax-id',
    form: /[1-9]\d(?:[ ]?\d{3}){3}/y,
    word: /steuer|idnr|\bid-?nr|\btin\b|tax id/i,
    isValid: isMod1110,
  },
  {
    id: 'de-social-security',
    form: /\d{2}[ ]?\d{6}[ ]?[A-Z][ ]?\d{3}/y,
    word: /sozialversicherung|rentenversicherung|\bsv-?n/i,
  },
  {
    id: 'fr-nir',
    form: /[12][ ]?\d{2}[ ]?(?:0[1-9]|1[0-2]|[2-9]\d)[ ]?(?:\d{2}|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d{2}/y,
    isValid: value =>
      97 - modulo(value.slice(0, 13).replace('2A', '19').replace('2B', '18'), 97) === Number(value.slice(13)),
  },
  {
    id: 'es-dni',
    form: /(?:\d{8}|[XYZ][ -]?\d{7})[ -]?[A-HJ-NP-TV-Z]/y,
    isValid: value =>
      letterOf(
        'TRWAGMYFPDXBNJZSQVHLCKE',
        Number(value.slice(0, -1).replace('X', '0').replace('Y', '1').replace('Z', '2')) % 23,
      ) === value.at(-1),
  },
  { id: 'it-fiscal-code', form: /[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]/iy, isValid: isFiscalCode },
  {
    id: 'nl-bsn',
    form: /\d{3,4}[ .]?\d{2}[ .]?\d{3}/y,
    word: /\bbsn\b|burgerservice|sofi/i,
    isValid: value => value.length === 9 && weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
  },
  {
    id: 'be-national-number',
    form: /\d{2}[.]\d{2}[.]\d{2}-\d{3}[.]\d{2}/y,
    isValid: value =>
      [value.slice(0, 9), `2${value.slice(0, 9)}`].some(
        number => 97 - (Number(number) % 97) === Number(value.slice(9)),
      ),
  },
  {
    id: 'pl-pesel',
    form: /\d{11}/y,
    word: /pesel/i,
    isValid: value =>
      (10 - (weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === Number(value[10]),
  },
  {
    id: 'br-cpf',
    form: /\d{3}[.]\d{3}[.]\d{3}-\d{2}/y,
    isValid: value => areBrazilian(value, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
  },
  {
    id: 'br-cpf',
    form: /\d{11}/y,
    word: /\bcpf\b/i,
    isValid: value => areBrazilian(value, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
  },
  {
    id: 'br-cnpj',
    form: /\d{2}[.]?\d{3}[.]?\d{3}\/?\d{4}-?\d{2}/y,
    isValid: value => areBrazilian(value, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]),
  },
  { id: 'in-aadhaar', form: /[2-9]\d{3}([ -])\d{4}\1\d{4}(?!\1\d)/y, isValid: isVerhoeff },
  { id: 'in-aadhaar', form: /[2-9]\d{11}/y, word: /aa?dhaa?r|uidai|आधार/i, isValid: isVerhoeff },
  {
    id: 'in-pan',
    form: /[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]/y,
    word: /\bpan\b|permanent account|income tax/i,
  },
  {
    id: 'se-personal-number',
    form: /(?:19|20)?\d{6}[-+]\d{4}/y,
    isValid: value => isDate(value.slice(-10)) && isLuhn(value.slice(-10)),
  },
  {
    id: 'se-personal-number',
    form: /(?:19|20)?\d{10}/y,
    word: /person(?:al )?(?:nummer|number)|pnr/i,
    isValid: value => isDate(value.slice(-10)) && isLuhn(value.slice(-10)),
  },
  {
    id: 'no-birth-number',
    form: /\d{6}[ ]?\d{5}/y,
    word: /fødsels|personnummer|\bfnr\b/i,
    isValid: value =>
      weighted(value, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
      weighted(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  },
  {
    id: 'dk-cpr',
    form: /\d{6}-?\d{4}/y,
    word: /\bcpr\b|personnummer/i,
    isValid: value => isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4))),
  },
  {
    id: 'fi-personal-code',
    form: /\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]/y,
    isValid: value =>
      isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4))) &&
      letterOf('0123456789ABCDEFHJKLMNPRSTUVWXY', Number(value.slice(0, 6) + value.slice(-4, -1)) % 31) ===
        value.at(-1),
  },
  {
    id: 'ca-sin',
    form: /\d{3}([ -])\d{3}\1\d{3}/y,
    word: /\bsin\b|social insurance|\bnas\b/i,
    isValid: isLuhn,
  },
  { id: 'ca-sin', form: /\d{9}/y, word: /\bsin\b|social insurance/i, isValid: isLuhn },
  {
    id: 'au-tfn',
    form: /\d{3}[ -]?\d{3}[ -]?\d{2,3}/y,
    word: /\btfn\b|tax file/i,
    isValid: value => value.length === 9 && weighted(value, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
  },
  {
    id: 'au-medicare',
    form: /[2-6]\d{3}[ ]?\d{5}[ ]?\d/y,
    word: /medicare/i,
    isValid: value => weighted(value, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(value[8]),
  },
  { id: 'ch-ahv', form: /756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}/y, isValid: isEan13 },
  {
    id: 'at-social-security',
    form: /\d{4}[ ]?\d{6}/y,
    word: /svnr|sv-nummer|sozialversicherung/i,
    isValid: value => weighted(value, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === Number(value[3]),
  },
  {
    id: 'cn-resident-id',
    form: /[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX]/iy,
    isValid: value =>
      letterOf('10X98765432', weighted(value, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11) ===
      value[17],
  },
  { id: 'kr-resident-number', form: /\d{6}-[1-8]\d{6}/y, isValid: value => isDate(value) },
  {
    id: 'jp-my-number',
    form: /\d{4}[ -]?\d{4}[ -]?\d{4}/y,
    word: /my ?number|マイナンバー|個人番号/i,
    isValid: value => {
      const rest = weighted(value, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
      return (rest <= 1 ? 0 : 11 - rest) === Number(value[11])
    },
  },
  { id: 'mx-curp', form: /[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d/y, isValid: isCurp },
  {
    id: 'za-id',
    form: /\d{6}[ ]?\d{4}[ ]?[01][89]\d/y,
    word: /\bid\b|identity|south africa/i,
    isValid: value => isDate(value) && isLuhn(value),
  },
  {
    id: 'tr-identity-number',
    form: /[1-9]\d{10}/y,
    word: /kimlik|\btckn?\b|\bt\.c\./i,
    isValid: value =>
      digitsOf(value.slice(0, 10)).reduce((sum, digit) => sum + digit, 0) % 10 === Number(value[10]),
  },
  {
    id: 'ie-pps',
    form: /\d{7}[A-W][A-IW]?/y,
    word: /\bpps/i,
    isValid: value => {
      const extra = value[8] === undefined || value[8] === 'W' ? 0 : value.charCodeAt(8) - 64
      return (
        letterOf('WABCDEFGHIJKLMNOPQRSTUV', (weighted(value, [8, 7, 6, 5, 4, 3, 2]) + 9 * extra) % 23) ===
        value[7]
      )
    },
  },
  {
    id: 'pt-nif',
    form: /[1-3]\d{2}[ ]?\d{3}[ ]?\d{3}/y,
    word: /\bnif\b|contribuinte/i,
    isValid: value => {
      const rest = weighted(value, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
      return (rest < 2 ? 0 : 11 - rest) === Number(value[8])
    },
  },
  {
    id: 'il-id',
    form: /\d{9}/y,
    word: /teudat|תעודת|ת[."״]ז|israeli id/i,
    isValid: isLuhn,
  },
  {
    id: 'sg-nric',
    form: /[STFGM]\d{7}[A-Z]/y,
    isValid: value => {
      const sum =
        weighted(value.slice(1), [2, 7, 6, 5, 4, 3, 2]) + (/^[TG]/.test(value) ? 4 : /^M/.test(value) ? 3 : 0)
      const letters = /^[ST]/.test(value) ? 'JZIHGFEDCBA' : /^M/.test(value) ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK'
      return letterOf(letters, sum % 11) === value[8]
    },
  },
  {
    id: 'hk-id',
    form: /[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A])/y,
    word: /hkid|hong kong|香港|身[份分][證证]|identity/i,
    isValid: value => {
      const sum = [...value.padStart(9, '$')]
        .slice(0, 8)
        .reduce((total, char, at) => total + (9 - at) * (char === '$' ? 36 : Number.parseInt(char, 36)), 0)
      return (11 - (sum % 11)) % 11 === Number.parseInt(value.at(-1) ?? '', 16)
    },
  },
  {
    id: 'tw-national-id',
    form: /[A-Z][1289]\d{8}/y,
    isValid: value => {
      const first = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(value[0] ?? '') + 10
      return (
        (Math.floor(first / 10) + (first % 10) * 9 + weighted(value.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1])) %
          10 ===
        0
      )
    },
  },
  {
    id: 'th-id',
    form: /\d-?\d{4}-?\d{5}-?\d{2}-?\d/y,
    word: /ประชาชน|thai (?:national )?id|national id/i,
    isValid: value =>
      (11 - (weighted(value, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(value[12]),
  },
  {
    id: 'ro-cnp',
    form: /[1-9]\d{12}/y,
    word: /\bcnp\b|cod(?:ul)? numeric/i,
    isValid: value =>
      ((weighted(value, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11) % 10 || 0) === Number(value[12]) ||
      (weighted(value, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 === 10 && value[12] === '1'),
  },
  {
    id: 'cz-birth-number',
    form: /\d{6}\/?\d{4}/y,
    word: /rodn[éeá]|\br\.? ?č/i,
    isValid: value => Number(value) % 11 === 0,
  },
  {
    id: 'bg-egn',
    form: /\d{10}/y,
    word: /егн|\begn\b/i,
    isValid: value => (weighted(value, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === Number(value[9]),
  },
  {
    id: 'hu-taj',
    form: /\d{3}[ -]?\d{3}[ -]?\d{3}/y,
    word: /\btaj\b/i,
    isValid: value => weighted(value, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === Number(value[8]),
  },
  { id: 'gr-amka', form: /\d{11}/y, word: /αμκα|amka/i, isValid: isLuhn },
  {
    id: 'ru-snils',
    form: /\d{3}-\d{3}-\d{3}[ -]\d{2}/y,
    isValid: value => (weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === Number(value.slice(9)),
  },
  {
    id: 'ru-inn',
    form: /\d{12}/y,
    word: /инн|\binn\b/i,
    isValid: value =>
      (weighted(value, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === Number(value[10]) &&
      (weighted(value, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === Number(value[11]),
  },
  { id: 'mx-rfc', form: /[A-ZÑ&]{4}\d{6}[A-Z0-9]{3}/y, word: /\brfc\b/i, isValid: value => isDate(value, 4) },
  {
    id: 'ar-cuit',
    form: /(?:20|2[3-7]|3[034])-?\d{8}-?\d/y,
    word: /cui[tl]/i,
    isValid: value => {
      const rest = 11 - (weighted(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)
      return (rest === 11 ? 0 : rest === 10 ? 9 : rest) === Number(value[10])
    },
  },
  {
    id: 'cl-rut',
    form: /\d{1,2}(?:\.\d{3}\.\d{3}|\d{6})-[\dkK]/y,
    word: /\bru[tn]\b/i,
    isValid: value =>
      letterOf(
        '0K987654321',
        weighted(value.slice(0, -1).padStart(8, '0'), [3, 2, 7, 6, 5, 4, 3, 2]) % 11,
      ) === value.at(-1),
  },
  { id: 'co-cedula', form: /\d{1,3}(?:\.\d{3}){2,3}|\d{6,10}/y, word: /c[ée]dula/i },
  {
    id: 'nz-ird',
    form: /\d{2,3}-?\d{3}-?\d{3}/y,
    word: /\bird\b/i,
    isValid: value => {
      const padded = value.padStart(9, '0')
      const by = (weights: readonly number[]): number => (11 - (weighted(padded, weights) % 11)) % 11
      const first = by([3, 2, 7, 6, 5, 4, 3, 2])
      return (first === 10 ? by([7, 4, 3, 2, 5, 2, 7, 6]) : first) === Number(padded[8])
    },
  },
  { id: 'hr-oib', form: /\d{11}/y, word: /\boib\b/i, isValid: isMod1110 },
  {
    id: 'rs-jmbg',
    form: /\d{13}/y,
    word: /jmbg|emšo|emso|јмбг/i,
    isValid: value => isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4))),
  },
  {
    id: 'is-kennitala',
    form: /\d{6}-?\d{4}/y,
    word: /kennitala|\bkt\b/i,
    isValid: value => isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4))),
  },
  {
    id: 'ee-lt-personal-code',
    form: /[1-6]\d{10}/y,
    word: /isikukood|asmens koda/i,
    isValid: value => isDate(value, 1),
  },
  { id: 'id-nik', form: /\d{16}/y, word: /\bnik\b|\bktp\b/i },
  { id: 'pk-cnic', form: /\d{5}-\d{7}-\d/y },
  { id: 'my-mykad', form: /\d{6}-(?:0[1-9]|[1-5]\d|82)-\d{4}/y, isValid: value => isDate(value) },
  { id: 'imei', form: /\d{2}-?\d{6}-?\d{6}-?\d/y, word: /imei/i, isValid: isLuhn },
  { id: 'bank-account', form: /\d{8}/y, word: /account (?:no|number|#)|sort code[^\n]{1,24}acc/i },
  {
    id: 'bank-account',
    form: /\d{9,17}/y,
    word: /(?:bank account|account (?:no|number|#)|acct\.? ?(?:no|#)|a\/c|kontonummer|routing[^\n]{1,24}acc)/i,
  },
  {
    id: 'bank-routing',
    form: /[0-3]\d{8}/y,
    word: /routing|\baba\b/i,
    isValid: value => weighted(value, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
  },
  { id: 'bank-routing', form: /[1-8]\d{7}/y, word: /\bblz\b|bankleitzahl/i },
  { id: 'bank-sort-code', form: /\d{2}-\d{2}-\d{2}/y, word: /sort code/i },
]
