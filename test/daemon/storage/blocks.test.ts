/** The block store keeps what it was given, and never gives out anything else. */
import { readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blockCid } from '../../../src/core/crypto/cid.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { openBlockStore } from '../../../src/daemon/storage/blocks/block-store.ts'
import { folderOf } from './people.ts'

const folder = (): string => join(folderOf(t), 'blocks')

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
  writeFileSync(join(root, 'new', '7'), 'half')
  const again = await openBlockStore(root)
  t.same(readdirSync(join(root, 'new')), [])
  t.equal(statSync(join(root, cid.slice(-2), cid)).mode & 0o777, 0o600)
  for (const name of ['', 'new', cid.slice(-2)]) t.equal(statSync(join(root, name)).mode & 0o777, 0o700, name)
  writeFileSync(join(root, cid.slice(-2), 'notes.txt'), 'somebody was here')
  const listed: string[] = []
  for await (const one of again.list()) listed.push(one)
  t.same(listed, [cid])
})

t.test('many put the same and other blocks at once, and the count stays right', async t => {
  const store = await openBlockStore(folder())
  t.equal(await store.bytes(), 0)
  const blocks = Array.from({ length: 60 }, (_, i) => utf8(`block ${i % 20}`))
  await Promise.all(blocks.map(bytes => store.put(blockCid(bytes), bytes)))
  await Promise.all([store.sync(), store.sync(), store.sync()])
  const listed: string[] = []
  for await (const one of store.list()) listed.push(one)
  t.equal(listed.length, 20)
  t.equal(
    await store.bytes(),
    blocks.slice(0, 20).reduce((sum, bytes) => sum + bytes.length, 0),
  )
})

t.test('a sync that fails is not taken for done', async t => {
  const root = folder()
  const store = await openBlockStore(root)
  const bytes = utf8('sealed')
  const cid = blockCid(bytes)
  await store.put(cid, bytes)
  const path = join(root, cid.slice(-2), cid)
  rmSync(path)
  symlinkSync(path, path)
  const failed = { code: 'storage/corrupt', details: { code: 'ELOOP' } }
  await t.rejects(store.sync(), failed)
  await t.rejects(store.sync(), failed, 'still not')
  rmSync(path)
  await store.put(cid, bytes)
  await store.sync()
  t.same(await store.get(cid), bytes)
})
