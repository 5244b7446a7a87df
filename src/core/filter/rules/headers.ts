/** Secrets in headers and URLs. */
import type { Rule } from '../rule.ts'
import { patternRule } from './pattern.ts'
import { isRandom, isSample, isStandIn } from './sample.ts'

/** `Authorization` headers and bearer tokens. */
const bearerRule: Rule = patternRule({
  id: 'bearer-token',
  version: 2,
  severity: 'secret',
  needs: ['bearer', 'authorization'],
  anyCase: true,
  pattern:
    /(authorization\\{0,3}["'`]?\]?[ \t]{0,4}(?:[:=,]|=>)[ \t]{0,4}\\{0,3}[fb]?["'`]?(?:(?:bearer|basic|token|digest|apikey|api-key|key|ssws|negotiate)[ \t:]{1,4})?(?:token=["']?)?|bearer[ \t]{1,4})([A-Za-z0-9._~+/=:-]{8,8000})/i,
  accepts: (value, text, start) => {
    if (isSample(value) || !/[A-Za-z]/.test(value)) return false
    if (/basic[ \t]{1,4}$/i.test(text.slice(start - 12, start))) {
      const login = Buffer.from(value, 'base64').toString('latin1')
      return (
        /^[\x20-\x7e]+$/.test(login) &&
        login.slice(0, -1).includes(':') &&
        !/:(?:pass|password|passwd|pwd)$/i.test(login)
      )
    }
    return value.length >= 16 && /\d/.test(value)
  },
})

/** Attributes that a `Set-Cookie` has beside its value. */
const COOKIE_ATTRIBUTE = /^(?:expires|max-age|domain|path|samesite)$/i

/** The cookies of a request or response. */
const cookieRule: Rule = patternRule({
  id: 'cookie',
  version: 2,
  severity: 'secret',
  needs: ['cookie'],
  anyCase: true,
  pattern:
    /((?:set-)?cookie\\{0,3}["']?[ \t]{0,2}[:=][ \t]{0,4}\\{0,3}["']?)([A-Za-z0-9_.-]{1,64}=[^\r\n"'`\\]{8,8000})/i,
  accepts: value =>
    value.split(';').some(pair => {
      const [name = '', ...rest] = pair.trim().split('=')
      const cookie = rest.join('=')
      return cookie.length >= 8 && !COOKIE_ATTRIBUTE.test(name) && !isStandIn(cookie)
    }),
})

/** `curl -b 'name=value'`. */
const cookieOptionRule: Rule = patternRule({
  id: 'cookie',
  version: 1,
  severity: 'secret',
  needs: ['-b ', '--cookie'],
  pattern: /((?:-b|--cookie)[ =]["']?)([A-Za-z0-9_.-]{1,64}=[^\r\n"'`\\\s]{12,4000})/,
  accepts: value => !isSample(value) && isRandom(value.slice(value.indexOf('=') + 1).slice(0, 60)),
})

const SESSION_COOKIE =
  /((?<![A-Za-z0-9])(?:sessionid|session_id|sessid|phpsessid|jsessionid|connect\.sid|csrftoken|remember_token|asp\.net_sessionid|__secure-next-auth\.session-token|next-auth\.session-token|auth_session|li_at|__session|laravel_session|_session_id)["']?[ ]?[=:\t][ ]?["']?)([A-Za-z0-9%._:+/-]{16,4000})/i

/** The file in which curl and browsers keep cookies. */
const cookieFileRule: Rule = patternRule({
  id: 'cookie',
  version: 1,
  severity: 'secret',
  needs: ['\tTRUE\t', '\tFALSE\t'],
  pattern:
    /(\t(?:TRUE|FALSE)\t[^\t\r\n]{1,200}\t(?:TRUE|FALSE)\t\d{1,12}\t[^\t\r\n]{1,100}\t)([^\s]{12,4000})/,
  accepts: value => !isSample(value) && isRandom(value.slice(0, 60)),
})

/** A session's cookie by its usual name, outside of a header. */
const sessionRule: Rule = patternRule({
  id: 'session-id',
  version: 1,
  severity: 'secret',
  needs: ['sess', 'connect.sid', 'csrftoken', 'remember_token', 'auth.session-token', 'li_at'],
  anyCase: true,
  back: 20,
  pattern: SESSION_COOKIE,
  accepts: value => !isSample(value) && isRandom(value.slice(0, 60)),
})

const NOT_A_PASSWORD = /^(?:pass|password|passwd|pwd|secret|token|x+|\*+|\.{3}|port|\d{1,5}(?:\/.*)?)$/i

/** `user:password` in a URL, whatever it opens. */
const urlCredentialsRule: Rule = patternRule({
  id: 'url-credentials',
  version: 2,
  severity: 'secret',
  needs: ['://'],
  pattern: /(:\/\/)([^\s/:@"'<>`\\]{0,256}:[^\s/@"'<>`\\]{1,256})(?=@[^\s@])/,
  accepts: (value, text, start) => {
    const [user = '', password = ''] = value.split(/:(.*)/s)
    // What services come with, on one's own machine.
    const after = text.slice(start + value.length, start + value.length + 12)
    if (user === password && /^@(?:localhost|127\.|\[::1)/.test(after)) return false
    return (
      !isStandIn(value) &&
      !isStandIn(password, Math.min(3, password.length)) &&
      !NOT_A_PASSWORD.test(password)
    )
  },
})

/** A token alone as the user of a URL, as git remotes and package indexes have it. */
const urlTokenRule: Rule = patternRule({
  id: 'url-credentials',
  version: 1,
  severity: 'secret',
  needs: ['://'],
  pattern: /(:\/\/)([A-Za-z0-9_-]{20,256})(?=@[a-z0-9-]{1,63}\.)/,
  accepts: value => !isSample(value) && isRandom(value),
})

/** Query parameters by which a link lets in whoever has it: magic links, signed URLs, invitations. */
const linkTokenRule: Rule = patternRule({
  id: 'link-token',
  version: 1,
  severity: 'secret',
  needs: [
    'token=',
    'code=',
    'signature=',
    'sig=',
    'ticket=',
    'otp=',
    'invite=',
    'key=',
    'auth=',
    'jwt=',
    'sid=',
  ],
  anyCase: true,
  pattern:
    /((?:token|code|signature|sig|ticket|otp|invite|key|auth|jwt|sid)=)([A-Za-z0-9%._~+/-]{12,4000}={0,2})/i,
  accepts: (value, text, start) =>
    !isSample(value) &&
    isRandom(value.slice(0, 60)) &&
    isInUrl(text, start) &&
    !/(?:page|next|cursor)[_-]?\w{1,9}=$/i.test(text.slice(start - 20, start)),
})

/** Longer URLs than this are no links that people get. */
const MAX_URL_LENGTH = 600

function isInUrl(text: string, at: number): boolean {
  let begin = at
  while (at - begin < MAX_URL_LENGTH && !/[\s"'<>]/.test(text[begin - 1] ?? ' ')) begin--
  const before = text.slice(begin, at)
  return /:\/\//.test(before) && /[?&#;]/.test(before)
}

export const headerRules: readonly Rule[] = [
  urlCredentialsRule,
  urlTokenRule,
  bearerRule,
  cookieRule,
  cookieOptionRule,
  cookieFileRule,
  sessionRule,
  linkTokenRule,
]
