/** What looks like a secret or like personal data and is none, where such things stand in conversations. */
import type { Harmless } from './corpus.ts'
import { ALNUM, B64, b64u, DIGITS, type Dice, HEX, LOWER, makeDice, UPPER, URL64 } from './dice.ts'

type Make = (d: Dice) => string

const integrity: Make = d => `sha512-${d.base64(64)}`
const version: Make = d => `${d.roll(20)}.${d.roll(30)}.${d.roll(40)}`

/** Each is drawn several times. */
const KINDS: Readonly<Record<string, readonly Make[]>> = {
  'git id': [
    d => `commit ${d.text(40, HEX)}\nMerge: ${d.text(7, HEX)} ${d.text(7, HEX)}\n\n    Fix the flaky test`,
    d => `$ git log --oneline\n${d.text(7, HEX)} Bump deps\n${d.text(8, HEX)} Initial import`,
    d => `git checkout ${d.text(40, HEX)} -- src/index.ts`,
    d =>
      `index ${d.text(7, HEX)}..${d.text(7, HEX)} 100644\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -12,7 +12,9 @@`,
    d => `git fetch origin && git rev-parse HEAD\n${d.text(40, HEX)}\n${d.text(40, HEX)}\n${d.text(40, HEX)}`,
  ],
  hash: [
    d => `${d.text(64, HEX)}  ubuntu-24.04.iso`,
    d => `md5: ${d.text(32, HEX)}`,
    d => `sha256:${d.text(64, HEX)} linux/amd64`,
    d => `ETag: "${d.text(32, HEX)}"\nContent-Length: 1834`,
    d => `FROM node:24@sha256:${d.text(64, HEX)}`,
    d => `checksum = "${d.text(64, HEX)}"\nname = "serde"\nversion = "1.0.219"`,
    d => `golang.org/x/sys v0.33.0 h1:${d.base64(32)}`,
    d => `PASS: file.bin (blake3 ${d.text(64, HEX)})`,
  ],
  'lock file': [
    d =>
      `"node_modules/zod": {\n  "version": "${version(d)}",\n  "resolved": "https://registry.npmjs.org/zod/-/zod-4.0.0.tgz",\n  "integrity": "${integrity(d)}"\n}`,
    d => `  resolution: {integrity: ${integrity(d)}}\n  engines: {node: '>=18'}`,
    d =>
      `<script src="https://cdn.test/a.js" integrity="sha384-${d.base64(48)}" crossorigin="anonymous"></script>`,
    d => `    {file = "attrs-25.1.0-py3-none-any.whl", hash = "sha256:${d.text(64, HEX)}"},`,
  ],
  uuid: [
    d => `The request id was ${d.uuid()}.`,
    d => `{"id":"${d.uuid()}","parent":"${d.uuid()}","children":[]}`,
    d => `GET /v1/conversations/${d.uuid()}/messages 200 12ms`,
    d => `x-request-id: ${d.uuid()}\nx-trace-id: ${d.text(32, HEX)}`,
    d => `DELETE FROM jobs WHERE id = '${d.uuid()}';`,
    d => `message ${d.text(26, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')} is a ULID`,
  ],
  trace: [
    d => `traceparent: 00-${d.text(32, HEX)}-${d.text(16, HEX)}-01`,
    d => `span_id=${d.text(16, HEX)} trace_id=${d.text(32, HEX)} duration=12ms`,
    d => `cf-ray: ${d.text(16, HEX)}-FRA`,
    d => `x-amz-request-id: ${d.text(16, UPPER + DIGITS)}\nx-amz-id-2: ${d.base64(48)}`,
  ],
  'minified code': [
    d =>
      `!function(e,t){"object"==typeof exports?module.exports=t():e.${d.text(3, LOWER)}=t()}(this,function(){return function(e){var t={};function n(r){if(t[r])return t[r].exports;var o=t[r]={i:r,l:!1,exports:{}};return e[r].call(o.exports,o,o.exports,n),o.l=!0,o.exports}}([])});`,
    d =>
      `var a=e=>e.map(t=>t.key||t.id),b=new Map,c={token:null,key:0};for(let ${d.text(1, LOWER)}=0;;){if(a.length<${d.roll(99)})break}`,
    d =>
      `/******/ (() => { var __webpack_modules__ = ({ "./src/${d.text(6, LOWER)}.js": ((module) => { module.exports = {} }) }) })()\n//# sourceMappingURL=main.${d.text(8, HEX)}.js.map`,
    d =>
      `.css-${d.text(7, LOWER + DIGITS)}{display:flex;color:#${d.text(6, HEX)}}.css-${d.text(7, LOWER + DIGITS)}:hover{opacity:.9}`,
    d =>
      `<link rel="stylesheet" href="/assets/index-${d.text(8, URL64)}.css"><script type="module" src="/assets/index-${d.text(8, URL64)}.js"></script>`,
  ],
  'base64 of a picture': [
    d => `![logo](data:image/png;base64,iVBORw0KGgo${d.text(300, B64)}=)`,
    d => `background:url(data:font/woff2;base64,d09GMgABAAAA${d.text(240, B64)})`,
    d => `{"type":"image","data":"/9j/4AAQSkZJRgABAQ${d.text(400, B64)}","mime":"image/jpeg"}`,
    d => `const icon = "R0lGODlhAQABAIAAAAAAAP///yH5${d.text(80, B64)}"`,
  ],
  'base64 of plain text': [
    d =>
      `echo ${Buffer.from(`hello world, number ${d.roll(1e6)}, good morning`).toString('base64')} | base64 -d`,
    d => `{"cursor":"${Buffer.from(`{"offset":${d.roll(1e6)},"direction":"next"}`).toString('base64')}"}`,
    d =>
      `//# sourceMappingURL=data:application/json;base64,${Buffer.from(`{"version":3,"sources":["a.ts"],"mappings":"${d.text(30)}"}`).toString('base64')}`,
  ],
  'public key': [
    d => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${d.text(43, B64)} laptop`,
    d => `-----BEGIN PUBLIC KEY-----\n${d.base64(44)}\n-----END PUBLIC KEY-----`,
    d =>
      `-----BEGIN CERTIFICATE-----\n${d
        .base64(600)
        .match(/.{1,64}/g)
        ?.join('\n')}\n-----END CERTIFICATE-----`,
    d => `did:key:z6Mk${d.text(44, ALNUM.replace(/[0OIl]/g, ''))}`,
    d => `public_key = "${d.base64(32)}"`,
    d => `SHA256:${d.base64(32).replace('=', '')} laptop (ED25519)`,
    d => `recipient age1${d.text(58, 'qpzry9x8gf2tvdw0s3jn54khce6mua7l')}`,
    d => `[Peer]\nPublicKey = ${d.base64(32)}\nAllowedIPs = 10.0.0.0/24`,
    d => `NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY=pk_live_51${d.text(90)}`,
  ],
  'sample key': [
    () =>
      `aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`,
    () => `stripe.api_key = "sk_test_${'4eC39HqLyjWDarjtT1zdp7dc'}"`,
    () => `export OPENAI_API_KEY="sk-..."`,
    () => `OPENAI_API_KEY=your-api-key-here`,
    () => `ANTHROPIC_API_KEY=sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`,
    () => `GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`,
    () => `token: "<YOUR_TOKEN>"`,
    () => `password: \${{ secrets.DOCKER_PASSWORD }}`,
    () => `API_KEY = os.getenv("API_KEY")`,
    () => `apiKey: process.env.OPENAI_API_KEY,`,
    () => `Authorization: Bearer <token>`,
    () => `Authorization: Bearer YOUR_API_KEY`,
    () => `curl -H "Authorization: Bearer $TOKEN" https://api.test/v1/me`,
    () => `postgres://user:password@localhost:5432/db`,
    () => `mysql -u root -p$MYSQL_PASSWORD shop`,
    () => `docker login -u "$USER" -p "$PASS"`,
    () => `const token = jwt.sign(payload, secret, { expiresIn: '1h' })`,
    () => `password=changeme`,
    () => `AccountKey=<your-account-key>;EndpointSuffix=core.windows.net`,
    () => `Basic auth header: Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==`,
    () => `key: "sk-1234567890abcdefghijklmnopqrstuvwxyz"`,
    () =>
      `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.${'SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c'}`,
    () => `-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----`,
    () => `SECRET_KEY=\${SECRET_KEY:?must be set}`,
    () => `DB_PASSWORD={{ vault_db_password }}`,
    () => `token = "REDACTED"`,
    () => `password: ********`,
    () => `secret: [secret:assigned-secret#1]`,
  ],
  'code about secrets': [
    () => `function hashPassword(password: string): Promise<string> { return bcrypt.hash(password, 10) }`,
    () => `if (!token) throw new Error('token is missing')`,
    () => `const { token, refreshToken } = await login(email, password)`,
    () => `type Auth = { token: string; secret?: string; apiKey: string | null }`,
    () => `parser.add_argument("--password", help="password of the user", required=True)`,
    () => `password = input("Password: ")`,
    () => `self.token = token`,
    () => `<input type="password" name="password" placeholder="Password" autocomplete="current-password">`,
    () => `export PGPASSWORD=$(cat /run/secrets/pg)`,
    () => `password: Joi.string().min(8).required(),`,
    () => `secretKeyRef:\n  name: app-secrets\n  key: database-password`,
    () => `tokens: 1834, max_tokens: 4096, prompt_tokens: 220`,
    () =>
      `tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased"); tokenizer.pad_token = tokenizer.eos_token`,
    () => `const KEY_PREFIX = 'user:session:'`,
    () => `primary key (user_id, created_at), foreign key (org_id) references orgs(id)`,
    () => `{ token: 'keyword.control', foreground: '569cd6' }`,
    () => `for key, value in headers.items(): print(key, value)`,
    () => `map.get(key) ?? map.set(key, new Set()).get(key)`,
    () => `cache_key = f"report:{year}:{month}"`,
    () => `key={item.id} onClick={() => setKey(item.key)}`,
    () => `"token": { "type": "string", "description": "the token of the session" }`,
    () => `password must contain at least 8 characters, one digit and one of !@#$%`,
    () => `The secret to good bread is time: let it rest for 12h30 at least.`,
    () => `My password is not working, can you reset it?`,
    () => `What is a passphrase? It is a password made of several words.`,
    () => `auth: none, tls: 1.3, cipher: aes-256-gcm`,
    () => `kid: prod-2024-01, alg: RS256`,
    () => `secret_name = "prod/app/db"`,
    () => `ssh -i ~/.ssh/id_ed25519 deploy@10.0.0.4`,
    () => `the api key rotation is planned for Q3 2026`,
    () => `signature = hmac.new(key, body, hashlib.sha256).hexdigest()`,
    () => `credentials: 'same-origin', mode: 'cors', cache: 'no-store'`,
    () => `public static final String TOKEN_HEADER = "X-Auth-Token";`,
    () => `SELECT token_hash, expires_at FROM sessions WHERE token_hash = $1`,
    () => `next_page_token: "${b64u({ p: 2, s: 50, q: 'tea' })}"`,
    () => `https://news.test/article?utm_source=newsletter&utm_campaign=spring2026&ref=abc123`,
  ],
  colour: [d => `color: #${d.text(6, HEX)}; background: #${d.text(8, HEX)}; --accent: rgb(12 34 56)`],
  identifier: [
    d => `arXiv:2401.${d.text(5, DIGITS)}v2`,
    d => `doi:10.1145/${d.text(7, DIGITS)}.${d.text(7, DIGITS)}`,
    () => `ISBN 978-3-16-148410-0`,
    d => `ISBN-13: 978${d.text(10, DIGITS)}`,
    d => `EAN 400${d.text(10, DIGITS)}`,
    d => `order #${d.text(10, DIGITS)} was shipped with UPS 1Z${d.text(16, UPPER + DIGITS)}`,
    d => `invoice INV-2026-${d.text(6, DIGITS)} over 1,249.00 EUR`,
    d => `ticket PROJ-${d.text(4, DIGITS)}, build ${d.text(7, DIGITS)}, run ${d.text(11, DIGITS)}`,
    d => `https://www.youtube.com/watch?v=${d.text(11, URL64)}`,
    d => `https://docs.google.com/document/d/1${d.text(43, URL64)}/edit`,
    d => `https://github.com/acme/api/commit/${d.text(40, HEX)}`,
    d => `https://www.amazon.de/dp/B0${d.text(8, UPPER + DIGITS)}/ref=sr_1_3?keywords=tea`,
    d => `prod_${d.text(14)} and price_1${d.text(23)} in Stripe`,
    d => `toolu_01${d.text(22)}, msg_01${d.text(22)}, chatcmpl-${d.text(29)}`,
    d => `call_${d.text(24)} returned; run_${d.text(24)} waits for thread_${d.text(24)}`,
    d => `i-0${d.text(16, HEX)} in subnet-0${d.text(16, HEX)}, ami-0${d.text(16, HEX)}`,
    d => `QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG and bafy${d.text(55, `${LOWER}234567`)}`,
    d => `tx 0x${d.text(64, HEX)} in block 21${d.text(6, DIGITS)}`,
    d => `wallet 0x${d.text(40, HEX)}, bc1q${d.text(38, 'qpzry9x8gf2tvdw0s3jn54khce6mua7l')}`,
    d =>
      `CVE-2025-${d.text(5, DIGITS)}, CWE-79, GHSA-${d.text(4, LOWER + DIGITS)}-${d.text(4, LOWER + DIGITS)}-${d.text(4, LOWER + DIGITS)}`,
  ],
  number: [
    d => `1${d.text(12, DIGITS)} is a time in milliseconds`,
    d => `created_at: 17${d.text(8, DIGITS)}.${d.text(6, DIGITS)}`,
    d => `[0.${d.text(8, DIGITS)}, -0.${d.text(8, DIGITS)}, 0.${d.text(8, DIGITS)}]`,
    d => `population 8,${d.text(3, DIGITS)},${d.text(3, DIGITS)}; area 357,592 km²`,
    d => `| 12.5 | 13.25 | 1${d.text(4, DIGITS)} | ${d.text(6, DIGITS)} |`,
    d => `pi = 3.14159265358979, e = 2.71828182845905, n = ${d.text(9, DIGITS)}`,
    d => `took 12.345678 s, 1234567 rows, ${d.text(8, DIGITS)} bytes`,
    d => `2026-01-${d.text(1, '123')}${d.text(1, DIGITS)}T08:15:30.123456Z`,
    d => `page 123-125, lines 10-20, chapter 4.3.2.${d.roll(9)}`,
    d => `Chrome/131.0.6778.${d.roll(200)} Safari/537.36`,
    d => `version 10.4.2.${d.roll(9)} of the driver`,
    () => `sizes 1024 2048 4096 8192 16384 32768 65536`,
    () => `- 555 items, 12-34 days, 2:1 odds, 50/50`,
    () => `fibonacci: 1 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987`,
  ],
  address: [
    () => `listening on 127.0.0.1:8080, 0.0.0.0:80 and [::1]:443`,
    d => `10.0.${d.roll(255)}.${d.roll(255)}, 192.168.1.${d.roll(255)}, 172.16.0.${d.roll(255)}`,
    () => `example hosts: 192.0.2.10, 198.51.100.7, 203.0.113.9, 2001:db8::1`,
    () => `nameserver 1.1.1.1\nnameserver 8.8.8.8\nnameserver 2606:4700:4700::1111`,
    () => `fe80::1%eth0 and fd12:3456:789a::1 are local`,
    () => `link/ether 00:00:00:00:00:00 brd ff:ff:ff:ff:ff:ff`,
    d => `fingerprint ${d.text(40, HEX).match(/../g)?.join(':')}`,
    () => `std::vector<std::string> v; foo::bar::baz();`,
    () => `at 12:34:56 and 23:59:59, ratio 16:9:4`,
  ],
  place: [
    () => `/home/user/app/src, /home/runner/work, /Users/shared, C:\\Users\\Public\\Documents`,
    () => `open ~/Library/Application Support and /home/$USER/.config`,
    () => `git@github.com:acme/api.git and npm i @scope/package@1.2.3`,
    () => `user@example.com is a placeholder, noreply@github.com sends it`,
    () => `icon@2x.png, sprite@3x.webp`,
    () => `@media (min-width: 40rem) { a@b }`,
    () => `decorators: @Injectable() @Input() name; Array.at(-1)`,
    () => `latitude and longitude are in degrees`,
    () => `transform: translate(12.3456, 45.6789)`,
    () => `Main Street is a common name; 3 Ways to say it; 5 Steps to a Better Place`,
    () => `born in a small town, educated in Vienna`,
    () => `passport.js uses strategies; passport.authenticate('local')`,
    () => `license: Apache-2.0 OR MIT, SPDX-License-Identifier: BSD-3-Clause`,
    () => `phone: string; mobile?: boolean; call(fn, 1000, 20000)`,
    () => `call it 1000 times, text 12 lines, cell 4567890 of the grid`,
    () => `pin: 13, GPIO pin 17 on the board`,
  ],
}

const TIMES = 4

/** Each kind's makers, several times over; those that say the same twice are taken once. */
export function harmlessCases(): Harmless[] {
  const texts = new Map<string, string>()
  for (const [kind, makers] of Object.entries(KINDS))
    for (const [at, make] of makers.entries())
      for (let time = 0; time < TIMES; time++) {
        const text = make(makeDice(`harmless ${kind} ${at} ${time}`))
        if (!texts.has(text)) texts.set(text, kind)
      }
  return [...texts].map(([text, kind]) => ({ kind, text }))
}
