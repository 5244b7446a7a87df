/** True secrets of many families, drawn anew, each where such things stand in conversations. */

import type { Guilty } from './corpus.ts'
import {
  ALNUM,
  B64,
  BASE32,
  BECH32,
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

/** Where a token stands. */
const PLACES: readonly ((value: string, dice: Dice) => string)[] = [
  value => `I get a 401 when I use ${value} against staging, any idea why?`,
  value => `\`\`\`sh\nexport API_TOKEN="${value}"\n./deploy.sh --region eu-west-1\n\`\`\``,
  value => `{"level":"debug","msg":"request","headers":{"x-api-key":"${value}","accept":"*/*"}}`,
  value => `const client = new Client({ key: '${value}', retries: 3 })`,
  value => `curl -s https://api.internal.test/v1/items -H 'Authorization: Bearer ${value}' | jq .`,
  value => `services:\n  api:\n    environment:\n      - TOKEN=${value}\n      - LOG_LEVEL=info`,
  value =>
    `Traceback (most recent call last):\n  File "main.py", line 12\nAuthError: key ${value} was rejected`,
  value => `| name | value |\n|---|---|\n| token | ${value} |`,
  value => `here you go:\n\n${value}\n\nplease rotate it afterwards`,
  value => `requests.get(url, params={"access_token": "${value}"})`,
  value => `docker run -e KEY=${value} -p 8080:8080 app:latest`,
  value => `the old one (${value}) has expired`,
]

const TOKENS: Readonly<Record<string, (dice: Dice) => string>> = {
  'github classic': d => withCrc(`gh${'p'}_`, d),
  'github oauth': d => withCrc(`gh${'o'}_`, d),
  'github server': d => withCrc(`gh${'s'}_`, d),
  'github fine-grained': d => `github_pat_${d.text(22)}_${d.text(59)}`,
  'gitlab personal': d => `glpat-${d.text(20, URL64)}`,
  'gitlab runner': d => `glrt-${d.text(20, URL64)}`,
  'gitlab routable': d => `glpat-${d.text(27, URL64)}.01.${d.text(9, LOWER + DIGITS)}`,
  'bitbucket app password': d => `ATBB${d.text(32)}`,
  atlassian: d => `ATATT3xFfGF0${d.text(170, URL64)}=${d.text(8, HEX.toUpperCase())}`,
  npm: d => withCrc('npm_', d),
  pypi: d => `pypi-AgEIcHlwaS5vcmc${d.text(120, URL64)}`,
  crates: d => `cio${d.text(32)}`,
  rubygems: d => `rubygems_${d.text(48, HEX)}`,
  nuget: d => `oy2${d.text(43, LOWER + DIGITS)}`,
  docker: d => `dckr_pat_${d.text(27, URL64)}`,
  artifactory: d => `AKCp${d.text(69)}`,
  sourcegraph: d => `sgp_${d.text(40, HEX)}`,
  circleci: d => `CCIPAT_${d.text(22)}_${d.text(40, HEX)}`,
  buildkite: d => `bkua_${d.text(40, LOWER + DIGITS)}`,
  sonarqube: d => `squ_${d.text(40, HEX)}`,
  'terraform cloud': d => `${d.text(14)}.atlasv1.${d.text(67, URL64)}`,
  pulumi: d => `pul-${d.text(40, HEX)}`,
  vault: d => `hvs.${d.text(90, URL64)}`,
  doppler: d => `dp.pt.${d.text(43)}`,
  '1password service account': d => `ops_${b64u({ signInAddress: 'my.1password.com', secret: d.text(60) })}`,
  '1password secret key': d =>
    `A3-${d.text(6, BASE32)}-${d.text(11, BASE32)}-${d.text(5, BASE32)}-${d.text(5, BASE32)}-${d.text(5, BASE32)}`,
  'aws key id': d => `AK${'IA'}${d.text(16, BASE32)}`,
  'aws temporary key id': d => `AS${'IA'}${d.text(16, BASE32)}`,
  'aws session token': d => `IQoJb3JpZ2luX2VjE${d.text(400, B64)}==`,
  'aws bedrock': d => `ABSK${d.text(128, B64)}`,
  'google api': d => `AI${'za'}Sy${d.text(33, URL64)}`,
  'google oauth access': d => `ya29.a0${d.text(160, URL64)}`,
  'google oauth client': d => `GOCSPX-${d.text(28, URL64)}`,
  'google refresh': d => `1//0${d.text(60, URL64)}`,
  'azure client secret': d => `${d.text(3)}8Q~${d.text(34)}`,
  'azure devops': d => `${d.text(76)}AZDO${d.text(4)}`,
  'azure ai': d => `${d.text(52)}JQQJ99${d.text(26)}`,
  alibaba: d => `LTAI5t${d.text(18)}`,
  yandex: d => `AQVN${d.text(36, URL64)}`,
  digitalocean: d => `dop_v1_${d.text(64, HEX)}`,
  'digitalocean spaces': d => `DO00${d.text(16, UPPER + DIGITS)}`,
  scaleway: d => `SCW${d.text(17, UPPER + DIGITS)}`,
  'cloudflare origin ca': d => `v1.0-${d.text(24, HEX)}-${d.text(146, HEX)}`,
  'cloudflare tunnel': d => b64u({ a: d.text(32, HEX), t: d.uuid(), s: d.base64(32) }),
  fly: d => `fm2_${d.text(200, B64)}`,
  vercel: d => `vcp_${d.text(50)}`,
  netlify: d => `nfp_${d.text(36)}`,
  heroku: d => `HRKU-AA${d.text(58, URL64)}`,
  render: d => `rnd_${d.text(28)}`,
  supabase: d => `sbp_${d.text(40, HEX)}`,
  planetscale: d => `pscale_tkn_${d.text(43, URL64)}`,
  neon: d => `napi_${d.text(64, LOWER + DIGITS)}`,
  databricks: d => `dapi${d.text(32, HEX)}`,
  openshift: d => `sha256~${d.text(43, URL64)}`,
  'openai project': d => `sk-proj-${d.text(74, URL64)}T3BlbkFJ${d.text(74, URL64)}`,
  'openai legacy': d => `sk-${d.text(20)}T3BlbkFJ${d.text(20)}`,
  'openai service account': d => `sk-svcacct-${d.text(58, URL64)}T3BlbkFJ${d.text(58, URL64)}`,
  anthropic: d => `sk-ant-api03-${d.text(93, URL64)}AA`,
  'anthropic admin': d => `sk-ant-admin01-${d.text(93, URL64)}AA`,
  openrouter: d => `sk-or-v1-${d.text(64, HEX)}`,
  deepseek: d => `sk-${d.text(32, HEX)}`,
  xai: d => `xai-${d.text(80)}`,
  groq: d => `gsk_${d.text(52)}`,
  perplexity: d => `pplx-${d.text(48)}`,
  huggingface: d => `hf_${d.text(34)}`,
  replicate: d => `r8_${d.text(37)}`,
  together: d => `tgp_v1_${d.text(43, URL64)}`,
  fireworks: d => `fw_${d.text(24)}`,
  cerebras: d => `csk-${d.text(48, LOWER + DIGITS)}`,
  nvidia: d => `nvapi-${d.text(64, URL64)}`,
  elevenlabs: d => `sk_${d.text(48, HEX)}`,
  langsmith: d => `lsv2_pt_${d.text(32, HEX)}_${d.text(10, HEX)}`,
  langfuse: d => `sk-lf-${d.uuid()}`,
  pinecone: d => `pcsk_${d.text(6)}_${d.text(60)}`,
  jina: d => `jina_${d.text(60)}`,
  tavily: d => `tvly-${d.text(32)}`,
  firecrawl: d => `fc-${d.text(32, HEX)}`,
  deepl: d => `${d.uuid()}:fx`,
  'slack bot': d => `xoxb-${d.text(12, DIGITS)}-${d.text(13, DIGITS)}-${d.text(24)}`,
  'slack user': d =>
    `xoxp-${d.text(12, DIGITS)}-${d.text(12, DIGITS)}-${d.text(12, DIGITS)}-${d.text(32, HEX)}`,
  'slack app': d => `xapp-1-A${d.text(10, UPPER + DIGITS)}-${d.text(13, DIGITS)}-${d.text(64, HEX)}`,
  'slack webhook': d =>
    `https://hooks.slack.com/services/T${d.text(10, UPPER + DIGITS)}/B${d.text(10, UPPER + DIGITS)}/${d.text(24)}`,
  'discord bot': d => `${b64u(`1${d.text(17, DIGITS)}`)}.${d.text(6, URL64)}.${d.text(38, URL64)}`,
  telegram: d => `${d.text(10, '123456789')}:AA${d.text(33, URL64)}`,
  twilio: d => `SK${d.text(32, HEX)}`,
  sendgrid: d => `SG.${d.text(22, URL64)}.${d.text(43, URL64)}`,
  mailgun: d => `key-${d.text(32, HEX)}`,
  mailchimp: d => `${d.text(32, HEX)}-us21`,
  brevo: d => `xkeysib-${d.text(64, HEX)}-${d.text(16)}`,
  resend: d => `re_${d.text(8)}_${d.text(24)}`,
  'stripe live': d => `sk_${'live'}_51${d.text(98)}`,
  'stripe restricted': d => `rk_${'live'}_51${d.text(98)}`,
  'stripe webhook': d => `whsec_${d.text(32)}`,
  square: d => `sq0csp-${d.text(43, URL64)}`,
  braintree: d => `access_token$production$${d.text(16, LOWER + DIGITS)}$${d.text(32, HEX)}`,
  razorpay: d => `rzp_${'live'}_${d.text(14)}`,
  plaid: d => `access-production-${d.uuid()}`,
  shopify: d => `shpat_${d.text(32, HEX)}`,
  hubspot: d => `pat-eu1-${d.uuid()}`,
  facebook: d => `EAAG${d.text(160)}`,
  'new relic': d => `NRAK-${d.text(27, UPPER + DIGITS)}`,
  sentry: d => `sntryu_${d.text(64, HEX)}`,
  grafana: d => `glsa_${d.text(32)}_${d.text(8, HEX)}`,
  dynatrace: d => `dt0c01.${d.text(24, BASE32)}.${d.text(64, BASE32)}`,
  launchdarkly: d => `sdk-${d.uuid()}`,
  postman: d => `PMAK-${d.text(24, HEX)}-${d.text(34, HEX)}`,
  notion: d => `ntn_${d.text(11, DIGITS)}${d.text(35)}`,
  linear: d => `lin_api_${d.text(40)}`,
  figma: d => `figd_${d.text(40, URL64)}`,
  airtable: d => `pat${d.text(14)}.${d.text(64, HEX)}`,
  dropbox: d => `sl.u.${d.text(180, URL64)}`,
  mapbox: d => `sk.${b64u({ u: 'someone', a: d.text(20) })}.${d.text(22, URL64)}`,
  tailscale: d => `tskey-auth-${d.text(16)}-${d.text(32)}`,
  contentful: d => `CFPAT-${d.text(43, URL64)}`,
  rapidapi: d => `${d.text(10, HEX)}msh${d.text(15, HEX)}p1${d.text(6, HEX)}jsn${d.text(12, HEX)}`,
  clickup: d => `pk_${d.text(8, DIGITS)}_${d.text(32, UPPER + DIGITS)}`,
  age: d => `AGE-SECRET-KEY-1${d.text(58, BECH32).toUpperCase()}`,
  nostr: d => `nsec1${d.text(58, BECH32)}`,
  jwt: d => jwt(d),
}

const password = (d: Dice): string =>
  `${d.pick(['Tiger', 'Maple', 'Quiet', 'Storm', 'Velvet'])}${d.text(3, '!#%+?')}${d.text(4, DIGITS)}`

/** What only its surroundings give away. */
const SITUATIONS: Readonly<Record<string, (d: Dice) => { text: string; value: string; forms?: string[] }>> = {
  'openssh key': d => {
    const value = pem('OPENSSH PRIVATE KEY', 280, d)
    return { text: `cat ~/.ssh/id_ed25519\n${value}\n`, value: value.slice(40, 200) }
  },
  'short ec key': d => {
    const value = pem('PRIVATE KEY', 48, d)
    return { text: `$ openssl genpkey -algorithm ed25519\n${value}\n`, value: value.slice(28, 80) }
  },
  'rsa key in json': d => {
    const value = pem('RSA PRIVATE KEY', 1200, d, '\\n')
    return {
      text: `{"type":"service_account","private_key":"${value}\\n","client_email":null}`,
      value: value.slice(40, 400),
    }
  },
  'pgp key': d => {
    const body =
      d
        .base64(600)
        .match(/.{1,64}/g)
        ?.join('\n') ?? ''
    return {
      text: `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${body}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----`,
      value: body.slice(0, 300),
    }
  },
  putty: d => {
    const value =
      d
        .base64(96)
        .match(/.{1,64}/g)
        ?.join('\n') ?? ''
    return {
      text: `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 2\n${value}\nPrivate-MAC: ${d.text(64, HEX)}`,
      value,
    }
  },
  wireguard: d => {
    const value = d.base64(32)
    return { text: `[Interface]\nAddress = 10.0.0.2/32\nPrivateKey = ${value}\nDNS = 10.0.0.1`, value }
  },
  jwk: d => {
    const value = d.text(43, URL64)
    return {
      text: `{"kty":"EC","crv":"P-256","x":"${d.text(43, URL64)}","y":"${d.text(43, URL64)}","d":"${value}"}`,
      value,
    }
  },
  otpauth: d => {
    const value = d.text(32, BASE32)
    return { text: `scan otpauth://totp/ACME:someone?secret=${value}&issuer=ACME`, value }
  },
  'seed phrase': d => {
    const words =
      'abandon ability river velvet copper maple orbit tunnel zebra gadget lemon sponsor pencil walnut'.split(
        ' ',
      )
    const value = Array.from({ length: 12 }, () => d.pick(words)).join(' ')
    return { text: `my wallet seed phrase is: ${value}`, value }
  },
  bcrypt: d => {
    const value = `$2y$10$${d.text(53, `${ALNUM}./`)}`
    return { text: `admin:${value}`, value }
  },
  'shadow hash': d => {
    const value = `$6$${d.text(12)}$${d.text(86, `${ALNUM}./`)}`
    return { text: `deploy:${value}:19700:0:99999:7:::`, value }
  },
  'aws pair': d => {
    const value = d.text(40, B64)
    return {
      text: `[default]\naws_access_key_id = AK${'IA'}${d.text(16, BASE32)}\naws_secret_access_key = ${value}\nregion = eu-central-1`,
      value,
    }
  },
  'aws csv': d => {
    const value = d.text(40, B64)
    return {
      text: `User name,Access key ID,Secret access key\ndeploy,AK${'IA'}${d.text(16, BASE32)},${value}`,
      value,
    }
  },
  'aws configure': d => {
    const value = d.text(40, B64)
    return { text: `$ aws configure set aws_secret_access_key ${value} --profile prod`, value }
  },
  'azure storage': d => {
    const value = d.base64(64)
    return {
      text: `DefaultEndpointsProtocol=https;AccountName=acmelogs;AccountKey=${value};EndpointSuffix=core.windows.net`,
      value,
    }
  },
  'azure service bus': d => {
    const value = d.base64(32)
    return {
      text: `Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${value}`,
      value,
    }
  },
  'azure sas': d => {
    const value = encodeURIComponent(d.base64(32))
    return {
      text: `https://acmelogs.blob.core.windows.net/dump/a.csv?sv=2024-05-04&se=2026-01-01T00%3A00%3A00Z&sr=b&sp=r&sig=${value}`,
      value,
    }
  },
  postgres: d => {
    const value = password(d)
    return { text: `DATABASE_URL=postgresql://app:${value}@db.prod.internal:5432/app?sslmode=require`, value }
  },
  mysql: d => {
    const value = d.text(16)
    return { text: `engine = create_engine("mysql+pymysql://root:${value}@10.1.2.3/shop")`, value }
  },
  mongodb: d => {
    const value = d.text(14)
    return { text: `mongodb+srv://svc:${value}@cluster0.ab1cd.mongodb.net/?retryWrites=true`, value }
  },
  redis: d => {
    const value = d.text(24)
    return { text: `CELERY_BROKER=redis://:${value}@redis:6379/1`, value }
  },
  amqp: d => {
    const value = d.text(12)
    return { text: `amqps://events:${value}@mq.acme.test/vhost`, value }
  },
  jdbc: d => {
    const value = d.text(12)
    return {
      text: `jdbc:sqlserver://sql1:1433;databaseName=erp;user=sa;password=${value};encrypt=true`,
      value,
    }
  },
  'ado.net': d => {
    const value = password(d)
    return {
      text: `"Server=tcp:acme.database.windows.net,1433;Initial Catalog=erp;User ID=app;Password=${value};Encrypt=True;"`,
      value,
    }
  },
  'git remote': d => {
    const value = d.text(30)
    return { text: `origin  https://ci-bot:${value}@git.acme.test/platform/api.git (fetch)`, value }
  },
  dotenv: d => {
    const value = d.text(20, LOWER)
    return { text: `PORT=3000\nSESSION_SECRET=${value}\nNODE_ENV=production`, value }
  },
  'client secret, words': d => {
    const value = d.pick(['correcthorse', 'sunshinevalley', 'bluebottleship'])
    return { text: `export OAUTH_CLIENT_SECRET=${value}`, value }
  },
  'yaml password': d => {
    const value = password(d)
    return { text: `db:\n  user: app\n  password: ${value}\n  pool: 5`, value }
  },
  'toml token': d => {
    const value = d.text(32, HEX)
    return { text: `[registry]\ntoken = "${value}"\nindex = "https://crates.acme.test"`, value }
  },
  'ini passwd': d => {
    const value = d.text(10)
    return { text: `[smtp]\nhost=mail.acme.test\npasswd=${value}`, value }
  },
  'python dict': d => {
    const value = d.text(24)
    return { text: `config = {'host': 'db', 'db_password': '${value}'}`, value }
  },
  'wrangler pipe': d => {
    const value = d.text(32)
    return { text: `printf '${value}' | npx wrangler secret put SIGNER`, value }
  },
  'password-stdin': d => {
    const value = d.text(18)
    return { text: `echo "${value}" | docker login -u ci --password-stdin registry.acme.test`, value }
  },
  'docker login': d => {
    const value = d.text(18)
    return { text: `docker login -u ci -p ${value} registry.acme.test`, value }
  },
  'mysql -p': d => {
    const value = d.text(12)
    return { text: `mysqldump -h db1 -u root -p${value} shop > dump.sql`, value }
  },
  pgpassword: d => {
    const value = d.text(9, LOWER)
    return { text: `PGPASSWORD=${value} psql -h localhost -U postgres`, value }
  },
  'curl -u': d => {
    const value = d.text(14)
    return { text: `curl -u admin:${value} https://jenkins.acme.test/job/a/build`, value }
  },
  'option password': d => {
    const value = d.text(10)
    return { text: `./migrate --user app --password ${value} --dry-run`, value }
  },
  sshpass: d => {
    const value = password(d)
    return { text: `sshpass -p '${value}' ssh deploy@10.0.0.8 uptime`, value }
  },
  'redis-cli': d => {
    const value = d.text(20)
    return { text: `redis-cli -h cache1 -a ${value} ping`, value }
  },
  'prose password': d => {
    const value = password(d)
    return { text: `Sure, my password is ${value}. Can you log in and look?`, value }
  },
  'prose german': d => {
    const value = d.text(10)
    return { text: `Das Passwort für den Server lautet ${value}, bitte nicht weitergeben.`, value }
  },
  'prose api key': d => {
    const value = d.text(32)
    return { text: `The API key for the weather service is ${value} if you want to try.`, value }
  },
  basic: d => {
    const value = Buffer.from(`svc:${d.text(12)}`).toString('base64')
    return { text: `Authorization: Basic ${value}`, value }
  },
  cookie: d => {
    const value = d.text(40)
    return { text: `GET /account HTTP/1.1\nHost: acme.test\nCookie: session=${value}; theme=dark`, value }
  },
  'set-cookie': d => {
    const value = d.text(32, HEX)
    return { text: `< Set-Cookie: sid=${value}; Path=/; HttpOnly; Secure`, value }
  },
  'x-api-key': d => {
    const value = d.text(28)
    return { text: `headers: { 'X-API-Key': '${value}', 'Content-Type': 'application/json' }`, value }
  },
  'query token': d => {
    const value = d.text(40)
    return {
      text: `click https://acme.test/login/verify?user=7&token=${value}&next=%2Fhome to sign in`,
      value,
    }
  },
  kubeconfig: d => {
    const value = b64u(`{"clientKey":"${d.text(60)}"}`)
    return { text: `users:\n- name: admin\n  user:\n    client-key-data: ${value}`, value }
  },
  'kubernetes secret': d => {
    const value = Buffer.from(d.text(12)).toString('base64')
    return {
      text: `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  uri: ${value}\n`,
      value,
    }
  },
  netrc: d => {
    const value = d.text(12, LOWER)
    return { text: `machine api.acme.test\n  login ci\n  password ${value}`, value }
  },
  npmrc: d => {
    const value = d.uuid()
    return { text: `//npm.acme.test/:_authToken=${value}`, value }
  },
  pypirc: d => {
    const value = d.text(16)
    return { text: `[pypi]\nusername = ci\npassword = ${value}`, value }
  },
  pgpass: d => {
    const value = d.text(14)
    return { text: `$ cat ~/.pgpass\ndb1.acme.test:5432:app:svc:${value}`, value }
  },
  'datadog env': d => {
    const value = d.text(32, HEX)
    return {
      text: `DD_API_KEY=${value} DD_SITE=datadoghq.eu bash -c "$(curl -L https://s3.amazonaws.com/dd-agent/install.sh)"`,
      value,
    }
  },
  'snowflake env': d => {
    const value = password(d)
    return { text: `SNOWFLAKE_PASSWORD='${value}' dbt run`, value }
  },
  'sentry dsn': d => {
    const value = d.text(32, HEX)
    return { text: `Sentry.init({ dsn: "https://${value}@o44123.ingest.us.sentry.io/450111" })`, value }
  },
  'xml setting': d => {
    const value = d.text(16)
    return { text: `<add key="SmtpPassword" value="${value}" />`, value }
  },
  'xml element': d => {
    const value = d.text(14)
    return { text: `<server>\n  <id>releases</id>\n  <password>${value}</password>\n</server>`, value }
  },
  'base64 of an env file': d => {
    const value = withCrc(`gh${'p'}_`, d)
    const form = Buffer.from(`NODE_ENV=production\nGITHUB_TOKEN=${value}\n`).toString('base64')
    return { text: `the secret in CI is ${form} (base64)`, value, forms: [form] }
  },
  'json in json': d => {
    const value = d.text(20)
    return { text: JSON.stringify({ body: JSON.stringify({ auth: { password: value } }) }), value }
  },
  'percent encoding': d => {
    const value = d.text(14)
    return { text: `redirect=${encodeURIComponent(`https://bob:${value}@git.acme.test/x.git`)}`, value }
  },
  'html entities': d => {
    const value = d.text(14)
    return { text: `&lt;input name=&quot;password&quot; value=&quot;${value}&quot;&gt;`, value }
  },
  'broken by the terminal': d => {
    const value = `sk-ant-api03-${d.text(93, URL64)}AA`
    return {
      text: `$ echo $ANTHROPIC_API_KEY\n${value.slice(0, 80)}\n${value.slice(80)}\n$ `,
      value: value.slice(0, 80),
      forms: [value.slice(80)],
    }
  },
  'broken with indentation': d => {
    const value = withCrc(`gh${'p'}_`, d)
    return {
      text: `  remote: use token ${value.slice(0, 22)}\n      ${value.slice(22)}\n  remote: done`,
      value: value.slice(0, 22),
      forms: [value.slice(22)],
    }
  },
  'zero width': d => {
    const value = `gsk_${d.text(52)}`
    return { text: `key ${value.slice(0, 10)}\u200b${value.slice(10)} ok`, value: value.slice(10) }
  },
  colour: d => {
    const value = `hf_${d.text(34)}`
    return { text: `\u001b[33mtoken\u001b[0m=\u001b[1m${value}\u001b[0m`, value }
  },
  'quoted printable': d => {
    const value = `xai-${d.text(80)}`
    return {
      text: `Content-Transfer-Encoding: quoted-printable\n\nkey: ${value.slice(0, 60)}=\n${value.slice(60)}\n`,
      value: value.slice(0, 60),
      forms: [value.slice(60)],
    }
  },
}

/** All of them, each family in one place and the commonest in several. */
export function secretCases(): Guilty[] {
  const cases: Guilty[] = []
  for (const [index, [family, make]] of Object.entries(TOKENS).entries()) {
    const dice = makeDice(`secret ${family}`)
    const value = make(dice)
    cases.push({ family, value, text: PLACES[index % PLACES.length]?.(value, dice) ?? value })
  }
  for (const [family, make] of Object.entries(SITUATIONS))
    cases.push({ family, ...make(makeDice(`situation ${family}`)) })
  return cases
}
