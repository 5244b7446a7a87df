/** What a file of benchmarks offers to the runner. */
import type { Scope } from '../src/core/kernel/scope.ts'
import type { Figure } from './figure.ts'

export interface BenchOptions {
  /** Sizes that take minutes instead of seconds. */
  readonly large: boolean
  /** Closed when the benchmark ended, however it did. */
  readonly scope: Scope
}

export interface Bench {
  /** Figures as they are known. */
  run(options: BenchOptions): AsyncIterable<Figure>
}
