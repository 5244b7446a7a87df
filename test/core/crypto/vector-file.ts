/** Reading of vector files, and chance that gives the same bytes every time. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Chance } from '../../../src/core/kernel/env.ts'

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

export const vectorPath = (name: string): string => join(projectRoot(), 'test', 'vectors', name)

export const readVectors = <T>(name: string): T => JSON.parse(readFileSync(vectorPath(name), 'utf8')) as T

export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** Bytes n to n+length of SHA-256(name ‖ counter) ‖ SHA-256(name ‖ counter + 1) ‖ …: never for anything but tests. */
export function fixedChance(name: string): Chance {
  let counter = 0
  let pool = new Uint8Array(0)
  return {
    bytes(length) {
      while (pool.length < length) {
        const block = createHash('sha256').update(`${name}/${counter++}`).digest()
        pool = new Uint8Array(Buffer.concat([pool, block]))
      }
      const taken = pool.slice(0, length)
      pool = pool.slice(length)
      return taken
    },
  }
}

/** Gives out the bytes it was made of, in order. */
export function scriptedChance(bytes: Uint8Array): Chance {
  let at = 0
  return {
    bytes(length) {
      at += length
      return bytes.slice(at - length, at)
    },
  }
}
