/** Guessing a passphrase gets slower with each wrong one, and never shuts a door for good. */
import t from 'tap'
import { makeTries } from '../../src/daemon/accounts/tries.ts'

t.test(
  'five wrong ones make the sixth wait, each further one twice as long, and never longer than half a minute',
  async t => {
    let nowMs = 1_000_000
    const tries = makeTries({ nowMs: () => nowMs })
    for (let at = 0; at < 4; at++) tries.wrong('bob')
    t.equal(tries.pauseMs('bob'), 0, 'people mistype')
    const pauses: number[] = []
    for (let at = 0; at < 8; at++) {
      tries.wrong('bob')
      pauses.push(tries.pauseMs('bob'))
      nowMs += tries.pauseMs('bob')
      t.equal(tries.pauseMs('bob'), 0, 'after the pause the door is open')
    }
    t.same(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    t.equal(tries.pauseMs('alice'), 0, 'other doors are as they were')
    tries.right('bob')
    tries.wrong('bob')
    t.equal(tries.pauseMs('bob'), 0, 'a right one makes good')
  },
)

t.test('wrong ones are forgotten with time, and a million names fill no memory', async t => {
  let nowMs = 0
  const tries = makeTries({ nowMs: () => nowMs })
  for (let at = 0; at < 20; at++) tries.wrong('bob')
  t.equal(tries.pauseMs('bob'), 30_000)
  nowMs += 15 * 60_000
  t.equal(tries.pauseMs('bob'), 0)
  for (let at = 0; at < 10; at++) tries.wrong('bob')
  for (let at = 0; at < 5_000; at++) tries.wrong(`name ${at}`)
  t.equal(tries.pauseMs('bob'), 0, 'the oldest gave way')
})
