/** The flag that says what sort of memory it is. */
import { Flags } from '@oclif/core'
import { MEMORY_KINDS } from '../../core/model/library.ts'

export const kindFlag = Flags.option({ options: MEMORY_KINDS })
