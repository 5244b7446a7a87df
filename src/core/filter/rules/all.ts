/** The rules of our own, in the order in which they name a value that several of them find. */
import { type Detector, detectorOf, type Rule } from '../rule.ts'
import { assignmentRule } from './assignments.ts'
import { chatRules } from './chat.ts'
import { cloudRules } from './cloud.ts'
import { commandRules } from './commands.ts'
import { headerRules } from './headers.ts'
import { hostRules } from './hosts.ts'
import { infraRules } from './infra.ts'
import { keyRules } from './keys.ts'
import { modelRules } from './models.ts'
import { nationalDetector } from './national.ts'
import { networkRules } from './network.ts'
import { numberRules } from './numbers.ts'
import { personRules } from './person.ts'
import { tableRule } from './tables.ts'

const rules: readonly Rule[] = [
  ...keyRules,
  ...hostRules,
  ...cloudRules,
  ...modelRules,
  ...chatRules,
  ...infraRules,
  ...headerRules,
  ...commandRules,
  assignmentRule,
  tableRule,
  ...personRules,
  ...numberRules,
  ...networkRules,
]

export const ownDetectors: readonly Detector[] = [...rules.map(detectorOf), nationalDetector]

/** Rules of our own that find personal data, by id. */
export const personalIds: readonly string[] = [
  ...rules.filter(({ severity }) => severity === 'personal').map(({ id }) => id),
  ...nationalDetector.versions.map(version => version.slice(0, version.lastIndexOf('/'))),
]
