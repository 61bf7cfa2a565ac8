-- Copies messages into a mailbox of the same account under one new modseq; with p_is_move they leave the source, and their
-- tombstones say how. Flags, keywords (by name), internal date and ids stay; the save date is now. New UIDs ascend with the old
-- ones. Of more than p_limit messages only the first are taken; null is no limit. With p_is_whole: all that are named, or none.
--
-- Status: 'ok', 'nonexistent' (the target), 'expunged' (p_is_whole, and some are not there), 'over-quota', 'too-many-keywords',
-- 'uid-exhausted'. `copied` is empty when there was nothing; else the first of them got `first_uid`, the next one the next.
CREATE FUNCTION copy_messages(
  p_account bigint, p_source bigint, p_uids int8multirange, p_target bigint, p_is_move boolean, p_is_whole boolean, p_limit integer
) RETURNS TABLE (status text, mod_seq bigint, uidvalidity bigint, copied int8multirange, first_uid bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  new_seq bigint;
  chosen bigint[];
  new_keywords integer[];
  n_messages bigint;
  n_octets bigint;
  n_unseen bigint;
  n_deleted bigint;
  n_deleted_octets bigint;
  has_keywords boolean;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO box FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.mailbox_id = p_target AND b.expunged_seq IS NULL;
  copied := '{}';
  uidvalidity := box.uidvalidity;
  first_uid := box.uid_next;
  new_seq := acct.modseq + 1;

  IF box.mailbox_id IS NULL THEN
    status := 'nonexistent';
    RETURN NEXT; RETURN;
  END IF;
  chosen := ARRAY(SELECT u.uid FROM uids_among(p_account, p_source, p_uids, false) AS u LIMIT p_limit);
  n_messages := cardinality(chosen);
  IF p_is_whole AND n_messages < (SELECT sum(upper(r) - lower(r)) FROM unnest(p_uids) AS r) THEN
    status := 'expunged';
    RETURN NEXT; RETURN;
  END IF;
  IF n_messages = 0 THEN
    status := 'ok';
    RETURN NEXT; RETURN;
  END IF;

  SELECT sum(m.size_octets), count(*) FILTER (WHERE m.flags & 1 = 0), count(*) FILTER (WHERE m.flags & 8 <> 0),
         coalesce(sum(m.size_octets) FILTER (WHERE m.flags & 8 <> 0), 0), bool_or(m.keywords <> '{}')
    INTO n_octets, n_unseen, n_deleted, n_deleted_octets, has_keywords
    FROM messages AS m WHERE m.account_id = p_account AND m.mailbox_id = p_source AND m.uid = ANY (chosen);

  -- A move adds nothing to the account, so it is no matter of quota, also where the account is over it (RFC 6851 §4.1).
  IF NOT p_is_move AND (acct.used_octets + n_octets > acct.quota_octets OR acct.used_messages + n_messages > acct.quota_messages) THEN
    status := 'over-quota';
    RETURN NEXT; RETURN;
  END IF;
  IF box.uid_next + n_messages - 1 > 4294967295 THEN
    status := 'uid-exhausted';
    RETURN NEXT; RETURN;
  END IF;
  IF has_keywords AND p_target <> p_source THEN
    new_keywords := translated_keywords(p_account, p_source, chosen, p_target);
    IF new_keywords IS NULL THEN
      status := 'too-many-keywords';
      RETURN NEXT; RETURN;
    END IF;
  END IF;

  INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                        thread_id, size_octets, prefix_octets, flags, keywords)
  SELECT p_account, p_target, box.uid_next - 1 + row_number() OVER (ORDER BY m.uid), new_seq, new_seq, m.internal_date,
         clock_timestamp(), m.content_id, m.email_id, m.thread_id, m.size_octets, m.prefix_octets, m.flags,
         CASE WHEN m.keywords = '{}' OR new_keywords IS NULL THEN m.keywords
              ELSE ARRAY(SELECT new_keywords[k] AS id FROM unnest(m.keywords) AS k ORDER BY id) END
    FROM messages AS m WHERE m.account_id = p_account AND m.mailbox_id = p_source AND m.uid = ANY (chosen);
  UPDATE mailboxes AS b
     SET highest_mod_seq = new_seq, uid_next = b.uid_next + n_messages, messages = b.messages + n_messages,
         octets = b.octets + n_octets, unseen = b.unseen + n_unseen, deleted = b.deleted + n_deleted,
         deleted_octets = b.deleted_octets + n_deleted_octets
   WHERE b.account_id = p_account AND b.mailbox_id = p_target;
  INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
  VALUES (p_account, p_target, new_seq, uid_range(box.uid_next, box.uid_next + n_messages - 1));

  IF p_is_move THEN
    WITH gone AS (
      DELETE FROM messages AS m
       WHERE m.account_id = p_account AND m.mailbox_id = p_source AND m.uid = ANY (chosen)
      RETURNING m.*
    )
    INSERT INTO tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            thread_id, size_octets, prefix_octets, flags, keywords, was_moved)
    SELECT g.account_id, g.mailbox_id, g.uid, g.create_seq, new_seq, g.internal_date, g.save_date, g.content_id, g.email_id,
           g.thread_id, g.size_octets, g.prefix_octets, g.flags, g.keywords, true
      FROM gone AS g;
    UPDATE mailboxes AS b
       SET highest_mod_seq = new_seq, messages = b.messages - n_messages, octets = b.octets - n_octets,
           unseen = b.unseen - n_unseen, deleted = b.deleted - n_deleted, deleted_octets = b.deleted_octets - n_deleted_octets
     WHERE b.account_id = p_account AND b.mailbox_id = p_source;
    UPDATE accounts AS a SET modseq = new_seq WHERE a.account_id = p_account;
  ELSE
    UPDATE accounts AS a
       SET modseq = new_seq, used_octets = a.used_octets + n_octets, used_messages = a.used_messages + n_messages
     WHERE a.account_id = p_account;
  END IF;

  status := 'ok';
  mod_seq := new_seq;
  copied := (SELECT range_agg(int8range(u, u + 1)) FROM unnest(chosen) AS u);
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- What the keywords of these messages are called in another mailbox: its ids by the ids here, as an array, 0 for names that it does
-- not have. Names that are new there get new ids. Null when that would pass 1,000. The caller holds the account row.
CREATE FUNCTION translated_keywords(p_account bigint, p_source bigint, p_uids bigint[], p_target bigint) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
  names text[];
BEGIN
  SELECT array_agg(k.name ORDER BY k.keyword_id) INTO names FROM keywords AS k
   WHERE k.account_id = p_account AND k.mailbox_id = p_source
     AND k.keyword_id IN (SELECT unnest(m.keywords) FROM messages AS m
                           WHERE m.account_id = p_account AND m.mailbox_id = p_source AND m.uid = ANY (p_uids));
  IF keyword_ids(p_account, p_target, names) IS NULL THEN RETURN NULL; END IF;
  RETURN ARRAY(
    SELECT coalesce(there.keyword_id, 0)
      FROM generate_series(1, (SELECT max(k.keyword_id) FROM keywords AS k
                                WHERE k.account_id = p_account AND k.mailbox_id = p_source)) AS n
      LEFT JOIN keywords AS here ON here.account_id = p_account AND here.mailbox_id = p_source AND here.keyword_id = n
      LEFT JOIN keywords AS there
        ON there.account_id = p_account AND there.mailbox_id = p_target AND lower(there.name) = lower(here.name)
     ORDER BY n);
END $$;
