/** The kinds of what a user collects. */

/** Of units, which are cut from conversations. */
export const ACU_KINDS = ['paragraphs', 'code', 'table', 'list', 'exchange'] as const
export type AcuKind = (typeof ACU_KINDS)[number]

/** Of memories. */
export const MEMORY_KINDS = [
  'episodic',
  'semantic',
  'procedural',
  'factual',
  'preference',
  'identity',
  'relationship',
  'goal',
  'project',
] as const
export type MemoryKind = (typeof MEMORY_KINDS)[number]
