/** A fourth batch: what somebody who had not seen the rules wrote down, as far as it was missed or a false alarm at first sight.
 *  The values of numbers of persons are published examples. */
import type { Guilty, Harmless } from './corpus.ts'
import { B64, DIGITS, type Dice, HEX, LOWER, makeDice, UPPER, URL64 } from './dice.ts'

const uuid = (d: Dice): string => [8, 4, 4, 4, 12].map(length => d.text(length, HEX)).join('-')
/** Drawn letters with a digit, as passwords have one. */
const password = (d: Dice): string => `${d.text(9)}4x`

/** A value and the text in which it stands, `#` for the value. */
type Situation = (d: Dice) => [value: string, text: string]

const SECRETS: Readonly<Record<string, Situation>> = {
  'slack cookie': d => [`xox${'d-'}${d.text(60)}%2B${d.text(20)}%3D`, 'curl -b d=#'],
  'new relic licence': d => [`${d.text(32, HEX)}FFFF${'NRAL'}`, 'using credential # for upstream'],
  instagram: d => [`IGQV${'J'}${d.text(120)}`, '| upstream | # |'],
  apify: d => [`apify_${'api_'}${d.text(36)}`, './run.sh #'],
  deno: d => [`dd${'p_'}${d.text(36)}`, 'ARG X=#'],
  swarm: d => [
    `SWMTKN${'-1-'}${d.text(50, LOWER + DIGITS)}-${d.text(25, LOWER + DIGITS)}`,
    'docker swarm join --token # 10.0.0.1:2377',
  ],
  unkey: d => [`unkey${'_'}${d.text(22)}`, 'export FOO=#; ./deploy'],
  onfido: d => [`api_${'live.'}${d.text(11)}.${d.text(32)}`, 'I tried it with # and it says 401'],
  mailersend: d => [`mlsn${'.'}${d.text(64, HEX)}`, "client = Client('#')"],
  yandex: d => [`t1${'.'}${d.text(60, URL64)}.${d.text(86, URL64)}`, '<entry name="u">#</entry>'],
  polar: d => [`polar_${'pat_'}${d.text(40)}`, '> use # for now'],
  axiom: d => [`xaat${'-'}${uuid(d)}`, 'export FOO=#'],
  logfire: d => [`pylf_${'v1_us_'}${d.text(43)}`, 'UPSTREAM: "#"'],
  boundary: d => [`at_${d.text(10)}_${d.text(150)}`, './run.sh #'],
  paddle: d => [`pdl_${'live_'}apikey_${d.text(26, LOWER + DIGITS)}_${d.text(22)}_${d.text(3)}`, 'Key: #.'],
  'cal.com': d => [`cal_${'live_'}${d.text(32, HEX)}`, 'Key: #.'],
  pubnub: d => [`sec${'-c-'}${d.text(48)}`, 'Key: #.'],
  trigger: d => [`tr_${'prod_'}${d.text(24)}`, 'Key: #.'],
  inngest: d => [`signkey${'-prod-'}${d.text(64, HEX)}`, 'Key: #.'],
  wakatime: d => [`waka${'_'}${uuid(d)}`, 'Key: #.'],
  helicone: d => [`sk-${'helicone-'}${d.text(28, LOWER + DIGITS)}`, 'Key: #.'],
  'vault before 1.10': d => [`s${'.'}${d.text(24)}`, 'VAULT_API_KEY=#'],
  'typed by hand, bearer': d => [
    `abcdEFGH${1234567890}abcdEFGH${d.text(2, DIGITS)}`,
    'Authorization: Bearer #',
  ],
  'typed by hand, key': d => [`abc${123}def${456}ghi${789}jkl${d.text(3)}`, 'api_key = "#"'],
  'begins with a dollar': d => [`$${d.text(6)}3@${d.text(3)}!`, 'password: #'],
  'ends with a shout': d => [`${d.text(8)}7!!`, 'DB_PASSWORD=#'],
  'letters only': d => [
    `${d.text(3)}XqzVx${d.text(4, UPPER + LOWER)}`.replace(/\d/g, 'Q'),
    'login: eva@corp.test / pass: #',
  ],
  'go bytes': d => [d.text(24), 'var secret = []byte("#")'],
  'jwt.sign': d => [`${d.text(22)}7a`, 'jwt.sign(payload, "#", {expiresIn: "1h"})'],
  hmac: d => [`${d.text(22)}7a`, "crypto.createHmac('sha256', '#')"],
  fernet: d => [`${d.text(42, URL64)}1=`, 'cipher = Fernet(b"#")'],
  'auth of requests': d => [password(d), 'requests.get(url, auth=("eva", "#"))'],
  'two arguments': d => [`${d.text(39, B64)}7`, `new AWS.Credentials("${d.text(8)}", "#")`],
  'swift data': d => [d.base64(32), 'let encryptionKey = Data(base64Encoded: "#")!'],
  'terraform default': d => [password(d), 'variable "admin_password" {\n  type = string\n  default = "#"\n}'],
  'vault login': d => [`${d.text(23)}7`, 'vault login #'],
  'az login': d => [`${d.text(33)}7`, `az login --service-principal -u ${uuid(d)} -p # --tenant x`],
  archive: d => [password(d), '7z x a.zip -p#'],
  'net use': d => [password(d), 'net use Z: \\\\srv\\s /user:corp\\eva #'],
  httpie: d => [password(d), 'http -a eva:# :8000/x'],
  redis: d => [d.text(16), 'requirepass #'],
  supplicant: d => [d.text(12), 'network={\n ssid="h"\n psk="#"\n}'],
  'next line': () => [['river', 'correct', 'cloud', 'lamp6'].join('-'), 'Username: eva\nPassword:\n#\n'],
  'next paragraph': d => [`${d.text(36)}aB7x`, 'here is the token\n\n#\n\nwhat now?'],
  'in brackets': d => [`${d.text(22, LOWER + DIGITS)}7a`, "it's my secret key (#)"],
  'wireless key': d => [d.text(20, DIGITS), 'WLAN-Schlüssel: #'],
  arabic: d => [password(d), 'كلمة المرور: #'],
  hebrew: d => [password(d), 'סיסמה: #'],
  swedish: d => [password(d), 'lösenord: #'],
  italian: d => [password(d), 'La parola è segreta. Parola: #'],
  czech: d => [password(d), 'heslo je #'],
  'link of a terminal': d => [`xai${'-'}${d.text(80)}`, '\u001b]8;;https://x.test\u0007#\u001b]8;;\u0007'],
}

const PERSONAL: readonly (readonly [kind: string, value: string, text: string])[] = [
  ['phone', '+1 (415) 867-5309', '値は#です'],
  ['phone', '030/12345678', '値はTel. #です'],
  ['phone', '0033 6 12 34 56 78', 'Hi, note this: #. Thanks!'],
  ['tax', '86095742719', 'Steuer-ID #'],
  ['id', '8001015009087', 'ID #'],
  ['id', '123456782', 'ת.ז. #'],
  ['id', 'S1234567D', '| eva | # |'],
  ['id', 'A123456(3)', 'HKID #'],
  ['id', 'A123456789', 'the number is #.'],
  ['id', '1101700230708', 'เลขบัตรประชาชน #'],
  ['id', '1800101221144', 'CNP #'],
  ['id', '710319/2745', 'rodné číslo #'],
  ['id', '7523169263', 'ЕГН #'],
  ['id', '111 111 110', 'TAJ szám #'],
  ['id', '01013099997', 'ΑΜΚΑ #'],
  ['id', '500100732259', 'ИНН #'],
  ['id', '112-233-445 95', 'СНИЛС #'],
  ['id', 'GODE561231GR8', 'RFC #'],
  ['id', '20-12345678-6', 'CUIT #'],
  ['id', '12.345.678-5', 'RUT #'],
  ['id', '1.020.345.678', 'cédula #'],
  ['id', '49-091-850', 'IRD #'],
  ['id', '33392005961', 'OIB #'],
  ['id', '0101006500006', 'JMBG #'],
  ['id', '310896-2099', 'kennitala #'],
  ['id', '37605030299', 'isikukood #'],
  ['id', '3171234567890123', 'NIK #'],
  ['id', '42201-0397640-8', 'the number is #.'],
  ['id', '770305-02-1234', 'the number is #.'],
  ['id', '490154203237518', 'IMEI #'],
  ['paper', 'C01X00T47', 'user=passport no. # done'],
  ['paper', 'C4VHZ8J1K', 'Reisepass-Nr. #'],
  ['paper', 'D1234567', "driver's license # is mine"],
  ['account', '123456789', 'routing 021000021 account #'],
  ['account', '55779911', 'sort code 20-00-00 account #'],
  ['account', '37040044', 'Kontonummer 532013000 BLZ #'],
  ['address', '1600 Pennsylvania Ave NW, Washington, DC 20500', 'to #'],
]

const LOOK_ALIKES: readonly Situation[] = [
  d => ['', `[Peer]\nPublicKey = ${d.text(40, B64)}13c=\nAllowedIPs = 10.0.0.2/32`],
  () => ['', 'mongodb://<user>:<pass>@host/db'],
  () => ['', `xox${'b-'}your-token-here`],
  () => ['', `ghp_${'1234567890'}abcdefghijklmnopqrstuvwxyz`],
  () => ['', `API_KEY=${'0123456789'}abcdef0123456789abcdef`],
  () => ['', 'password = $DB_PASSWORD'],
  () => ['', 'password: %DB_PASS%'],
  () => ['', 'The password is wrong!'],
  () => ['', 'Password:\nlast changed 3 days ago'],
  () => ['', 'Username: eva\nPassword:\n\nThen click on Login'],
  () => ['', 'var secret = []byte(os.Getenv("JWT_SECRET"))'],
  () => ['', 'jwt.sign(payload, process.env.JWT_SECRET)'],
  () => ['', 'requests.get(url, auth=("user", "pass"))'],
  () => ['', 'variable "token_name" {\n  default = "deploy-2024"\n}'],
  () => ['', 'vault login -method=oidc'],
  () => ['', '7z x a.zip -pr'],
  () => ['', 'requirepass foobared'],
  () => ['', 'net use Z: \\\\srv\\share /persistent:yes'],
  () => ['', 'password: backwardsKeyCheck'],
  () => ['', 'password: passwordStrength'],
  () => ['', 'كلمة المرور غير صحيحة'],
  () => ['', 'ID 8001015009088 and S1234567A and A123456780'],
  () => ['', '0010 4500 0034 1234'],
]

export const fourthSecrets = (): Guilty[] => [
  ...Object.entries(SECRETS).map(([family, make]) => {
    const [value, text] = make(makeDice(`fourth ${family}`))
    return { family, value, text: text.replace('#', () => value) }
  }),
  ...PERSONAL.map(([family, value, text]) => ({ family, value, text: text.replace('#', () => value) })),
]

export const fourthHarmless = (): Harmless[] =>
  LOOK_ALIKES.map((make, at) => ({ kind: 'fourth', text: make(makeDice(`fourth look-alike ${at}`))[1] }))
