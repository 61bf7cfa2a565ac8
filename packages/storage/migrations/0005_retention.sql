-- Content of removed messages is kept for a time. A tombstone needs its content as long as it names it: releasing the tombstone
-- sets that to null, and content that nothing names any more goes in the same transaction. No client sees any of it, so nothing
-- here but restoring takes a modseq.
ALTER TABLE "accounts" ADD COLUMN "retention_days" integer;
--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "retained_octets_limit" bigint;
--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "retained_octets" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_retention_not_negative" CHECK (least("accounts"."retention_days", "accounts"."retained_octets_limit", "accounts"."retained_octets") >= 0);
--> statement-breakpoint
ALTER TABLE "tombstones" ALTER COLUMN "content_id" DROP NOT NULL;
--> statement-breakpoint
DROP INDEX "tombstones_content";
--> statement-breakpoint
CREATE INDEX "tombstones_content" ON "tombstones" USING btree ("account_id","content_id") WHERE "tombstones"."content_id" is not null;
--> statement-breakpoint
CREATE INDEX "tombstones_retained" ON "tombstones" USING btree ("account_id","was_moved","expunged_at") WHERE "tombstones"."content_id" is not null;
--> statement-breakpoint
CREATE TABLE "removed_blobs" (
	"account_id" bigint NOT NULL,
	"blob_name" text NOT NULL,
	"removed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "removed_blobs_account_id_blob_name_pk" PRIMARY KEY("account_id","blob_name")
);
--> statement-breakpoint
UPDATE accounts AS a SET retained_octets = t.octets
  FROM (SELECT account_id, sum(size_octets) AS octets FROM tombstones WHERE NOT was_moved GROUP BY account_id) AS t
 WHERE a.account_id = t.account_id;
--> statement-breakpoint
-- How long a message that was removed can be brought back. A session whose numbers are older than the removal reads it for an
-- hour in any case (RFC 2180 §4.1).
CREATE FUNCTION retention_time(p_acct accounts) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$ SELECT greatest(make_interval(days => coalesce(p_acct.retention_days, 7)), interval '1 hour') $$;
--> statement-breakpoint
-- How many octets of removed messages an account may have: as many as of others, but 1 GB at least; null where there is no limit.
CREATE FUNCTION retained_octets_cap(p_acct accounts) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(p_acct.retained_octets_limit,
                  CASE WHEN p_acct.quota_octets IS NOT NULL THEN greatest(p_acct.quota_octets, 1073741824) END)
$$;
--> statement-breakpoint
-- As in 0001_mail_functions.sql, and counts what is retained.
CREATE OR REPLACE FUNCTION expunge_messages(p_account bigint, p_mailbox bigint, p_uids int8multirange, p_only_deleted boolean, p_limit integer)
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
       SET modseq = acct_seq + 1, used_octets = a.used_octets - n_octets, used_messages = a.used_messages - n_messages,
           retained_octets = a.retained_octets + n_octets
     WHERE a.account_id = p_account;
    UPDATE mailboxes AS b
       SET highest_mod_seq = acct_seq + 1, messages = b.messages - n_messages, octets = b.octets - n_octets,
           unseen = b.unseen - n_unseen, deleted = b.deleted - n_deleted, deleted_octets = b.deleted_octets - n_deleted_octets
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Deletes those of the contents, and of the deliveries with these email ids, that neither a message nor an unreleased tombstone needs
-- any more, and names their blobs in removed_blobs. The caller holds the account row and has just released what needed them, so nobody
-- can come to need one meanwhile: appends and copies take that row before they look for content.
CREATE FUNCTION remove_unneeded(p_account bigint, p_contents bigint[], p_emails bigint[])
RETURNS TABLE (contents bigint, octets bigint, blobs bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  unneeded bigint[];
BEGIN
  -- Scalar subqueries are answered by the index, one by one; for EXISTS the planner may read all messages of the account.
  unneeded := ARRAY(
    SELECT c FROM unnest(p_contents) AS c
     WHERE (SELECT m.uid FROM messages AS m WHERE m.account_id = p_account AND m.content_id = c LIMIT 1) IS NULL
       AND (SELECT t.uid FROM tombstones AS t WHERE t.account_id = p_account AND t.content_id = c LIMIT 1) IS NULL);

  -- All copies of an arrival have its content, so whether any is left is seen among what has that content.
  p_emails := ARRAY(SELECT d.email_id FROM unnest(p_emails) AS e (id)
                      JOIN deliveries AS d ON d.account_id = p_account AND d.email_id = e.id);
  IF p_emails <> '{}' THEN
    p_contents := ARRAY(SELECT c FROM unnest(p_contents) AS c EXCEPT SELECT u FROM unnest(unneeded) AS u);
    DELETE FROM deliveries AS d
     WHERE d.account_id = p_account AND d.email_id = ANY (ARRAY(
       SELECT e FROM unnest(p_emails) AS e
       EXCEPT SELECT m.email_id FROM messages AS m WHERE m.account_id = p_account AND m.content_id = ANY (p_contents)
       EXCEPT SELECT t.email_id FROM tombstones AS t WHERE t.account_id = p_account AND t.content_id = ANY (p_contents)));
  END IF;

  WITH gone AS (
    DELETE FROM contents AS c WHERE c.account_id = p_account AND c.content_id = ANY (unneeded) RETURNING c.size_octets, c.blob_name
  ), noted AS (
    INSERT INTO removed_blobs (account_id, blob_name) SELECT p_account, g.blob_name FROM gone AS g WHERE g.blob_name IS NOT NULL
  )
  SELECT count(*), coalesce(sum(g.size_octets), 0), count(g.blob_name) INTO contents, octets, blobs FROM gone AS g;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Releases tombstones whose time is over, at most p_limit, and no more than hold p_octets unless one alone does: those of messages that
-- live on elsewhere (p_was_moved), or the oldest of the others; these also before their time while the account holds more of them than
-- it may. None is released within the hour. `released` is 0 when there is nothing to release now.
--
-- What goes is a range in the order of the index tombstones_retained. Sorting is switched off, because by a plan made while there were
-- few tombstones all those of the account would be read and sorted for every slice.
CREATE FUNCTION release_tombstones(p_account bigint, p_was_moved boolean, p_limit integer, p_octets bigint)
RETURNS TABLE (released bigint, contents bigint, octets bigint, blobs bigint)
LANGUAGE plpgsql SET enable_sort = off AS $$
DECLARE
  acct accounts;
  newest timestamptz := clock_timestamp() - interval '1 hour';
  expired timestamptz := newest;
  excess bigint := 0;
  last record;
  freed record;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT p_was_moved THEN
    expired := clock_timestamp() - retention_time(acct);
    excess := coalesce(acct.retained_octets - retained_octets_cap(acct), 0);
  END IF;

  SELECT due.* INTO last
    FROM (SELECT t.expunged_at, t.mailbox_id, t.uid, row_number() OVER up_to_it AS place,
                 sum(t.size_octets) OVER up_to_it - t.size_octets AS octets_before
            FROM (SELECT t.expunged_at, t.mailbox_id, t.uid, t.size_octets FROM tombstones AS t
                   WHERE t.account_id = p_account AND t.was_moved = p_was_moved AND t.content_id IS NOT NULL AND t.expunged_at <= newest
                   ORDER BY t.expunged_at, t.mailbox_id, t.uid LIMIT p_limit) AS t
          WINDOW up_to_it AS (ORDER BY t.expunged_at, t.mailbox_id, t.uid ROWS UNBOUNDED PRECEDING)) AS due
   WHERE due.octets_before < p_octets AND (due.expunged_at <= expired OR due.octets_before < excess)
   ORDER BY due.place DESC LIMIT 1;
  IF NOT FOUND THEN released := 0; RETURN NEXT; RETURN; END IF;

  WITH gone AS (
    UPDATE tombstones AS t SET content_id = NULL
     WHERE t.account_id = p_account AND t.was_moved = p_was_moved AND t.content_id IS NOT NULL AND t.expunged_at <= last.expunged_at
       AND (t.expunged_at, t.mailbox_id, t.uid) <= (last.expunged_at, last.mailbox_id, last.uid)
    RETURNING old.content_id, old.email_id, old.size_octets
  )
  SELECT count(*) AS tombstones, sum(g.size_octets) AS octets, array_agg(DISTINCT g.content_id) AS contents,
         array_agg(DISTINCT g.email_id) AS emails
    INTO freed FROM gone AS g;
  -- Not below 0: a removal that had begun under the functions of a Postel before this one was not counted.
  IF NOT p_was_moved THEN
    UPDATE accounts AS a SET retained_octets = greatest(a.retained_octets - freed.octets, 0) WHERE a.account_id = p_account;
  END IF;
  RETURN QUERY SELECT freed.tombstones, r.contents, r.octets, r.blobs FROM remove_unneeded(p_account, freed.contents, freed.emails) AS r;
END $$;
--> statement-breakpoint
-- Releases at once what is retained of the messages that were removed from a mailbox up to p_until: of those with UIDs above
-- p_above at most p_limit, lowest first, and no more than hold p_octets unless one alone does. `last_uid` is the last of them, null
-- when none was left. Where a message was moved from, its content is held for an hour too: that goes with it.
CREATE FUNCTION purge_tombstones(
  p_account bigint, p_mailbox bigint, p_until timestamptz, p_above bigint, p_limit integer, p_octets bigint
) RETURNS TABLE (purged bigint, last_uid bigint, contents bigint, octets bigint, blobs bigint)
LANGUAGE plpgsql SET enable_sort = off AS $$
DECLARE
  freed record;
  emails bigint[];
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT max(due.uid) INTO last_uid
    FROM (SELECT t.uid, sum(t.size_octets) OVER (ORDER BY t.uid ROWS UNBOUNDED PRECEDING) - t.size_octets AS octets_before
            FROM (SELECT t.uid, t.size_octets FROM tombstones AS t
                   WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid > p_above
                     AND t.content_id IS NOT NULL AND NOT t.was_moved AND t.expunged_at <= p_until
                   ORDER BY t.uid LIMIT p_limit) AS t) AS due
   WHERE due.octets_before < p_octets;
  purged := 0;
  IF last_uid IS NULL THEN RETURN NEXT; RETURN; END IF;

  WITH gone AS (
    UPDATE tombstones AS t SET content_id = NULL
     WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid > p_above AND t.uid <= last_uid
       AND t.content_id IS NOT NULL AND NOT t.was_moved AND t.expunged_at <= p_until
    RETURNING old.content_id, old.email_id, old.size_octets
  )
  SELECT count(*) AS tombstones, sum(g.size_octets) AS octets, array_agg(DISTINCT g.content_id) AS contents,
         array_agg(DISTINCT g.email_id) AS emails
    INTO freed FROM gone AS g;
  purged := freed.tombstones;
  UPDATE accounts AS a SET retained_octets = greatest(a.retained_octets - freed.octets, 0) WHERE a.account_id = p_account;
  WITH moved AS (
    UPDATE tombstones AS t SET content_id = NULL
     WHERE t.account_id = p_account AND t.content_id = ANY (freed.contents) AND t.was_moved
       AND (SELECT m.uid FROM messages AS m WHERE m.account_id = p_account AND m.content_id = t.content_id LIMIT 1) IS NULL
    RETURNING old.email_id
  )
  SELECT freed.emails || ARRAY(SELECT DISTINCT m.email_id FROM moved AS m) INTO emails;
  SELECT r.contents, r.octets, r.blobs INTO contents, octets, blobs
    FROM remove_unneeded(p_account, freed.contents, emails) AS r;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Where the messages of a mailbox go that are brought back: to itself; if it was deleted, to the one that has its name now; if none
-- has, to a new one, with the superiors that are missing, its special use if no other has it, and subscribed. Status: 'ok',
-- 'over-quota' and 'too-many-names' (of mailboxes). The caller holds the account row.
CREATE FUNCTION home_of(p_account bigint, p_box mailboxes, p_most bigint, p_most_subscriptions bigint)
RETURNS TABLE (status text, mailbox_id bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  names text[];
  made mailboxes;
BEGIN
  status := 'ok';
  mailbox_id := p_box.mailbox_id;
  IF p_box.expunged_seq IS NULL THEN RETURN NEXT; RETURN; END IF;
  SELECT b.mailbox_id INTO mailbox_id FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.name = p_box.name AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN
    SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account;
    names := missing_superiors(p_account, p_box.name) || p_box.name;
    status := coalesce(refusal_of_mailboxes(acct, cardinality(names), p_most), 'ok');
    IF status = 'ok' THEN
      made := add_mailboxes(p_account, names, CASE WHEN NOT EXISTS (
        SELECT FROM mailboxes AS b
         WHERE b.account_id = p_account AND b.special_use = p_box.special_use AND b.expunged_seq IS NULL) THEN p_box.special_use END);
      mailbox_id := made.mailbox_id;
      INSERT INTO subscriptions (account_id, name, mod_seq)
      SELECT p_account, p_box.name, made.mod_seq
       WHERE (SELECT count(*) FROM subscriptions AS s WHERE s.account_id = p_account) < p_most_subscriptions
          ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- What keywords of a mailbox are called in another: its ids by the ids here, as an array, null for the others. Names that are new there
-- get new ids. Null when that would pass 1,000. The caller holds the account row.
CREATE FUNCTION keywords_there(p_account bigint, p_source bigint, p_ids integer[], p_target bigint) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
  names text[] := ARRAY(SELECT k.name FROM keywords AS k
                         WHERE k.account_id = p_account AND k.mailbox_id = p_source AND k.keyword_id = ANY (p_ids) ORDER BY k.keyword_id);
BEGIN
  IF keyword_ids(p_account, p_target, names) IS NULL THEN RETURN NULL; END IF;
  RETURN ARRAY(
    SELECT there.keyword_id
      FROM generate_series(1, (SELECT max(id) FROM unnest(p_ids) AS id)) AS n
      LEFT JOIN keywords AS here ON here.account_id = p_account AND here.mailbox_id = p_source AND here.keyword_id = n
      LEFT JOIN keywords AS there
        ON there.account_id = p_account AND there.mailbox_id = p_target AND lower(there.name) = lower(here.name)
     ORDER BY n);
END $$;
--> statement-breakpoint
-- Brings back messages of a mailbox, deleted or not, that were removed between two moments (both included) and whose tombstones
-- still name their content: at most p_limit of those with UIDs above p_above, lowest first, under new UIDs (see home_of for where)
-- and without \Deleted, or the next EXPUNGE would take them again. Their tombstones stay, as those of messages that live elsewhere.
--
-- Status: 'ok', 'nonexistent', 'over-quota' (of messages: those that fit were brought back; or of mailboxes), 'too-many-names',
-- 'too-many-keywords', 'uid-exhausted'. `last_uid` is the last that was brought back, null when none was. Sorting: as above.
CREATE FUNCTION restore_messages(
  p_account bigint, p_mailbox bigint, p_from timestamptz, p_until timestamptz, p_above bigint, p_limit integer,
  p_most_mailboxes bigint, p_most_subscriptions bigint
) RETURNS TABLE (status text, mod_seq bigint, restored bigint, octets bigint, last_uid bigint)
LANGUAGE plpgsql SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  source mailboxes;
  target mailboxes;
  home record;
  fitting record;
  new_seq bigint;
  new_keywords integer[];
BEGIN
  restored := 0;
  octets := 0;
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO source FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  IF NOT FOUND THEN status := 'nonexistent'; RETURN NEXT; RETURN; END IF;

  SELECT count(*) FILTER (WHERE t.fits) AS messages, count(*) FILTER (WHERE NOT t.fits) AS refused, max(t.uid) FILTER (WHERE t.fits) AS last,
         sum(t.size_octets) FILTER (WHERE t.fits) AS octets, count(*) FILTER (WHERE t.fits AND t.flags & 1 = 0) AS unseen,
         bool_or(t.keywords <> '{}') FILTER (WHERE t.fits) AS have_keywords
    INTO fitting
    FROM (SELECT t.*, (acct.quota_octets IS NULL
                       OR acct.used_octets + sum(t.size_octets) OVER up_to_it <= acct.quota_octets)
                  AND (acct.quota_messages IS NULL OR acct.used_messages + row_number() OVER up_to_it <= acct.quota_messages) AS fits
            FROM (SELECT t.uid, t.size_octets, t.flags, t.keywords FROM tombstones AS t
                   WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid > p_above
                     AND t.content_id IS NOT NULL AND NOT t.was_moved AND t.expunged_at BETWEEN p_from AND p_until
                   ORDER BY t.uid LIMIT p_limit) AS t
          WINDOW up_to_it AS (ORDER BY t.uid ROWS UNBOUNDED PRECEDING)) AS t;
  status := CASE WHEN fitting.refused > 0 THEN 'over-quota' ELSE 'ok' END;
  IF fitting.messages = 0 THEN RETURN NEXT; RETURN; END IF;

  SELECT * INTO home FROM home_of(p_account, source, p_most_mailboxes, p_most_subscriptions);
  IF home.status <> 'ok' THEN status := home.status; RETURN NEXT; RETURN; END IF;
  IF fitting.have_keywords AND home.mailbox_id <> p_mailbox THEN
    new_keywords := keywords_there(p_account, p_mailbox, ARRAY(
      SELECT DISTINCT k FROM tombstones AS t CROSS JOIN LATERAL unnest(t.keywords) AS k
       WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid > p_above AND t.uid <= fitting.last
         AND t.content_id IS NOT NULL AND NOT t.was_moved AND t.expunged_at BETWEEN p_from AND p_until), home.mailbox_id);
    IF new_keywords IS NULL THEN status := 'too-many-keywords'; RETURN NEXT; RETURN; END IF;
  END IF;
  SELECT * INTO target FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = home.mailbox_id;
  IF target.uid_next + fitting.messages > 4294967296 THEN status := 'uid-exhausted'; RETURN NEXT; RETURN; END IF;

  UPDATE accounts AS a
     SET modseq = a.modseq + 1, used_octets = a.used_octets + fitting.octets, used_messages = a.used_messages + fitting.messages,
         retained_octets = greatest(a.retained_octets - fitting.octets, 0)
   WHERE a.account_id = p_account RETURNING a.modseq INTO new_seq;
  WITH back AS (
    UPDATE tombstones AS t SET was_moved = true
     WHERE t.account_id = p_account AND t.mailbox_id = p_mailbox AND t.uid > p_above AND t.uid <= fitting.last
       AND t.content_id IS NOT NULL AND NOT t.was_moved AND t.expunged_at BETWEEN p_from AND p_until
    RETURNING t.*
  )
  INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                        thread_id, size_octets, prefix_octets, flags, keywords)
  SELECT p_account, target.mailbox_id, target.uid_next - 1 + row_number() OVER (ORDER BY b.uid), new_seq, new_seq, b.internal_date,
         clock_timestamp(), b.content_id, b.email_id, b.thread_id, b.size_octets, b.prefix_octets, b.flags & ~8::smallint,
         CASE WHEN b.keywords = '{}' OR new_keywords IS NULL THEN b.keywords
              ELSE ARRAY(SELECT new_keywords[k] AS id FROM unnest(b.keywords) AS k ORDER BY id) END
    FROM back AS b;
  UPDATE mailboxes AS b
     SET highest_mod_seq = new_seq, uid_next = b.uid_next + fitting.messages, messages = b.messages + fitting.messages,
         octets = b.octets + fitting.octets, unseen = b.unseen + fitting.unseen
   WHERE b.account_id = p_account AND b.mailbox_id = target.mailbox_id;
  INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
  VALUES (p_account, target.mailbox_id, new_seq, uid_range(target.uid_next, target.uid_next + fitting.messages - 1));
  mod_seq := new_seq;
  restored := fitting.messages;
  octets := fitting.octets;
  last_uid := fitting.last;
  RETURN NEXT;
END $$;
