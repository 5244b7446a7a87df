/** Blocks of pushes that broke off do not stay, and nothing else goes with them. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { blockCid } from '../../src/core/crypto/cid.ts'
import type { Manifest } from '../../src/core/crypto/manifest.ts'
import type { Cid } from '../../src/core/model/id.ts'
import { BROKEN_OFF_MS, makePushes } from '../../src/daemon/sharing/pushes.ts'
import { openBlockStore } from '../../src/daemon/storage/blocks/block-store.ts'
import { tempFolder } from '../kit/home.ts'
import { didOf } from './storage/people.ts'

const [alice, eve] = [didOf(1), didOf(2)]
const MIB = 1024 * 1024

async function setting(t: Test) {
  const blocks = await openBlockStore(tempFolder(t))
  const wanted = new Set<Cid>()
  const named = new Set<Cid>()
  const clock = { ms: 1_000_000, nowMs: () => clock.ms }
  const pushes = makePushes({
    blocks,
    isWanted: async content => wanted.has(content),
    isNamedBeside: async block => named.has(block),
    clock,
    log: () => {},
  })
  t.teardown(() => pushes.stop())
  const block = async (): Promise<Cid> => {
    const bytes = new Uint8Array(randomBytes(100))
    const cid = blockCid(bytes)
    await blocks.put(cid, bytes)
    return cid
  }
  const content = (chunks: Cid[], size = 200): Manifest =>
    ({ contentId: blockCid(new Uint8Array(randomBytes(20))), chunks, size }) as unknown as Manifest
  const here = async (): Promise<Cid[]> => {
    const all: Cid[] = []
    for await (const cid of blocks.list()) all.push(cid)
    return all.sort()
  }
  return { blocks, wanted, named, clock, pushes, block, content, here }
}

t.test('what broke off goes after a minute without a block, what still moves stays', async t => {
  const { clock, pushes, block, content, here } = await setting(t)
  const [broken, moving] = [await block(), await block()]
  await pushes.begin(alice, content([broken, await block()]))
  const push = await pushes.begin(alice, content([moving]))
  clock.ms += BROKEN_OFF_MS
  if (push) pushes.moved(push)
  await pushes.sweep()
  t.same(await here(), [moving])
  clock.ms += BROKEN_OFF_MS
  await pushes.sweep()
  t.same(await here(), [])
})

t.test('what was delivered, is wanted, comes otherwise or is named by something else stays', async t => {
  const { clock, pushes, wanted, named, block, content, here } = await setting(t)
  const cids = await Promise.all([block(), block(), block(), block()])
  const [delivered, wantedBlock, shared, coming] = cids as [Cid, Cid, Cid, Cid]
  const done = await pushes.begin(alice, content([delivered]))
  if (done) pushes.end(done)
  const twice = content([wantedBlock])
  wanted.add(twice.contentId)
  await pushes.begin(alice, twice)
  named.add(shared)
  await pushes.begin(eve, content([shared, coming]))
  clock.ms += BROKEN_OFF_MS
  await pushes.begin(alice, content([coming]))
  await pushes.sweep()
  t.same(await here(), [...cids].sort())
})

t.test('one sender has room for two large pushes at a time, and gets it back', async t => {
  const { clock, pushes, content } = await setting(t)
  const large = () => content([], 64 * MIB)
  const first = large()
  t.ok(await pushes.begin(eve, first))
  const second = await pushes.begin(eve, large())
  t.ok(second)
  t.equal(await pushes.begin(eve, large()), null)
  t.ok(await pushes.begin(eve, first), 'the same again is the same')
  t.ok(await pushes.begin(alice, large()), 'others are not held up')
  if (second) pushes.end(second)
  t.ok(await pushes.begin(eve, large()))
  t.equal(await pushes.begin(eve, large()), null)
  clock.ms += BROKEN_OFF_MS
  t.ok(await pushes.begin(eve, large()), 'what broke off makes room')
})
