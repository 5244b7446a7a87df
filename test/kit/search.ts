/** A search for words where they should not be: in every file of a folder, in every column of every table of its SQLite databases, in
 *  the terms of their full-text indexes, in whatever can be inflated, and in the encodings that programs use by habit. */

import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { inflateRawSync, unzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { decodeCbor } from '../../src/core/crypto/cbor.ts'

/** A place where a word was found. */
export interface Hit {
  word: string
  /** File, relative to the folder. */
  file: string
  /** How: `bytes`, or the table and column, or `inflated`. */
  where: string
}

const MAX_INFLATED = 16 * 1024 * 1024
const MAX_DEPTH = 6

/** What a word looks like in bytes, by the name of the encoding. Base64 depends on where the word begins: three forms. */
function formsOf(word: string): Buffer[] {
  const utf8 = Buffer.from(word, 'utf8')
  const forms = [utf8, Buffer.from(word, 'utf16le'), Buffer.from(utf8.toString('hex'))]
  forms.push(Buffer.from(utf8.toString('hex').toUpperCase()))
  for (let shift = 0; shift < 3; shift++) {
    const text = Buffer.concat([Buffer.alloc(shift), utf8])
      .toString('base64')
      .replace(/=+$/, '')
    const from = [0, 2, 3][shift] ?? 0
    // The last character also depends on what follows the word.
    const form = text.slice(from, (utf8.length + shift) % 3 === 0 ? undefined : -1)
    forms.push(Buffer.from(form), Buffer.from(form.replaceAll('+', '-').replaceAll('/', '_')))
  }
  return forms
}

/** Looks for words in bytes of any kind. */
export class Search {
  readonly #words: readonly { word: string; forms: Buffer[] }[]

  constructor(words: readonly string[]) {
    this.#words = words.map(word => ({ word, forms: formsOf(word) }))
  }

  /** Words that stand in these bytes, as they are, inflated, or in a byte string of their dag-cbor. */
  inBytes(bytes: Uint8Array, depth = 0): Set<string> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const found = new Set<string>()
    for (const { word, forms } of this.#words) if (forms.some(form => buffer.includes(form))) found.add(word)
    if (depth < MAX_DEPTH)
      for (const inner of this.#inside(buffer))
        for (const word of this.inBytes(inner, depth + 1)) found.add(word)
    return found
  }

  #inside(buffer: Buffer): Uint8Array[] {
    const inner: Uint8Array[] = []
    for (const inflate of [inflateRawSync, unzipSync]) {
      try {
        const bytes = inflate(buffer, { maxOutputLength: MAX_INFLATED })
        if (bytes.length > 0) inner.push(bytes)
      } catch {
        // Not of that kind.
      }
    }
    try {
      collect(decodeCbor(buffer, MAX_INFLATED), inner)
    } catch {
      // Not dag-cbor.
    }
    return inner
  }

  /** Everything below a folder. */
  inFolder(folder: string): Hit[] {
    const hits: Hit[] = []
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, name)
      if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue
      for (const word of this.inBytes(readFileSync(path))) hits.push({ word, file: name, where: 'bytes' })
      if (name.endsWith('.sqlite') || name.endsWith('.db')) hits.push(...this.#inDatabase(folder, path))
    }
    return hits
  }

  #inDatabase(folder: string, path: string): Hit[] {
    const copy = mkdtempSync(join(tmpdir(), 'vivim-search-'))
    const hits: Hit[] = []
    const file = relative(folder, path)
    try {
      for (const end of ['', '-wal', '-shm'])
        if (existsSync(path + end)) copyFileSync(path + end, join(copy, basename(path) + end))
      const db = new Database(join(copy, basename(path)))
      try {
        const tables = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all() as {
          name: string
          sql: string
        }[]
        for (const { name, sql } of tables) {
          const isIndex = /using fts5/i.test(sql ?? '')
          const rows = isIndex ? termsOf(db, name) : db.prepare(`SELECT * FROM "${name}"`).raw().all()
          for (const value of rows.flatMap(row => row as unknown[])) {
            if (typeof value !== 'string' && !(value instanceof Uint8Array)) continue
            const bytes = typeof value === 'string' ? Buffer.from(value) : value
            for (const word of this.inBytes(bytes)) hits.push({ word, file, where: name })
          }
        }
      } finally {
        db.close()
      }
    } finally {
      rmSync(copy, { recursive: true })
    }
    return hits
  }
}

/** Terms of an FTS5 index, which its own tables hold with common beginnings cut off. */
function termsOf(db: Database.Database, name: string): unknown[] {
  db.exec(`CREATE VIRTUAL TABLE temp."terms_${name}" USING fts5vocab(main, "${name}", row)`)
  return db.prepare(`SELECT term FROM temp."terms_${name}"`).raw().all()
}

function collect(value: unknown, into: Uint8Array[]): void {
  if (value instanceof Uint8Array) into.push(value)
  else if (typeof value === 'string') into.push(Buffer.from(value))
  else if (Array.isArray(value)) for (const item of value) collect(item, into)
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) collect(item, into)
}
