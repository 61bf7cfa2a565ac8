-- Adds checksums of blobs, piece by piece, an index that finds the content of a blob, and what housekeeping keeps.
ALTER TABLE "contents" ADD COLUMN "blob_checksums" "bytea";--> statement-breakpoint
-- For who looks for the row that names a blob; it is small, because most contents are in none.
CREATE INDEX "contents_blob" ON "contents" USING btree ("account_id","blob_name") WHERE "contents"."blob_name" is not null;--> statement-breakpoint
-- As the function of the same name with one argument less (0009_tables.sql), for messages of which some are in a blob: each of
-- those brings the checksums of its chunks. The hash that finds the row is the first of a message's pieces.
CREATE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[],
  p_sent_dates date[], p_sent_ats bigint[], p_blob_checksums bytea[]
) RETURNS TABLE (status text, uid bigint, uidvalidity bigint, mod_seq bigint, is_blob_kept boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  i integer := 0;
  pos integer := 1;
  pieces integer := cardinality(p_lengths) / greatest(cardinality(p_mailboxes), 1);
  done record;
BEGIN
  FOR done IN SELECT * FROM append_messages(
    p_account, p_mailboxes, p_flags, p_keywords, p_internal_dates, p_sizes, p_header_octets, p_blob_names, p_lengths, p_octets,
    p_reverse_paths, p_forward_paths, p_protocols, p_client_addresses, p_client_names, p_sent_dates, p_sent_ats)
  LOOP
    i := i + 1;
    IF done.is_blob_kept THEN
      UPDATE contents AS c SET blob_checksums = p_blob_checksums[i]
       WHERE c.account_id = p_account AND c.hash = substring(p_octets from pos for p_lengths[(i - 1) * pieces + 1]);
    END IF;
    FOR k IN 1 .. pieces LOOP pos := pos + p_lengths[(i - 1) * pieces + k]; END LOOP;
    status := done.status;
    uid := done.uid;
    uidvalidity := done.uidvalidity;
    mod_seq := done.mod_seq;
    is_blob_kept := done.is_blob_kept;
    RETURN NEXT;
  END LOOP;
END $$;
--> statement-breakpoint
-- When each job of housekeeping was last done, by whichever host did it.
CREATE TABLE "housekeeping_jobs" (
	"job" text PRIMARY KEY NOT NULL,
	"done_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
-- Changes have no time of their own: what the account's modseq was at `changes_marked_at` tells which are older than that.
ALTER TABLE "accounts" ADD COLUMN "changes_mark_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "changes_marked_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mailboxes" ADD COLUMN "changes_pruned_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "tombstones_released" ON "tombstones" USING btree ("account_id","expunged_at") WHERE "tombstones"."content_id" is null;--> statement-breakpoint
-- Removes tombstones made before a time that hold no content any more, oldest first, at most p_limit, and notes in pruned_seq up to
-- where. Nobody's view of a mailbox changes, so it takes no modseq. @returns how many
CREATE FUNCTION prune_tombstones(p_account bigint, p_before timestamptz, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  old record;
  pruned bigint := 0;
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  FOR old IN
    SELECT t.mailbox_id, array_agg(t.uid) AS uids, max(t.mod_seq) AS last_seq
      FROM (SELECT t.mailbox_id, t.uid, t.mod_seq FROM tombstones AS t
             WHERE t.account_id = p_account AND t.content_id IS NULL AND t.expunged_at < p_before
             ORDER BY t.expunged_at LIMIT p_limit) AS t
     GROUP BY t.mailbox_id
  LOOP
    DELETE FROM tombstones AS t WHERE t.account_id = p_account AND t.mailbox_id = old.mailbox_id AND t.uid = ANY (old.uids);
    UPDATE mailboxes AS b SET pruned_seq = old.last_seq
     WHERE b.account_id = p_account AND b.mailbox_id = old.mailbox_id AND b.pruned_seq < old.last_seq;
    pruned := pruned + cardinality(old.uids);
  END LOOP;
  RETURN pruned;
END $$;
--> statement-breakpoint
-- Removes changes that were there when the account was last marked, if that is p_age ago, at most p_limit, and notes in
-- changes_pruned_seq up to where. When none of them is left it marks the account anew. With an age of 0 all go at once.
CREATE FUNCTION prune_changes(p_account bigint, p_age interval, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  acct accounts;
  mark bigint;
  old record;
  pruned bigint := 0;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF p_age > interval '0' AND acct.changes_marked_at > clock_timestamp() - p_age THEN RETURN 0; END IF;
  mark := CASE WHEN p_age > interval '0' THEN acct.changes_mark_seq ELSE acct.modseq END;

  FOR old IN
    -- A mailbox whose last change of messages was pruned has no others: most are passed over.
    SELECT c.mailbox_id, count(*) AS changes, max(c.mod_seq) AS last_seq
      FROM (SELECT c.mailbox_id, c.mod_seq FROM mailboxes AS b
             CROSS JOIN LATERAL (SELECT c.mailbox_id, c.mod_seq FROM changes AS c
                                  WHERE c.account_id = p_account AND c.mailbox_id = b.mailbox_id AND c.mod_seq <= mark
                                  ORDER BY c.mod_seq LIMIT p_limit) AS c
             WHERE b.account_id = p_account AND b.highest_mod_seq > b.changes_pruned_seq
             LIMIT p_limit) AS c
     GROUP BY c.mailbox_id
  LOOP
    DELETE FROM changes AS c WHERE c.account_id = p_account AND c.mailbox_id = old.mailbox_id AND c.mod_seq <= old.last_seq;
    UPDATE mailboxes AS b SET changes_pruned_seq = old.last_seq WHERE b.account_id = p_account AND b.mailbox_id = old.mailbox_id;
    pruned := pruned + old.changes;
  END LOOP;

  IF pruned < p_limit THEN
    UPDATE accounts AS a SET changes_mark_seq = acct.modseq, changes_marked_at = clock_timestamp() WHERE a.account_id = p_account;
  END IF;
  RETURN pruned;
END $$;
--> statement-breakpoint
-- Removes these keywords of a mailbox, which no message bore when the account's modseq was p_as_of, but for those that one has come
-- to bear since: what changed since then stands in `changes`, unless that was pruned. @returns how many
CREATE FUNCTION prune_keywords(p_account bigint, p_mailbox bigint, p_ids integer[], p_as_of bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  pruned bigint;
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  DELETE FROM keywords AS k
   WHERE k.account_id = p_account AND k.mailbox_id = p_mailbox AND k.keyword_id = ANY (p_ids)
     AND (SELECT b.changes_pruned_seq FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox) <= p_as_of
     AND k.keyword_id <> ALL (ARRAY(
       SELECT unnest(m.keywords) FROM changes AS c
        CROSS JOIN LATERAL unnest(c.uids) AS r
        CROSS JOIN LATERAL (SELECT m.keywords FROM messages AS m
                             WHERE m.account_id = p_account AND m.mailbox_id = p_mailbox AND m.uid >= lower(r) AND m.uid < upper(r)
                            UNION ALL
                            SELECT t.keywords FROM tombstones AS t
                             WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid >= lower(r) AND t.uid < upper(r)) AS m
        WHERE c.account_id = p_account AND c.mailbox_id = p_mailbox AND c.mod_seq > p_as_of));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END $$;
--> statement-breakpoint
-- Removes mailboxes, at most p_limit, that were deleted before the account was last marked and of which no tombstone is left, with
-- all that was theirs. Nothing of them comes again: ids and UIDVALIDITYs are from counters. @returns how many
CREATE FUNCTION prune_mailboxes(p_account bigint, p_limit integer) RETURNS bigint
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
  DELETE FROM annotations AS n WHERE n.account_id = p_account AND n.mailbox_id = ANY (old);
  DELETE FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = ANY (old);
  RETURN cardinality(old);
END $$;
