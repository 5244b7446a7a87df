/** The rules of our own, in the order in which they name a value that several of them find. */
import type { Rule } from '../rule.ts'
import { assignmentRule, bearerRule, cookieRule, urlCredentialsRule } from './assignments.ts'
import { cardRule, emailRule, homePathRule, ibanRule, ipv4Rule, phoneRule } from './personal.ts'
import { jwtRule, privateKeyRule, tokenRules } from './tokens.ts'

export const ownRules: readonly Rule[] = [
  privateKeyRule,
  ...tokenRules,
  jwtRule,
  urlCredentialsRule,
  bearerRule,
  cookieRule,
  assignmentRule,
  emailRule,
  ibanRule,
  cardRule,
  phoneRule,
  homePathRule,
  ipv4Rule,
]
