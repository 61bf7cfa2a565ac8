-- Lets mailboxes be renamed in an account that has more of them than it may have by now, and gives a message at most 100
-- keywords. Replaces two functions; no table is changed.

-- Why an account cannot have p_count mailboxes more; null if it can. None more is no matter of quota, also where the account has
-- more mailboxes than it may have by now: else they could not be renamed.
CREATE OR REPLACE FUNCTION refusal_of_mailboxes(p_acct accounts, p_count bigint, p_most bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_count = 0 THEN NULL
              WHEN p_acct.used_mailboxes + p_count > p_acct.quota_mailboxes THEN 'over-quota'
              WHEN p_acct.used_mailboxes + p_count > p_most THEN 'too-many-names' END
$$;
--> statement-breakpoint
-- Edits flags and keywords of messages under one new modseq. A message already as asked keeps its modseq, and if none
-- changes the account keeps its own (RFC 7162 §3.1.11). Keywords: p_mode 'add', 'remove' or 'replace' them; system flags:
-- flags & p_keep | p_set. Messages with a modseq above p_unchanged_since are left alone and named in `conflicts`.
-- Of more than p_limit messages only the first are looked at, and `next_uid` is where to go on; else it is null.
-- Status: 'ok', 'nonexistent', 'too-many-keywords' (1,000 in the mailbox, or 100 of a message, which keeps what it has if that is
-- more). Above that a mailbox of many messages would be too large to hold.
CREATE OR REPLACE FUNCTION change_flags(
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

  IF ids <> '{}' AND p_mode <> 'remove' AND EXISTS (
    SELECT FROM messages AS m
     WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid = ANY (chosen)
       AND cardinality(edit_keywords(m.keywords, p_mode, ids)) > greatest(100, cardinality(m.keywords))
  ) THEN
    status := 'too-many-keywords';
    conflicts := '{}';
    next_uid := NULL;
    RETURN NEXT; RETURN;
  END IF;

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
