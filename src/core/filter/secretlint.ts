/** secretlint's rules as an engine. The rules of its recommended preset are named one by one: the preset itself holds a filter
 *  by which comments in the text switch the scan off. */
import { rules as presetRules } from '@secretlint/secretlint-rule-preset-recommend'
import type { Detector, Hit, Match, Severity } from './rule.ts'
import { isCounting, isPrinted } from './rules/sample.ts'

const PREFIX = '@secretlint/secretlint-rule-'
/** Raised together with the pinned release of the preset. */
const VERSION = '13.0.7'
/** Rules of the preset that look for no value: what silences the others, and what reads files instead of text. */
const LEFT_OUT: readonly string[] = [`${PREFIX}filter-comments`, `${PREFIX}gcp`]

const applied = presetRules.filter(({ meta }) => !LEFT_OUT.includes(meta.id))

/** What a message id is called here, where its kebab case would not do. An account's number opens nothing. */
const NAMES: Readonly<Record<string, { rule: string; severity?: Severity }>> = {
  AWSAccountID: { rule: 'aws-account', severity: 'personal' },
  AWSSecretAccessKey: { rule: 'aws-secret' },
  AWSAccessKeyID: { rule: 'aws-key-id' },
  PackageJSON_xOauthToken: { rule: 'github-token' },
  Npmrc_authToken: { rule: 'npm-token' },
  NPM_ACCESS_TOKEN: { rule: 'npm-token' },
  BasicAuth: { rule: 'url-credentials' },
  IncomingWebhook: { rule: 'slack-webhook' },
  PrivateKey: { rule: 'private-key' },
  STRIPE_SECRET_KEY_LIVE: { rule: 'stripe-key' },
  STRIPE_SECRET_KEY_TEST: { rule: 'stripe-key' },
  STRIPE_RESTRICTED_KEY_LIVE: { rule: 'stripe-key' },
  STRIPE_RESTRICTED_KEY_TEST: { rule: 'stripe-key' },
  GITLAB_PERSONAL_ACCESS_TOKEN: { rule: 'gitlab-token' },
  OPENAI_TOKEN: { rule: 'openai-key' },
  ANTHROPIC_API_KEY: { rule: 'anthropic-key' },
  GROQ_API_KEY: { rule: 'groq-key' },
  HUGGINGFACE_USER_ACCESS_TOKEN: { rule: 'huggingface-token' },
  OPS_TOKEN: { rule: '1password-token' },
  MongoDBConnection: { rule: 'database-url' },
  MySQLConnection: { rule: 'database-url' },
  PostgreSQLConnection: { rule: 'database-url' },
}

/** One of these stands in every text in which the rule finds something; a rule that is not named here is always asked. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  aws: [
    ...['A3T', 'AKIA', 'AGPA', 'AIDA', 'AROA', 'AIPA', 'ANPA', 'ANVA', 'ASIA'],
    ...['SECRET', 'secret', 'Secret', 'ACCOUNT', 'account', 'Account'],
  ],
  privatekey: ['PRIVATE KEY'],
  npm: ['x-oauth-basic', '_authToken=', 'npm_'],
  basicauth: ['://'],
  slack: ['xox', 'xapp-', 'hooks.slack'],
  sendgrid: ['SG.'],
  shopify: ['shp'],
  stripe: ['_live_', '_test_'],
  github: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
  gitlab: ['glpat-'],
  grafana: ['glc_', 'glsa_'],
  openai: ['T3BlbkFJ'],
  anthropic: ['sk-ant-'],
  groq: ['gsk_'],
  huggingface: ['hf_'],
  linear: ['lin_api_'],
  notion: ['ntn_'],
  '1password': ['ops_'],
  'database-connection-string': ['mongodb', 'mysql', 'postgres'],
  'hashicorp-vault': ['hvs.', 'hvb.', 'hvr.'],
  vercel: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'],
  databricks: ['dapi'],
  docker: ['dckr_pat_'],
  figma: ['figd_'],
  cloudflare: ['cfk_', 'cfut_', 'cfat_'],
  tailscale: ['tskey-'],
}

/** Rules that tell no capitals from small letters where their literals stand. */
const ANY_CASE: ReadonlySet<string> = new Set(['slack', 'database-connection-string'])

type Creator = (typeof presetRules)[number]
type Source = Parameters<NonNullable<ReturnType<Creator['create']>['file']>>[0]

interface Report {
  message: { messageId: string }
  range: readonly [start: number, end: number]
}

/** How much around a literal a rule has to see. Names and logins stand before it, the value follows; a key has many lines. */
const BEFORE = 300
const AFTER = 1_500
const AFTER_LONG: Readonly<Record<string, number>> = {
  privatekey: 20_000,
  '1password': 5_000,
  anthropic: 5_000,
}

/** What a rule is handed of a text: what is around the places, in windows that do not overlap. */
function windowsOf(name: string, text: string, places: readonly number[]): Match[] {
  const after = AFTER_LONG[name] ?? AFTER
  const windows: Match[] = []
  for (const place of places.toSorted((a, b) => a - b)) {
    const start = Math.max(0, place - BEFORE)
    const end = Math.min(text.length, place + after)
    const last = windows.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else windows.push({ start, end })
  }
  return windows
}

/** Called without `@secretlint/core`: its profiler keeps marks for every rule and text for the life of a process, and it compares
 *  every two findings. */
function detectorOf(creator: Creator): Detector {
  const name = creator.meta.id.slice(PREFIX.length)
  let reports: Report[] = []
  const handler = creator.create(
    {
      sharedOptions: {},
      createTranslator: () => (messageId, data) => ({ messageId: String(messageId), message: '', data }),
      report: report => {
        reports.push(report)
      },
      ignore: () => {},
    },
    { enableIDScanRule: true },
  )
  return {
    versions: [`${name}/secretlint-${VERSION}`],
    needs: NEEDS[name] ?? [],
    anyCase: ANY_CASE.has(name),
    scan: (text, places) => {
      const found: Report[] = []
      for (const { start, end } of places.length > 0
        ? windowsOf(name, text, places)
        : [{ start: 0, end: text.length }]) {
        reports = []
        const pending = handler.file?.(sourceOf(text.slice(start, end)))
        if (pending) throw new TypeError(`the rule ${name} does not answer at once`)
        for (const { message, range } of reports)
          found.push({ message, range: [start + range[0], start + range[1]] })
      }
      return found.flatMap(({ message: { messageId }, range: [start, end] }): Hit[] => {
        const { rule, severity } = NAMES[messageId] ?? { rule: messageId.toLowerCase().replaceAll('_', '-') }
        return start < end && !isToldApart(text.slice(start, end))
          ? [{ start, end, rule, severity: severity ?? 'secret' }]
          : []
      })
    },
  }
}

/** Whether a manual or a template says this. */
const isToldApart = (value: string): boolean =>
  isPrinted(value) ||
  (value.length <= 128 && isCounting(value)) ||
  /:\/\/[^\s@]{0,80}:<[a-z _-]{1,40}>@|^xox[a-z]-(?:your|my|the|some|slack|bot|user|app|token)-/i.test(value)

/** A text that is no file; places in lines are asked for by the filter of comments only, which is left out. */
const sourceOf = (content: string): Source => ({
  hasBOM: false,
  content,
  filePath: 'message.txt',
  physicalFilePath: undefined,
  ext: '.txt',
  contentType: 'text',
  getFilePath: () => undefined,
  getPhysicalFilePath: () => undefined,
  locationToRange: noLines,
  rangeToLocation: noLines,
  positionToIndex: noLines,
  indexToPosition: noLines,
})

function noLines(): never {
  throw new TypeError('a rule asks for lines')
}

export const secretlintDetectors: readonly Detector[] = applied.map(detectorOf)
