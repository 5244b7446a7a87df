import t from 'tap'
import { signDocumentByRecovery } from '../../../src/core/identity/document.ts'
import { documentByRecovery } from '../../../src/core/identity/recovering.ts'
import { isSafetyNumber, safetyNumber } from '../../../src/core/identity/safety-number.ts'
import { decideDocument } from '../../../src/core/identity/succession.ts'
import { changesBetween, shakesTrust } from '../../../src/core/identity/trust.ts'
import { DAY_MS, documentFields, makeDevice, makePerson, nextDocument, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const eve = makePerson('eve')
const laptop = makeDevice(alice)

t.test('the safety number is the same on both sides, and another for every other pair', async t => {
  const number = safetyNumber(alice.document, bob.document)
  t.match(number, /^\d{5}( \d{5}){7}$/)
  t.equal(safetyNumber(bob.document, alice.document), number)
  t.not(safetyNumber(alice.document, eve.document), number)
  const otherRecovery = { did: bob.document.did, recovery: eve.document.recovery }
  t.not(safetyNumber(alice.document, otherRecovery), number, 'the recovery key is part of it')
})

t.test('the safety number outlives new devices, recovery and renewal', async t => {
  const number = safetyNumber(alice.document, bob.document)
  t.equal(safetyNumber(nextDocument(alice, [alice.device, laptop]), bob.document), number)
  const change = { expiresAtMs: START_MS + 300 * DAY_MS, devices: [laptop.listed] }
  const recovered = documentByRecovery(alice.document, alice.recoverySeed, START_MS, change)
  t.equal(safetyNumber(recovered, bob.document), number)
})

t.test('a number is compared by its digits alone, and by all of them', async t => {
  const number = safetyNumber(alice.document, bob.document)
  t.ok(isSafetyNumber(number, number.replaceAll(' ', '-')))
  t.notOk(isSafetyNumber(number, number.slice(0, -1)))
  t.notOk(isSafetyNumber(number, ''))
  const wrong = number.replace(/\d$/, digit => String((Number(digit) + 1) % 10))
  t.notOk(isSafetyNumber(number, wrong))
})

t.test('a new device is told, a recovery shakes trust, a mere renewal says nothing', async t => {
  const added = nextDocument(alice, [alice.device, laptop])
  t.same(changesBetween(alice.document, added), ['device-added'])
  t.same(changesBetween(added, nextDocument(alice, [laptop])), ['device-removed'])
  t.same(changesBetween(alice.document, nextDocument(alice, [alice.device])), [])
  t.notOk(shakesTrust(['device-added', 'device-removed']))
  const at = { expiresAtMs: START_MS + 300 * DAY_MS }
  const recovered = documentByRecovery(alice.document, alice.recoverySeed, START_MS, {
    ...at,
    devices: [laptop.listed],
  })
  const changes = changesBetween(alice.document, recovered)
  t.same(changes, ['recovered', 'device-added', 'device-removed'])
  t.ok(shakesTrust(changes))
  const renewed = documentByRecovery(recovered, alice.recoverySeed, START_MS, at)
  t.same(changesBetween(recovered, renewed), [], 'by the same key, with the same devices')
  const moved = documentByRecovery(renewed, alice.recoverySeed, START_MS, {
    ...at,
    movedTo: bob.document.did,
  })
  t.same(changesBetween(renewed, moved), ['moved'])
  t.ok(shakesTrust(['moved']))
  const changed = documentByRecovery(moved, alice.recoverySeed, START_MS, {
    ...at,
    devices: [alice.device.listed],
  })
  t.equal(changed.movedTo, bob.document.did, 'a change of devices takes no move back')
})

t.test(
  'a recovery from an old copy is ahead of one that it cannot know, and carries the anchor on',
  async t => {
    const first = documentByRecovery(alice.document, alice.recoverySeed, START_MS, {
      expiresAtMs: START_MS + DAY_MS,
      devices: [laptop.listed],
    })
    const second = documentByRecovery(alice.document, alice.recoverySeed, START_MS + 2000, {
      expiresAtMs: START_MS + DAY_MS,
      devices: [alice.device.listed],
    })
    t.equal(decideDocument(first, second), 'accept')
    t.equal(decideDocument(second, first), 'older')
    const later = documentByRecovery(second, alice.recoverySeed, START_MS + 2000, {
      expiresAtMs: START_MS + DAY_MS,
    })
    t.equal(later.seq, second.seq + 1, 'and a clock that stands still takes the next number')
    t.same(later.anchor, alice.document.wire)
  },
)

t.test('another recovery seed signs nothing for alice', async t => {
  const change = { expiresAtMs: START_MS + DAY_MS }
  t.throws(() => documentByRecovery(alice.document, eve.recoverySeed, START_MS, change), {
    code: 'identity/other-recovery',
  })
  t.throws(() => signDocumentByRecovery(documentFields(alice, { seq: 9 }), eve.recovery, alice.document), {
    code: 'identity/invalid',
  })
})
