/** What stays of a letter when the content that it came with has ended. */
import t from 'tap'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { activeDevices } from '../../src/core/identity/document.ts'
import { sealLetterToDevices, sealLetterUnderEpoch } from '../../src/core/pipeline/letter.ts'
import { besideEpochEnvelopes, encodeLetterWire, envelopesOf } from '../../src/daemon/sharing/letter-wire.ts'
import { makePerson } from '../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const ref = { circle: alice.chance.bytes(16), epoch: alice.chance.bytes(32) }
const devices = activeDevices(bob.document)
const toBob = sealLetterToDevices({ wraps: [] }, alice.keystore.did, bob.keystore.did, devices, alice.chance)
const toCircle = sealLetterUnderEpoch({}, ref, new SecretBytes(alice.chance.bytes(32)), alice.chance)

t.test('of a circle’s share the key and entries stay, the notice goes', async t => {
  const rest = besideEpochEnvelopes(encodeLetterWire([toCircle, toBob]))
  t.same(rest && envelopesOf(rest).map(({ kind }) => kind), ['device'])
  t.same(rest, encodeLetterWire([toBob]))
})

t.test('of a share to one person, or to a circle that is known, nothing stays', async t => {
  t.equal(besideEpochEnvelopes(encodeLetterWire([toBob])), null)
  t.equal(besideEpochEnvelopes(encodeLetterWire([toCircle])), null)
})
