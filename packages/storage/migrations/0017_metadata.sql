-- Makes room for metadata (RFC 5464): whose mailbox an entry is about, and the function that sets entries. No table that holds
-- anything is changed: nothing has written to annotations before.
ALTER TABLE "annotations" ADD COLUMN "owner_id" bigint;--> statement-breakpoint
UPDATE "annotations" SET "owner_id" = "account_id";--> statement-breakpoint
ALTER TABLE "annotations" ALTER COLUMN "owner_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "annotations" DROP CONSTRAINT "annotations_account_id_mailbox_id_entry_pk";--> statement-breakpoint
ALTER TABLE "annotations" ADD CONSTRAINT "annotations_account_id_owner_id_mailbox_id_entry_pk" PRIMARY KEY("account_id","owner_id","mailbox_id","entry");--> statement-breakpoint
-- Why the entries that an account keeps cannot become these; null if they can. Marks of removals count for nothing here.
CREATE FUNCTION refusal_of_annotations(p_account bigint, p_owner bigint, p_mailbox bigint, p_most_here bigint, p_most bigint, p_most_octets bigint)
RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN count(*) FILTER (WHERE n.owner_id = p_owner AND n.mailbox_id = p_mailbox) > p_most_here
                OR count(*) > p_most OR sum(octet_length(n.value)) > p_most_octets THEN 'too-many-annotations' END
    FROM annotations AS n WHERE n.account_id = p_account AND n.value IS NOT NULL
$$;
--> statement-breakpoint
-- Sets entries that an account keeps about a mailbox of p_owner, its own or another's, or about the server (p_mailbox 0), under one
-- new modseq; a null value removes. If all is as it was, nothing changes and `mod_seq` is null. A mailbox of the account's own gets
-- the modseq as its HIGHESTMODSEQ (RFC 7162 §3.2). What was removed stays as a mark, so that others hear of it; where p_most rows
-- are passed, marks go first.
--
-- p_special_use: '' for none, null to leave it. Its entry has no value of its own here, only a mark of its last change.
-- Status: 'ok', 'nonexistent', 'use-taken', 'too-many-annotations'. But for 'ok' the caller rolls back.
CREATE FUNCTION set_annotations(
  p_account bigint, p_owner bigint, p_mailbox bigint, p_entries text[], p_values bytea[], p_special_use text,
  p_most_here bigint, p_most bigint, p_most_octets bigint
) RETURNS TABLE (status text, mod_seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  box mailboxes;
  changes_use boolean := false;
  written bigint;
BEGIN
  SELECT a.modseq INTO acct_seq FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  status := 'ok';
  IF p_mailbox <> 0 THEN
    SELECT * INTO box FROM mailboxes AS b WHERE b.account_id = p_owner AND b.mailbox_id = p_mailbox AND b.expunged_seq IS NULL;
    IF NOT FOUND THEN status := 'nonexistent'; RETURN NEXT; RETURN; END IF;
    changes_use := p_special_use <> coalesce(box.special_use, '');
    IF changes_use AND EXISTS (
      SELECT FROM mailboxes AS b WHERE b.account_id = p_account AND b.special_use = p_special_use AND b.expunged_seq IS NULL
    ) THEN
      status := 'use-taken';
      RETURN NEXT; RETURN;
    END IF;
  END IF;

  INSERT INTO annotations AS n (account_id, owner_id, mailbox_id, entry, value, create_seq, mod_seq)
  SELECT p_account, p_owner, p_mailbox, e.entry, e.value, acct_seq + 1, acct_seq + 1
    FROM unnest(p_entries, p_values) AS e (entry, value)
   WHERE e.value IS NOT NULL OR EXISTS (
     SELECT FROM annotations AS o
      WHERE o.account_id = p_account AND o.owner_id = p_owner AND o.mailbox_id = p_mailbox AND o.entry = e.entry)
      ON CONFLICT (account_id, owner_id, mailbox_id, entry) DO UPDATE
     SET value = excluded.value, mod_seq = acct_seq + 1,
         create_seq = CASE WHEN n.value IS NULL THEN acct_seq + 1 ELSE n.create_seq END
   WHERE n.value IS DISTINCT FROM excluded.value;
  GET DIAGNOSTICS written = ROW_COUNT;
  IF written = 0 AND NOT coalesce(changes_use, false) THEN RETURN NEXT; RETURN; END IF;
  status := coalesce(refusal_of_annotations(p_account, p_owner, p_mailbox, p_most_here, p_most, p_most_octets), 'ok');
  IF status <> 'ok' THEN RETURN NEXT; RETURN; END IF;

  IF changes_use THEN
    UPDATE mailboxes AS b SET special_use = nullif(p_special_use, ''), mod_seq = acct_seq + 1
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
    INSERT INTO annotations AS n (account_id, owner_id, mailbox_id, entry, value, create_seq, mod_seq)
    VALUES (p_account, p_owner, p_mailbox, '/private/specialuse', NULL, acct_seq + 1, acct_seq + 1)
        ON CONFLICT (account_id, owner_id, mailbox_id, entry) DO UPDATE SET mod_seq = acct_seq + 1;
  END IF;
  IF (SELECT count(*) FROM annotations AS n WHERE n.account_id = p_account) > p_most THEN
    DELETE FROM annotations AS n WHERE n.account_id = p_account AND n.value IS NULL AND n.mod_seq <= acct_seq;
  END IF;
  mod_seq := acct_seq + 1;
  UPDATE accounts AS a SET modseq = acct_seq + 1 WHERE a.account_id = p_account;
  IF p_mailbox <> 0 AND p_owner = p_account THEN
    UPDATE mailboxes AS b SET highest_mod_seq = acct_seq + 1 WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Removes marks of entries that were removed before the account was last marked, and entries about mailboxes of others that are
-- gone, at most p_limit; returns how many.
CREATE FUNCTION prune_annotations(p_account bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  acct accounts;
  pruned bigint;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  DELETE FROM annotations AS n USING (
    SELECT o.owner_id, o.mailbox_id, o.entry FROM annotations AS o
     WHERE o.account_id = p_account
       AND (o.value IS NULL AND o.mod_seq <= acct.changes_mark_seq
            OR o.owner_id <> p_account AND NOT EXISTS (
              SELECT FROM mailboxes AS b
               WHERE b.account_id = o.owner_id AND b.mailbox_id = o.mailbox_id AND b.expunged_seq IS NULL))
     LIMIT p_limit) AS old
   WHERE n.account_id = p_account AND n.owner_id = old.owner_id AND n.mailbox_id = old.mailbox_id AND n.entry = old.entry;
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END $$;
--> statement-breakpoint
-- As before, but that entries about mailboxes of others, whose ids may be the same, stay.
CREATE OR REPLACE FUNCTION prune_mailboxes(p_account bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  acct accounts;
  old bigint[];
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  old := ARRAY(
    SELECT b.mailbox_id FROM mailboxes AS b
     WHERE b.account_id = p_account AND b.expunged_seq <= acct.changes_mark_seq
       AND (SELECT t.uid FROM tombstones AS t WHERE t.account_id = p_account AND t.mailbox_id = b.mailbox_id LIMIT 1) IS NULL
       AND (SELECT m.uid FROM messages AS m WHERE m.account_id = p_account AND m.mailbox_id = b.mailbox_id LIMIT 1) IS NULL
     LIMIT p_limit);
  DELETE FROM changes AS c WHERE c.account_id = p_account AND c.mailbox_id = ANY (old);
  DELETE FROM keywords AS k WHERE k.account_id = p_account AND k.mailbox_id = ANY (old);
  DELETE FROM acls AS l WHERE l.account_id = p_account AND l.mailbox_id = ANY (old);
  DELETE FROM annotations AS n WHERE n.account_id = p_account AND n.owner_id = p_account AND n.mailbox_id = ANY (old);
  DELETE FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = ANY (old);
  RETURN cardinality(old);
END $$;
