/** secretlint's rules as an engine. The rules of its recommended preset are named one by one: the preset itself holds a filter
 *  by which comments in the text switch the scan off. */
import { lintSource } from '@secretlint/core'
import { rules as presetRules } from '@secretlint/secretlint-rule-preset-recommend'
import type { Engine, Hit, Severity } from './rule.ts'

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

const config = {
  rules: applied.map(rule => ({
    id: rule.meta.id,
    rule,
    options: rule.meta.id === `${PREFIX}aws` ? { enableIDScanRule: true } : {},
  })),
}

export const secretlintEngine: Engine = {
  rules: applied.map(({ meta }) => `${meta.id.slice(PREFIX.length)}/secretlint-${VERSION}`),
  scan: async text => {
    const { messages } = await lintSource({
      source: { content: text, filePath: 'message.txt', ext: '.txt', contentType: 'text' },
      options: { config, noPhysicFilePath: true },
    })
    return messages.flatMap(({ messageId, range: [start, end] }): Hit[] => {
      const { rule, severity } = NAMES[messageId] ?? { rule: messageId.toLowerCase().replaceAll('_', '-') }
      return start < end ? [{ start, end, rule, severity: severity ?? 'secret' }] : []
    })
  },
}
