/** All benchmarks by the name that selects them; each is loaded only in the process that runs it. */
import type { Bench } from './bench.ts'

export const CATALOG = {
  wraps: { about: 'a key for many devices', load: async () => (await import('./wraps.ts')).wraps },
  signatures: {
    about: 'Ed25519 under one rule',
    load: async () => (await import('./signatures.ts')).signatures,
  },
  sealing: { about: 'sealing and opening content', load: async () => (await import('./sealing.ts')).sealing },
} as const satisfies Record<string, { about: string; load: () => Promise<Bench> }>

export type BenchName = keyof typeof CATALOG
export const NAMES = Object.keys(CATALOG) as BenchName[]
