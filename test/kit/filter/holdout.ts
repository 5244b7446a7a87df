/** A second batch, written when the rules stood and before they were tried on it: other surroundings, other families. What the
 *  rules made of it at first sight stands in docs/filter.md. */
import type { Guilty, Harmless } from './corpus.ts'
import {
  ALNUM,
  B64,
  BASE32,
  b64u,
  DIGITS,
  type Dice,
  HEX,
  jwt,
  LOWER,
  makeDice,
  pem,
  UPPER,
  URL64,
  withCrc,
} from './dice.ts'

type Situation = (d: Dice) => { text: string; value: string; forms?: string[] }

const SECRETS: Readonly<Record<string, Situation>> = {
  'ansible vars': d => {
    const value = d.text(16, `${ALNUM}!%_`)
    return { text: `- hosts: db\n  vars:\n    ansible_become_pass: "${value}"\n    pg_version: 17`, value }
  },
  'application.properties': d => {
    const value = d.text(14)
    return {
      text: `spring.datasource.url=jdbc:postgresql://db/app\nspring.datasource.password=${value}\nserver.port=8081`,
      value,
    }
  },
  'appsettings.json': d => {
    const value = `${d.text(8)}@${d.text(4)}`
    return {
      text: `"ConnectionStrings": {\n  "Default": "Data Source=sql1;Database=crm;User Id=crm;Pwd=${value};"\n}`,
      value,
    }
  },
  'django settings': d => {
    const value = `django-insecure-${d.text(50, `${LOWER}${DIGITS}!@%^&*(-_=+)`.replace(/[(&=]/g, ''))}`
    return { text: `SECRET_KEY = '${value}'\nDEBUG = True`, value }
  },
  'rails master key': d => {
    const value = d.text(32, HEX)
    return { text: `RAILS_MASTER_KEY=${value} bin/rails server`, value }
  },
  'laravel key': d => {
    const value = d.base64(32)
    return { text: `APP_KEY=base64:${value}\nAPP_DEBUG=true`, value }
  },
  'terraform variables': d => {
    const value = d.text(18)
    return {
      text: `variable "db_master_password" {\n  default = "x"\n}\n\n# terraform.tfvars\ndb_master_password = "${value}"`,
      value,
    }
  },
  'docker compose': d => {
    const value = d.text(12, LOWER)
    return {
      text: `  postgres:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${value}1\n      POSTGRES_DB: app`,
      value,
    }
  },
  dockerfile: d => {
    const value = d.text(40, HEX)
    return { text: `FROM alpine\nENV SENTRY_AUTH_TOKEN ${value}\nRUN make`, value }
  },
  'github actions log': d => {
    const value = withCrc(`gh${'s'}_`, d)
    return {
      text: `2026-02-01T10:12:33.123Z ##[debug]Evaluating: token=${value}\n2026-02-01T10:12:33.200Z done`,
      value,
    }
  },
  fish: d => {
    const value = d.text(36)
    return { text: `set -gx MISTRAL_API_KEY ${value}`, value }
  },
  powershell: d => {
    const value = d.text(32)
    return { text: `$env:COHERE_API_KEY = "${value}"\npython chat.py`, value }
  },
  setx: d => {
    const value = d.text(40, HEX)
    return { text: `C:\\> setx WANDB_API_KEY "${value}"`, value }
  },
  'ps output': d => {
    const value = d.text(22)
    return {
      text: `root  4121  0.0  java -Dkeystore.password=${value} -jar app.jar --spring.profiles.active=prod`,
      value,
    }
  },
  'go struct': d => {
    const value = d.text(24)
    return { text: `cfg := Config{Host: "db1", Password: "${value}", Port: 5432}`, value }
  },
  'rust const': d => {
    const value = d.text(48, HEX)
    return { text: `const API_SECRET: &str = "${value}";`, value }
  },
  'java setter': d => {
    const value = d.text(20)
    return { text: `dataSource.setUsername("app");\ndataSource.setPassword("${value}");`, value }
  },
  'c# property': d => {
    const value = d.text(30)
    return { text: `builder.Configuration["Jwt:SigningKey"] = "${value}";`, value }
  },
  'php define': d => {
    const value = d.text(64, `${ALNUM}!@#%^*()-_[]{}<>~+=,.;:/?|`.replace(/['"\\<>(){}[\]|,;]/g, ''))
    return { text: `define('DB_PASSWORD', 'x');\ndefine('AUTH_KEY', '${value}');`, value }
  },
  'ruby hash': d => {
    const value = d.text(20)
    return { text: `Stripe.configure(access_token: "${value}", version: 3)`, value }
  },
  'kotlin build file': d => {
    const value = d.text(26)
    return {
      text: `signingConfigs { create("release") { storePassword = "${value}"; keyAlias = "main" } }`,
      value,
    }
  },
  'ssh config comment': d => {
    const value = `${d.pick(['Kaffee', 'Regen', 'Winter'])}${d.text(4, DIGITS)}!`
    return { text: `# login: root / password: ${value}\nHost box\n  HostName 10.1.1.4`, value }
  },
  'chat in english': d => {
    const value = `${d.pick(['Banana', 'Purple', 'Rocket'])}${d.text(3, DIGITS)}$`
    return {
      text: `hey, wifi at the office: network is "Acme-Guest" and the password is: ${value} (don't share)`,
      value,
    }
  },
  'chat in french': d => {
    const value = `${d.pick(['Soleil', 'Fromage'])}${d.text(4, DIGITS)}`
    return { text: `Le mot de passe du compte est ${value}, merci de le changer.`, value }
  },
  'chat in spanish': d => {
    const value = `${d.pick(['Verano', 'Gato'])}${d.text(4, DIGITS)}`
    return { text: `La contraseña es ${value}`, value }
  },
  'chat in russian': d => {
    const value = d.text(10)
    return { text: `Пароль: ${value} — никому не говори`, value }
  },
  'chat in chinese': d => {
    const value = d.text(10)
    return { text: `数据库密码是${value}，用户名是root`, value }
  },
  'login pair': d => {
    const value = d.text(11)
    return { text: `username: admin\npassword: ${value}\nurl: https://grafana.acme.test`, value }
  },
  'credentials in a table': d => {
    const value = d.text(16)
    return { text: `| system | user | password |\n|---|---|---|\n| ERP | k.meier | ${value} |`, value }
  },
  'markdown bold': d => {
    const value = d.text(32)
    return { text: `**API Key:** \`${value}\`\n**Region:** eu`, value }
  },
  'numbered list': d => {
    const value = d.text(24)
    return { text: `1. Open the console\n2. Paste this token: ${value}\n3. Press save`, value }
  },
  'env in json array': d => {
    const value = d.text(28)
    return {
      text: `"environment": [{"name": "LOG", "value": "info"}, {"name": "SMTP_PASSWORD", "value": "${value}"}]`,
      value,
    }
  },
  'k8s env': d => {
    const value = d.text(20)
    return { text: `        - name: REDIS_PASSWORD\n          value: "${value}"`, value }
  },
  'kubernetes string data': d => {
    const value = d.text(15)
    return {
      text: `kind: Secret\napiVersion: v1\nstringData:\n  webhook: ${value}\n---\nkind: Service`,
      value,
    }
  },
  'kubectl literal': d => {
    const value = d.text(15)
    return { text: `kubectl create secret generic db --from-literal=conn=${value}`, value }
  },
  'helm set': d => {
    const value = d.text(17)
    return { text: `helm upgrade app ./chart --set auth.adminPassword=${value} --wait`, value }
  },
  'vault kv': d => {
    const value = d.text(21)
    return { text: `vault kv put kv/app api_key=${value}`, value }
  },
  'gh secret': d => {
    const value = d.text(30)
    return { text: `gh secret set DEPLOY --body "${value}" --repo acme/api`, value }
  },
  'heroku config': d => {
    const value = d.text(25)
    return { text: `heroku config:set MAIL_SECRET=${value} -a acme`, value }
  },
  'openssl pass': d => {
    const value = d.text(13)
    return { text: `openssl pkcs12 -export -in c.pem -out c.p12 -passout pass:${value}`, value }
  },
  'mysql long': d => {
    const value = d.text(13)
    return { text: `mysql --host=db1 --user=root --password=${value} -e 'show tables'`, value }
  },
  'mongo uri in code': d => {
    const value = d.text(13, `${ALNUM}%`)
    return { text: `mongoose.connect("mongodb://admin:${value}@10.2.0.7:27017/app?authSource=admin")`, value }
  },
  'ftp url': d => {
    const value = d.text(9)
    return { text: `wget ftp://backup:${value}@files.acme.test/dump.tgz`, value }
  },
  'proxy env': d => {
    const value = d.text(12)
    return {
      text: `HTTPS_PROXY=http://corp\\k.meier:${value}@proxy.acme.test:3128`.replace('corp\\', ''),
      value,
    }
  },
  'pip index': d => {
    const value = d.text(24)
    return {
      text: `pip install --extra-index-url https://__token__:${value}@pypi.acme.test/simple acme`,
      value,
    }
  },
  'bearer in postman': d => {
    const value = d.text(44, URL64)
    return {
      text: `"auth": {"type": "bearer", "bearer": [{"key": "token", "value": "${value}", "type": "string"}]}`,
      value,
    }
  },
  'raw http': d => {
    const value = jwt(d)
    return {
      text: `> GET /v2/me HTTP/2\n> host: api.acme.test\n> authorization: Bearer ${value}\n> accept: */*`,
      value,
    }
  },
  'fetch with cookie': d => {
    const value = `s%3A${d.text(32, URL64)}.${d.text(43)}`
    return {
      text: `fetch("https://acme.test/api", { "headers": { "cookie": "connect.sid=${value}; lang=de" } })`,
      value,
    }
  },
  'devtools cookie': d => {
    const value = d.text(60, URL64)
    return { text: `document.cookie\n'_ga=GA1.1.1; __Secure-next-auth.session-token=${value}'`, value }
  },
  'magic link': d => {
    const value = d.text(48, URL64)
    return { text: `Reset your password: https://app.acme.test/reset?token=${value}`, value }
  },
  'presigned url': d => {
    const value = d.text(64, HEX)
    return {
      text: `https://b.s3.amazonaws.com/k?X-Amz-Credential=AK${'IA'}${d.text(16, BASE32)}%2F20260101&X-Amz-Signature=${value}`,
      value,
    }
  },
  'discord webhook': d => {
    const value = d.text(68, URL64)
    return { text: `WEBHOOK=https://discord.com/api/webhooks/1${d.text(18, DIGITS)}/${value}`, value }
  },
  'slack hook in yaml': d => {
    const value = d.text(24)
    return {
      text: `slack_configs:\n- api_url: 'https://hooks.slack.com/services/T0${d.text(9, UPPER + DIGITS)}/B0${d.text(9, UPPER + DIGITS)}/${value}'`,
      value,
    }
  },
  'escaped json log': d => {
    const value = d.text(22)
    return {
      text: `{"msg":"req body {\\"client_id\\":\\"web\\",\\"client_secret\\":\\"${value}\\"}"}`,
      value,
    }
  },
  'twice escaped': d => {
    const value = d.text(22)
    return { text: JSON.stringify(JSON.stringify(JSON.stringify({ refresh_token: value }))), value }
  },
  'url encoded body': d => {
    const value = `${d.text(9)}!`
    return {
      text: `POST /login\n\nuser%5Bemail%5D=x&user%5Bpassword%5D=${encodeURIComponent(value)}&commit=Log+in`,
      value: value.slice(0, 9),
    }
  },
  'base64 docker config': d => {
    const inner = d.text(20)
    const value = Buffer.from(`ci:${inner}`).toString('base64')
    return { text: `{"auths":{"ghcr.io":{"auth":"${value}"}}}`, value }
  },
  'base64 shell': d => {
    const value = `sk-ant-api03-${d.text(93, URL64)}AA`
    const form = Buffer.from(`#!/bin/sh\nexport ANTHROPIC_API_KEY=${value}\nexec claude\n`).toString('base64')
    return { text: `echo ${form} | base64 -d | sh`, value, forms: [form] }
  },
  'base64 over lines': d => {
    const value = pem('RSA PRIVATE KEY', 300, d)
    const form =
      Buffer.from(value)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    return {
      text: `tls.key: |\n  ${form.join('\n  ')}\n`,
      value: value.slice(40, 200),
      forms: [form[2] ?? ''],
    }
  },
  'powershell encoded': d => {
    const value = withCrc('npm_', d)
    const form = Buffer.from(`$env:NPM_TOKEN='${value}'; npm publish`, 'utf16le').toString('base64')
    return { text: `powershell -EncodedCommand ${form}`, value, forms: [form] }
  },
  'wrapped jwt': d => {
    const value = jwt(d)
    const lines = value.match(/.{1,100}/g) ?? []
    return {
      text: `token:\n    ${lines.join('\n    ')}\n\nexpires in 1h`,
      value: lines[1] ?? '',
      forms: lines.slice(2),
    }
  },
  'wrapped in a box': d => {
    const value = `sk-proj-${d.text(74, URL64)}T3BlbkFJ${d.text(74, URL64)}`
    const lines = value.match(/.{1,60}/g) ?? []
    return {
      text: lines.map(line => `│ ${line.padEnd(60)} │`).join('\n'),
      value: lines[0] ?? '',
      forms: lines.slice(1),
    }
  },
  'shell continuation': d => {
    const value = `glpat-${d.text(20, URL64)}`
    return {
      text: `git clone https://oauth2:${value.slice(0, 14)}\\\n${value.slice(14)}@gitlab.acme.test/a.git`,
      value: value.slice(0, 14),
    }
  },
  'gcp key file': d => {
    const value = pem('PRIVATE KEY', 1200, d, '\\n')
    return {
      text: `{\n  "type": "service_account",\n  "private_key_id": "${d.text(40, HEX)}",\n  "private_key": "${value}\\n",\n  "client_id": "1${d.text(20, DIGITS)}"\n}`,
      value: value.slice(60, 500),
    }
  },
  'encrypted pem': d => {
    const body =
      d
        .base64(320)
        .match(/.{1,64}/g)
        ?.join('\n') ?? ''
    return {
      text: `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${d.text(32, HEX).toUpperCase()}\n\n${body}\n-----END RSA PRIVATE KEY-----`,
      value: body.slice(0, 200),
    }
  },
  'quoted reply': d => {
    const body =
      d
        .base64(280)
        .match(/.{1,70}/g)
        ?.map(line => `> ${line}`)
        .join('\n') ?? ''
    return {
      text: `> -----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n> -----END OPENSSH PRIVATE KEY-----`,
      value: body.slice(2, 60),
    }
  },
  'bip39 numbered': d => {
    const words =
      'abandon ability river velvet copper maple orbit tunnel zebra gadget lemon sponsor pencil walnut'.split(
        ' ',
      )
    const value = Array.from({ length: 12 }, () => d.pick(words))
    return {
      text: `Recovery phrase:\n${value.map((word, at) => `${at + 1}. ${word}`).join(' ')}`,
      value: value.map((word, at) => `${at + 1}. ${word}`).join(' '),
    }
  },
  'totp setup': d => {
    const value = d.text(32, BASE32)
    return { text: `Can't scan? Enter this secret key: ${value}`, value }
  },
  'one time code': d => {
    const value = d.text(6, DIGITS)
    return { text: `Your verification code is ${value}. Do not share it with anyone.`, value }
  },
  'hex key': d => {
    const value = d.text(64, HEX)
    return { text: `const PRIVATE_KEY = "0x${value}"; // hardhat account`, value }
  },
  'htpasswd file': d => {
    const value = `$apr1$${d.text(8)}$${d.text(22, `${ALNUM}./`)}`
    return { text: `k.meier:${value}`, value }
  },
  'snowflake python': d => {
    const value = `${d.text(10)}#1`
    return {
      text: `snowflake.connector.connect(user='ETL', password='${value}', account='ab12345.eu-central-1')`,
      value,
    }
  },
  'twilio pair': d => {
    const value = d.text(32, HEX)
    return { text: `account_sid = "AC${d.text(32, HEX)}"\nauth_token = "${value}"`, value }
  },
  'cloudflare global key': d => {
    const value = d.text(37, HEX)
    return {
      text: `curl https://api.cloudflare.com/client/v4/zones -H "X-Auth-Email: ops@acme.test" -H "X-Auth-Key: ${value}"`,
      value,
    }
  },
  'algolia admin': d => {
    const value = d.text(32, HEX)
    return { text: `algoliasearch('ABCD123456', { adminApiKey: '${value}' })`, value }
  },
  'okta header': d => {
    const value = `00${d.text(40, URL64)}`
    return { text: `-H "Authorization: SSWS ${value}"`, value }
  },
}

const LOOK_ALIKES: Readonly<Record<string, readonly ((d: Dice) => string)[]>> = {
  hashes: [
    d => `Downloading model.safetensors: sha256 ${d.text(64, HEX)} verified`,
    d => `Image ID: ${d.text(12, HEX)}  Created: 3 days ago`,
    d => `Layer ${d.text(12, HEX)}: Pull complete`,
    d => `Digest: sha256:${d.text(64, HEX)}\nStatus: Downloaded newer image`,
    d => `"_resolved": "file:x.tgz", "_shasum": "${d.text(40, HEX)}"`,
    d => `--hash=sha256:${d.text(64, HEX)} \\\n    --hash=sha256:${d.text(64, HEX)}`,
    d => `cargoHash = "sha256-${d.base64(32)}";`,
    d => `nix-prefetch: /nix/store/${d.text(32, LOWER + DIGITS)}-hello-2.12`,
    d => `git stash list\nstash@{0}: WIP on main: ${d.text(7, HEX)} Add tests`,
    d => `Subproject commit ${d.text(40, HEX)}`,
    d => `blob ${d.text(40, HEX)} 1834 package.json`,
    d => `Signed-off tree ${d.text(64, HEX)}`,
  ],
  ids: [
    d => `"conversation_id": "${d.uuid()}", "current_node": "${d.uuid()}"`,
    d => `pod/api-${d.text(10, LOWER + DIGITS)}-${d.text(5, LOWER + DIGITS)} Running`,
    d => `session ${d.uuid()} resumed; 12 messages`,
    d => `run https://github.com/acme/api/actions/runs/${d.text(11, DIGITS)}/job/${d.text(11, DIGITS)}`,
    d => `https://linear.app/acme/issue/ENG-${d.text(4, DIGITS)}/fix-login-${d.text(4, DIGITS)}`,
    d => `https://notion.so/Plan-${d.text(32, HEX)}`,
    d => `https://www.figma.com/file/${d.text(22)}/Design?node-id=12-345`,
    d => `spotify:track:${d.text(22)}`,
    d => `https://open.spotify.com/playlist/${d.text(22)}?si=${d.text(16, HEX)}`,
    d => `https://youtu.be/${d.text(11, URL64)}?t=42`,
    d => `tweet 18${d.text(17, DIGITS)}`,
    d => `<@${d.text(18, DIGITS)}> said in <#${d.text(19, DIGITS)}>`,
    d => `arn:aws:s3:::acme-logs/2026/01/file-${d.text(8, HEX)}.gz`,
    d => `vpc-0${d.text(16, HEX)} sg-0${d.text(16, HEX)} eni-0${d.text(16, HEX)}`,
    d => `gs://acme/${d.uuid()}/part-00000-${d.text(20, HEX)}.parquet`,
    d => `cursor: ${b64u(`{"after":${d.roll(100_000)},"limit":50}`)}`,
    d => `ObjectId("${d.text(24, HEX)}")`,
    d => `nanoid ${d.text(21, URL64)}; cuid c${d.text(24, LOWER + DIGITS)}`,
    d => `step 12345/99999 loss=2.${d.text(6, DIGITS)} lr=0.000${d.text(3, DIGITS)} tok/s=48213`,
    d => `sku: AB-${d.text(6, DIGITS)}-XL, gtin 0${d.text(12, DIGITS)}`,
    d => `DHL parcel JJD0${d.text(18, DIGITS)}`,
    d => `flight LH${d.text(4, DIGITS)}, booking reference ${d.text(6, UPPER)}`,
  ],
  builds: [
    d => `chunk-${d.text(8, UPPER + DIGITS)}.js  142.11 kB │ gzip: 45.02 kB`,
    d => `dist/assets/vendor-${d.text(8, URL64)}.js`,
    d => `_app-${d.text(16, HEX)}.js, webpack-${d.text(16, HEX)}.js`,
    d => `const r=n(${d.roll(9999)}),o=n.n(r);t.a=function(e){return e.key?o()(e.key):null}`,
    d => `__turbopack_context__.s(["default",()=>${d.text(2, LOWER)}]),e.i(${d.text(5, DIGITS)})`,
    d => `.sc-${d.text(6)}{margin:0}.${d.text(6, LOWER)}:after{content:"\\${d.text(4, HEX)}"}`,
    d => `--radix-${d.text(5, LOWER)}: 0px; color-mix(in srgb, #${d.text(6, HEX)} 20%, transparent)`,
    d =>
      `<path d="M12 2L2 7l10 5 10-5-10-5z M${d.text(2, DIGITS)}.${d.text(3, DIGITS)} 4.5c-1.1 0-2 .9-2 2" fill="#${d.text(6, HEX)}"/>`,
    d => `wasm: AGFzbQEAAAAB${d.text(200, B64)}`,
    d => `pdf: JVBERi0xLjcK${d.text(200, B64)}`,
    d => `gzip: H4sIAAAAAAAA${d.text(160, B64)}`,
    d => `font: AAEAAAANAIAAAwBQ${d.text(120, B64)}`,
    d => `protobuf ${d.base64(60)}`,
    d => `${d.text(64, `${HEX} `)}  |hexdump|`,
  ],
  'code and docs': [
    () => `Set the PASSWORD environment variable before running.`,
    () => `const passwordField = screen.getByLabelText('Password')`,
    () => `await page.fill('#password', process.env.TEST_PASSWORD!)`,
    () => `throw new UnauthorizedError('invalid token: expected 3 parts, got 2')`,
    () => `token_type=bearer&expires_in=3600`,
    () => `"grant_type": "client_credentials", "scope": "read:items"`,
    () => `openssl rand -base64 32 > secret.key`,
    () => `ssh-keygen -t ed25519 -C "laptop" -f ~/.ssh/id_ed25519`,
    () => `password_hash = generate_password_hash(form.password.data)`,
    () => `ALTER TABLE users ADD COLUMN password_digest varchar(255) NOT NULL;`,
    () => `vault read secret/data/app -format=json | jq -r .data.data.password`,
    () => `export AWS_PROFILE=prod AWS_REGION=eu-west-1`,
    () => `- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password`,
    () => `env:\n  TOKEN: \${{ secrets.GITHUB_TOKEN }}\n  KEY: \${{ secrets.DEPLOY_KEY }}`,
    () => `apiKey: import.meta.env.VITE_API_KEY`,
    () => `password = keyring.get_password("system", "user")`,
    () => `String secret = System.getenv("APP_SECRET");`,
    () => `var token = await _tokenService.GetTokenAsync(cancellationToken);`,
    () => `token = lexer.next_token(); if token.kind == TokenKind::Ident { }`,
    () => `tokens = tokenizer.encode("hello world"); print(len(tokens))`,
    () => `The key insight is that 80% of the tokens repeat.`,
    () => `press the key F5, then Ctrl+Shift+P`,
    () => `keys: ArrowUp, ArrowDown, Enter; keyCode: 13`,
    () => `{"key": "theme", "value": "dark-plus-v2"}`,
    () => `redis> SET user:1001:name "tea" EX 3600`,
    () => `S3 key: exports/2026/02/report-final-v3.csv`,
    () => `partitionKey: "customer#12345", sortKey: "order#2026-01-02"`,
    () => `author: anonymous, authority: acme, authenticated: false`,
    () => `pass --verbose to see more; tests pass: 212, fail: 0`,
    () => `compass: N45E; bypass=true; monkey: 12 bananas`,
    () => `The secret ingredient is 200g of butter and 3 eggs.`,
    () => `my password manager is Bitwarden and my editor is Helix`,
    () => `Forgot password? Click here: https://acme.test/forgot`,
    () => `the passphrase is asked for by ssh-add`,
    () => `set password policy: minlength=12 complexity=on`,
    () => `signature: (a: number, b: number) => string`,
    () => `auth: Bearer <JWT>, X-API-Key: <key>`,
    () => `"secret": {"type": "string", "minLength": 32}`,
    () => `client_secret: !ENV CLIENT_SECRET`,
    () => `access_token: str = Field(..., description="The access token")`,
    () => `credential helper: osxkeychain; credential.helper=store`,
    () => `DB_PASSWORD_FILE=/run/secrets/db_password`,
    () => `PASSWORD_MIN_LENGTH=12, TOKEN_TTL=3600, KEY_ROTATION_DAYS=90`,
    () => `MAX_TOKENS=128000\nTOKEN_LIMIT=8192\nKEYSPACE=app_prod`,
    () => `SSH_AUTH_SOCK=/tmp/ssh-XXXXXX/agent.1234`,
    () => `GPG key ID is public, and the fingerprint as well`,
    () =>
      `sshd[812]: Accepted publickey for deploy from 10.0.0.4 port 51234 ssh2: ED25519 SHA256:abcdefghijk`,
    () =>
      `AuthorizedKeysFile .ssh/authorized_keys\nPasswordAuthentication no\nPermitRootLogin prohibit-password`,
    () => `https://user:pass@host:port/path is the general form`,
    () => `redis://localhost:6379/0, amqp://guest:guest@localhost:5672`,
  ],
  'numbers and places': [
    d => `ttl=64 time=12.${d.text(3, DIGITS)} ms, icmp_seq=${d.roll(999)}`,
    () => `iPhone 15 Pro Max 256GB, 6.7", 1290x2796, 460ppi`,
    () =>
      `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36`,
    () => `nginx 1.27.3, openssl 3.0.15, glibc 2.39, kernel 6.8.0-49-generic`,
    () => `Windows build 10.0.26100.2314`,
    () => `torch==2.5.1+cu124 numpy==2.1.3`,
    () => `from 2024-01-15 to 2025-12-31, weeks 12-34, Q1/Q2`,
    () => `x = 123456789; y = 987654321; z = 555123456`,
    d => `EUR 1.234.567,89 on account of ${d.roll(99)} invoices`,
    () => `§ 823 Abs. 1 BGB, Art. 6 DSGVO, 18 U.S.C. § 1030`,
    () => `Room 101, 2nd floor, 10 minutes from the station`,
    () => `call me maybe; phone home; text adventure`,
    () => `mac: use brew; windows: use winget`,
    () => `10:20:30, 1:2:3:4, ::ffff, a:b:c`,
    () => `lat/lon order differs between GeoJSON and KML`,
    () => `birthday paradox: with 23 people it is 50.7%`,
    () => `driver license checks: MIT, BSD-2-Clause, MPL-2.0`,
    () => `vin in a for loop; vintage 1984; chassis fans at 1200 rpm`,
    () => `user_id: 42, account_id: 7, org_id: null`,
    () => `/usr/home is a link; /home is mounted from nfs; C:\\Program Files`,
    () => `root@localhost, admin@localhost, postgres@%`,
    () => `import { x } from '@acme/ui@2.0.0'; a @ b; 3 @ 5 EUR`,
  ],
}

export const holdoutSecrets = (): Guilty[] =>
  Object.entries(SECRETS).map(([family, make]) => ({ family, ...make(makeDice(`holdout ${family}`)) }))

export const holdoutHarmless = (): Harmless[] =>
  Object.entries(LOOK_ALIKES).flatMap(([kind, makers]) =>
    makers.map((make, at) => ({ kind, text: make(makeDice(`holdout ${kind} ${at}`)) })),
  )
