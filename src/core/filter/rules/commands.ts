/** Secrets as arguments of commands, in statements of databases, and in the files that programs log in with. */
import type { Match, Rule } from '../rule.ts'
import { patternRule } from './pattern.ts'
import { isSample, isScrambled, isStandIn, isVaried } from './sample.ts'

/** One word of a shell, quoted or not; its quotes are not part of the value. */
const WORD = `["']?)([^\\s"'\`$<>|&;()]{4,400})`
/** Up to a few other options between a command and the one that counts. */
const OPTIONS = `(?:[ \\t]{1,8}[^\\s|;&]{1,120}){0,12}?[ \\t]{1,8}`

const argument = (id: string, needs: readonly string[], before: string, version = 1): Rule =>
  patternRule({
    id,
    version,
    severity: 'secret',
    needs,
    pattern: new RegExp(`((?<![A-Za-z0-9_])${before}${WORD}`),
    accepts: value =>
      !isStandIn(value, 2) && !isSample(value) && !/^(?:-|\/dev\/|@|password$|pass$)/i.test(value),
  })

const ARGUMENTS: readonly Rule[] = [
  argument('command-secret', ['mysql', 'mariadb'], `(?:mysql|mysqldump|mysqladmin|mariadb)${OPTIONS}-p`),
  argument('command-secret', ['sshpass'], `sshpass[ \\t]{1,8}-p[ \\t]{0,8}`),
  argument(
    'command-secret',
    ['docker', 'podman', 'helm', 'oras', 'skopeo', 'buildah', 'nerdctl'],
    `(?:docker|podman|oras|skopeo|buildah|nerdctl|helm)(?:[ \\t]{1,8}registry)?[ \\t]{1,8}login${OPTIONS}(?:-p|--password)[ \\t=]{1,4}`,
  ),
  argument(
    'command-secret',
    ['az', 'oc', 'heroku', 'cf', 'ibmcloud', 'argocd', 'vault', 'mongo', 'doctl', 'npm', 'nomad'].map(
      name => `${name} login`,
    ),
    `(?:az|oc|heroku|cf|ibmcloud|argocd|vault|mongo|mongosh|doctl|npm|nomad)[ \\t]{1,8}login${OPTIONS}(?:-p|--password|--token|-t|--apikey)[ \\t=]{1,4}`,
  ),
  argument('command-secret', ['redis-cli'], `redis-cli${OPTIONS}(?:-a|--pass)[ \\t=]{1,4}`),
  argument('command-secret', ['mongo'], `mongo(?:sh|dump|restore|export|import)?${OPTIONS}-p[ \\t]{1,8}`),
  argument('command-secret', ['sqlcmd', 'bcp'], `(?:sqlcmd|bcp)${OPTIONS}-P[ \\t]{0,8}`),
  argument('command-secret', ['ldap'], `ldap(?:search|modify|add|delete|whoami)${OPTIONS}-w[ \\t]{0,8}`),
  argument(
    'command-secret',
    ['htpasswd'],
    `htpasswd[ \\t]{1,8}-[a-zA-Z]{0,8}b[a-zA-Z]{0,8}[ \\t]{1,8}\\S{1,200}[ \\t]{1,8}\\S{1,80}[ \\t]{1,8}`,
  ),
  argument(
    'command-secret',
    ['aws'],
    `aws[ \\t]{1,8}configure[ \\t]{1,8}set[ \\t]{1,8}(?:[a-z0-9_-]{1,60}\\.)?(?:aws_secret_access_key|aws_session_token)[ \\t]{1,8}`,
  ),
  argument(
    'command-secret',
    ['openssl'],
    `openssl${OPTIONS}-(?:pass|passin|passout|k|K)[ \\t]{1,8}(?:pass:)?`,
  ),
  argument(
    'command-secret',
    ['secret'],
    `secret[ \\t]{1,8}set[ \\t]{1,8}[A-Za-z0-9_-]{1,80}${OPTIONS}(?:-b|--body)[ \\t=]{1,4}`,
  ),
  argument(
    'command-secret',
    ['secret set ', 'secrets set ', 'config:set ', 'from-literal='],
    `(?:(?:secrets? set|config:set)[ \\t]{1,8}|from-literal=)[A-Za-z0-9_.-]{1,80}=`,
  ),
  argument('command-secret', ['net user '], `net user[ \\t]{1,8}[^\\s/]{1,60}[ \\t]{1,8}`),
  argument(
    'command-secret',
    ['smbclient', 'rpcclient'],
    `(?:smbclient|rpcclient)${OPTIONS}-U[ \\t]{1,8}[^\\s%]{1,80}%`,
  ),
  argument(
    'command-secret',
    ['ConvertTo-SecureString'],
    `ConvertTo-SecureString[ \\t]{1,8}(?:-String[ \\t]{1,8})?`,
  ),
  argument('command-secret', ['zip ', 'unzip '], `(?:un)?zip${OPTIONS}-P[ \\t]{1,8}`),
  argument(
    'command-secret',
    ['7z a ', '7z x ', '7z e ', '7za ', '7zr ', 'rar '],
    `(?:7z[ar]?|rar)[ \\t]{1,4}[a-z]${OPTIONS}-h?p`,
  ),
  argument(
    'command-secret',
    ['vault login '],
    `vault login[ ]{1,4}(?=["']?[A-Za-z0-9._-]{16,400})(?:token=)?`,
  ),
  argument(
    'command-secret',
    ['http -a', 'https -a', 'http --auth', 'https --auth', 'xh -a', 'http --ignore-stdin -a'],
    `(?:https?|xh)${OPTIONS}(?:-a|--auth)[ =]{1,4}["']?[^\\s"':]{1,80}:`,
  ),
  argument(
    'command-secret',
    ['net use '],
    `net use[ \\t](?:[^\\s]{1,120}[ \\t]{1,4}){0,3}/user:[^\\s]{1,80}[ \\t]{1,4}`,
  ),
  argument('command-secret', ['--with-token <<<'], `--with-token <<< ?`),
  argument('command-secret', ['twine '], `twine upload${OPTIONS}(?:-p|--password)[ =]{1,4}`),
  argument('command-secret', ['cargo login '], `cargo login[ ]{1,4}(?=["']?[A-Za-z0-9]{20,80})`),
  argument(
    'command-secret',
    ['requirepass ', 'masterauth '],
    `(?:requirepass|masterauth)[ \\t]{1,8}(?!foobared)`,
  ),
]

/** `curl -u user:password`. */
const userOptionRule: Rule = patternRule({
  id: 'command-secret',
  version: 1,
  severity: 'secret',
  needs: ['-u ', '-u"', "-u'", '--user ', '--user=', '--proxy-user ', '-U '],
  pattern:
    /((?<![A-Za-z0-9-])(?:-u|-U|--user|--proxy-user)[ \t=]{0,3}["']?[^\s"'`:;,/]{1,80}:)([^\s"'`$<>|;(){}]{4,300})/,
  accepts: (value, text, start) =>
    !isStandIn(value) &&
    !/^\/\/|^\d{1,6}$/.test(value) &&
    !/^(?:pass|password|passwd)$/i.test(value) &&
    /curl|wget|http|--user|proxy|api|jira|svn/i.test(text.slice(Math.max(0, start - 400), start)),
})

/** `echo secret | docker login --password-stdin`, `printf x | wrangler secret put NAME`. */
const PIPED =
  /((?:echo|printf)[ \t]{1,4}(?:-n[ \t]{1,4}|["']?%s(?:\\n)?["']?[ \t]{1,4})?["']?)([^\s"'`$|;<>]{6,2000})(?=["']?[ \t]{0,4}\|([^\r\n]{1,200}))/
const pipedRule: Rule = patternRule({
  id: 'command-secret',
  version: 1,
  severity: 'secret',
  needs: ['echo ', 'printf '],
  pattern: PIPED,
  accepts: (value, text, start) =>
    !isSample(value) &&
    /^["']?[ \t]{0,4}\|[^\r\n]{0,200}(?:secret|password-stdin|sudo -S|--stdin|passwd|chpasswd|login|gpg|--with-token|-passin stdin|cryptsetup|openssl enc)/.test(
      text.slice(start + value.length, start + value.length + 210),
    ),
})

const sqlRule: Rule = patternRule({
  id: 'command-secret',
  version: 1,
  severity: 'secret',
  needs: ['identified', 'password'],
  anyCase: true,
  pattern:
    /((?:identified(?: with [a-z0-9_]{1,40})? (?:by|as)|password)[ \t]{1,4}(?:for [^\s]{1,60} ?=? ?)?(?:= ?)?N?')([^'\r\n]{4,200})(?=')/i,
  accepts: (value, text, start) =>
    !isStandIn(value) &&
    (/identified/i.test(text.slice(start - 60, start)) ||
      /(?:role|user|with|login|encrypted)\b/i.test(text.slice(Math.max(0, start - 160), start))),
})

/** `machine host login name password value` of `.netrc`. */
const netrcRule: Rule = patternRule({
  id: 'netrc-password',
  version: 1,
  severity: 'secret',
  needs: ['machine ', 'default '],
  pattern:
    /((?:machine[ \t]{1,4}[^\s]{1,200}|default)\s{1,20}login\s{1,4}[^\s]{1,200}\s{1,20}password\s{1,4})([^\s]{3,400})/,
  accepts: value => !isStandIn(value, 2),
})

/** `host:port:database:user:password` of `.pgpass`. */
const pgpassRule: Rule = patternRule({
  id: 'pgpass-password',
  version: 1,
  severity: 'secret',
  needs: [':5432:', ':5433:', ':6432:'],
  back: 60,
  pattern:
    /((?<=^|[\s"'`=])[A-Za-z0-9_.*-]{1,60}:\d{4}:[^\s:]{1,60}:[^\s:]{1,60}:)(?!\[(?:secret|personal):)([^\s:"'`]{3,200})/,
  accepts: value => !isStandIn(value, 2),
})

/** Keys of package registries in `.npmrc`, `.pypirc` and the like. */
const registryRule: Rule = patternRule({
  id: 'registry-token',
  version: 1,
  severity: 'secret',
  needs: [':_auth', ':_password', '_auth=', '_auth ='],
  pattern: /(:?_(?:authToken|auth|password)[ =]{1,3}["']?)([A-Za-z0-9+/=_.-]{8,2000})/,
  accepts: value => !isSample(value),
})

const DATA =
  /(?:^|\n)([ \t]{0,40})(?:data|stringData):[ \t]{0,40}\n((?:\1[ \t]{1,40}[^\n]{1,9000}(?:\n|$)){1,100})/g
const ENTRY = /^[ \t]+["']?[A-Za-z0-9_.-]{1,120}["']?:[ \t]*["']?([^\s"'|>][^\r\n"']{2,9000})/gm
/** A manifest is rarely longer. */
const MAX_MANIFEST_LENGTH = 12_000

/** All values of a Kubernetes Secret, whatever they are called. */
const manifestRule: Rule = {
  id: 'kubernetes-secret',
  version: 1,
  severity: 'secret',
  needs: ['kind: Secret'],
  scan: (text, places) => {
    const matches: Match[] = []
    let done = 0
    for (const place of places) {
      if (place < done) continue
      const before = text.slice(Math.max(done, place - MAX_MANIFEST_LENGTH / 4), place)
      const begin = place - (before.length - Math.max(0, before.lastIndexOf('\n---') + 1))
      const after = text.slice(place, place + MAX_MANIFEST_LENGTH)
      const last = after.indexOf('\n---')
      done = place + (last < 0 ? after.length : last)
      for (const block of text.slice(begin, done).matchAll(DATA)) {
        const body = block[2] ?? ''
        const from = begin + block.index + block[0].length - body.length
        for (const entry of body.matchAll(ENTRY)) {
          const value = (entry[1] ?? '').trimEnd()
          if (isStandIn(value, 2)) continue
          const start = from + entry.index + entry[0].lastIndexOf(entry[1] ?? '')
          matches.push({ start, end: start + value.length })
        }
      }
    }
    return matches
  },
}

/** A login and its password said as a pair, or given to a call. */
const loginPairRule: Rule = patternRule({
  id: 'login-pair',
  version: 1,
  severity: 'secret',
  needs: [
    'credential',
    'creds',
    'login',
    'log in',
    'basic_auth',
    'basicauth',
    'authenticate(',
    'zugangsdaten',
    'identifiants',
  ],
  anyCase: true,
  pattern:
    /((?:(?:credentials?|creds|logins?|zugangsdaten|identifiants)["'*`]{0,3}(?: are| is|:)[ \t]{0,3}["'`]?[\w.@+-]{2,60}["'`]? ?[/:|] ?["'`]?)|(?:http)?basic_?auth\(\s{0,4}["'][^"'\r\n]{1,80}["'],\s{0,4}["']|(?:login|authenticate)\(\s{0,4}["'][^"'\r\n]{1,80}["'],\s{0,4}["'])([^\s"'`,;]{5,200})/i,
  accepts: value =>
    !isStandIn(value) &&
    !isSample(value) &&
    (/[\d!@#$%^&*+=?]/.test(value) || /[a-z][A-Z]|^[a-z]{16}$/.test(value)) &&
    !/^(?:https?:|\/\/)/.test(value),
})

/** What a code for a wireless network says. */
const wifiRule: Rule = patternRule({
  id: 'wifi-password',
  version: 1,
  severity: 'secret',
  needs: ['WIFI:'],
  pattern: /(WIFI:[^\r\n]{0,200}?P:)([^;\r\n]{4,64})(?=;)/,
  accepts: value => !isStandIn(value),
})

/** The key of a wireless network in the file of `wpa_supplicant`. */
const supplicantRule: Rule = patternRule({
  id: 'wifi-password',
  version: 1,
  severity: 'secret',
  needs: ['psk='],
  pattern: /((?<![A-Za-z])psk=")([^"\r\n]{8,63})(?=")|(?<![A-Za-z])psk=[a-f0-9]{64}/,
  accepts: value => !isStandIn(value) && !/ /.test(value),
})

/** Calls whose arguments are a key, or a login and its password. */
const callRule: Rule = patternRule({
  id: 'call-secret',
  version: 1,
  severity: 'secret',
  needs: [
    ...['jwt.', 'createHmac(', 'createHmac (', 'hmac.new(', 'Fernet(', 'unsafePlainText('],
    ...[
      'auth=(',
      'auth = (',
      'Credential(',
      'Credentials(',
      'UsernamePassword',
      'PDO(',
      'getConnection(',
      'mysqli',
    ],
  ],
  pattern:
    /((?:jwt\.(?:sign|verify|encode|decode)\([^"'`\r\n]{1,80},[ \t]{0,4}b?["'`]|createHmac ?\(\s{0,8}["'`][a-zA-Z0-9-]{2,12}["'`],\s{0,8}["'`]|hmac\.new\(\s{0,8}b?["']|Fernet\(\s{0,8}b?["']|unsafePlainText\(\s{0,8}["'`]|(?:auth ?= ?|Credentials?|UsernamePassword[A-Za-z]{0,40})\(\s{0,8}["'][^"'\r\n]{1,128}["'],\s{0,8}["']|(?:PDO|getConnection|mysqli(?:_connect)?)\(\s{0,8}["'][^"'\r\n]{1,200}["'],\s{0,8}["'][^"'\r\n]{0,80}["'],\s{0,8}["']))([^\s"'`$]{6,400})(?=["'`])/,
  accepts: value =>
    !isStandIn(value) &&
    !isSample(value) &&
    !/^(?:pass|password|passwd|secret)$/i.test(value) &&
    (/[\d!@#$%^&*+=?]/.test(value) || isScrambled(value)),
})

/** Keys and salts in the configuration of WordPress. */
const defineRule: Rule = patternRule({
  id: 'call-secret',
  version: 1,
  severity: 'secret',
  needs: ['_SALT', '_KEY'],
  pattern: /(_(?:SALT|KEY)['"]\s{0,4},\s{0,8}')([^'\r\n]{32,100})(?=')/,
  accepts: value => !isSample(value) && !/put your unique phrase/.test(value) && /\d/.test(value),
})

/** What Google and Microsoft give out for programs and for locked disks. */
const issuedRules: readonly Rule[] = [
  patternRule({
    id: 'app-password',
    version: 1,
    severity: 'secret',
    needs: ['app password', 'app-password', 'app-passwort', 'app specific password', 'app-specific password'],
    anyCase: true,
    pattern:
      /(app[- ](?:specific )?passwor[dt][^\r\n:=]{0,20}[:= ]{1,3}["'`]?)([a-z]{4}([ -])[a-z]{4}\3[a-z]{4}\3[a-z]{4})(?![A-Za-z])/i,
    accepts: value =>
      isVaried(value, 8) && !/\b(?:your|that|this|with|from|have|when|will|must|need|here)\b/i.test(value),
  }),
  patternRule({
    id: 'bitlocker-key',
    version: 1,
    severity: 'secret',
    needs: ['recovery key', 'recovery password', 'bitlocker', 'wiederherstellungsschlüssel'],
    anyCase: true,
    pattern:
      /((?:recovery (?:key|password)|bitlocker|wiederherstellungsschlüssel)[^\d]{0,60})(\d{6}(?:-\d{6}){7})(?!\d)/i,
    accepts: value => isVaried(value, 5),
  }),
]

/** Keys in the configuration of routers and switches. */
const routerRule: Rule = patternRule({
  id: 'command-secret',
  version: 1,
  severity: 'secret',
  needs: [
    'snmp-server community ',
    'radius-server ',
    'tacacs-server ',
    'enable secret ',
    'enable password ',
    'pre-shared-key ',
  ],
  pattern:
    /((?:snmp-server community|enable (?:secret|password)|(?:radius|tacacs)-server [^\r\n]{0,80}?key|pre-shared-key(?: address [^\s]{1,40} key)?)[ ](?:[0-9] )?)([^\s"']{4,200})/,
  accepts: value => !isStandIn(value) && !/^(?:public|private|level)$/.test(value),
})

/** Oracle writes user, password and database as one. */
const oracleRule: Rule = patternRule({
  id: 'url-credentials',
  version: 1,
  severity: 'secret',
  needs: ['jdbc:oracle:', 'sqlplus ', 'expdp ', 'impdp '],
  pattern:
    /((?:jdbc:oracle:[a-z]{2,5}:|(?:sqlplus|expdp|impdp)[ ](?:-[A-Za-z]{1,8}[ ]){0,3})["']?[A-Za-z0-9_$]{1,60}\/)([^\s@"'/]{4,100})(?=@)/,
  accepts: value => !isStandIn(value) && !/^(?:pass|password|passwd)$/i.test(value),
})

export const commandRules: readonly Rule[] = [
  loginPairRule,
  wifiRule,
  supplicantRule,
  callRule,
  defineRule,
  ...issuedRules,
  oracleRule,
  routerRule,
  ...ARGUMENTS,
  userOptionRule,
  pipedRule,
  sqlRule,
  netrcRule,
  pgpassRule,
  registryRule,
  manifestRule,
]
