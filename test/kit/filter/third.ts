/** A third batch, as the second: written when the rules stood, in forms of writing that had not been thought of. What they made of it
 *  at first sight stands in docs/filter.md. */
import type { Guilty, Harmless } from './corpus.ts'
import { B64, BASE32, DIGITS, type Dice, HEX, jwt, makeDice, pem, URL64 } from './dice.ts'

const SECRETS: Readonly<Record<string, (d: Dice) => { text: string; value: string }>> = {
  'mistral env': d => {
    const v = d.text(32)
    return { text: `MISTRAL_KEY=${v}`, value: v }
  },
  'openai typed': d => {
    const v = `sk-${d.text(48)}`
    return { text: `openai = OpenAI(api_key="${v}")`, value: v }
  },
  'json creds': d => {
    const v = d.text(16)
    return { text: `{"username":"svc","password":"${v}","host":"db"}`, value: v }
  },
  'psql cmd': d => {
    const v = d.text(12)
    return { text: `psql "host=db1 user=app password=${v} dbname=x"`, value: v }
  },
  'dsn kv': d => {
    const v = d.text(12)
    return { text: `DSN="Driver={ODBC Driver 18};Server=x;Uid=sa;Pwd=${v};"`, value: v }
  },
  'kubectl get -o yaml': d => {
    const v = Buffer.from(d.text(14)).toString('base64')
    return {
      text: `apiVersion: v1\ndata:\n  POSTGRES_PASSWORD: ${v}\n  POSTGRES_USER: cG9zdGdyZXM=\nkind: Secret\nmetadata:\n  name: pg`,
      value: v,
    }
  },
  'ssh pass prose': d => {
    const v = `Winter${d.text(4, DIGITS)}!`
    return { text: `You can ssh into the box with root and password ${v}`, value: v }
  },
  'creds slash': d => {
    const v = d.text(10)
    return { text: `Credentials: admin / ${v}`, value: v }
  },
  'login with': d => {
    const v = `Frog#${d.text(5)}`
    return { text: `log in as admin with password "${v}" then click deploy`, value: v }
  },
  'pw abbreviation': d => {
    const v = `Tree${d.text(4, DIGITS)}$`
    return { text: `pw: ${v}`, value: v }
  },
  'user pass colon': d => {
    const v = d.text(12)
    return { text: `user: root pass: ${v}`, value: v }
  },
  'basic auth js': d => {
    const v = d.text(15)
    return { text: `auth: { username: 'api', password: '${v}' }`, value: v }
  },
  'axios header': d => {
    const v = d.text(40)
    return { text: `axios.defaults.headers.common['Authorization'] = 'Token ${v}'`, value: v }
  },
  'x-auth-token': d => {
    const v = d.text(32, HEX)
    return { text: `-H 'X-Auth-Token: ${v}'`, value: v }
  },
  'apikey header': d => {
    const v = d.text(40)
    return { text: `apikey: ${v}`, value: v }
  },
  'PRIVATE-TOKEN': d => {
    const v = d.text(20, URL64)
    return { text: `curl --header "PRIVATE-TOKEN: ${v}" https://gitlab.acme.test/api/v4/projects`, value: v }
  },
  'x-goog': d => {
    const v = `AIzaSy${d.text(33, URL64)}`
    return { text: `https://maps.googleapis.com/maps/api/js?key=${v}&callback=init`, value: v }
  },
  'supabase service role': d => {
    const v = jwt(d)
    return { text: `SUPABASE_SERVICE_ROLE_KEY=${v}`, value: v }
  },
  'firebase config': d => {
    const v = `AIzaSy${d.text(33, URL64)}`
    return { text: `apiKey: "${v}",\n  authDomain: "x.firebaseapp.com"`, value: v }
  },
  'gcp sa b64': d => {
    const inner = pem('PRIVATE KEY', 600, d, '\\n')
    const f = Buffer.from(`{"type":"service_account","private_key":"${inner}"}`).toString('base64')
    return { text: `GOOGLE_CREDENTIALS=${f}`, value: f }
  },
  'secrets.toml': d => {
    const v = d.text(30)
    return { text: `[connections.snowflake]\nuser = "X"\nprivate_key_passphrase = "${v}"`, value: v }
  },
  'jenkins cred': d => {
    const v = `11${d.text(32, HEX)}`
    return { text: `JENKINS_API_TOKEN=${v}`, value: v }
  },
  jira: d => {
    const v = d.text(24)
    return { text: `jira.basic_auth("me@acme.test", "${v}")`, value: v }
  },
  'session cookie curl -b': d => {
    const v = d.text(60, URL64)
    return { text: `curl -b 'session=${v}' https://acme.test`, value: v }
  },
  'netscape cookie': d => {
    const v = d.text(40, URL64)
    return { text: `.acme.test\tTRUE\t/\tTRUE\t1790000000\tsessionid\t${v}`, value: v }
  },
  'env list docker inspect': d => {
    const v = d.text(20)
    return { text: `"Env": ["PATH=/usr/bin","MYSQL_ROOT_PASSWORD=${v}","LANG=C"]`, value: v }
  },
  systemd: d => {
    const v = d.text(20)
    return { text: `Environment="GRAFANA_ADMIN_PASSWORD=${v}"`, value: v }
  },
  'terraform state': d => {
    const v = d.text(20)
    return { text: `"attributes": {"master_password": "${v}", "port": 5432}`, value: v }
  },
  'pulumi config': d => {
    const v = d.text(20)
    return { text: `pulumi config set --secret dbPassword ${v}`, value: v }
  },
  'npm config': d => {
    const v = d.text(40)
    return { text: `npm config set //registry.acme.test/:_authToken ${v}`, value: v }
  },
  'git extraheader': d => {
    const v = Buffer.from(`x-access-token:ghs_${d.text(36)}`).toString('base64')
    return { text: `git -c http.extraheader="AUTHORIZATION: basic ${v}" fetch`, value: v }
  },
  wifi: d => {
    const v = `Garten${d.text(4, DIGITS)}`
    return { text: `WLAN-Passwort: ${v}`, value: v }
  },
  'wifi qr': d => {
    const v = `cat${d.text(7)}`
    return { text: `WIFI:T:WPA;S:Home;P:${v};;`, value: v }
  },
  'ansible vault pw': d => {
    const v = d.text(14)
    return { text: `ansible-vault decrypt --vault-password ${v}`, value: v }
  },
  'java props': d => {
    const v = d.text(14)
    return { text: `javax.net.ssl.keyStorePassword=${v}`, value: v }
  },
  'spring yaml': d => {
    const v = d.text(22)
    return { text: `jwt:\n  secret: ${v}\n  expiration: 3600`, value: v }
  },
  'node crypto': d => {
    const v = d.text(64, HEX)
    return { text: `const ENCRYPTION_KEY = Buffer.from('${v}', 'hex')`, value: v }
  },
  flask: d => {
    const v = d.text(24)
    return { text: `app.config['SECRET_KEY'] = '${v}'`, value: v }
  },
  flask2: d => {
    const v = d.text(24)
    return { text: `app.secret_key = b'${v}'`, value: v }
  },
  'webhook secret': d => {
    const v = d.text(24)
    return { text: `webhook_secret: "${v}"`, value: v }
  },
  'shared secret radius': d => {
    const v = d.text(16)
    return { text: `radius-server host 10.1.1.1 key ${v}`, value: v }
  },
  cisco: d => {
    const v = `$9$${d.text(14)}$${d.text(43)}`
    return { text: `enable secret 9 ${v}`, value: v }
  },
  snmp: d => {
    const v = d.text(12)
    return { text: `snmp-server community ${v} RO`, value: v }
  },
  openvpn: d => {
    const v = d.text(256, HEX)
    return {
      text: `-----BEGIN OpenVPN Static key V1-----\n${v.match(/.{32}/g)?.join('\n')}\n-----END OpenVPN Static key V1-----`,
      value: v.slice(0, 32),
    }
  },
  'ms teams': d => {
    const v = d.text(43, URL64)
    return {
      text: `https://prod-12.westeurope.logic.azure.com:443/workflows/${d.text(32, HEX)}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig=${v}`,
      value: v,
    }
  },
  'stripe in prose': d => {
    const v = `sk_live_${d.text(24)}`
    return { text: `Warum geht ${v} nicht?`, value: v }
  },
  'bitcoin wif': d => {
    const v = `K${d.text(51, '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz')}`
    return { text: `wif private key: ${v}`, value: v }
  },
  'cf api token': d => {
    const v = d.text(40, URL64)
    return { text: `CLOUDFLARE_API_TOKEN=${v}`, value: v }
  },
  linode: d => {
    const v = d.text(64, HEX)
    return { text: `linode-cli configure --token ${v}`, value: v }
  },
  hcloud: d => {
    const v = d.text(64)
    return { text: `export HCLOUD_TOKEN=${v}`, value: v }
  },
  twitter: d => {
    const v = d.text(45)
    return { text: `consumer_secret = '${v}'`, value: v }
  },
  'lastpass csv': d => {
    const v = d.text(14)
    return { text: `url,username,password,totp,extra,name\nhttps://a.test,me,${v},,,A\n`, value: v }
  },
  'chrome csv': d => {
    const v = `pa${d.text(8)}!`
    return { text: `name,url,username,password,note\nacme,https://acme.test,ann,${v},\n`, value: v }
  },
  'aws sts json': d => {
    const v = d.text(40, B64)
    return {
      text: `{"Credentials":{"AccessKeyId":"AS${'IA'}${d.text(16, BASE32)}","SecretAccessKey":"${v}","SessionToken":"IQoJb3JpZ2luX2VjE${d.text(300, B64)}"}}`,
      value: v,
    }
  },
  'aws process env': d => {
    const v = d.text(40, B64)
    return { text: `AWS_SECRET_ACCESS_KEY: '${v}'`, value: v }
  },
  'ini with spaces': d => {
    const v = d.text(12)
    return { text: `[client]\nuser     = root\npassword     = ${v}`, value: v }
  },
  'reset code': d => {
    const v = d.text(6, DIGITS)
    return { text: `Use code ${v} to log in to Acme.`, value: v }
  },
  'hash md5 pw': d => {
    const v = d.text(32, HEX)
    return { text: `password_hash: ${v}`, value: v }
  },
  rotated: d => {
    const v = d.text(28)
    return { text: `I rotated the token, the new one is ${v}`, value: v }
  },
  'here is key': d => {
    const v = d.text(40)
    return { text: `Here's my key for the API:\n\n${v}`, value: v }
  },
  'code block after': d => {
    const v = d.text(32, HEX)
    return { text: `The Datadog API key:\n\`\`\`\n${v}\n\`\`\``, value: v }
  },
}

const LOOK_ALIKES: readonly ((d: Dice) => string)[] = [
  d => `const hash = '${d.text(40, HEX)}'`,
  () => `key: value pairs like a1: b2`,
  () => `password: string (min 8)`,
  () => `token: abc`,
  () => `The key is 42 characters long.`,
  () => `Use code SAVE20 at checkout`,
  () => `error code 404123 in module`,
  () => `the new one is v2.1.3`,
  () => `"key":"ArrowLeft","code":"ArrowLeft","keyCode":37`,
  () => `git push origin HEAD:refs/for/main%topic=auth-v2`,
  () => `API key: see 1Password`,
  () => `password: see the wiki page`,
  () => `token bucket with 100 tokens/s`,
  () => `secret santa list 2025`,
  () => `auth-service-7d9f8b6c5-x2k4j`,
  () => `"access_token": null, "expires_in": 3600`,
  () => `Bearer authentication is used by 80% of APIs`,
  () => `my pin is on the map at the corner`,
  () => `const PASSWORD_REGEX = /^(?=.*[A-Z])(?=.*\\d).{8,}$/`,
  () => `password.length < 8 || password.length > 64`,
  () => `Key: C major, tempo 120`,
  () => `SHA1 key 5 fingerprint`,
  () => `pass 3 of 10: ok`,
  () => `Credentials: BSc, MSc, PhD`,
  () => `session = requests.Session()`,
  () => `cookie: a small text file`,
  () => `basic: 12.50 EUR, pro: 25.00 EUR`,
  () => `secret: !Ref DatabaseSecret`,
  () => `password: !vault |`,
  () => `"password": {"$ref": "#/components/schemas/Password"}`,
  () => `kubectl get secret db -o jsonpath='{.data.password}' | base64 -d`,
  () => `aws secretsmanager get-secret-value --secret-id prod/db`,
  d => `The hash is ${d.text(64, HEX)}.`,
  () => `user=admin; role=owner; plan=team2024`,
]

export const thirdSecrets = (): Guilty[] =>
  Object.entries(SECRETS).map(([family, make]) => ({ family, ...make(makeDice(`third ${family}`)) }))

export const thirdHarmless = (): Harmless[] =>
  LOOK_ALIKES.map((make, at) => ({ kind: 'third', text: make(makeDice(`third look-alike ${at}`)) }))
