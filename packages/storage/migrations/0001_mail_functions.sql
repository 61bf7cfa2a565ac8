-- Rows that every change rewrites leave room for their next version on the same page (HOT updates).
ALTER TABLE accounts SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
--> statement-breakpoint
ALTER TABLE mailboxes SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
--> statement-breakpoint
ALTER TABLE messages SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
-- Mail compresses badly and is read in slices: EXTERNAL stores it as it is, so substring() reads only the slice.
ALTER TABLE contents ALTER COLUMN octets SET STORAGE EXTERNAL;
--> statement-breakpoint
INSERT INTO installation DEFAULT VALUES;
--> statement-breakpoint
CREATE FUNCTION uid_range(p_first bigint, p_last bigint) RETURNS int8multirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT int8multirange(int8range(p_first, p_last + 1)) $$;
--> statement-breakpoint
-- The UIDs of the messages among ranges, ascending: the ranges come in order, and so do the messages of each. The ORDER BY
-- also keeps the planner from turning the loop inside out, which with a plan made for a small mailbox takes minutes.
CREATE FUNCTION uids_among(p_account bigint, p_mailbox bigint, p_uids int8multirange, p_only_deleted boolean)
RETURNS TABLE (uid bigint)
LANGUAGE sql STABLE AS $$
  SELECT m.uid FROM unnest(p_uids) AS r
   CROSS JOIN LATERAL (SELECT m.uid FROM messages AS m
                        WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid >= lower(r) AND m.uid < upper(r)
                          AND (NOT p_only_deleted OR m.flags & 8 <> 0)
                        ORDER BY m.uid) AS m
$$;
--> statement-breakpoint
-- One message as the arrays of a shared mailbox take it: UID (4 octets), mod_seq (8), flags (2), number of keywords (2),
-- and for each keyword the length of its id (4) and the id (4), as array_send has them; all big-endian. Without a
-- subquery, so that it is inlined.
CREATE FUNCTION pack_message(p_uid bigint, p_mod_seq bigint, p_flags smallint, p_keywords integer[]) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT substring(int8send(p_uid) from 5) || int8send(p_mod_seq) || int2send(p_flags)
      || CASE WHEN p_keywords = '{}' THEN '\x0000'::bytea
              ELSE int2send(cardinality(p_keywords)::smallint) || substring(array_send(p_keywords) from 21) END
$$;
--> statement-breakpoint
-- Ids of keywords by name, in any case, ascending; new names get new ids, in the order given. Null when that would pass 1,000 in the mailbox.
-- The caller holds the account row.
CREATE FUNCTION keyword_ids(p_account bigint, p_mailbox bigint, p_names text[]) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
  fresh text[];
  first_id integer;
BEGIN
  IF cardinality(p_names) = 0 THEN RETURN '{}'; END IF;
  SELECT coalesce(array_agg(n.name ORDER BY n.place), '{}') INTO fresh
    FROM (SELECT DISTINCT ON (lower(name)) name, place FROM unnest(p_names) WITH ORDINALITY AS u (name, place)
           ORDER BY lower(name), place) AS n
   WHERE NOT EXISTS (SELECT FROM keywords AS k
                      WHERE k.account_id = p_account AND k.mailbox_id = p_mailbox AND lower(k.name) = lower(n.name));
  IF cardinality(fresh) > 0 THEN
    IF cardinality(fresh) + (SELECT count(*) FROM keywords WHERE account_id = p_account AND mailbox_id = p_mailbox) > 1000 THEN
      RETURN NULL;
    END IF;
    UPDATE mailboxes SET next_keyword_id = next_keyword_id + cardinality(fresh)
     WHERE account_id = p_account AND mailbox_id = p_mailbox
    RETURNING old.next_keyword_id INTO first_id;
    INSERT INTO keywords (account_id, mailbox_id, keyword_id, name)
    SELECT p_account, p_mailbox, first_id + (n - 1)::integer, name FROM unnest(fresh) WITH ORDINALITY AS f (name, n);
  END IF;
  RETURN (SELECT array_agg(keyword_id ORDER BY keyword_id) FROM keywords
           WHERE account_id = p_account AND mailbox_id = p_mailbox
             AND lower(name) IN (SELECT lower(n) FROM unnest(p_names) AS n));
END $$;
--> statement-breakpoint
-- Creates a mailbox. Status: 'ok', 'nonexistent' (no such account), 'exists', 'over-quota'.
CREATE FUNCTION create_mailbox(p_account bigint, p_name text, p_special_use text)
RETURNS TABLE (status text, mailbox_id bigint, uidvalidity bigint, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'nonexistent', 0::bigint, 0::bigint, 0::bigint; RETURN; END IF;
  IF EXISTS (SELECT FROM mailboxes AS b WHERE b.account_id = p_account AND b.name = p_name AND b.expunged_seq IS NULL) THEN
    RETURN QUERY SELECT 'exists', 0::bigint, 0::bigint, 0::bigint; RETURN;
  END IF;
  IF acct.used_mailboxes + 1 > acct.quota_mailboxes THEN
    RETURN QUERY SELECT 'over-quota', 0::bigint, 0::bigint, 0::bigint; RETURN;
  END IF;
  UPDATE accounts AS a
     SET modseq = a.modseq + 1, next_object_id = a.next_object_id + 1, next_uidvalidity = a.next_uidvalidity + 1,
         used_mailboxes = a.used_mailboxes + 1
   WHERE a.account_id = p_account;
  INSERT INTO mailboxes (account_id, mailbox_id, name, special_use, uidvalidity, create_seq, mod_seq, highest_mod_seq)
  VALUES (p_account, acct.next_object_id, p_name, p_special_use, acct.next_uidvalidity,
          acct.modseq + 1, acct.modseq + 1, acct.modseq + 1);
  RETURN QUERY SELECT 'ok', acct.next_object_id, acct.next_uidvalidity, acct.modseq + 1;
END $$;
--> statement-breakpoint
-- Appends messages to mailboxes of one account under one modseq, each with a status of its own: 'ok', 'nonexistent'
-- (mailbox), 'over-quota', 'too-many-keywords', 'uid-exhausted'. Messages of one mailbox stand together in the arrays.
--
-- p_lengths has seven entries a message: hash, ENVELOPE, BODYSTRUCTURE, BODY, part index, prefix, content (0 where a blob
-- holds it); p_octets has those octets, one after the other. One bytea crosses the wire faster than seven arrays of them.
CREATE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[]
) RETURNS TABLE (status text, uid bigint, uidvalidity bigint, mod_seq bigint, is_blob_kept boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  new_seq bigint;
  first_uid bigint;
  object_id bigint;
  item_keywords integer[];
  item_content bigint;
  item_size bigint;
  item_flags smallint;
  item_hash bytea;
  this_mailbox bigint;
  i integer := 1;
  pos integer := 1;
  len integer;
  n integer;
  now_at timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  new_seq := acct.modseq + 1;
  object_id := acct.next_object_id;

  WHILE i <= cardinality(p_mailboxes) LOOP
    SELECT * INTO box FROM mailboxes AS b
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailboxes[i] AND b.expunged_seq IS NULL;
    this_mailbox := p_mailboxes[i];
    first_uid := box.uid_next;

    WHILE p_mailboxes[i] = this_mailbox LOOP
      n := (i - 1) * 7;
      item_size := p_sizes[i] + p_lengths[n + 6];
      item_flags := p_flags[i];
      uid := box.uid_next;
      uidvalidity := box.uidvalidity;
      mod_seq := new_seq;
      is_blob_kept := false;
      item_keywords := '{}';
      status := CASE
        WHEN box.mailbox_id IS NULL THEN 'nonexistent'
        WHEN acct.used_octets + item_size > acct.quota_octets OR acct.used_messages + 1 > acct.quota_messages THEN 'over-quota'
        WHEN box.uid_next > 4294967295 THEN 'uid-exhausted'
        ELSE 'ok' END;
      IF status = 'ok' AND p_keywords[i] <> '' THEN
        item_keywords := keyword_ids(p_account, this_mailbox, string_to_array(p_keywords[i], ' '));
        IF item_keywords IS NULL THEN status := 'too-many-keywords'; END IF;
      END IF;

      IF status = 'ok' THEN
        item_hash := substring(p_octets from pos for p_lengths[n + 1]);
        SELECT c.content_id INTO item_content FROM contents AS c WHERE c.account_id = p_account AND c.hash = item_hash;
        IF NOT FOUND THEN
          item_content := object_id;
          object_id := object_id + 1;
          len := pos + p_lengths[n + 1];
          INSERT INTO contents (account_id, content_id, hash, size_octets, header_octets, blob_name,
                                envelope, body_structure, body, part_index, octets)
          VALUES (p_account, item_content, item_hash, p_sizes[i], p_header_octets[i], p_blob_names[i],
                  substring(p_octets from len for p_lengths[n + 2]),
                  substring(p_octets from len + p_lengths[n + 2] for p_lengths[n + 3]),
                  substring(p_octets from len + p_lengths[n + 2] + p_lengths[n + 3] for p_lengths[n + 4]),
                  substring(p_octets from len + p_lengths[n + 2] + p_lengths[n + 3] + p_lengths[n + 4] for p_lengths[n + 5]),
                  CASE WHEN p_blob_names[i] IS NULL THEN
                    substring(p_octets from len + p_lengths[n + 2] + p_lengths[n + 3] + p_lengths[n + 4] + p_lengths[n + 5] + p_lengths[n + 6]
                              for p_lengths[n + 7]) END);
          is_blob_kept := p_blob_names[i] IS NOT NULL;
        END IF;

        INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                              size_octets, prefix_octets, flags, keywords)
        VALUES (p_account, this_mailbox, box.uid_next, new_seq, new_seq, to_timestamp(p_internal_dates[i] / 1000.0), now_at,
                item_content, object_id, item_size, p_lengths[n + 6], item_flags, item_keywords);

        IF p_reverse_paths[i] IS NOT NULL THEN
          INSERT INTO deliveries (account_id, email_id, prefix, reverse_path, forward_path, protocol, client_address, client_name,
                                  received_at)
          VALUES (p_account, object_id,
                  substring(p_octets from pos + p_lengths[n + 1] + p_lengths[n + 2] + p_lengths[n + 3] + p_lengths[n + 4]
                            + p_lengths[n + 5] for p_lengths[n + 6]),
                  p_reverse_paths[i], p_forward_paths[i], p_protocols[i], p_client_addresses[i]::inet, p_client_names[i], now_at);
        END IF;
        object_id := object_id + 1;

        box.uid_next := box.uid_next + 1;
        box.messages := box.messages + 1;
        box.octets := box.octets + item_size;
        IF item_flags & 1 = 0 THEN box.unseen := box.unseen + 1; END IF;
        IF item_flags & 8 <> 0 THEN
          box.deleted := box.deleted + 1;
          box.deleted_octets := box.deleted_octets + item_size;
        END IF;
        acct.used_octets := acct.used_octets + item_size;
        acct.used_messages := acct.used_messages + 1;
      END IF;

      RETURN NEXT;
      FOR k IN n + 1 .. n + 7 LOOP pos := pos + p_lengths[k]; END LOOP;
      i := i + 1;
    END LOOP;

    IF box.uid_next > first_uid THEN
      UPDATE mailboxes AS b
         SET uid_next = box.uid_next, messages = box.messages, octets = box.octets, unseen = box.unseen,
             deleted = box.deleted, deleted_octets = box.deleted_octets, highest_mod_seq = new_seq
       WHERE b.account_id = p_account AND b.mailbox_id = this_mailbox;
      INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
      VALUES (p_account, this_mailbox, new_seq, uid_range(first_uid, box.uid_next - 1));
    END IF;
  END LOOP;

  IF object_id > acct.next_object_id THEN
    UPDATE accounts AS a
       SET modseq = new_seq, next_object_id = object_id, used_octets = acct.used_octets, used_messages = acct.used_messages
     WHERE a.account_id = p_account;
  END IF;
END $$;
--> statement-breakpoint
-- Edits flags and keywords of messages under one new modseq. A message already as asked keeps its modseq, and if none
-- changes the account keeps its own (RFC 7162 §3.1.11). Keywords: p_mode 'add', 'remove' or 'replace' them; system flags:
-- flags & p_keep | p_set. Messages with a modseq above p_unchanged_since are left alone and named in `conflicts`.
-- Of more than p_limit messages only the first are looked at, and `next_uid` is where to go on; else it is null.
-- Status: 'ok', 'nonexistent', 'too-many-keywords'.
CREATE FUNCTION change_flags(
  p_account bigint, p_mailbox bigint, p_uids int8multirange, p_keep smallint, p_set smallint,
  p_mode text, p_keywords text[], p_unchanged_since bigint, p_limit integer
) RETURNS TABLE (status text, mod_seq bigint, changed int8multirange, conflicts int8multirange, next_uid bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  ids integer[];
  chosen bigint[];
  d_unseen bigint;
  d_deleted bigint;
  d_deleted_octets bigint;
BEGIN
  changed := '{}';
  conflicts := '{}';
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM mailboxes AS b
                  WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL) THEN
    status := 'nonexistent';
    RETURN NEXT; RETURN;
  END IF;

  IF p_mode = 'remove' THEN -- a keyword that the mailbox does not know need not be learnt to be taken away
    SELECT coalesce(array_agg(k.keyword_id), '{}') INTO ids FROM keywords AS k
     WHERE k.account_id = p_account AND k.mailbox_id = p_mailbox AND lower(k.name) IN (SELECT lower(n) FROM unnest(p_keywords) AS n);
  ELSE
    ids := keyword_ids(p_account, p_mailbox, p_keywords);
    IF ids IS NULL THEN
      status := 'too-many-keywords';
      RETURN NEXT; RETURN;
    END IF;
  END IF;

  IF (SELECT sum(upper(r) - lower(r)) FROM unnest(p_uids) AS r) > p_limit THEN
    next_uid := (SELECT u.uid FROM uids_among(p_account, p_mailbox, p_uids, false) AS u OFFSET p_limit LIMIT 1);
    IF next_uid IS NOT NULL THEN p_uids := p_uids * uid_range(1, next_uid - 1); END IF;
  END IF;

  SELECT coalesce(array_agg(m.uid) FILTER (WHERE p_unchanged_since IS NULL OR m.mod_seq <= p_unchanged_since), '{}'),
         coalesce(range_agg(int8range(m.uid, m.uid + 1)) FILTER (WHERE m.mod_seq > p_unchanged_since), '{}')
    INTO chosen, conflicts
    FROM unnest(p_uids) AS r
   CROSS JOIN LATERAL (SELECT m.uid, m.mod_seq FROM messages AS m
                        WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid >= lower(r) AND m.uid < upper(r)
                          AND (m.flags <> (m.flags & p_keep | p_set) OR keywords_change(m.keywords, p_mode, ids)
                               OR m.mod_seq > p_unchanged_since)
                        ORDER BY m.uid) AS m;

  status := 'ok';
  IF chosen <> '{}' THEN
    mod_seq := acct_seq + 1;
    WITH edited AS (
      UPDATE messages AS m
         SET mod_seq = acct_seq + 1, flags = m.flags & p_keep | p_set, keywords = edit_keywords(m.keywords, p_mode, ids)
       WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid = ANY (chosen)
      RETURNING m.uid, old.flags AS was, new.flags AS now, m.size_octets AS size
    )
    SELECT range_agg(int8range(e.uid, e.uid + 1)), sum((e.was & 1) - (e.now & 1)),
           sum(((e.now & 8) - (e.was & 8)) / 8), sum(((e.now & 8) - (e.was & 8)) / 8 * e.size)
      INTO changed, d_unseen, d_deleted, d_deleted_octets FROM edited AS e;
    UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
    UPDATE mailboxes AS b
       SET highest_mod_seq = acct_seq + 1, unseen = b.unseen + d_unseen, deleted = b.deleted + d_deleted,
           deleted_octets = b.deleted_octets + d_deleted_octets
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
    INSERT INTO changes (account_id, mailbox_id, mod_seq, uids) VALUES (p_account, p_mailbox, acct_seq + 1, changed);
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
CREATE FUNCTION merge_keywords(p_old integer[], p_mode text, p_ids integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_mode
    WHEN 'add' THEN ARRAY(SELECT DISTINCT k FROM unnest(p_old || p_ids) AS k ORDER BY k)
    ELSE ARRAY(SELECT k FROM unnest(p_old) AS k WHERE k <> ALL (p_ids) ORDER BY k) END
$$;
--> statement-breakpoint
-- Inlined, which a function with subqueries is not: most edits are of system flags alone.
CREATE FUNCTION edit_keywords(p_old integer[], p_mode text, p_ids integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_mode = 'replace' THEN p_ids
              WHEN p_ids = '{}' THEN p_old
              ELSE merge_keywords(p_old, p_mode, p_ids) END
$$;
--> statement-breakpoint
CREATE FUNCTION keywords_change(p_old integer[], p_mode text, p_ids integer[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_mode WHEN 'replace' THEN p_old <> p_ids WHEN 'add' THEN NOT p_old @> p_ids ELSE p_old && p_ids END
$$;
--> statement-breakpoint
-- Removes messages, at most p_limit of them, lowest UIDs first, and leaves tombstones under one new modseq. With
-- p_only_deleted only those that bear \Deleted. Status: 'ok', 'nonexistent'. `removed` is empty when there was nothing.
CREATE FUNCTION expunge_messages(p_account bigint, p_mailbox bigint, p_uids int8multirange, p_only_deleted boolean, p_limit integer)
RETURNS TABLE (status text, mod_seq bigint, removed int8multirange)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  box mailboxes;
  chosen bigint[];
  n_messages bigint;
  n_octets bigint;
  n_unseen bigint;
  n_deleted bigint;
  n_deleted_octets bigint;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO box FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN RETURN QUERY SELECT 'nonexistent', 0::bigint, '{}'::int8multirange; RETURN; END IF;
  -- Nothing to look for, as at most CLOSEs; and no looking further than the last there is.
  p_limit := least(p_limit, CASE WHEN p_only_deleted THEN box.deleted ELSE box.messages END);
  IF p_limit = 0 THEN RETURN QUERY SELECT 'ok', NULL::bigint, '{}'::int8multirange; RETURN; END IF;

  chosen := ARRAY(SELECT u.uid FROM uids_among(p_account, p_mailbox, p_uids, p_only_deleted) AS u LIMIT p_limit);
  WITH gone AS (
    DELETE FROM messages AS m
     WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid = ANY (chosen)
    RETURNING m.*
  ), buried AS (
    INSERT INTO tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            thread_id, size_octets, prefix_octets, flags, keywords)
    SELECT g.account_id, g.mailbox_id, g.uid, g.create_seq, acct_seq + 1, g.internal_date, g.save_date, g.content_id, g.email_id,
           g.thread_id, g.size_octets, g.prefix_octets, g.flags, g.keywords
      FROM gone AS g
  )
  SELECT count(*), coalesce(range_agg(int8range(g.uid, g.uid + 1)), '{}'), coalesce(sum(g.size_octets), 0),
         count(*) FILTER (WHERE g.flags & 1 = 0), count(*) FILTER (WHERE g.flags & 8 <> 0),
         coalesce(sum(g.size_octets) FILTER (WHERE g.flags & 8 <> 0), 0)
    INTO n_messages, removed, n_octets, n_unseen, n_deleted, n_deleted_octets FROM gone AS g;

  status := 'ok';
  IF n_messages > 0 THEN
    mod_seq := acct_seq + 1;
    UPDATE accounts AS a
       SET modseq = acct_seq + 1, used_octets = a.used_octets - n_octets, used_messages = a.used_messages - n_messages
     WHERE a.account_id = p_account;
    UPDATE mailboxes AS b
       SET highest_mod_seq = acct_seq + 1, messages = b.messages - n_messages, octets = b.octets - n_octets,
           unseen = b.unseen - n_unseen, deleted = b.deleted - n_deleted, deleted_octets = b.deleted_octets - n_deleted_octets
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Deletes an empty mailbox; its row stays as the tombstone. Status: 'ok', 'nonexistent', 'not-empty'.
CREATE FUNCTION delete_mailbox(p_account bigint, p_mailbox bigint) RETURNS TABLE (status text, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  box mailboxes;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO box FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN RETURN QUERY SELECT 'nonexistent', 0::bigint; RETURN; END IF;
  IF box.messages > 0 THEN RETURN QUERY SELECT 'not-empty', 0::bigint; RETURN; END IF;
  UPDATE accounts AS a SET modseq = acct_seq + 1, used_mailboxes = a.used_mailboxes - 1 WHERE a.account_id = p_account;
  UPDATE mailboxes AS b SET expunged_seq = acct_seq + 1, mod_seq = acct_seq + 1
   WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  RETURN QUERY SELECT 'ok', acct_seq + 1;
END $$;
--> statement-breakpoint
-- Takes the messages up to p_uid as \Recent for one session; returns the UID below the first of them. Nobody is told
-- of this change, it takes no account row, and losing it in a crash shows a few messages as recent twice.
CREATE FUNCTION claim_recent(p_account bigint, p_mailbox bigint, p_uid bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  was bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE mailboxes AS b SET recent_uid = p_uid
   WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox AND b.recent_uid < p_uid
  RETURNING old.recent_uid INTO was;
  RETURN coalesce(was, p_uid);
END $$;
