/** Tokens and keys that begin with what their issuer begins them with. A letter or digit before it makes it part of something
 *  else; letters of other scripts do not, since those languages write without spaces. */
import type { Rule } from '../rule.ts'
import { isVaried, patternRule } from './pattern.ts'

const token = (id: string, needs: readonly string[], pattern: RegExp): Rule =>
  patternRule({
    id,
    version: 1,
    severity: 'secret',
    needs,
    pattern: new RegExp(`(?<![A-Za-z0-9])(?:${pattern.source})`, 'g'),
    accepts: value => isVaried(value, 8),
  })

export const tokenRules: readonly Rule[] = [
  token(
    'github-token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    /gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}/,
  ),
  token(
    'gitlab-token',
    [
      'glpat-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glptt-',
      'glft-',
      'glimt-',
      'glagent-',
      'glsoat-',
      'glffct-',
      'gloas-',
    ],
    /gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[A-Za-z0-9_.-]{20,300}/,
  ),
  token(
    'stripe-key',
    ['_live_', '_test_', 'whsec_'],
    /[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{24,100}/,
  ),
  token(
    'google-key',
    ['AIza', 'ya29.', 'GOCSPX-'],
    /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|ya29\.[A-Za-z0-9_-]{20,2000}|GOCSPX-[A-Za-z0-9_-]{20,40}/,
  ),
  token('huggingface-token', ['hf_', 'api_org_'], /(?:hf_|api_org_)[A-Za-z0-9]{30,60}/),
  token('groq-key', ['gsk_'], /gsk_[A-Za-z0-9]{40,100}/),
  token('xai-key', ['xai-'], /xai-[A-Za-z0-9]{40,120}/),
  token('perplexity-key', ['pplx-'], /pplx-[A-Za-z0-9]{40,100}/),
  token('replicate-token', ['r8_'], /r8_[A-Za-z0-9]{37,40}/),
  token('anthropic-key', ['sk-ant-'], /sk-ant-[A-Za-z0-9_-]{20,255}/),
  token('deepseek-key', ['sk-'], /sk-[a-f0-9]{32}(?![A-Za-z0-9_-])/),
  token(
    'openai-key',
    ['sk-'],
    /sk-(?!ant-)(?:(?:proj|svcacct|admin|None|or-v1)-[A-Za-z0-9_-]{20,255}|[A-Za-z0-9]{33,255}|[A-Za-z0-9]{20,31}(?![A-Za-z0-9_-]))/,
  ),
  token('slack-token', ['xox', 'xapp-'], /(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{20,255}/),
  token('npm-token', ['npm_'], /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/),
  token('pypi-token', ['pypi-'], /pypi-AgE[A-Za-z0-9_-]{50,1000}/),
  token('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /do[opr]_v1_[a-f0-9]{64}/),
  token('telegram-token', [':AA'], /\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/),
  token('age-key', ['AGE-SECRET-KEY-'], /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/),
]

/** A JSON Web Token (RFC 7519): its header is checked to be one. */
export const jwtRule: Rule = patternRule({
  id: 'jwt',
  version: 1,
  severity: 'secret',
  needs: ['eyJ'],
  pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{0,2000}/g,
  accepts: value => {
    try {
      const header: unknown = JSON.parse(
        Buffer.from(value.slice(0, value.indexOf('.')), 'base64url').toString(),
      )
      return typeof header === 'object' && header !== null && ('alg' in header || 'enc' in header)
    } catch {
      return false
    }
  },
})

const PEM_HEADER = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
const PEM_FOOTER = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
/** RSA with 16,384 bits takes 12,700 characters. */
const MAX_PEM_LENGTH = 16_000
const PEM_LINES = /(?:\\[nrt]|[\s>|"']|[A-Za-z0-9+/=]{16,})+(?:[A-Za-z0-9+/=]{1,15}(?![^\s\\"']))?/y

/** Private keys in textual form (RFC 7468, OpenSSH, PGP), long or short, also with `\n` written out, also cut off before their
 *  end. A header in prose, with no key behind it, is none. */
export const privateKeyRule: Rule = {
  id: 'private-key',
  version: 1,
  severity: 'secret',
  needs: ['-----BEGIN '],
  scan: text => {
    const headers = [...text.matchAll(PEM_HEADER)]
    return headers.flatMap((header, at) => {
      const start = header.index
      const bodyStart = start + header[0].length
      const next = headers[at + 1]?.index ?? text.length
      const body = text.slice(bodyStart, Math.min(next, bodyStart + MAX_PEM_LENGTH))
      const footer = PEM_FOOTER.exec(body)
      if (footer && isKeyText(body.slice(0, footer.index)))
        return [{ start, end: bodyStart + footer.index + footer[0].length }]
      PEM_LINES.lastIndex = 0
      const lines = PEM_LINES.exec(body)?.[0] ?? ''
      return isKeyText(lines) ? [{ start, end: bodyStart + lines.trimEnd().length }] : []
    })
  },
}

const isKeyText = (body: string): boolean => body.replace(/[^A-Za-z0-9+/]/g, '').length >= 40
