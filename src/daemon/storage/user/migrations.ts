/** The schema of a user's database, as numbered steps. A released step is never edited: a change is a new step. */
import type Database from 'better-sqlite3'
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Part } from '../../../core/model/conversation.ts'
import { spelling } from '../../../core/model/spelling.ts'
import { columnsOf, factsOf, momentOf } from './indexed-message.ts'
import { indexed } from './script.ts'

/** Stands in the header of every user database, so that another SQLite file is not taken for one ("VIVU"). */
const APPLICATION_ID = 0x56495655

/** Where a contact moved to, how new their card is, and what changed of their identity since somebody last looked. */
const CONTACT_TRUST = `
ALTER TABLE contact ADD COLUMN card_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN moved_to TEXT;
ALTER TABLE contact ADD COLUMN moved_card TEXT;
CREATE TABLE contact_change (
  did TEXT NOT NULL REFERENCES contact (did) ON DELETE CASCADE,
  document TEXT NOT NULL,
  what TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1)),
  PRIMARY KEY (did, document, what)
) STRICT, WITHOUT ROWID;
`

const STEPS: readonly string[] = [
  `
CREATE TABLE owner (did TEXT NOT NULL) STRICT;
CREATE TABLE profile (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL CHECK (origin IN ('own', 'received')),
  provider TEXT NOT NULL,
  source_id TEXT NOT NULL,
  title TEXT,
  model TEXT,
  created_at_ms INTEGER,
  updated_at_ms INTEGER,
  sort_ms INTEGER NOT NULL,
  leaf TEXT,
  meta TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  text_bytes INTEGER NOT NULL,
  last_import BLOB
) STRICT;
CREATE INDEX conversation_newest ON conversation (origin, sort_ms DESC, seq DESC);

CREATE TABLE message (
  seq INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversation (seq),
  id TEXT NOT NULL,
  parent TEXT,
  ordinal INTEGER NOT NULL,
  role TEXT NOT NULL,
  author TEXT,
  created_at_ms INTEGER,
  branch TEXT NOT NULL,
  hidden INTEGER NOT NULL,
  model TEXT,
  parts TEXT NOT NULL,
  text TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  UNIQUE (conversation, id)
) STRICT;

CREATE VIEW message_spaced AS SELECT seq, vivim_spaced(text) AS text FROM message WHERE hidden = 0 AND text <> '';
CREATE VIRTUAL TABLE message_fts USING fts5 (
  text, content = 'message_spaced', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2',
  prefix = '2 3');
CREATE VIEW title_spaced AS SELECT seq, vivim_spaced(title) AS title FROM conversation WHERE title IS NOT NULL;
CREATE VIRTUAL TABLE title_fts USING fts5 (
  title, content = 'title_spaced', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO title_fts (title_fts, rank) VALUES ('secure-delete', 1);

CREATE TABLE asset (sha256 TEXT PRIMARY KEY, mime TEXT, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE asset_use (
  conversation INTEGER NOT NULL REFERENCES conversation (seq),
  sha256 TEXT NOT NULL,
  PRIMARY KEY (conversation, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_use_by_asset ON asset_use (sha256);

CREATE TABLE contact (
  did TEXT PRIMARY KEY,
  alias TEXT,
  state TEXT NOT NULL CHECK (state IN ('known', 'stranger', 'verified', 'blocked')),
  card TEXT,
  dir BLOB,
  read_secret BLOB,
  peers TEXT NOT NULL,
  added_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_by_alias ON contact (alias);

CREATE TABLE circle (
  circle_id TEXT PRIMARY KEY,
  alias TEXT,
  name TEXT NOT NULL,
  document BLOB,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE circle_wish (
  circle_id TEXT NOT NULL REFERENCES circle (circle_id) ON DELETE CASCADE,
  did TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (circle_id, did)
) STRICT, WITHOUT ROWID;
CREATE TABLE circle_entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  circle_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  wire BLOB NOT NULL,
  UNIQUE (circle_id, hash)
) STRICT;
CREATE TABLE epoch (
  epoch_id TEXT NOT NULL,
  circle_id TEXT NOT NULL,
  secret_sealed BLOB NOT NULL,
  own_wrap BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (circle_id, epoch_id)
) STRICT;

CREATE TABLE share_content (
  share_id TEXT PRIMARY KEY,
  conversation_id TEXT,
  title TEXT,
  note TEXT,
  digest TEXT NOT NULL,
  audience_key TEXT NOT NULL,
  terms_text TEXT NOT NULL,
  plaintext BLOB,
  receipt BLOB,
  content_key_sealed BLOB,
  own_grant BLOB,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX share_content_same ON share_content (digest, audience_key, terms_text);

CREATE TABLE letter (
  hash TEXT PRIMARY KEY,
  sender TEXT NOT NULL,
  wire BLOB NOT NULL,
  content_id TEXT,
  slip BLOB,
  manifest BLOB,
  receipt BLOB,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'done')),
  arrived_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_by_state ON letter (state, arrived_at_ms);
CREATE INDEX letter_by_sender ON letter (sender, state);
CREATE INDEX letter_by_content ON letter (content_id);

CREATE TABLE received (
  share_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  version INTEGER NOT NULL,
  content_id TEXT NOT NULL,
  notice BLOB NOT NULL,
  notice_id TEXT NOT NULL,
  circle_id TEXT,
  title TEXT,
  note TEXT,
  permissions TEXT NOT NULL,
  from_ms INTEGER,
  expires_ms INTEGER,
  received_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new', 'opened', 'held', 'expired', 'revoked', 'exhausted', 'forgotten')),
  slip BLOB,
  manifest BLOB,
  PRIMARY KEY (owner, share_id)
) STRICT;
CREATE INDEX received_by_share ON received (share_id);
CREATE INDEX received_by_content ON received (content_id);

CREATE TABLE seen_notice (notice_id TEXT PRIMARY KEY, expires_ms INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX seen_notice_by_end ON seen_notice (expires_ms);
CREATE TABLE tombstone (
  content_id TEXT NOT NULL,
  signer BLOB NOT NULL,
  wire BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  early_from TEXT,
  UNIQUE (content_id, signer)
) STRICT;
CREATE INDEX tombstone_early ON tombstone (early_from) WHERE early_from IS NOT NULL;
`,
  `
CREATE TABLE filter_entry (
  list TEXT NOT NULL CHECK (list IN ('deny', 'allow')),
  key TEXT NOT NULL,
  text TEXT NOT NULL,
  severity TEXT CHECK (severity IN ('secret', 'personal')),
  added_at_ms INTEGER NOT NULL,
  PRIMARY KEY (list, key)
) STRICT, WITHOUT ROWID;
`,
  `
CREATE TABLE collection (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('notebook', 'bundle')),
  name TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  UNIQUE (kind, name)
) STRICT;
CREATE TABLE collection_item (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  collection INTEGER NOT NULL REFERENCES collection (seq) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('unit', 'note', 'memory', 'notebook')),
  ref TEXT,
  note TEXT,
  unit TEXT,
  conversation TEXT,
  added_at_ms INTEGER NOT NULL,
  UNIQUE (collection, kind, ref)
) STRICT;
CREATE INDEX collection_item_by_ref ON collection_item (kind, ref);
CREATE INDEX collection_item_by_conversation ON collection_item (conversation) WHERE conversation IS NOT NULL;

CREATE TABLE memory (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'kept', 'rejected')),
  text TEXT NOT NULL UNIQUE,
  conversation TEXT,
  message TEXT,
  acu TEXT,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT;
`,
  `
DROP TABLE message_fts;
DROP VIEW message_spaced;
DROP TABLE title_fts;
DROP VIEW title_spaced;

ALTER TABLE message ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;
UPDATE message SET moment = (SELECT vivim_moment(coalesce(message.created_at_ms, updated_at_ms, conversation.created_at_ms),
  message.seq) FROM conversation WHERE conversation.seq = message.conversation);
CREATE INDEX message_moment ON message (moment, conversation, role);
CREATE INDEX message_main ON message (conversation, ordinal) WHERE branch = 'main' AND hidden = 0;
CREATE INDEX conversation_provider ON conversation (provider);

CREATE VIEW message_indexed AS
  SELECT moment, vivim_column(0, text, parts) AS text, vivim_column(1, text, parts) AS code,
    vivim_column(2, text, parts) AS aside, vivim_facts(role, provider) AS facts
  FROM message JOIN conversation ON conversation.seq = message.conversation WHERE hidden = 0;
CREATE VIRTUAL TABLE message_fts USING fts5 (
  text, code, aside, facts, content = 'message_indexed', content_rowid = 'moment',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'", prefix = '2 3', columnsize = 0);
CREATE VIEW title_indexed AS SELECT seq, vivim_indexed(title) AS title FROM conversation WHERE title IS NOT NULL;
CREATE VIRTUAL TABLE title_fts USING fts5 (
  title, content = 'title_indexed', content_rowid = 'seq',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'", columnsize = 0);
INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', 1), ('hashsize', 8388608), ('automerge', 16);
INSERT INTO title_fts (title_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO message_fts (rowid, text, code, aside, facts)
  SELECT moment, text, code, aside, facts FROM message_indexed ORDER BY moment;
INSERT INTO title_fts (rowid, title) SELECT seq, title FROM title_indexed;
`,
  `
CREATE INDEX message_by_conversation ON message (conversation, moment);
INSERT INTO message_fts (message_fts) VALUES ('rebuild');
INSERT INTO title_fts (title_fts) VALUES ('rebuild');
`,
  // Entries that were verified: by which rules.
  `
ALTER TABLE circle_entry ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
`,
  // The audit log.
  `
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  who_kind TEXT NOT NULL,
  who_id TEXT,
  who_name TEXT,
  allowed_by TEXT NOT NULL,
  action TEXT NOT NULL,
  targets TEXT NOT NULL,
  outcome TEXT NOT NULL,
  times INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE audit_checkpoint (seq INTEGER PRIMARY KEY, wire BLOB NOT NULL) STRICT;
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
`,
  // Capabilities and proposals.
  `
CREATE TABLE capability (
  cid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  chain BLOB NOT NULL,
  revocation BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE capability_use (
  link TEXT PRIMARY KEY,
  day INTEGER NOT NULL,
  day_uses INTEGER NOT NULL,
  all_uses INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  until_ms INTEGER
) STRICT;
CREATE TABLE capability_nonce (use TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT;
CREATE INDEX capability_nonce_by_end ON capability_nonce (until_ms);
CREATE TABLE capability_revocation (
  link TEXT NOT NULL,
  signer TEXT NOT NULL,
  revocation BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (link, signer)
) STRICT;
CREATE TABLE proposal (
  id TEXT PRIMARY KEY,
  decision TEXT CHECK (decision IN ('approved', 'rejected')),
  capability TEXT,
  holder TEXT,
  name TEXT NOT NULL,
  params TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  decided_at_ms INTEGER,
  share TEXT
) STRICT;
CREATE INDEX proposal_waiting ON proposal (expires_at_ms) WHERE decision IS NULL;
`,
  CONTACT_TRUST,
  // Passing on.
  `
ALTER TABLE received ADD COLUMN via TEXT;
ALTER TABLE received ADD COLUMN via_chain BLOB;
ALTER TABLE received ADD COLUMN delegation BLOB;

CREATE TABLE pass (
  owner TEXT NOT NULL,
  share_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  content_id TEXT NOT NULL,
  share_key BLOB NOT NULL,
  permissions TEXT NOT NULL,
  until_ms INTEGER,
  note TEXT,
  terms_text TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'queued', 'acknowledged', 'refused', 'ended')),
  envelope BLOB,
  receipt BLOB,
  buried INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (owner, share_id, recipient)
) STRICT;
CREATE INDEX pass_by_content ON pass (content_id);

CREATE TABLE pass_report (
  cid TEXT PRIMARY KEY,
  share_id TEXT NOT NULL,
  passer TEXT NOT NULL,
  recipient TEXT NOT NULL,
  permissions TEXT NOT NULL,
  until_ms INTEGER,
  at_ms INTEGER NOT NULL,
  chain BLOB NOT NULL,
  invocation BLOB NOT NULL,
  target TEXT
) STRICT;
CREATE INDEX pass_report_by_share ON pass_report (share_id);
`,
  // Invites to circles: made, used, answered, and those that the user waits on.
  `
CREATE TABLE circle_invite (
  invite_id TEXT PRIMARY KEY,
  circle_id TEXT NOT NULL,
  link TEXT NOT NULL UNIQUE,
  issuer TEXT NOT NULL,
  role TEXT NOT NULL,
  uses INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_invite_by_circle ON circle_invite (circle_id, created_at_ms);
CREATE TABLE circle_invite_use (
  link TEXT NOT NULL,
  did TEXT NOT NULL,
  PRIMARY KEY (link, did)
) STRICT, WITHOUT ROWID;
CREATE TABLE circle_answer (
  did TEXT NOT NULL,
  invite_id TEXT NOT NULL,
  circle_id TEXT NOT NULL,
  code TEXT,
  PRIMARY KEY (did, invite_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE circle_join (
  circle_id TEXT PRIMARY KEY,
  invite_id TEXT NOT NULL,
  inviter TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  chain BLOB NOT NULL,
  invocation BLOB NOT NULL,
  document BLOB NOT NULL,
  card TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  code TEXT
) STRICT;
`,
  // Own devices: rows that a person changes on any of them carry a version and who wrote it.
  `
ALTER TABLE contact ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN writer TEXT NOT NULL DEFAULT '';
CREATE TABLE contact_gone (did TEXT PRIMARY KEY, version INTEGER NOT NULL, writer TEXT NOT NULL) STRICT, WITHOUT ROWID;
ALTER TABLE circle ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE circle ADD COLUMN writer TEXT NOT NULL DEFAULT '';
ALTER TABLE received ADD COLUMN content_key_sealed BLOB;
`,
  // Where an invite stands in its circle's log; who came by one; by whose hand what was passed on went from here.
  `
ALTER TABLE contact ADD COLUMN by_invite INTEGER NOT NULL DEFAULT 0;
ALTER TABLE circle_invite ADD COLUMN log_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pass_report ADD COLUMN hand TEXT NOT NULL DEFAULT '';
CREATE TABLE pass_right (
  link TEXT PRIMARY KEY,
  share_id TEXT NOT NULL,
  holder TEXT NOT NULL,
  revocation BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pass_right_by_share ON pass_right (share_id, holder);
`,
  // Names have one spelling: those that were kept as they were typed are found by it too.
  `
UPDATE contact SET alias = vivim_spelling(alias) WHERE alias IS NOT NULL;
UPDATE circle SET alias = vivim_spelling(alias) WHERE alias IS NOT NULL;
UPDATE capability SET name = vivim_spelling(name);
UPDATE OR IGNORE collection SET name = vivim_spelling(name);
`,
]

/** The schema's number once every step ran. */
export const USER_SCHEMA = STEPS.length

/** Bring a user database up to `USER_SCHEMA`, in one transaction. @param steps - stop after that many, for tests of upgrades.
 *  @returns the schema before and after.
 *  @throws `storage/newer-schema`; `storage/corrupt` when it is another program's file or another user's. */
export function migrateUserDatabase(
  db: Database.Database,
  did: string,
  steps = USER_SCHEMA,
): { from: number; to: number } {
  defineFunctions(db)
  const before = numberOf(db)
  const migrate = db.transaction(() => {
    const from = numberOf(db)
    if (from > USER_SCHEMA)
      throw new VivimError('storage/newer-schema', `schema ${from} is newer than ${USER_SCHEMA}`, {
        schema: from,
      })
    if (from === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined)
      throw new VivimError('storage/corrupt', 'this is not a database of VIVIM')
    for (const step of STEPS.slice(from, steps)) db.exec(step)
    if (from === 0) {
      db.pragma(`application_id = ${APPLICATION_ID}`)
      db.prepare('INSERT INTO owner (did) VALUES (?)').run(did)
    }
    db.pragma(`user_version = ${Math.max(from, steps)}`)
  })
  if (before !== steps) migrate.immediate()
  checkOwner(db, did)
  return { from: before, to: numberOf(db) }
}

/** What the views over which the full-text indexes stand are made with. */
export function defineFunctions(db: Database.Database): void {
  const define = (name: string, fn: (...values: never[]) => string | number): void => {
    db.function(name, { deterministic: true }, fn as (...values: unknown[]) => string | number)
  }
  define('vivim_spelling', spelling)
  define('vivim_moment', (ms: number | null, seq: number) => momentOf(ms, seq))
  define('vivim_indexed', (text: string) => indexed(text))
  define('vivim_facts', (role: string, provider: string) => factsOf(role, provider))
  define(
    'vivim_column',
    (column: number, text: string, parts: string) =>
      columnsOf(text, JSON.parse(parts) as Part[])[column] ?? '',
  )
}

const numberOf = (db: Database.Database): number => Number(db.pragma('user_version', { simple: true }))

/** A file that was put into another user's folder is not served there. */
function checkOwner(db: Database.Database, did: string): void {
  const ours = Number(db.pragma('application_id', { simple: true })) === APPLICATION_ID
  const owner = ours ? (db.prepare('SELECT did FROM owner').get() as { did: string } | undefined) : undefined
  if (owner?.did !== did) throw new VivimError('storage/corrupt', 'this is not the database of this user')
}
