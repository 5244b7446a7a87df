/** Keys of observability, identity and the tools around an office. */
import type { Rule } from '../rule.ts'
import { patternRule, token } from './pattern.ts'
import { isSample } from './sample.ts'

const UUID = '[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}'

export const infraRules: readonly Rule[] = [
  token('newrelic-key', 'NRAK- NRAA- NRII- NRBR- NRRA-', /NR(?:AK|AA|II|BR|RA)-[A-Za-z0-9_-]{20,50}/),
  token('newrelic-license', 'NRAL', /(?:[a-z]{2}\d\dx{2})?[a-f0-9]{26,36}(?:FFFF)?NRAL(?![A-Za-z0-9])/, {
    version: 2,
    back: 42,
  }),
  token('axiom-token', 'xaat- xapt-', new RegExp(`xa[ap]t-${UUID}`)),
  token('logfire-token', 'pylf_v', /pylf_v\d_[a-z]{2}_[A-Za-z0-9]{40,60}/),
  token('boundary-token', 'at_', /at_[A-Za-z0-9]{10}_[A-Za-z0-9]{100,400}/),
  token('unkey-key', 'unkey_', /unkey_[A-Za-z0-9]{20,40}/),
  token('apify-token', 'apify_api_', /apify_api_[A-Za-z0-9]{30,50}/),
  token('trigger-key', 'tr_dev_ tr_prod_ tr_stg_', /tr_(?:dev|prod|stg)_[A-Za-z0-9]{20,40}/),
  token('inngest-key', 'signkey-', /signkey-(?:prod|test|branch|dev)-[A-Za-z0-9]{32,80}/),
  token('wakatime-key', 'waka_', new RegExp(`waka_${UUID}`)),
  token('sentry-token', 'sntrys_ sntryu_', /sntrys_eyJ[A-Za-z0-9_=+/-]{40,800}|sntryu_[a-f0-9]{64}/),
  patternRule({
    id: 'sentry-dsn',
    version: 1,
    severity: 'secret',
    needs: ['.sentry.io', '.ingest.'],
    back: 90,
    pattern: /(https:\/\/)([a-f0-9]{32}(?::[a-f0-9]{32})?)(?=@[a-z0-9.-]{0,40}\.(?:sentry\.io|ingest\.))/,
  }),
  token(
    'grafana-token',
    'glc_ glsa_ eyJrIjoi',
    /glc_[A-Za-z0-9+/=]{32,400}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|eyJrIjoi[A-Za-z0-9]{70,400}={0,2}/i,
  ),
  token('dynatrace-token', 'dt0c01. dt0s01. dt0s16.', /dt0[cs]\d\d\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}/),
  token('honeycomb-key', 'hcaik_ hcxik_ hcxlk_ hcamk_', /hc(?:aik|xik|xlk|amk)_[a-z0-9]{20,80}/),
  token('launchdarkly-key', 'sdk- api- mob-', new RegExp(`(?:sdk|api|mob)-${UUID}`)),
  token('posthog-key', 'phx_', /phx_[A-Za-z0-9_-]{40,60}/),
  token('pagerduty-key', 'pdus+ pdeu+', /pd(?:us|eu)\+_[A-Za-z0-9_-]{20,60}/),
  token('postman-key', 'PMAK- PMAT-', /PMAK-[a-f0-9]{24}-[a-f0-9]{34}|PMAT-[A-Z0-9]{26}/),
  token('notion-token', 'ntn_ secret_', /ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])/),
  token('linear-key', 'lin_api_ lin_oauth_ lin_wh_', /lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,80}/),
  token('figma-token', 'figd_ figu_ figo_ figdr_', /fig(?:dr?|u|o|h)_[A-Za-z0-9_-]{36,80}/),
  token('airtable-token', 'pat', /pat[A-Za-z0-9]{14}\.[a-f0-9]{64}/),
  token('asana-token', '1/1 2/1 0/1', /[012]\/1\d{10,18}(?:\/\d{10,18})?:[a-f0-9]{32}/),
  token('dropbox-token', 'sl.', /sl\.(?:u\.)?[A-Za-z0-9_-]{120,1600}/),
  token('mapbox-token', 'sk.eyJ', /sk\.eyJ[A-Za-z0-9_-]{30,200}\.[A-Za-z0-9_-]{20,40}/),
  token('tailscale-key', 'tskey-', /tskey-(?:[a-z]{2,10}-)?[A-Za-z0-9]{8,24}(?:-[A-Za-z0-9]{16,50})?/),
  token('contentful-token', 'CFPAT-', /CFPAT-[A-Za-z0-9_-]{40,60}/),
  token('rapidapi-key', 'jsn', /[a-z0-9]{10}msh[a-z0-9]{15}p1[a-z0-9]{6}jsn[a-z0-9]{10,14}/, { back: 36 }),
  token('readme-key', 'rdme_', /rdme_[a-z0-9]{70}/),
  token('typeform-token', 'tfp_', /tfp_[A-Za-z0-9_.-]{40,70}/),
  token('clickup-token', 'pk_', /pk_\d{6,10}_[A-Z0-9]{32}/),
  token('adobe-secret', 'p8e- p8_', /p8(?:e-|_)[A-Za-z0-9_-]{32,48}/),
  token('frameio-token', 'fio-u-', /fio-u-[A-Za-z0-9_=-]{64}/),
  token('okta-token', 'SSWS', /SSWS 00[A-Za-z0-9_-]{38,42}/),
  token('zapier-webhook', 'hooks.zapier.com', /hooks\.zapier\.com\/hooks\/catch\/\d{4,12}\/[a-z0-9]{5,12}/),
  token('algolia-key', 'x-algolia-api-key', /x-algolia-api-key["']?[ ]?[:=][ ]?["']?[a-f0-9]{32}/i, {
    anyCase: true,
  }),
  token('nats-seed', 'SUA SAA SOA SNA', /S[UAONCX]A[A-Z2-7]{55}(?![A-Za-z0-9])/),
  token('zoho-token', '1000.', /1000\.[a-f0-9]{32}\.[a-f0-9]{32}/),
  token(
    'lark-token',
    'https://open.feishu.cn https://open.larksuite.com',
    /https:\/\/open\.(?:feishu\.cn|larksuite\.com)\/open-apis\/bot\/v2\/hook\/[a-f0-9-]{36}/,
    {
      accepts: value => !isSample(value.slice(-36)),
    },
  ),
]
