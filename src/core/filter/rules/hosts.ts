/** Tokens of source hosts, package registries and builders. */
import type { Rule } from '../rule.ts'
import { hasCrc62 } from './checks.ts'
import { token } from './pattern.ts'

export const hostRules: readonly Rule[] = [
  token(
    'github-token',
    'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_',
    /gh[pousr]_[A-Za-z0-9]{36,255}|ghs_[A-Za-z0-9_-]{8,40}eyJ[A-Za-z0-9_.-]{40,800}|github_pat_[A-Za-z0-9_]{22,255}/,
    { version: 2, isProven: hasCrc62 },
  ),
  token(
    'gitlab-token',
    'glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- gloas- glwt-',
    /gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|oas|wt)-[A-Za-z0-9_.-]{20,300}/,
    { version: 2 },
  ),
  token('gitlab-runner-token', 'GR1348941', /GR1348941[A-Za-z0-9_-]{20}/),
  token('bitbucket-token', 'ATBB ATCTT3', /ATBB[A-Za-z0-9]{32}(?![A-Za-z0-9])|ATCTT3[A-Za-z0-9_=-]{60,300}/),
  token('atlassian-token', 'ATATT3 ATSTT3', /AT[AS]TT3[A-Za-z0-9_=.-]{60,300}/),
  token('npm-token', 'npm_', /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/, { version: 2, isProven: hasCrc62 }),
  token('pypi-token', 'pypi-', /pypi-AgE[A-Za-z0-9_-]{50,1000}/, { version: 2 }),
  token('crates-token', 'cio', /cio[A-Za-z0-9]{32}(?![A-Za-z0-9])/, {
    accepts: value => /\d/.test(value) && /[A-Z]/.test(value),
  }),
  token('rubygems-key', 'rubygems_', /rubygems_[a-f0-9]{48}/),
  token('nuget-key', 'oy2', /oy2[a-z0-9]{43}(?![A-Za-z0-9])/),
  token('clojars-token', 'CLOJARS_', /CLOJARS_[a-z0-9]{60}/i),
  token('packagist-token', 'packagist_', /packagist_[ou]{1,3}t_[a-f0-9]{60,80}/),
  token('docker-token', 'dckr_pat_ dckr_oat_', /dckr_[po]at_[A-Za-z0-9_-]{24,60}/),
  token('artifactory-token', 'AKCp cmVmdGtu', /AKCp[A-Za-z0-9]{60,75}|cmVmdGtu[A-Za-z0-9]{50,60}/),
  token('sourcegraph-token', 'sgp_', /sgp_(?:(?:local|[a-f0-9]{16})_)?[a-f0-9]{40}/),
  token('circleci-token', 'CCIPAT_ CCIPRJ_', /CCIP(?:AT|RJ)_[A-Za-z0-9]{16,30}_[a-f0-9]{40}/),
  token('buildkite-token', 'bkua_', /bkua_[a-z0-9]{40}/),
  token('sonar-token', 'sqa_ sqp_ squ_', /sq[apu]_[a-f0-9]{40}/),
  token('terraform-token', '.atlasv1.', /[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}/, { back: 14 }),
  token('pulumi-token', 'pul-', /pul-[a-f0-9]{40}/),
  token('vault-token', 'hvs. hvb. hvr.', /hv[sbr]\.[A-Za-z0-9_-]{24,300}/),
  token(
    'doppler-token',
    'dp.pt. dp.st. dp.sa. dp.ct. dp.scim. dp.audit. dp.said.',
    /dp\.(?:pt|st|sa|ct|scim|audit|said)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}/,
  ),
  token('infisical-token', 'st.', /st\.[a-f0-9]{24}\.[a-f0-9]{32}\.[a-f0-9]{32}/),
  token('1password-token', 'ops_ey', /ops_ey[A-Za-z0-9+/=_-]{80,4000}/),
  token(
    '1password-secret-key',
    'A3-',
    /A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}/,
  ),
  token('harness-token', 'pat.', /pat\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}/),
  token('prefect-key', 'pnu_ pnb_', /pn[ub]_[A-Za-z0-9]{36}/),
  token('expo-token', 'expo_', /expo_[A-Za-z0-9_-]{40}(?![A-Za-z0-9])/),
]
