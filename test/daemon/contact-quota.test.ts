/** An accepted contact may leave as much as the owner of the home says, and no more. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toHex } from '../../src/core/kernel/bytes.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { introduce, type LiveNode, liveNode, newHome } from '../kit/live-node.ts'

t.setTimeout(300_000)

/** Some 300 KB that no compression makes smaller. */
const noise = (): string => toHex(systemChance.bytes(300_000))

async function bobWith(t: Parameters<typeof newHome>[0], limits: string): Promise<LiveNode> {
  const bob = await newHome(t, 'bob', { passphrase: 'tea and biscuits' })
  appendFileSync(join(bob.home, 'config.toml'), `\n[contacts]\n${limits}\n`)
  await bob.start()
  await bob.call('keystore.unlock', { passphrase: 'tea and biscuits' })
  return bob
}

const reached = async (node: LiveNode, share: string): Promise<boolean> =>
  (await node.call('share.show', { share })).recipients.some(({ acknowledgedAt }) => acknowledgedAt !== null)

t.test(
  'alice, a contact, fills no more than her room, also while bob is locked; what he forgets makes room, and what she takes back ends',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await bobWith(t, 'megabytes = 1')
    await introduce(alice, bob)
    const share = async (title: string): Promise<string> => {
      const conversation = await alice.converse(title, noise())
      return (await alice.call('share.create', { conversation, to: ['bob'] })).shareId
    }
    const refusals = { why: 'quota', from: alice.did }
    const first = await share('bilge')
    await alice.acknowledged(first)
    await bob.received(first)
    await bob.call('keystore.lock', {})
    const second = await share('capstan')
    const third = await share('davit')
    await alice.acknowledged(second)
    await alice.acknowledged(third)
    const fourth = await share('gaff')
    await bob.logged('inbox.refused', refusals)
    await bob.call('keystore.unlock', { passphrase: 'tea and biscuits' })
    await bob.received(third)
    t.equal((await bob.inbox()).length, 3)
    t.equal(await reached(alice, fourth), false)

    await alice.call('share.revoke', { share: second })
    await bob.until('the end of the second', async () =>
      (await bob.inbox()).every(row => row.shareId !== second),
    )
    await alice.call('share.retry', { share: fourth }).catch(() => null)
    await bob.received(fourth)
    const fifth = await share('hawser')
    await bob.logged('inbox.refused', refusals, bob.count('inbox.refused', refusals))
    await bob.call('inbox.forget', { share: first })
    await alice.call('share.retry', { share: fifth }).catch(() => null)
    await bob.received(fifth)
    t.equal((await bob.inbox()).length, 3)
  },
)

t.test('of many small items as many as may lie there', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await bobWith(t, 'items = 3')
  await introduce(alice, bob)
  const conversation = await alice.converse('Tea', 'how long?', 'two minutes')
  const create = () => alice.call('share.create', { conversation, to: ['bob'], again: true })
  for (let n = 0; n < 3; n++) await alice.acknowledged((await create()).shareId)
  const { shareId } = await create()
  await bob.logged('inbox.refused', { why: 'quota', from: alice.did })
  t.equal(await reached(alice, shareId), false)
  t.equal((await bob.inbox()).length, 3)
})
