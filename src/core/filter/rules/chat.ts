/** Tokens of chats, mail and payment. */
import type { Rule } from '../rule.ts'
import { patternRule, token } from './pattern.ts'
import { isSample } from './sample.ts'

const HEX_DIGITS = [...'0123456789abcdef']
const TEN = Array.from({ length: 10 }, (_, digit) => digit)
/** How two digits begin in base64. */
const DISCORD_BEGINNINGS = TEN.slice(1).flatMap(first =>
  TEN.map(second => Buffer.from(`${first}${second}0`).toString('base64').slice(0, 3)),
)

/** Three parts of fixed lengths, the first of which is a number of 17 to 20 digits in base64. */
const discordTokenRule: Rule = token(
  'discord-token',
  DISCORD_BEGINNINGS.join(' '),
  /[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,45}(?![A-Za-z0-9_-])/,
  {
    accepts: value =>
      /^\d{17,20}$/.test(Buffer.from(value.slice(0, value.indexOf('.')), 'base64url').toString('latin1')),
  },
)

/** The address is the key. */
const webhook = (id: string, needs: string[], pattern: RegExp): Rule =>
  patternRule({
    id,
    version: 1,
    severity: 'secret',
    needs,
    pattern,
    accepts: value => !isSample(value.slice(-24)),
  })

export const chatRules: readonly Rule[] = [
  token('slack-token', 'xox xapp- xoxe.', /(?:xox[abceoprs]|xapp|xoxe\.xox[bp])-[A-Za-z0-9-]{20,400}/, {
    version: 2,
  }),
  token('slack-token', 'xoxd-', /xoxd-[A-Za-z0-9%+/=_-]{20,600}/),
  webhook(
    'slack-webhook',
    ['https://hooks.slack'],
    /https:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/_-]{20,150}/,
  ),
  discordTokenRule,
  webhook('discord-webhook', ['/api/webhooks/'], /(\/api\/webhooks\/\d{17,20}\/)([A-Za-z0-9_-]{60,80})/),
  webhook(
    'teams-webhook',
    ['/webhookb2/', '/IncomingWebhook/'],
    /(\/(?:webhookb2|IncomingWebhook)\/)([A-Za-z0-9@/-]{40,250})/,
  ),
  token('telegram-token', ':AA', /\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/, { version: 2, back: 10 }),
  token('matrix-token', 'syt_', /syt_[A-Za-z0-9+/=_-]{2,60}_[A-Za-z0-9]{20}_[A-Za-z0-9]{6}/),
  token('twilio-key', HEX_DIGITS.map(digit => `SK${digit}`).join(' '), /SK[a-f0-9]{32}(?![A-Za-z0-9])/),
  token('sendgrid-key', 'SG.', /SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}/),
  token('mailgun-key', 'key-', /key-[a-f0-9]{32}(?![A-Za-z0-9])/),
  token(
    'mailchimp-key',
    '-us1 -us2 -us3 -us4 -us5 -us6 -us7 -us8 -us9',
    /[a-f0-9]{32}-us\d{1,2}(?![A-Za-z0-9])/,
    {
      back: 32,
    },
  ),
  token('mandrill-key', 'md-', /md-[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/, {
    accepts: value => /\d/.test(value) && /[A-Z]/.test(value) && /[a-z]/.test(value.slice(3)),
  }),
  token('brevo-key', 'xkeysib- xsmtpsib-', /x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}/),
  token('resend-key', 're_', /re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30}/),
  token(
    'stripe-key',
    'sk_live_ rk_live_ sk_test_ rk_test_ whsec_',
    /[sr]k_(?:live|test)_[A-Za-z0-9_]{10,250}|whsec_[A-Za-z0-9+/=]{24,100}/,
    {
      version: 2,
    },
  ),
  token('square-token', 'sq0 EAAA', /sq0[a-z]{3}-[A-Za-z0-9_-]{22,50}|EAAA[A-Za-z0-9_-]{60}(?![A-Za-z0-9])/),
  token(
    'braintree-token',
    'access_token$',
    /access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}/,
  ),
  token('razorpay-key', 'rzp_', /rzp_(?:live|test)_[A-Za-z0-9]{14,24}/),
  token('flutterwave-key', 'FLWSECK', /FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,40}(?:-X)?/),
  token('adyen-key', 'AQE', /AQE[a-z][A-Za-z0-9+/=_-]{60,300}/),
  token(
    'plaid-token',
    'access-',
    /access-(?:sandbox|development|production)-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}/,
  ),
  token('shopify-token', 'shp', /shp(?:at|ca|pa|ss|ua|tka)_[A-Fa-f0-9]{32}(?![A-Za-z0-9])/),
  token('hubspot-token', 'pat-na pat-eu', /pat-(?:na|eu)\d-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}/i),
  token('salesforce-session', '00D', /00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,140}/),
  token('facebook-token', 'EAA IGQV IGAA', /EAA[A-Za-z0-9]{90,400}|IG(?:QV|AA)[A-Za-z0-9_-]{80,400}/, {
    version: 2,
  }),
  token('twitter-bearer', 'AAAAAAAAAAAAAAAAAAAAA', /A{20,24}[A-Za-z0-9%]{60,120}/),
  token('intercom-token', 'dG9rO', /dG9rO[A-Za-z0-9_=]{50,90}/),
  token('shippo-token', 'shippo_', /shippo_(?:live|test)_[a-f0-9]{40}/),
  token('easypost-key', 'EZAK EZTK', /EZ[AT]K[a-f0-9A-Za-z]{54}/),
  token('mailersend-token', 'mlsn.', /mlsn\.[a-f0-9]{64}/),
  token(
    'onfido-token',
    'api_live api_sandbox',
    /api_(?:live|sandbox)(?:_[a-z]{2})?\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{32}/,
  ),
  token('paddle-key', 'pdl_', /pdl_(?:live|sdbx)_apikey_[a-z0-9]{26}_[A-Za-z0-9]{22}_[A-Za-z0-9]{3}/),
  token('polar-token', 'polar_', /polar_[a-z]{2,4}_[A-Za-z0-9_-]{30,80}/),
  token('cal-key', 'cal_live_', /cal_live_[a-f0-9]{32}/),
  token('pubnub-key', 'sec-c-', /sec-c-[A-Za-z0-9+/=-]{36,80}/),
  token('duffel-token', 'duffel_', /duffel_(?:live|test)_[A-Za-z0-9_=-]{43}/),
]
