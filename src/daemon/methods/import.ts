/** RPC methods of the noun `import`. */
import type { Handlers, Params } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Imports } from '../importing/imports.ts'
import type { Caller } from '../rpc/caller.ts'

export type ImportMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `import.${string}`>>

export const makeImportMethods = (imports: Imports): ImportMethods => ({
  'import.begin': async caller => ({ importId: imports.begin(caller) }),
  'import.file': async (caller, p) => ({
    fileId: imports.file(caller, p.importId, p.path, {
      ifKnown: p.ifKnown,
      inFolder: p.inFolder,
      mainBytes: mainBytesOf(p),
    }),
  }),
  'import.chunk': (caller, p) => imports.chunk(caller, p.fileId, fromBase64(p.dataB64)),
  'import.endFile': (caller, p) => imports.endFile(caller, p.fileId),
  'import.finish': async (caller, p) => imports.finish(caller, p.importId),
})

/** Where the log of a database begins in the bytes that follow; null where there is none. */
function mainBytesOf({ size, walBytes }: Params<'import.file'>): number | null {
  if (walBytes === undefined) return null
  if (size === undefined) throw new VivimError('usage/invalid', 'walBytes are counted after size: give both')
  return size
}

/** Node's decoder skips what is no base64: the length tells whether it did. */
function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (text.length % 4 !== 0 || text.length !== Math.ceil(bytes.length / 3) * 4)
    throw new VivimError('rpc/invalid-params', 'import.chunk: "dataB64": not padded base64', {
      field: 'dataB64',
    })
  return bytes
}
