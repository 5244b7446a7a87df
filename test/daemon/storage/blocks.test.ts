/** The block store keeps what it was given, and never gives out anything else. */
import { mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { blockCid } from '../../../src/core/crypto/cid.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { openBlockStore } from '../../../src/daemon/storage/blocks/block-store.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'vivim-blocks-'))

t.test('a block that was put is there, also after the store was opened again', async t => {
  const root = folder()
  const bytes = utf8('sealed')
  const cid = blockCid(bytes)
  const store = await openBlockStore(root)
  t.equal(await store.get(cid), null)
  await store.put(cid, bytes)
  await store.put(cid, bytes)
  await store.sync()
  const again = await openBlockStore(root)
  t.same(await again.get(cid), bytes)
  t.equal(await again.bytes(), bytes.length)
  const listed: string[] = []
  for await (const one of again.list()) listed.push(one)
  t.same(listed, [cid])
  await again.delete(cid)
  await again.delete(cid)
  t.equal(await again.has(cid), false)
  t.equal(await again.bytes(), 0)
})

t.test('a torn block is not served, and can be put again', async t => {
  const root = folder()
  const bytes = utf8('a block of more than one byte')
  const cid = blockCid(bytes)
  const store = await openBlockStore(root)
  await store.put(cid, bytes)
  const path = join(root, cid.slice(-2), cid)
  truncateSync(path, 3)
  t.equal(await store.get(cid), null)
  await store.put(cid, bytes)
  t.same(await store.get(cid), bytes)
  writeFileSync(path, Buffer.alloc(bytes.length))
  t.equal(await store.has(cid), false, 'the right length is not enough')
  await store.put(cid, bytes)
  t.same(await store.get(cid), bytes)
})

t.test('an interrupted put leaves nothing, and files are for their owner only', async t => {
  const root = folder()
  const bytes = utf8('x')
  const cid = blockCid(bytes)
  const store = await openBlockStore(root)
  await store.put(cid, bytes)
  writeFileSync(join(root, cid.slice(-2), `${cid}.0.new`), 'half')
  await openBlockStore(root)
  t.same(readdirSync(join(root, cid.slice(-2))), [cid])
  t.equal(statSync(join(root, cid.slice(-2), cid)).mode & 0o777, 0o600)
})
