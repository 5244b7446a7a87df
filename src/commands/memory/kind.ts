/** The flag that says what sort of memory it is. */
import { Flags } from '@oclif/core'

/** The nine kinds. */
export const kindFlag = Flags.option({
  options: [
    'episodic',
    'semantic',
    'procedural',
    'factual',
    'preference',
    'identity',
    'relationship',
    'goal',
    'project',
  ] as const,
})
