-- Lets mailboxes be shared (RFC 4314): entries name accounts by their ids, a mailbox knows when its list changed last, and a table tells
-- whose mailboxes an account may see. Nothing has written to acls before, so it is made anew in place; mailboxes gets a column.
-- Names at and below "Other Users", under which the mailboxes of others stand, become free: who has such a mailbox gets it back
-- with ` (2)` behind the first level.
DELETE FROM "acls";--> statement-breakpoint
ALTER TABLE "acls" DROP CONSTRAINT "acls_account_id_mailbox_id_identifier_pk";--> statement-breakpoint
ALTER TABLE "acls" DROP COLUMN "identifier";--> statement-breakpoint
ALTER TABLE "acls" ADD COLUMN "reader_id" bigint NOT NULL;--> statement-breakpoint
ALTER TABLE "acls" ADD COLUMN "is_negative" boolean NOT NULL;--> statement-breakpoint
ALTER TABLE "acls" ADD CONSTRAINT "acls_account_id_mailbox_id_reader_id_is_negative_pk" PRIMARY KEY("account_id","mailbox_id","reader_id","is_negative");--> statement-breakpoint
ALTER TABLE "mailboxes" ADD COLUMN "acl_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE TABLE "shares" (
	"account_id" bigint NOT NULL,
	"owner_id" bigint NOT NULL,
	CONSTRAINT "shares_account_id_owner_id_pk" PRIMARY KEY("account_id","owner_id")
);
--> statement-breakpoint
DO $$
DECLARE
  acct record;
  fresh text;
  acct_seq bigint;
BEGIN
  FOR acct IN
    SELECT DISTINCT b.account_id FROM mailboxes AS b
     WHERE b.name = 'Other Users' OR starts_with(b.name, 'Other Users/') ORDER BY b.account_id
  LOOP
    UPDATE accounts AS a SET modseq = a.modseq + 1 WHERE a.account_id = acct.account_id RETURNING a.modseq INTO acct_seq;
    FOR n IN 2 .. 1000000 LOOP
      fresh := 'Other Users (' || n || ')';
      EXIT WHEN NOT EXISTS (SELECT FROM mailboxes AS b
                             WHERE b.account_id = acct.account_id AND (b.name = fresh OR starts_with(b.name, fresh || '/')));
    END LOOP;
    UPDATE mailboxes AS b SET name = fresh || substring(b.name from 12), mod_seq = acct_seq
     WHERE b.account_id = acct.account_id AND (b.name = 'Other Users' OR starts_with(b.name, 'Other Users/'));
    INSERT INTO subscriptions (account_id, name, mod_seq)
    SELECT s.account_id, fresh || substring(s.name from 12), acct_seq FROM subscriptions AS s
     WHERE s.account_id = acct.account_id AND (s.name = 'Other Users' OR starts_with(s.name, 'Other Users/'))
        ON CONFLICT DO NOTHING;
    DELETE FROM subscriptions AS s
     WHERE s.account_id = acct.account_id AND (s.name = 'Other Users' OR starts_with(s.name, 'Other Users/'));
  END LOOP;
END $$;
--> statement-breakpoint
-- Keeps the row of `shares` for a reader true to the entries of p_account, whose row the caller holds. That it is a row of somebody
-- else's does no harm: nobody but p_account writes it.
CREATE FUNCTION keep_share(p_account bigint, p_reader bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM acls AS l WHERE l.account_id = p_account AND l.reader_id = p_reader) THEN
    INSERT INTO shares (account_id, owner_id) VALUES (p_reader, p_account) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM shares AS s WHERE s.account_id = p_reader AND s.owner_id = p_account;
  END IF;
END $$;
--> statement-breakpoint
-- Changes one entry of a mailbox's list under a new modseq: p_mode 'replace', 'add' or 'remove' of the rights, letters of RFC 4314 §2.1.
-- p_reader 0 is everybody. An entry without rights is none. If all is as it was, `mod_seq` is null.
-- Status: 'ok', 'nonexistent' (the mailbox or the reader), 'too-many-rights' (more than p_most entries of the account).
--
-- The reader's row is held too, against its removal alone, so that none is left an entry which is gone.
CREATE FUNCTION set_rights(
  p_account bigint, p_mailbox bigint, p_reader bigint, p_is_negative boolean, p_mode text, p_rights text, p_most bigint
) RETURNS TABLE (status text, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  was text;
  fresh text;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  status := 'nonexistent';
  PERFORM FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
  IF p_reader <> 0 THEN
    PERFORM FROM accounts AS a WHERE a.account_id = p_reader FOR KEY SHARE;
    IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
  END IF;
  SELECT l.rights INTO was FROM acls AS l
   WHERE l.account_id = p_account AND l.mailbox_id = p_mailbox AND l.reader_id = p_reader AND l.is_negative = p_is_negative;
  SELECT coalesce(string_agg(r.letter, '' ORDER BY r.place), '') INTO fresh
    FROM string_to_table('lrswipkxtea', NULL) WITH ORDINALITY AS r (letter, place)
   WHERE CASE p_mode WHEN 'replace' THEN strpos(p_rights, r.letter) > 0
                     WHEN 'add' THEN strpos(concat(was, p_rights), r.letter) > 0
                     ELSE strpos(coalesce(was, ''), r.letter) > 0 AND strpos(p_rights, r.letter) = 0 END;
  status := 'ok';
  IF fresh = coalesce(was, '') THEN RETURN NEXT; RETURN; END IF;
  IF was IS NULL AND (SELECT count(*) FROM acls AS l WHERE l.account_id = p_account) >= p_most THEN
    status := 'too-many-rights';
    RETURN NEXT; RETURN;
  END IF;

  mod_seq := acct_seq + 1;
  IF fresh = '' THEN
    DELETE FROM acls AS l
     WHERE l.account_id = p_account AND l.mailbox_id = p_mailbox AND l.reader_id = p_reader AND l.is_negative = p_is_negative;
  ELSE
    INSERT INTO acls (account_id, mailbox_id, reader_id, is_negative, rights, mod_seq)
    VALUES (p_account, p_mailbox, p_reader, p_is_negative, fresh, acct_seq + 1)
        ON CONFLICT (account_id, mailbox_id, reader_id, is_negative) DO UPDATE
       SET rights = excluded.rights, mod_seq = excluded.mod_seq;
  END IF;
  UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
  UPDATE mailboxes AS b SET acl_seq = acct_seq + 1 WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  PERFORM keep_share(p_account, p_reader);
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Takes away the list of a mailbox that is deleted. The caller holds the account row.
CREATE FUNCTION remove_rights(p_account bigint, p_mailbox bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  readers bigint[];
BEGIN
  WITH gone AS (
    DELETE FROM acls AS l WHERE l.account_id = p_account AND l.mailbox_id = p_mailbox RETURNING l.reader_id
  )
  SELECT array_agg(DISTINCT g.reader_id) INTO readers FROM gone AS g;
  PERFORM keep_share(p_account, r) FROM unnest(readers) AS r;
END $$;
--> statement-breakpoint
-- Gives mailboxes that were made under the modseq p_seq, p_name or above it, the lists of the nearest mailbox above each (RFC 4314 §4).
-- The caller made them in the same transaction.
CREATE FUNCTION inherit_rights(p_account bigint, p_name text, p_seq bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  levels text[] := string_to_array(p_name, '/');
  box mailboxes;
  above bigint; -- the nearest mailbox above
BEGIN
  FOR depth IN 1 .. cardinality(levels) LOOP
    SELECT * INTO box FROM mailboxes AS b
     WHERE b.account_id = p_account AND b.name = array_to_string(levels[1:depth], '/') AND b.expunged_seq IS NULL;
    CONTINUE WHEN NOT FOUND;
    IF box.create_seq = p_seq AND above IS NOT NULL THEN
      INSERT INTO acls (account_id, mailbox_id, reader_id, is_negative, rights, mod_seq)
      SELECT p_account, box.mailbox_id, l.reader_id, l.is_negative, l.rights, p_seq FROM acls AS l
       WHERE l.account_id = p_account AND l.mailbox_id = above
          ON CONFLICT DO NOTHING;
    END IF;
    above := box.mailbox_id;
  END LOOP;
END $$;
--> statement-breakpoint
-- Copies messages into a mailbox of another account, or of the same one: what they are there is made anew, so that neither account has
-- anything of the other's. With p_is_move they are expunged where they were. Both account rows are taken, in ascending order, and
-- each account has one new modseq: `mod_seq` that of the target, `source_seq` that of a move's source.
-- Of the flags only those in p_flags come along, and keywords only with p_with_keywords. p_contents are those of the contents
-- that are in a blob, p_blob_names the names that the copies of these blobs have got; `blobs` are those of them that are needed.
--
-- Status: as copy_messages, and 'changed' if there is a blob without a copy.
CREATE FUNCTION carry_messages(
  p_account bigint, p_source bigint, p_uids int8multirange, p_to bigint, p_target bigint, p_is_move boolean, p_is_whole boolean,
  p_limit integer, p_flags smallint, p_with_keywords boolean, p_contents bigint[], p_blob_names text[]
) RETURNS TABLE (status text, mod_seq bigint, source_seq bigint, uidvalidity bigint, copied int8multirange, first_uid bigint, blobs text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  chosen bigint[];
  names text[];
  m messages;
  c contents;
  d deliveries;
  new_seq bigint;
  object_id bigint;
  item_content bigint;
  item_flags smallint;
  item_keywords integer[];
  now_at timestamptz := clock_timestamp();
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id IN (p_account, p_to) ORDER BY a.account_id FOR NO KEY UPDATE;
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_to;
  SELECT * INTO box FROM mailboxes AS b WHERE b.account_id = p_to AND b.mailbox_id = p_target AND b.expunged_seq IS NULL;
  copied := '{}';
  blobs := '{}';
  uidvalidity := box.uidvalidity;
  first_uid := box.uid_next;
  IF box.mailbox_id IS NULL THEN status := 'nonexistent'; RETURN NEXT; RETURN; END IF;
  chosen := ARRAY(SELECT u.uid FROM uids_among(p_account, p_source, p_uids, false) AS u LIMIT p_limit);
  IF p_is_whole AND cardinality(chosen) < (SELECT sum(upper(r) - lower(r)) FROM unnest(p_uids) AS r) THEN
    status := 'expunged';
    RETURN NEXT; RETURN;
  END IF;
  status := 'ok';
  IF chosen = '{}' THEN RETURN NEXT; RETURN; END IF;
  IF box.uid_next + cardinality(chosen) > 4294967296 THEN status := 'uid-exhausted'; RETURN NEXT; RETURN; END IF;
  IF EXISTS (SELECT FROM messages AS n JOIN contents AS o ON o.account_id = n.account_id AND o.content_id = n.content_id
              WHERE n.account_id = p_account AND n.mailbox_id = p_source AND n.uid = ANY (chosen)
                AND o.blob_name IS NOT NULL AND n.content_id <> ALL (p_contents)) THEN
    status := 'changed';
    RETURN NEXT; RETURN;
  END IF;
  IF p_with_keywords THEN
    SELECT coalesce(array_agg(k.name ORDER BY k.keyword_id), '{}') INTO names FROM keywords AS k
     WHERE k.account_id = p_account AND k.mailbox_id = p_source
       AND k.keyword_id IN (SELECT unnest(n.keywords) FROM messages AS n
                             WHERE n.account_id = p_account AND n.mailbox_id = p_source AND n.uid = ANY (chosen));
    IF keyword_ids(p_to, p_target, names) IS NULL THEN status := 'too-many-keywords'; RETURN NEXT; RETURN; END IF;
  END IF;

  new_seq := acct.modseq + 1;
  object_id := acct.next_object_id;
  FOR m IN SELECT n.* FROM messages AS n
            WHERE n.account_id = p_account AND n.mailbox_id = p_source AND n.uid = ANY (chosen) ORDER BY n.uid
  LOOP
    -- Before anything is done with the messages that fit; the caller rolls back.
    IF acct.used_octets + m.size_octets > acct.quota_octets OR acct.used_messages + 1 > acct.quota_messages THEN
      status := 'over-quota';
      RETURN NEXT; RETURN;
    END IF;
    SELECT * INTO c FROM contents AS o WHERE o.account_id = p_account AND o.content_id = m.content_id;
    SELECT o.content_id INTO item_content FROM contents AS o WHERE o.account_id = p_to AND o.hash = c.hash;
    IF NOT FOUND THEN
      IF c.blob_name IS NOT NULL THEN
        c.blob_name := p_blob_names[array_position(p_contents, c.content_id)];
        blobs := blobs || c.blob_name;
      END IF;
      item_content := object_id;
      object_id := object_id + 1;
      c.account_id := p_to;
      c.content_id := item_content;
      INSERT INTO contents VALUES (c.*);
    END IF;
    item_flags := m.flags & p_flags;
    item_keywords := '{}';
    IF p_with_keywords AND m.keywords <> '{}' THEN
      item_keywords := keyword_ids(p_to, p_target, ARRAY(
        SELECT k.name FROM keywords AS k
         WHERE k.account_id = p_account AND k.mailbox_id = p_source AND k.keyword_id = ANY (m.keywords)));
    END IF;
    INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                          thread_id, size_octets, prefix_octets, flags, keywords)
    VALUES (p_to, p_target, box.uid_next, new_seq, new_seq, m.internal_date, now_at, item_content, object_id,
            CASE WHEN c.thread_keys IS NOT NULL THEN thread_of(p_to, c.thread_keys, object_id) END,
            m.size_octets, m.prefix_octets, item_flags, item_keywords);
    SELECT * INTO d FROM deliveries AS o WHERE o.account_id = p_account AND o.email_id = m.email_id;
    IF FOUND THEN
      d.account_id := p_to;
      d.email_id := object_id;
      INSERT INTO deliveries VALUES (d.*);
    END IF;
    object_id := object_id + 1;
    box.uid_next := box.uid_next + 1;
    box.messages := box.messages + 1;
    box.octets := box.octets + m.size_octets;
    IF item_flags & 1 = 0 THEN box.unseen := box.unseen + 1; END IF;
    IF item_flags & 8 <> 0 THEN
      box.deleted := box.deleted + 1;
      box.deleted_octets := box.deleted_octets + m.size_octets;
    END IF;
    acct.used_octets := acct.used_octets + m.size_octets;
    acct.used_messages := acct.used_messages + 1;
  END LOOP;
  UPDATE mailboxes AS b
     SET uid_next = box.uid_next, messages = box.messages, octets = box.octets, unseen = box.unseen,
         deleted = box.deleted, deleted_octets = box.deleted_octets, highest_mod_seq = new_seq
   WHERE b.account_id = p_to AND b.mailbox_id = p_target;
  INSERT INTO changes (account_id, mailbox_id, mod_seq, uids) VALUES (p_to, p_target, new_seq, uid_range(first_uid, box.uid_next - 1));
  UPDATE accounts AS a
     SET modseq = new_seq, next_object_id = object_id, used_octets = acct.used_octets, used_messages = acct.used_messages
   WHERE a.account_id = p_to;
  mod_seq := new_seq;
  copied := (SELECT range_agg(int8range(u, u + 1)) FROM unnest(chosen) AS u);
  IF p_is_move THEN
    SELECT e.mod_seq INTO source_seq FROM expunge_messages(p_account, p_source, copied, false, cardinality(chosen)) AS e;
  END IF;
  RETURN NEXT;
END $$;
