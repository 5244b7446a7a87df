/** A person with several devices renews their card: each of them makes the new one, and who was taken out does not. */
import t from 'tap'
import { parseCard } from '../../src/core/identity/card.ts'
import { pairedDevice } from '../kit/devices.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

const keysOf = async (node: LiveNode): Promise<string> => {
  const { directory, read } = parseCard((await node.call('contact.card', {})).card)
  return Buffer.concat([directory, read]).toString('hex')
}

const hasKeys = (node: LiveNode, keys: string): Promise<void> =>
  node.until('the card of the other device', async () => (await keysOf(node)) === keys)

t.test(
  'the card that one device renews is the other’s too, whichever it was, and bob reaches her by it',
  async t => {
    const desktop = await liveNode(t, 'alice')
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const first = await keysOf(desktop)
    t.equal(await keysOf(laptop), first)
    await desktop.call('contact.renewCard', {})
    const second = await keysOf(desktop)
    t.not(second, first)
    await hasKeys(laptop, second)
    await laptop.call('contact.renewCard', {})
    const third = await keysOf(laptop)
    t.not(third, second)
    await hasKeys(desktop, third)
    await laptop.stop()
    await laptop.start()
    t.equal(await keysOf(laptop), third, 'it is in the keystore')

    const bob = await liveNode(t, 'bob')
    await introduce(bob, laptop)
    const conversation = await bob.converse('Tea', 'the word is halyard', 'noted')
    const { shareId } = await bob.call('share.create', { conversation, to: ['laptop'] })
    for (const node of [desktop, laptop])
      await node.until('what bob shared', async () =>
        (await node.inbox()).some(one => one.shareId === shareId),
      )
    const phone = await pairedDevice(t, desktop, 'phone')
    t.equal(await keysOf(phone), third)
  },
)

t.test('a locked device takes the new card when it is unlocked', async t => {
  const desktop = await liveNode(t, 'alice')
  const laptop = await pairedDevice(t, desktop, 'laptop', { passphrase: 'correct horse' })
  await laptop.call('keystore.lock', {})
  const first = await keysOf(laptop)
  await desktop.call('contact.renewCard', {})
  const second = await keysOf(desktop)
  await desktop.logged('device.not-synced', { did: desktop.did })
  t.equal(await keysOf(laptop), first)
  await laptop.call('keystore.unlock', { passphrase: 'correct horse' })
  await hasKeys(laptop, second)
  await laptop.call('keystore.lock', {})
  await laptop.call('keystore.unlock', { passphrase: 'correct horse' })
  t.equal(await keysOf(laptop), second, 'under the same passphrase')
})

t.test('a stolen laptop is revoked with a new card: the phone has it, the laptop does not', async t => {
  const desktop = await liveNode(t, 'alice')
  const laptop = await pairedDevice(t, desktop, 'laptop')
  const phone = await pairedDevice(t, desktop, 'phone')
  const first = await keysOf(desktop)
  await desktop.until('both names', async () => {
    const { devices } = await desktop.call('device.list', {})
    return devices.some(({ name }) => name === 'laptop')
  })
  const { code, err } = await desktop.vivim(['device', 'revoke', 'laptop', '--renew-card', '--yes'])
  t.equal(code, 0, err)
  const second = await keysOf(desktop)
  t.not(second, first)
  await hasKeys(phone, second)
  await laptop.until('the laptop to be told', async () =>
    (await laptop.call('system.status', {})).warnings.some(one => one.code === 'device/revoked'),
  )
  t.equal(await keysOf(laptop), first)
  t.equal(laptop.count('card.adopted'), 0)
})
