/** Personal data of many kinds, with valid check digits, where such things stand in conversations. */
import type { Guilty } from './corpus.ts'
import { DIGITS, type Dice, makeDice, withLuhn } from './dice.ts'

type Case = (d: Dice) => { text: string; value: string }
const said =
  (value: string, text: string): Case =>
  () => ({ value, text: text.replace('…', value) })

const card = (prefix: string, length: number) => (d: Dice) =>
  withLuhn(prefix + d.text(length - prefix.length - 1, DIGITS))

const PERSONAL: Readonly<Record<string, readonly Case[]>> = {
  email: [
    said('maria.santos@outlook.test', 'Please write to … by Friday.'),
    said('j.o-neil+work@mail.acme.co.uk', 'Cc: "O\'Neil, Jim" <…>'),
    said('привет@почта.рф', 'мой адрес …'),
  ],
  phone: [
    said('+44 20 7946 0958', 'Ring me on … after six'),
    said('(415) 555-0132', 'call … and ask for Sam'),
    said('415-555-0132', 'Phone: …'),
    said('06 12 34 56 78', 'Mon portable est le …'),
    said('0151 23456789', 'Handy: …'),
    said('07700 900123', 'text me on …'),
    said('030/901820-17', 'Telefon …'),
    said('+81-3-1234-5678', '電話 …'),
    said('13812345678', '我的手机 …'),
  ],
  iban: [
    said('DE89370400440532013000', 'Bitte auf … überweisen'),
    said('FR14 2004 1010 0505 0001 3M02 606', 'IBAN: …'),
    said('NL91ABNA0417164300', 'pay to …, thanks'),
  ],
  card: [
    d => {
      const value = card('4', 16)(d)
      return { value, text: `charge ${value} exp 04/29` }
    },
    d => {
      const value = card('53', 16)(d).replace(/(\d{4})(?=\d)/g, '$1 ')
      return { value, text: `Mastercard ${value}` }
    },
    d => {
      const value = card('37', 15)(d)
      return { value, text: `amex: ${value}` }
    },
  ],
  'us ssn': [said('536-22-8712', 'SSN … on the form'), said('536228712', 'social security number …')],
  'uk nino': [said('AB123456C', 'NI number …'), said('JG 10 37 59 A', 'my NINO is …')],
  'uk nhs': [said('943 476 5919', 'NHS number: …')],
  'de steuer-id': [said('86095742719', 'Steuer-ID: …')],
  'fr nir': [said('1 84 12 76 451 089 46', 'numéro de sécu …'), said('255081416802538', 'NIR …')],
  'es dni': [said('12345678Z', 'DNI …'), said('X1234567L', 'NIE: …')],
  'it codice fiscale': [said('RSSMRA85T10A562S', 'codice fiscale …')],
  'nl bsn': [said('111222333', 'BSN: …')],
  'pl pesel': [said('44051401359', 'PESEL …')],
  'br cpf': [said('529.982.247-25', 'CPF …')],
  'br cnpj': [said('11.444.777/0001-61', 'CNPJ …')],
  'in aadhaar': [said('2341 2341 2346', 'Aadhaar …')],
  'in pan': [said('ABCPE1234F', 'PAN card …')],
  'se personnummer': [said('811218-9876', 'personnummer …')],
  'fi hetu': [said('131052-308T', 'hetu …')],
  'ca sin': [said('046 454 286', 'SIN: …')],
  'au tfn': [said('123 456 782', 'TFN …')],
  'ch ahv': [said('756.9217.0769.85', 'AHV-Nr. …')],
  'be national number': [said('85.07.30-033.28', 'rijksregisternummer …')],
  'cn resident id': [said('11010519491231002X', '身份证号 …')],
  'mx curp': [said('HEGG560427MVZRRL04', 'CURP: …')],
  ipv4: [
    said('93.184.216.34', 'ssh deploy@… -p 2222'),
    said('185.12.64.9', '… - - [12/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200'),
  ],
  ipv6: [
    said('2a01:4f8:c17:b0f::2', 'AAAA …'),
    said('2003:e5:b72f:3a00:9c2d:11ff:fe3a:7b21', 'from … port 22'),
  ],
  mac: [
    said('3c:22:fb:7a:91:0e', 'ether … txqueuelen 1000'),
    said('3C-22-FB-7A-91-0E', 'Physical Address: …'),
  ],
  'home path': [
    said('mkowalski', 'File "/home/…/work/app.py", line 3'),
    said('jsmith', '/Users/…/Library/Caches'),
    said('Jan.Peters', 'C:\\Users\\…\\AppData\\Local'),
    said('mkowalski', '\\\\wsl.localhost\\Ubuntu\\home\\…\\src'),
    said('jsmith', '/mnt/c/Users/…/Desktop'),
  ],
  coordinates: [
    said('52.520008, 13.404954', 'location: …'),
    said('48.858370', '"lat": …, "zoom": 4'),
    said('40.712776,-74.005974', 'https://www.google.com/maps/@…,15z'),
    said('48°51\'24.3" N, 2°21\'03.2" E', 'at …'),
  ],
  'birth date': [
    said('12.03.1984', 'geboren am … in Ulm'),
    said('1984-03-12', 'date of birth: …'),
    said('March 12, 1984', 'She was born on …'),
  ],
  'passport and licence': [
    said('C01X00T47', 'Reisepass Nr. …'),
    said('533380006', 'Passport number: …'),
    said('D1234567', "driver's license number …"),
  ],
  'postal address': [
    said('1600 Amphitheatre Parkway, Mountain View, CA 94043', 'Ship it to …'),
    said('221B Baker Street, London NW1 6XE', 'my address is …'),
    said('Musterstraße 12, 12345 Berlin', 'wohnt in der …'),
    said('12 rue de la Paix, 75002 Paris', 'au …'),
  ],
  'account id': [
    said('3f2b8c14-9d1e-4a77-b1c2-6e5d4f3a2b10', '"organization_uuid": "…"'),
    said('user-Ab3dE5fG7hJ9kL1mN3pQ5rS7', 'as … in the export'),
    said('123456789012', 'arn:aws:iam::…:role/deploy'),
  ],
  vin: [said('1HGCM82633A004352', 'VIN: …'), said('WVWZZZ1JZXW000001', 'Fahrgestellnummer …')],
}

export const personalCases = (): Guilty[] =>
  Object.entries(PERSONAL).flatMap(([family, cases]) =>
    cases.map((make, at) => ({ family, ...make(makeDice(`personal ${family} ${at}`)) })),
  )
