/** The one error class and the one table of stable codes: each room adds rows here, never classes. */

interface ErrorRow {
  /** JSON-RPC 2.0 error number. Ours are positive; the -32xxx range is the specification's. */
  readonly rpc: number
  /** Exit code of the command line, see the table in `docs/operating.md`. */
  readonly exit: number
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retry: boolean
  /** What to do next, in one sentence; printed as the error's `hint`. */
  readonly hint: string
}

/** Every code VIVIM throws. A code is never renamed or renumbered once released. */
export const ERRORS = {
  'program/defect': {
    rpc: 1000,
    exit: 1,
    retry: false,
    hint: 'This is a defect of VIVIM. Please report it with the log line that carries this error.',
  },
  'usage/invalid': { rpc: 1001, exit: 2, retry: false, hint: 'See the command with --help.' },
  'usage/input-needed': {
    rpc: 1002,
    exit: 2,
    retry: false,
    hint: 'Give the missing value as a flag, or run without --no-input on a terminal.',
  },

  'file/not-found': { rpc: 1003, exit: 3, retry: false, hint: 'Check the path.' },
  'file/unusable': { rpc: 1004, exit: 5, retry: false, hint: 'Check that you may read and write there.' },
  'file/exists': { rpc: 1005, exit: 6, retry: false, hint: 'Choose another name; nothing was overwritten.' },

  'rpc/parse': { rpc: -32700, exit: 2, retry: false, hint: 'Send one JSON document a line.' },
  'rpc/invalid-request': { rpc: -32600, exit: 2, retry: false, hint: 'Send a JSON-RPC 2.0 request object.' },
  'rpc/unknown-method': {
    rpc: -32601,
    exit: 2,
    retry: false,
    hint: 'List the methods with `vivim rpc --list`.',
  },
  'rpc/invalid-params': {
    rpc: -32602,
    exit: 2,
    retry: false,
    hint: 'The message names the field; schemas/openrpc.json has the shape.',
  },
  'rpc/frame-too-long': {
    rpc: 1010,
    exit: 2,
    retry: false,
    hint: 'Keep one line under the frame limit that system.hello names.',
  },
  'rpc/hello-first': { rpc: 1011, exit: 2, retry: false, hint: 'Call system.hello before any other method.' },
  'rpc/version': {
    rpc: 1012,
    exit: 2,
    retry: false,
    hint: 'Update the older of the two: `vivim` and `vivimd` must speak the same contract version.',
  },
  'rpc/timeout': { rpc: 1013, exit: 75, retry: true, hint: 'Try again, or give more time with --timeout.' },
  'rpc/busy': {
    rpc: 1014,
    exit: 75,
    retry: true,
    hint: 'Too many calls or connections at once; wait for some to end.',
  },
  'rpc/denied': { rpc: 1015, exit: 4, retry: false, hint: 'Ask the operator of this node.' },
  'rpc/cancelled': { rpc: 1016, exit: 130, retry: true, hint: 'Call it again when you want it.' },

  'daemon/not-running': { rpc: 1100, exit: 69, retry: true, hint: 'Start it with `vivim daemon start`.' },
  'daemon/not-ready': {
    rpc: 1101,
    exit: 69,
    retry: true,
    hint: 'It is still starting, or it failed to: see `vivim daemon logs`.',
  },
  'daemon/already-running': {
    rpc: 1102,
    exit: 6,
    retry: false,
    hint: 'Another vivimd holds this home; use it, or stop it first.',
  },
  'daemon/port-in-use': {
    rpc: 1103,
    exit: 6,
    retry: true,
    hint: 'Another program listens there. Change `listen` in config.toml, or stop that program.',
  },
  'home/missing': { rpc: 1110, exit: 3, retry: false, hint: 'Make one with `vivim init --name NAME`.' },
  'home/format': {
    rpc: 1111,
    exit: 6,
    retry: false,
    hint: 'This home was written by a newer VIVIM: update this one.',
  },
  'home/config': {
    rpc: 1112,
    exit: 2,
    retry: false,
    hint: 'Mend config.toml; the message names the line or field.',
  },
  'home/conflict': {
    rpc: 1113,
    exit: 6,
    retry: false,
    hint: 'This home has an identity already; use another --home for another person.',
  },
  'user/not-found': {
    rpc: 1120,
    exit: 3,
    retry: false,
    hint: 'Its operator lists them with `vivim user list`.',
  },
  'user/operator': {
    rpc: 1121,
    exit: 4,
    retry: false,
    hint: 'The first user of a home is its operator and stays: to end the node, stop it and remove its home.',
  },
  'session/needed': {
    rpc: 1122,
    exit: 4,
    retry: false,
    hint: 'Open one with `vivim session open --as NAME`.',
  },
  'session/invalid': {
    rpc: 1123,
    exit: 4,
    retry: false,
    hint: 'It expired or was ended: open another with `vivim session open --as NAME`.',
  },
  'session/refused': {
    rpc: 1124,
    exit: 4,
    retry: false,
    hint: 'Check name and passphrase; the operator of the node knows which users it has.',
  },
  'session/wait': {
    rpc: 1125,
    exit: 75,
    retry: true,
    hint: 'Too many wrong tries: wait a moment. A client with an earlier session of its own waits for nobody.',
  },
  'session/not-found': {
    rpc: 1126,
    exit: 3,
    retry: false,
    hint: 'List yours with `vivim session list`.',
  },

  'storage/full': {
    rpc: 1200,
    exit: 75,
    retry: true,
    hint: 'The disk is full. Make room; nothing that was accepted is lost.',
  },
  'storage/unavailable': {
    rpc: 1201,
    exit: 69,
    retry: true,
    hint: 'Check that the database server runs and that its address in config.toml is right.',
  },
  'storage/newer-schema': {
    rpc: 1202,
    exit: 6,
    retry: false,
    hint: 'A newer VIVIM wrote this database: update this one.',
  },
  'storage/corrupt': {
    rpc: 1203,
    exit: 5,
    retry: false,
    hint: 'Restore from a backup; the file was left as it is.',
  },
  'storage/url-password': {
    rpc: 1204,
    exit: 2,
    retry: false,
    hint: 'Put the password in a PGPASSFILE or in config.toml (0600), not into the URL.',
  },

  'keystore/locked': { rpc: 1300, exit: 4, retry: false, hint: 'Unlock with `vivim unlock`.' },
  'keystore/wrong-passphrase': {
    rpc: 1301,
    exit: 4,
    retry: false,
    hint: 'Try again; after `identity export` the exported file can restore the identity.',
  },
  'keystore/corrupt': { rpc: 1302, exit: 5, retry: false, hint: 'Restore the keystore file from a backup.' },
  'identity/not-exported': {
    rpc: 1310,
    exit: 4,
    retry: false,
    hint: 'Write the recovery seed out with `vivim identity export FILE` and keep the file elsewhere.',
  },
  'identity/invalid': {
    rpc: 1311,
    exit: 5,
    retry: false,
    hint: 'The identity document was refused; ask its owner for a new card.',
  },
  'identity/words': {
    rpc: 1312,
    exit: 5,
    retry: false,
    hint: 'Give all 24 words in their order, as `identity export --words` showed them.',
  },
  'identity/seed-gone': {
    rpc: 1313,
    exit: 7,
    retry: false,
    hint: 'The recovery seed left this node with an earlier export: use that file, or its words.',
  },
  'identity/other-recovery': {
    rpc: 1314,
    exit: 4,
    retry: false,
    hint: 'These words or this export belong to another identity than the document.',
  },
  'identity/document-needed': {
    rpc: 1315,
    exit: 5,
    retry: false,
    hint: 'Words alone do not tell whose they are: give the export file, --from an old home, or --document with what a contact has (`vivim contact show YOU --json`, field document).',
  },
  'identity/rolled-back': {
    rpc: 1316,
    exit: 6,
    retry: false,
    hint: 'Put the newest copy of identity.doc back, or recover with `vivim identity import`.',
  },
  'identity/recovery-needed': {
    rpc: 1317,
    exit: 4,
    retry: false,
    hint: 'Give the export file or the 24 words with --recovery.',
  },
  'card/invalid': { rpc: 1320, exit: 5, retry: false, hint: 'Copy the whole line that begins with vivim1.' },

  'device/wrong-code': {
    rpc: 1330,
    exit: 4,
    retry: false,
    hint: 'Type the eight digits that the new device shows. After three wrong codes all requests end: run `vivim device add` there again.',
  },
  'device/not-found': { rpc: 1331, exit: 3, retry: false, hint: 'List them with `vivim device list`.' },
  'device/home-used': {
    rpc: 1332,
    exit: 6,
    retry: false,
    hint: 'Nothing was changed. Make an empty home for the new device: `vivim init --home DIR --name NAME`.',
  },
  'device/refused': {
    rpc: 1333,
    exit: 4,
    retry: false,
    hint: 'Check on the old device that the card is its newest, that it is unlocked, and that not too many requests wait there.',
  },
  'device/expired': {
    rpc: 1334,
    exit: 7,
    retry: false,
    hint: 'Run `vivim device add` again for a new code.',
  },
  'device/revoked': {
    rpc: 1335,
    exit: 4,
    retry: false,
    hint: 'Another device of yours took this one out. What is here can still be read; make a new home to add this machine again.',
  },
  'device/current': {
    rpc: 1336,
    exit: 6,
    retry: false,
    hint: 'A device cannot take itself out: revoke it from another one.',
  },
  'device/too-many': {
    rpc: 1337,
    exit: 6,
    retry: false,
    hint: 'Revoke a device that you no longer use.',
  },
  'device/waiting': {
    rpc: 1338,
    exit: 75,
    retry: true,
    hint: 'Run the same command again: it goes on with the same code.',
  },
  'device/no-content': {
    rpc: 1339,
    exit: 3,
    retry: false,
    hint: 'This share was made on another device of yours: ask there.',
  },

  'crypto/bad-length': {
    rpc: 1400,
    exit: 5,
    retry: false,
    hint: 'The bytes are not of the size this object has.',
  },
  'crypto/bad-key': {
    rpc: 1401,
    exit: 5,
    retry: false,
    hint: 'The key is not valid on its curve or lattice.',
  },
  'crypto/bad-signature': {
    rpc: 1402,
    exit: 4,
    retry: false,
    hint: 'The object was changed or is not by the one it names.',
  },
  'crypto/cannot-open': {
    rpc: 1403,
    exit: 4,
    retry: false,
    hint: 'It was sealed for somebody else, or was changed on the way.',
  },
  'crypto/bad-encoding': {
    rpc: 1404,
    exit: 5,
    retry: false,
    hint: 'The bytes are not canonical dag-cbor of the expected shape.',
  },
  'crypto/unknown-critical': {
    rpc: 1405,
    exit: 5,
    retry: false,
    hint: 'A newer VIVIM made this object: update this one.',
  },
  'crypto/too-large': {
    rpc: 1406,
    exit: 5,
    retry: false,
    hint: 'It is over the limit that docs/protocol.md names.',
  },
  'crypto/missing-block': {
    rpc: 1407,
    exit: 75,
    retry: true,
    hint: 'Not all of this content is here yet; it is fetched by itself while a holder can be reached.',
  },

  'import/unreadable': {
    rpc: 1500,
    exit: 5,
    retry: false,
    hint: 'The message names the file and what was looked for; nothing else of the import was lost.',
  },
  'import/not-found': { rpc: 1501, exit: 3, retry: false, hint: 'Check the path.' },
  'import/limit': {
    rpc: 1502,
    exit: 5,
    retry: false,
    hint: 'The file is over a limit that the message names.',
  },
  'conversation/not-found': {
    rpc: 1510,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim conversation list`.',
  },
  'id/ambiguous': {
    rpc: 1520,
    exit: 6,
    retry: false,
    hint: 'Give more of the id, or the name that you gave.',
  },
  'query/invalid': {
    rpc: 1521,
    exit: 2,
    retry: false,
    hint: 'Give a word to look for; `vivim conversation search --help` has the filters.',
  },
  'acu/not-found': {
    rpc: 1540,
    exit: 3,
    retry: false,
    hint: 'List the units of a conversation with `vivim acu list CONVERSATION`.',
  },
  'notebook/not-found': {
    rpc: 1541,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim notebook list`, make one with `vivim notebook create NAME`.',
  },
  'bundle/not-found': {
    rpc: 1542,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim bundle list`, make one with `vivim bundle create NAME`.',
  },
  'memory/not-found': { rpc: 1543, exit: 3, retry: false, hint: 'List them with `vivim memory list`.' },
  'memory/not-kept': {
    rpc: 1544,
    exit: 4,
    retry: false,
    hint: 'Only a memory that you keep goes into a bundle: `vivim memory accept` keeps it.',
  },
  'memory/exists': { rpc: 1545, exit: 6, retry: false, hint: 'Another memory says this in the same words.' },
  'library/not-own': {
    rpc: 1546,
    exit: 4,
    retry: false,
    hint: 'Notebooks, bundles and memories take only from your own conversations: what others shared ends with its share.',
  },
  'library/full': {
    rpc: 1547,
    exit: 6,
    retry: false,
    hint: 'It holds as much as it can: remove something, or make another one.',
  },

  'contact/not-found': {
    rpc: 1600,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim contact list`, add one with `vivim contact add CARD`.',
  },
  'contact/stranger': {
    rpc: 1601,
    exit: 4,
    retry: false,
    hint: 'Accept the sender first with `vivim contact accept`.',
  },
  'contact/self': {
    rpc: 1602,
    exit: 6,
    retry: false,
    hint: 'It is for others to use; what you need is theirs.',
  },
  'contact/blocked': {
    rpc: 1603,
    exit: 4,
    retry: false,
    hint: 'You blocked this person; `vivim contact accept` lifts it.',
  },
  'contact/alias-taken': {
    rpc: 1604,
    exit: 6,
    retry: false,
    hint: 'Choose another name, or remove the other contact first.',
  },
  'contact/keys-unknown': {
    rpc: 1605,
    exit: 75,
    retry: true,
    hint: 'Their identity document was not found yet; it comes when their node is reached.',
  },
  'contact/not-verified': {
    rpc: 1620,
    exit: 4,
    retry: false,
    hint: 'Compare again by another way, such as a call. If the numbers still differ, somebody may stand between you: block, and meet.',
  },
  'contact/changed': {
    rpc: 1621,
    exit: 4,
    retry: false,
    hint: 'See what changed with `vivim contact show`, then `vivim contact verify` or `vivim contact accept`.',
  },
  'contact/moved': {
    rpc: 1622,
    exit: 6,
    retry: false,
    hint: 'They have another identity now: `vivim contact follow` takes it on under the same name.',
  },
  'contact/card-needed': {
    rpc: 1623,
    exit: 3,
    retry: false,
    hint: 'Their new card has not come yet: ask them for it, and give it with --card.',
  },
  'contact/not-moved': {
    rpc: 1624,
    exit: 6,
    retry: false,
    hint: 'They have not moved; nothing is to be followed.',
  },
  'circle/not-found': { rpc: 1610, exit: 3, retry: false, hint: 'List them with `vivim circle list`.' },
  'circle/denied': {
    rpc: 1611,
    exit: 4,
    retry: false,
    hint: '`vivim circle show` says who its owner and admins are, and what you are in it.',
  },
  'circle/conflict': {
    rpc: 1625,
    exit: 6,
    retry: false,
    hint: 'What is there stays as it is: `vivim circle role`, `history` and `rename` change it.',
  },
  'circle/closed': {
    rpc: 1614,
    exit: 7,
    retry: false,
    hint: 'Its owner ended this circle: make a new one with `vivim circle create`.',
  },
  'circle/upgrade': {
    rpc: 1612,
    exit: 4,
    retry: false,
    hint: 'A newer VIVIM changed this circle: update this one to share with it.',
  },
  'circle/no-epoch': {
    rpc: 1613,
    exit: 75,
    retry: true,
    hint: 'No current key of this circle is known here yet; it comes with the next message of an admin.',
  },
  'invite/invalid': {
    rpc: 1615,
    exit: 5,
    retry: false,
    hint: 'Copy the whole line again: it begins with `vivimi1`.',
  },
  'invite/used': {
    rpc: 1616,
    exit: 7,
    retry: false,
    hint: 'Somebody else used it: ask for another invite.',
  },
  'invite/revoked': {
    rpc: 1617,
    exit: 7,
    retry: false,
    hint: 'Ask for another invite; who was taken out of the circle asks to be added.',
  },
  'invite/expired': { rpc: 1618, exit: 7, retry: false, hint: 'Ask for another invite.' },
  'invite/unknown': {
    rpc: 1619,
    exit: 3,
    retry: false,
    hint: 'Who made it lists those that are open with `vivim circle invites`.',
  },

  'audit/broken': {
    rpc: 1940,
    exit: 5,
    retry: false,
    hint: 'Somebody edited the audit log, or put an older database back: compare with a backup, and see docs/operating.md.',
  },

  'share/not-found': {
    rpc: 1700,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim share list` or `vivim inbox list`.',
  },
  'share/denied': {
    rpc: 1701,
    exit: 4,
    retry: false,
    hint: 'See which rule decided with the details of this error.',
  },
  'share/expired': { rpc: 1702, exit: 7, retry: false, hint: 'Ask the owner to share it again.' },
  'share/revoked': { rpc: 1703, exit: 7, retry: false, hint: 'The owner took it back.' },
  'share/exhausted': { rpc: 1704, exit: 7, retry: false, hint: 'Its last view was used.' },
  'share/nothing-selected': {
    rpc: 1705,
    exit: 5,
    retry: false,
    hint: 'The selection holds no message that may leave: see `vivim share preview`.',
  },
  'share/no-audience': {
    rpc: 1706,
    exit: 2,
    retry: false,
    hint: 'Say who: --to CONTACT or --circle CIRCLE.',
  },
  'share/digest-mismatch': {
    rpc: 1707,
    exit: 6,
    retry: false,
    hint: 'What would leave is no longer what the preview showed: preview again.',
  },
  'share/not-final': {
    rpc: 1708,
    exit: 75,
    retry: true,
    hint: 'It goes on by itself: see `vivim share show`.',
  },
  'share/key-reused': {
    rpc: 1709,
    exit: 6,
    retry: false,
    hint: 'That --key stands for another share: use a new one.',
  },
  'share/not-verified': {
    rpc: 1710,
    exit: 4,
    retry: false,
    hint: 'The message says what does not fit. Do not rely on this share; ask its owner to share it again.',
  },
  'filter/findings': {
    rpc: 1720,
    exit: 4,
    retry: false,
    hint: 'See them with `vivim share preview`; leave the messages out, redact them with --on-findings redact, or allow a harmless value with `vivim filter allow add -`.',
  },
  'filter/failed': {
    rpc: 1721,
    exit: 4,
    retry: true,
    hint: 'The content filter did not finish, so nothing left. Try a smaller part.',
  },
  'inbox/nothing-new': {
    rpc: 1730,
    exit: 75,
    retry: true,
    hint: 'What strangers sent is held until `vivim contact accept`, and does not count as new.',
  },

  'peer/unreachable': {
    rpc: 1800,
    exit: 75,
    retry: true,
    hint: 'Nobody answered at that address; it is tried again by itself where a share waits.',
  },
  'peer/bad-address': {
    rpc: 1802,
    exit: 2,
    retry: false,
    hint: 'Give a multiaddr such as /ip4/192.0.2.1/tcp/4747/p2p/12D3Koo…',
  },
  'peer/refused': {
    rpc: 1803,
    exit: 4,
    retry: true,
    hint: 'The other node refused; it may not know you, or be full.',
  },
  'peer/protocol': {
    rpc: 1804,
    exit: 5,
    retry: false,
    hint: 'The other node broke the protocol; the connection was closed.',
  },

  'share/too-many-devices': {
    rpc: 1731,
    exit: 5,
    retry: false,
    hint: 'Share without `reshare`, or with a smaller circle: each device gets a right of its own.',
  },
  'share/passed-on': {
    rpc: 1732,
    exit: 6,
    retry: false,
    hint: 'What somebody has stays on the terms that they got it on.',
  },
  'share/wider-terms': {
    rpc: 1733,
    exit: 4,
    retry: false,
    hint: 'Pass it on with no more rights and no later end than `vivim inbox list --json` shows.',
  },

  'capability/invalid': {
    rpc: 1900,
    exit: 5,
    retry: false,
    hint: 'Copy the whole token file, or the whole line that begins with vivimcap1.',
  },
  'capability/denied': {
    rpc: 1901,
    exit: 4,
    retry: false,
    hint: 'See what it covers with `vivim capability show FILE`, and ask its issuer for another one.',
  },
  'capability/expired': {
    rpc: 1902,
    exit: 7,
    retry: false,
    hint: 'Ask its issuer for a new one.',
  },
  'capability/revoked': { rpc: 1903, exit: 7, retry: false, hint: 'Its issuer took it back.' },
  'capability/exhausted': {
    rpc: 1904,
    exit: 7,
    retry: false,
    hint: 'A count a day begins anew at midnight UTC; a count in all does not.',
  },
  'capability/not-yet': {
    rpc: 1905,
    exit: 75,
    retry: true,
    hint: 'Wait until the time that the message names.',
  },
  'capability/not-found': {
    rpc: 1906,
    exit: 3,
    retry: false,
    hint: 'List them with `vivim capability list`.',
  },
  'capability/full': {
    rpc: 1907,
    exit: 6,
    retry: false,
    hint: 'Take back some of them with `vivim capability revoke ID`.',
  },

  'proposal/not-found': { rpc: 1910, exit: 3, retry: false, hint: 'List them with `vivim proposal list`.' },
  'proposal/decided': {
    rpc: 1911,
    exit: 6,
    retry: false,
    hint: 'It was answered before; `vivim proposal show` says how.',
  },
  'proposal/expired': {
    rpc: 1912,
    exit: 7,
    retry: false,
    hint: 'It waited too long; it can be proposed again.',
  },
  'proposal/full': {
    rpc: 1913,
    exit: 75,
    retry: true,
    hint: 'Too many proposals wait for an answer: `vivim proposal list` shows them.',
  },
  'proposal/waiting': { rpc: 1914, exit: 75, retry: true, hint: 'Look at them with `vivim proposal list`.' },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>

/** The one error that rooms throw. `message` is for people and may change; `details` holds printable, non-secret facts. */
export class VivimError extends Error {
  override readonly name = 'VivimError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** Whether a caught value carries this code, also after it crossed the socket. */
export const hasCode = (error: unknown, code: ErrorCode): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

/** The code of a caught value; `program/defect` for whatever is not ours. */
export const codeOf = (error: unknown): ErrorCode =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code in ERRORS
    ? (error.code as ErrorCode)
    : 'program/defect'

/** Rooms whose codes are about what was given: bytes, a key, a document, a right. */
const VERDICTS = /^(?:crypto|card|identity|circle|capability|invite)\//

/** Whether an error is a verdict on what was given, which another try would not change; not one on this node's disk, database,
 *  lock or program, which says nothing about it. */
export const isVerdict = (error: unknown): boolean => VERDICTS.test(codeOf(error))
