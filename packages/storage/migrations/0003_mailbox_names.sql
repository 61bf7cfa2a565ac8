-- Names are compared and stored in Unicode form NFC. A name that came in another form and stands beside its twin gets a number.
DO $$
DECLARE
  box record;
  fresh text;
  acct_seq bigint;
BEGIN
  FOR box IN SELECT b.account_id, b.mailbox_id, b.name FROM mailboxes AS b
              WHERE b.expunged_seq IS NULL AND b.name IS NOT NFC NORMALIZED ORDER BY b.account_id, b.name COLLATE "C"
  LOOP
    UPDATE accounts AS a SET modseq = a.modseq + 1 WHERE a.account_id = box.account_id RETURNING a.modseq INTO acct_seq;
    fresh := normalize(box.name, NFC);
    FOR n IN 2 .. 1000000 LOOP
      EXIT WHEN NOT EXISTS (SELECT FROM mailboxes AS b
                             WHERE b.account_id = box.account_id AND b.name = fresh AND b.expunged_seq IS NULL);
      fresh := normalize(box.name, NFC) || ' (' || n || ')';
    END LOOP;
    UPDATE mailboxes AS b SET name = fresh, mod_seq = acct_seq
     WHERE b.account_id = box.account_id AND b.mailbox_id = box.mailbox_id;
  END LOOP;
  INSERT INTO subscriptions (account_id, name, mod_seq)
  SELECT s.account_id, normalize(s.name, NFC), s.mod_seq FROM subscriptions AS s WHERE s.name IS NOT NFC NORMALIZED
      ON CONFLICT DO NOTHING;
  DELETE FROM subscriptions AS s WHERE s.name IS NOT NFC NORMALIZED;
END $$;
--> statement-breakpoint
-- The mailboxes called p_name and those below, which stand together in the index: names are in order of code points, where "0"
-- follows the delimiter "/". Two parts, for with OR the planner reads all names of the account.
CREATE FUNCTION mailboxes_at(p_account bigint, p_name text) RETURNS SETOF mailboxes
LANGUAGE sql STABLE AS $$
  SELECT b.* FROM mailboxes AS b WHERE b.account_id = p_account AND b.expunged_seq IS NULL AND b.name = p_name
  UNION ALL
  SELECT b.* FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.expunged_seq IS NULL AND b.name > p_name || '/' AND b.name < p_name || '0'
$$;
--> statement-breakpoint
-- The names above p_name, from the top, that no mailbox has and none is below: what is missing for p_name to be there.
CREATE FUNCTION missing_superiors(p_account bigint, p_name text) RETURNS text[]
LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(s.name ORDER BY s.depth), '{}')
    FROM (SELECT array_to_string(levels[1:depth], '/') AS name, depth
            FROM string_to_array(p_name, '/') AS levels, generate_series(1, cardinality(levels) - 1) AS depth) AS s
   WHERE NOT EXISTS (SELECT FROM mailboxes_at(p_account, s.name))
$$;
--> statement-breakpoint
-- Why an account cannot have p_count mailboxes more; null if it can.
CREATE FUNCTION refusal_of_mailboxes(p_acct accounts, p_count bigint, p_most bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_acct.used_mailboxes + p_count > p_acct.quota_mailboxes THEN 'over-quota'
              WHEN p_acct.used_mailboxes + p_count > p_most THEN 'too-many-names' END
$$;
--> statement-breakpoint
-- Adds mailboxes under a new modseq, the last one with the special use; returns the row of the last. The caller holds the
-- account row and knows that the names are free.
CREATE FUNCTION add_mailboxes(p_account bigint, p_names text[], p_special_use text) RETURNS mailboxes
LANGUAGE plpgsql AS $$
DECLARE
  acct accounts;
  last mailboxes;
BEGIN
  UPDATE accounts AS a
     SET modseq = a.modseq + 1, next_object_id = a.next_object_id + cardinality(p_names),
         next_uidvalidity = a.next_uidvalidity + cardinality(p_names), used_mailboxes = a.used_mailboxes + cardinality(p_names)
   WHERE a.account_id = p_account RETURNING old.* INTO acct;
  INSERT INTO mailboxes (account_id, mailbox_id, name, special_use, uidvalidity, create_seq, mod_seq, highest_mod_seq)
  SELECT p_account, acct.next_object_id + n.place - 1, n.name, CASE WHEN n.place = cardinality(p_names) THEN p_special_use END,
         acct.next_uidvalidity + n.place - 1, acct.modseq + 1, acct.modseq + 1, acct.modseq + 1
    FROM unnest(p_names) WITH ORDINALITY AS n (name, place);
  SELECT * INTO last FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.mailbox_id = acct.next_object_id + cardinality(p_names) - 1;
  RETURN last;
END $$;
--> statement-breakpoint
-- Creates a mailbox and its missing superiors under one modseq. Status: 'ok', 'nonexistent' (no such account), 'exists',
-- 'use-taken' (another mailbox has the special use), 'over-quota', 'too-many-names' (more than p_most mailboxes).
CREATE FUNCTION create_mailbox(p_account bigint, p_name text, p_special_use text, p_most bigint)
RETURNS TABLE (status text, mailbox_id bigint, uidvalidity bigint, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  names text[];
  box mailboxes;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    status := 'nonexistent';
  ELSIF EXISTS (SELECT FROM mailboxes AS b WHERE b.account_id = p_account AND b.name = p_name AND b.expunged_seq IS NULL) THEN
    status := 'exists';
  ELSIF p_special_use IS NOT NULL AND EXISTS (
    SELECT FROM mailboxes AS b WHERE b.account_id = p_account AND b.special_use = p_special_use AND b.expunged_seq IS NULL
  ) THEN
    status := 'use-taken';
  ELSE
    names := missing_superiors(p_account, p_name) || p_name;
    status := coalesce(refusal_of_mailboxes(acct, cardinality(names), p_most), 'ok');
  END IF;
  IF status = 'ok' THEN
    box := add_mailboxes(p_account, names, p_special_use);
    mailbox_id := box.mailbox_id;
    uidvalidity := box.uidvalidity;
    mod_seq := box.mod_seq;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Deletes a mailbox with its messages if there are at most p_limit; if there are more, removes so many. Its row stays as the
-- tombstone; names below keep theirs. With p_name only if that is its name still. Status: 'ok', 'nonexistent', 'not-empty'.
CREATE FUNCTION delete_mailbox(p_account bigint, p_mailbox bigint, p_name text, p_limit integer)
RETURNS TABLE (status text, mod_seq bigint)
LANGUAGE plpgsql AS $$
DECLARE
  emptied record;
  deleted record;
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  PERFORM FROM mailboxes AS b
    WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL AND b.name = coalesce(p_name, b.name);
  IF NOT FOUND THEN RETURN QUERY SELECT 'nonexistent', NULL::bigint; RETURN; END IF;
  SELECT e.mod_seq INTO emptied FROM expunge_messages(p_account, p_mailbox, uid_range(1, 4294967295), false, p_limit) AS e;
  SELECT d.status, d.mod_seq INTO deleted FROM delete_mailbox(p_account, p_mailbox) AS d;
  RETURN QUERY SELECT deleted.status, CASE WHEN deleted.status = 'ok' THEN deleted.mod_seq ELSE emptied.mod_seq END;
END $$;
--> statement-breakpoint
-- Renames what is called p_from and all that is below, under one modseq; p_from may be a level without a mailbox of its own.
-- Missing superiors of p_to are made. UIDVALIDITY, special use and messages stay. Status: 'ok', 'nonexistent', 'exists' (one
-- of the new names), 'name-refused' (p_to is below p_from, or a new name would pass p_most_octets or p_most_levels),
-- 'over-quota', 'too-many-names'. Not for INBOX.
--
-- Subscriptions: see renameMailbox. Names are looked up by scalar subqueries, which the index answers one by one; for a join the
-- planner reads all names of the account.
CREATE FUNCTION rename_mailbox(
  p_account bigint, p_from text, p_to text, p_most_octets integer, p_most_levels integer, p_most_mailboxes bigint,
  p_most_subscriptions bigint
) RETURNS TABLE (status text, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  ids bigint[];
  names text[];
  fresh text[];
  superiors text[];
  added mailboxes;
  room bigint;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  -- Shorter names first: where p_to is above p_from, a new name may be the old one of another, which is shorter.
  SELECT array_agg(b.mailbox_id ORDER BY length(b.name), b.name), array_agg(b.name ORDER BY length(b.name), b.name),
         array_agg(p_to || substring(b.name from length(p_from) + 1) ORDER BY length(b.name), b.name)
    INTO ids, names, fresh FROM mailboxes_at(p_account, p_from) AS b;
  IF ids IS NULL THEN
    status := 'nonexistent';
  ELSIF p_to = p_from OR EXISTS (
    SELECT FROM unnest(fresh || p_to) AS f (name)
     WHERE NOT (f.name = p_from OR starts_with(f.name, p_from || '/')) -- these make room
       AND (SELECT b.mailbox_id FROM mailboxes AS b
             WHERE b.account_id = p_account AND b.name = f.name AND b.expunged_seq IS NULL) IS NOT NULL
  ) THEN
    status := 'exists';
  ELSIF starts_with(p_to, p_from || '/') OR EXISTS (
    SELECT FROM unnest(fresh) AS f WHERE octet_length(f) > p_most_octets OR cardinality(string_to_array(f, '/')) > p_most_levels
  ) THEN
    status := 'name-refused';
  ELSE
    superiors := missing_superiors(p_account, p_to);
    status := coalesce(refusal_of_mailboxes(acct, cardinality(superiors), p_most_mailboxes), 'ok');
  END IF;
  IF status <> 'ok' THEN RETURN NEXT; RETURN; END IF;

  mod_seq := acct.modseq + 1;
  IF cardinality(superiors) > 0 THEN
    added := add_mailboxes(p_account, superiors, NULL);
  ELSE
    UPDATE accounts AS a SET modseq = acct.modseq + 1 WHERE a.account_id = p_account;
  END IF;
  FOR i IN 1 .. cardinality(ids) LOOP
    UPDATE mailboxes AS b SET name = fresh[i], mod_seq = acct.modseq + 1
     WHERE b.account_id = p_account AND b.mailbox_id = ids[i];
  END LOOP;
  room := p_most_subscriptions - (SELECT count(*) FROM subscriptions AS s WHERE s.account_id = p_account);
  INSERT INTO subscriptions (account_id, name, mod_seq)
  SELECT p_account, n.fresh, acct.modseq + 1 FROM unnest(names, fresh) AS n (name, fresh)
   WHERE (SELECT s.mod_seq FROM subscriptions AS s WHERE s.account_id = p_account AND s.name = n.name) IS NOT NULL
   LIMIT greatest(room, 0)
      ON CONFLICT DO NOTHING;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Moves the messages with UIDs up to p_last from one mailbox to another of the account, at most p_limit, lowest UIDs first;
-- they get new UIDs and leave tombstones. Status: 'ok', 'nonexistent', 'too-many-keywords', 'uid-exhausted'; `is_done` when
-- none is left.
CREATE FUNCTION pour_mailbox(p_account bigint, p_from bigint, p_to bigint, p_last bigint, p_limit integer)
RETURNS TABLE (status text, mod_seq bigint, is_done boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  target mailboxes;
  chosen bigint[];
  used integer[];
  names text[];
  now_at timestamptz := clock_timestamp();
  n_octets bigint;
  n_unseen bigint;
  n_deleted bigint;
  n_deleted_octets bigint;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO target FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = p_to AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN status := 'nonexistent'; RETURN NEXT; RETURN; END IF;
  chosen := ARRAY(SELECT m.uid FROM messages AS m
                   WHERE m.account_id = p_account AND m.mailbox_id = p_from AND m.uid <= p_last ORDER BY m.uid LIMIT p_limit);
  is_done := cardinality(chosen) < p_limit;
  status := 'ok';
  IF chosen = '{}' THEN RETURN NEXT; RETURN; END IF;
  IF target.uid_next + cardinality(chosen) > 4294967296 THEN status := 'uid-exhausted'; RETURN NEXT; RETURN; END IF;

  -- Keywords keep their names; their ids are the mailbox's.
  used := ARRAY(SELECT DISTINCT k FROM messages AS m, unnest(m.keywords) AS k
                 WHERE m.account_id = p_account AND m.mailbox_id = p_from AND m.uid = ANY (chosen));
  names := ARRAY(SELECT k.name FROM keywords AS k
                  WHERE k.account_id = p_account AND k.mailbox_id = p_from AND k.keyword_id = ANY (used) ORDER BY k.keyword_id);
  IF keyword_ids(p_account, p_to, names) IS NULL THEN status := 'too-many-keywords'; RETURN NEXT; RETURN; END IF;

  mod_seq := acct_seq + 1;
  WITH gone AS (
    DELETE FROM messages AS m
     WHERE m.account_id = p_account AND m.mailbox_id = p_from AND m.uid = ANY (chosen)
    RETURNING m.*
  ), buried AS (
    INSERT INTO tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            thread_id, size_octets, prefix_octets, flags, keywords, was_moved)
    SELECT g.account_id, g.mailbox_id, g.uid, g.create_seq, acct_seq + 1, g.internal_date, g.save_date, g.content_id, g.email_id,
           g.thread_id, g.size_octets, g.prefix_octets, g.flags, g.keywords, true
      FROM gone AS g
  ), placed AS (
    INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                          thread_id, size_octets, prefix_octets, flags, keywords)
    SELECT p_account, p_to, target.uid_next - 1 + row_number() OVER (ORDER BY g.uid), acct_seq + 1, acct_seq + 1, g.internal_date,
           now_at, g.content_id, g.email_id, g.thread_id, g.size_octets, g.prefix_octets, g.flags,
           CASE WHEN g.keywords = '{}' THEN '{}' ELSE
             ARRAY(SELECT t.keyword_id FROM keywords AS s
                     JOIN keywords AS t ON t.account_id = p_account AND t.mailbox_id = p_to AND lower(t.name) = lower(s.name)
                    WHERE s.account_id = p_account AND s.mailbox_id = p_from AND s.keyword_id = ANY (g.keywords)
                    ORDER BY t.keyword_id) END
      FROM gone AS g
  )
  SELECT sum(g.size_octets), count(*) FILTER (WHERE g.flags & 1 = 0), count(*) FILTER (WHERE g.flags & 8 <> 0),
         coalesce(sum(g.size_octets) FILTER (WHERE g.flags & 8 <> 0), 0)
    INTO n_octets, n_unseen, n_deleted, n_deleted_octets FROM gone AS g;

  UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
  UPDATE mailboxes AS b
     SET highest_mod_seq = acct_seq + 1, messages = b.messages - cardinality(chosen), octets = b.octets - n_octets,
         unseen = b.unseen - n_unseen, deleted = b.deleted - n_deleted, deleted_octets = b.deleted_octets - n_deleted_octets
   WHERE b.account_id = p_account AND b.mailbox_id = p_from;
  UPDATE mailboxes AS b
     SET highest_mod_seq = acct_seq + 1, uid_next = b.uid_next + cardinality(chosen), messages = b.messages + cardinality(chosen),
         octets = b.octets + n_octets, unseen = b.unseen + n_unseen, deleted = b.deleted + n_deleted,
         deleted_octets = b.deleted_octets + n_deleted_octets
   WHERE b.account_id = p_account AND b.mailbox_id = p_to;
  INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
  VALUES (p_account, p_to, acct_seq + 1, uid_range(target.uid_next, target.uid_next + cardinality(chosen) - 1));
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- RENAME INBOX (RFC 3501 §6.3.5): makes p_to, with missing superiors, and moves the messages of INBOX to it, at most p_limit;
-- unless `is_done`, pour_mailbox moves the rest. Status: 'ok', 'exists', 'over-quota', 'too-many-names', 'too-many-keywords'.
CREATE FUNCTION rename_inbox(p_account bigint, p_to text, p_most_mailboxes bigint, p_limit integer)
RETURNS TABLE (status text, mod_seq bigint, inbox_id bigint, mailbox_id bigint, last_uid bigint, is_done boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  made record;
  poured record;
BEGIN
  SELECT * INTO made FROM create_mailbox(p_account, p_to, NULL, p_most_mailboxes);
  status := made.status;
  IF status = 'ok' THEN
    mailbox_id := made.mailbox_id;
    SELECT b.mailbox_id, b.uid_next - 1 INTO inbox_id, last_uid FROM mailboxes AS b
     WHERE b.account_id = p_account AND b.name = 'INBOX' AND b.expunged_seq IS NULL;
    SELECT * INTO poured FROM pour_mailbox(p_account, inbox_id, made.mailbox_id, last_uid, p_limit);
    status := poured.status;
    mod_seq := coalesce(poured.mod_seq, made.mod_seq);
    is_done := poured.is_done;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Subscribes to a name. Null: it was subscribed already; 0: p_most names are; else the modseq.
CREATE FUNCTION subscribe_name(p_account bigint, p_name text, p_most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  acct_seq bigint;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM subscriptions AS s WHERE s.account_id = p_account AND s.name = p_name) THEN RETURN NULL; END IF;
  IF (SELECT count(*) FROM subscriptions AS s WHERE s.account_id = p_account) >= p_most THEN RETURN 0; END IF;
  UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
  INSERT INTO subscriptions (account_id, name, mod_seq) VALUES (p_account, p_name, acct_seq + 1);
  RETURN acct_seq + 1;
END $$;
--> statement-breakpoint
-- Null: it was not subscribed.
CREATE FUNCTION unsubscribe_name(p_account bigint, p_name text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  acct_seq bigint;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  DELETE FROM subscriptions AS s WHERE s.account_id = p_account AND s.name = p_name;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
  RETURN acct_seq + 1;
END $$;
