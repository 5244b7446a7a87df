/** Writes the vectors of this folder: `node test/vectors/vivim-v1/write.ts`. Released vectors are never written again. */
import { writeFileSync } from 'node:fs'
import { vectorPath } from '../../core/crypto/vector-file.ts'
import { makeVectors } from '../../core/crypto/vivim-v1.ts'

for (const [name, contents] of Object.entries(await makeVectors()))
  writeFileSync(vectorPath(`vivim-v1/${name}`), `${JSON.stringify(contents, null, 2)}\n`)
