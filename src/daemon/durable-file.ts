/** Small files that are there whole or not at all, also after a power cut. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { storageError } from './storage/storage-error.ts'

/** Make the entries of a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Replace a file: written beside it, synced, renamed, folder synced. @throws `storage/full`. */
export function writeDurable(path: string, bytes: Uint8Array | string, mode = 0o600): void {
  const beside = `${path}.new`
  try {
    rmSync(beside, { force: true })
    const fd = openSync(beside, 'wx', mode)
    try {
      // The mask of the process may have taken bits away; it must not have a say here.
      fchmodSync(fd, mode)
      writeWhole(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
    syncFolder(dirname(path))
  } catch (error) {
    rmSync(beside, { force: true })
    throw storageError(error)
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

/** @returns null when there is no such file, or when it is over `maxBytes`. */
export function readSmall(path: string, maxBytes: number): Uint8Array | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isMissing(error) || hasSystemCode(error, 'ENOTDIR')) return null
    throw storageError(error)
  }
  try {
    const bytes = Buffer.alloc(maxBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length <= maxBytes; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null)
    return length > maxBytes ? null : Uint8Array.from(bytes.subarray(0, length))
  } catch (error) {
    throw storageError(error)
  } finally {
    closeSync(fd)
  }
}

/** Overwrite a file of secrets and remove it. Flash and journals may keep what was there. @returns false when it was not there. */
export function shred(path: string): boolean {
  const bytes = readSmall(path, 1024 * 1024)
  if (bytes === null) return false
  const fd = openSync(path, 'r+')
  try {
    writeWhole(fd, new Uint8Array(bytes.length))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  unlinkSync(path)
  syncFolder(dirname(path))
  return true
}

const hasSystemCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

/** Whether an error says that there is no such file or folder. */
export const isMissing = (error: unknown): boolean => hasSystemCode(error, 'ENOENT')
