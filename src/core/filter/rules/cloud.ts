/** Keys of clouds and hosting companies. */
import type { Match, Rule } from '../rule.ts'
import { patternRule, token } from './pattern.ts'
import { isSample } from './sample.ts'

const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g
/** A secret key stands in the same record as its key id. */
const AWS_NEAR = 300

/** The forty characters near an AWS access key id that are no path, no hash and no word. */
const awsSecretRule: Rule = {
  id: 'aws-secret',
  version: 2,
  severity: 'secret',
  needs: ['AKIA', 'ASIA'],
  scan: (text, places) => {
    const matches: Match[] = []
    let done = 0
    for (const place of places) {
      const from = Math.max(done, place - AWS_NEAR)
      done = Math.max(from, place + AWS_NEAR)
      for (const { 0: value, index } of text.slice(from, done).matchAll(AWS_SECRET)) {
        const isDrawn = /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value) && !isSample(value)
        if (isDrawn) matches.push({ start: from + index, end: from + index + value.length })
      }
    }
    return matches
  },
}

export const cloudRules: readonly Rule[] = [
  token('aws-key-id', 'AKIA ASIA ABIA ACCA', /A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])/, {
    version: 2,
  }),
  awsSecretRule,
  token(
    'aws-session-token',
    'IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz',
    /(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9+/=%]{60,4000}/,
  ),
  token('aws-bedrock-key', 'ABSK bedrock-api-key-', /(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/]{60,2000}={0,2}/),
  patternRule({
    id: 'azure-key',
    version: 1,
    severity: 'secret',
    needs: ['accountkey', 'sharedaccesskey', 'sharedsecret'],
    anyCase: true,
    pattern:
      /((?:AccountKey|SharedAccessKey|SharedSecret)["']?[ ]?[=:][ ]?["']?)([A-Za-z0-9+/]{40,88}={0,2})/i,
    accepts: value => !isSample(value),
  }),
  token(
    'azure-client-secret',
    '0Q~ 1Q~ 2Q~ 3Q~ 4Q~ 5Q~ 6Q~ 7Q~ 8Q~ 9Q~',
    /[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~-])/,
    { back: 3 },
  ),
  patternRule({
    id: 'azure-sas',
    version: 1,
    severity: 'secret',
    needs: ['sig='],
    pattern: /((?<=[?&;"' ])sig=)([A-Za-z0-9%+/_-]{40,120}={0,2})/,
    accepts: value => !isSample(value),
  }),
  token('azure-ai-key', 'JQQJ99', /[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,26}/, { back: 52 }),
  token('azure-devops-token', 'AZDO', /[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])/, { back: 76 }),
  token(
    'google-key',
    'AIza ya29. GOCSPX- 1//0 AQ.Ab',
    /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|ya29\.[A-Za-z0-9_-]{20,2000}|GOCSPX-[A-Za-z0-9_-]{20,40}|1\/\/0[A-Za-z0-9_-]{40,200}|AQ\.Ab[A-Za-z0-9_-]{40,100}/,
    { version: 2 },
  ),
  token('alibaba-key', 'LTAI', /LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])/),
  token('tencent-key', 'AKID', /AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])/),
  token(
    'yandex-key',
    'AQVN t1.',
    /AQVN[A-Za-z0-9_-]{35,38}|t1\.[A-Za-z0-9_-]{40,400}\.[A-Za-z0-9_-]{60,120}/,
  ),
  token('digitalocean-token', 'dop_v1_ doo_v1_ dor_v1_', /do[opr]_v1_[a-f0-9]{64}/, { version: 2 }),
  token('digitalocean-spaces-key', 'DO00 DO80', /DO(?:00|80)[A-Z0-9]{16}(?![A-Za-z0-9])/),
  token(
    'cloudflare-token',
    'cfk_ cfut_ cfat_ v1.0- eyJhIjoi',
    /cf(?:k|ut|at)_[A-Za-z0-9_-]{30,80}|v1\.0-[a-f0-9]{24}-[a-f0-9]{146}|eyJhIjoi[A-Za-z0-9+/]{80,400}={0,2}/,
  ),
  token('scaleway-key', 'SCW', /SCW[A-Z0-9]{17}(?![A-Za-z0-9])/),
  token('backblaze-key', 'K000 K001 K002 K003 K004 K005', /K00[0-5][A-Za-z0-9/+]{27}(?![A-Za-z0-9/+])/),
  token('fly-token', 'fm1_ fm2_ fo1_', /f(?:m[12]|o1)_[A-Za-z0-9_+/=,-]{40,2000}/),
  token(
    'vercel-token',
    'vcp_ vci_ vca_ vcr_ vck_ vercel_blob_rw_',
    /(?:vc[piark]|vercel_blob_rw)_[A-Za-z0-9_]{24,100}/,
  ),
  token('netlify-token', 'nfp_ nfc_ nfo_ nfu_', /nf[pcou]_[A-Za-z0-9_-]{36,60}/),
  token('heroku-key', 'HRKU-', /HRKU-[A-Za-z0-9_-]{36,80}/),
  token('render-key', 'rnd_', /rnd_[A-Za-z0-9]{28,40}/),
  token('railway-token', 'rw_Fe26', /rw_Fe26\.2\*\*[A-Za-z0-9_*.-]{60,400}/),
  token('supabase-key', 'sbp_ sb_secret_', /sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,60}/),
  token('planetscale-token', 'pscale_', /pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}/),
  token('neon-key', 'napi_', /napi_[a-z0-9]{40,80}/),
  token('databricks-token', 'dapi', /dapi[a-f0-9]{32}(?:-\d)?(?![A-Za-z0-9])/),
  token('deno-token', 'ddp_ ddo_ ddw_', /dd[pow]_[A-Za-z0-9]{36,40}(?![A-Za-z0-9])/),
  token('docker-swarm-token', 'SWMTKN-1-', /SWMTKN-1-[a-z0-9]{40,60}-[a-z0-9]{20,30}/),
  token('openshift-token', 'sha256~', /sha256~[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/),
]
