-- Adds a mailbox outside the quota for messages that are not delivered because they look bad: a column says which one it is, a table
-- remembers what was kept there. Three functions are replaced, for which all other mailboxes are as before, and the view
-- mail.mailboxes gets a column; no mail is touched.
ALTER TABLE "mailboxes" ADD COLUMN "is_rejects" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "mailboxes" ADD CONSTRAINT "mailboxes_rejects_without_use" CHECK (not "mailboxes"."is_rejects" or "mailboxes"."special_use" is null);--> statement-breakpoint
CREATE UNIQUE INDEX "mailboxes_rejects" ON "mailboxes" USING btree ("account_id") WHERE "mailboxes"."is_rejects" and "mailboxes"."expunged_seq" is null;--> statement-breakpoint
CREATE TABLE "rejects" (
	"account_id" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"kept_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "rejects_account_id_hash_pk" PRIMARY KEY("account_id","hash")
);
--> statement-breakpoint
CREATE INDEX "rejects_kept_at" ON "rejects" USING btree ("account_id","kept_at");--> statement-breakpoint
CREATE OR REPLACE VIEW mail.mailboxes AS
SELECT b.account_id, a.name AS account, b.mailbox_id, b.name AS mailbox, b.special_use, b.messages, b.unseen, b.deleted, b.octets,
       b.deleted_octets, b.uidvalidity, b.uid_next, b.highest_mod_seq AS highest_modseq,
       EXISTS (SELECT FROM public.subscriptions AS s WHERE s.account_id = b.account_id AND s.name = b.name) AS is_subscribed,
       b.is_rejects
  FROM public.mailboxes AS b
  JOIN public.accounts AS a ON a.account_id = b.account_id
 WHERE b.expunged_seq IS NULL;
--> statement-breakpoint
-- Remembers that a content is kept in Rejects, and makes room there for a message of p_octets, which the caller puts into
-- `mailbox_id` in the same transaction: the oldest go first. There is a mailbox Rejects then, subscribed, under the first free name.
-- Status: 'ok', 'known' (it was kept before, whether it is still there or not), 'too-large', 'nonexistent' (the account),
-- 'over-quota' and 'too-many-names' (of mailboxes). If it is another than 'ok' and 'known' the caller rolls back.
CREATE FUNCTION open_rejects(
  p_account bigint, p_hash bytea, p_octets bigint, p_most_messages bigint, p_most_octets bigint, p_most_mailboxes bigint,
  p_most_subscriptions bigint
) RETURNS TABLE (status text, mailbox_id bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  free_name text := 'Rejects';
  last_uid bigint;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN status := 'nonexistent'; RETURN NEXT; RETURN; END IF;
  IF p_octets > p_most_octets THEN status := 'too-large'; RETURN NEXT; RETURN; END IF;
  INSERT INTO rejects (account_id, hash) VALUES (p_account, p_hash) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN status := 'known'; RETURN NEXT; RETURN; END IF;

  SELECT * INTO box FROM mailboxes AS b WHERE b.account_id = p_account AND b.is_rejects AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN
    status := refusal_of_mailboxes(acct, 1, p_most_mailboxes);
    IF status IS NOT NULL THEN RETURN NEXT; RETURN; END IF;
    FOR n IN 2 .. p_most_mailboxes + 2 LOOP
      EXIT WHEN NOT EXISTS (SELECT FROM mailboxes AS b
                             WHERE b.account_id = p_account AND b.name = free_name AND b.expunged_seq IS NULL);
      free_name := 'Rejects (' || n || ')';
    END LOOP;
    box := add_mailboxes(p_account, ARRAY[free_name], NULL);
    UPDATE mailboxes AS b SET is_rejects = true WHERE b.account_id = p_account AND b.mailbox_id = box.mailbox_id;
    INSERT INTO subscriptions (account_id, name, mod_seq)
    SELECT p_account, free_name, box.mod_seq
     WHERE (SELECT count(*) FROM subscriptions AS s WHERE s.account_id = p_account) < p_most_subscriptions
        ON CONFLICT DO NOTHING;
  ELSIF box.messages >= p_most_messages OR box.octets + p_octets > p_most_octets THEN
    SELECT max(m.uid) INTO last_uid
      FROM (SELECT m.uid, row_number() OVER from_it AS place, sum(m.size_octets) OVER from_it AS octets
              FROM messages AS m WHERE m.account_id = p_account AND m.mailbox_id = box.mailbox_id
            WINDOW from_it AS (ORDER BY m.uid DESC)) AS m
     WHERE m.place >= p_most_messages OR m.octets + p_octets > p_most_octets;
    PERFORM expunge_messages(p_account, box.mailbox_id, uid_range(1, last_uid), false, box.messages::integer);
  END IF;
  status := 'ok';
  mailbox_id := box.mailbox_id;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Removes from Rejects what came more than p_days ago, at most p_limit messages, and forgets as many contents that were kept longer ago
-- than that, or of which there are p_most newer ones. `mod_seq` is null if no message went.
CREATE FUNCTION clean_rejects(p_account bigint, p_days integer, p_most bigint, p_limit integer)
RETURNS TABLE (mod_seq bigint, messages bigint, forgotten bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before timestamptz := clock_timestamp() - make_interval(days => p_days);
  box_id bigint;
  last_uid bigint;
BEGIN
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  messages := 0;
  SELECT b.mailbox_id INTO box_id FROM mailboxes AS b WHERE b.account_id = p_account AND b.is_rejects AND b.expunged_seq IS NULL;
  last_uid := (SELECT max(m.uid) FROM messages AS m
                WHERE m.account_id = p_account AND m.mailbox_id = box_id AND m.save_date < before);
  IF last_uid IS NOT NULL THEN
    SELECT e.mod_seq, (SELECT sum(upper(r) - lower(r)) FROM unnest(e.removed) AS r) INTO mod_seq, messages
      FROM expunge_messages(p_account, box_id, uid_range(1, last_uid), false, p_limit) AS e;
  END IF;
  DELETE FROM rejects AS r
   WHERE r.account_id = p_account AND r.hash = ANY (ARRAY(
     SELECT o.hash FROM (SELECT s.hash, s.kept_at, row_number() OVER (ORDER BY s.kept_at DESC) AS place
                           FROM rejects AS s WHERE s.account_id = p_account) AS o
      WHERE o.kept_at < before OR o.place > p_most ORDER BY o.kept_at LIMIT p_limit));
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Makes the mailbox of that name, if it is Rejects, one like others: its messages count from now on. Status: 'ok', 'over-quota'.
CREATE FUNCTION make_ordinary(p_account bigint, p_name text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  acct accounts;
  box mailboxes;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  SELECT * INTO box FROM mailboxes AS b
   WHERE b.account_id = p_account AND b.name = p_name AND b.is_rejects AND b.expunged_seq IS NULL;
  IF NOT FOUND THEN RETURN 'ok'; END IF;
  IF acct.used_octets + box.octets > acct.quota_octets OR acct.used_messages + box.messages > acct.quota_messages THEN
    RETURN 'over-quota';
  END IF;
  UPDATE mailboxes AS b SET is_rejects = false WHERE b.account_id = p_account AND b.mailbox_id = box.mailbox_id;
  UPDATE accounts AS a SET used_octets = a.used_octets + box.octets, used_messages = a.used_messages + box.messages
   WHERE a.account_id = p_account;
  RETURN 'ok';
END $$;
--> statement-breakpoint
-- As in 0005_retention.sql. What goes from Rejects did not count to the quota, and is not retained: its tombstones are like those of
-- messages that live on elsewhere.
CREATE OR REPLACE FUNCTION expunge_messages(p_account bigint, p_mailbox bigint, p_uids int8multirange, p_only_deleted boolean, p_limit integer)
RETURNS TABLE (status text, mod_seq bigint, removed int8multirange)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct_seq bigint;
  box mailboxes;
  counting integer; -- 0 for messages outside the quota
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
  counting := CASE WHEN box.is_rejects THEN 0 ELSE 1 END;
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
                            thread_id, size_octets, prefix_octets, flags, keywords, was_moved)
    SELECT g.account_id, g.mailbox_id, g.uid, g.create_seq, acct_seq + 1, g.internal_date, g.save_date, g.content_id, g.email_id,
           g.thread_id, g.size_octets, g.prefix_octets, g.flags, g.keywords, box.is_rejects
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
       SET modseq = acct_seq + 1, used_octets = a.used_octets - n_octets * counting,
           used_messages = a.used_messages - n_messages * counting, retained_octets = a.retained_octets + n_octets * counting
     WHERE a.account_id = p_account;
    UPDATE mailboxes AS b
       SET highest_mod_seq = acct_seq + 1, messages = b.messages - n_messages, octets = b.octets - n_octets,
           unseen = b.unseen - n_unseen, deleted = b.deleted - n_deleted, deleted_octets = b.deleted_octets - n_deleted_octets
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailbox;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Copies messages into a mailbox of the same account under one new modseq; with p_is_move they leave the source, and their
-- tombstones say how. Flags, keywords (by name), internal date and ids stay; the save date is now. New UIDs ascend with the old
-- ones. Of more than p_limit messages only the first are taken; null is no limit. With p_is_whole: all that are named, or none.
--
-- Nothing comes into Rejects this way, and what leaves it begins to count to the quota.
--
-- Status: 'ok', 'nonexistent' (the target, or it is Rejects), 'expunged' (p_is_whole, and some are not there), 'over-quota',
-- 'too-many-keywords', 'uid-exhausted'. `copied` is empty when there was nothing; else the first of them got `first_uid`, the next one the next.
CREATE OR REPLACE FUNCTION copy_messages(
  p_account bigint, p_source bigint, p_uids int8multirange, p_target bigint, p_is_move boolean, p_is_whole boolean, p_limit integer
) RETURNS TABLE (status text, mod_seq bigint, uidvalidity bigint, copied int8multirange, first_uid bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  is_within boolean := p_is_move AND p_source = p_target;
  is_added boolean; -- to what counts
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

  IF box.mailbox_id IS NULL OR (box.is_rejects AND NOT is_within) THEN
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
  is_added := NOT p_is_move OR (NOT is_within AND EXISTS (
    SELECT FROM mailboxes AS b WHERE b.account_id = p_account AND b.mailbox_id = p_source AND b.is_rejects));
  IF is_added AND (acct.used_octets + n_octets > acct.quota_octets OR acct.used_messages + n_messages > acct.quota_messages) THEN
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
  END IF;
  UPDATE accounts AS a
     SET modseq = new_seq, used_octets = a.used_octets + CASE WHEN is_added THEN n_octets ELSE 0 END,
         used_messages = a.used_messages + CASE WHEN is_added THEN n_messages ELSE 0 END
   WHERE a.account_id = p_account;

  status := 'ok';
  mod_seq := new_seq;
  copied := (SELECT range_agg(int8range(u, u + 1)) FROM unnest(chosen) AS u);
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Where the messages of a mailbox go that are brought back: to itself; if it was deleted, to the one that has its name now, or to INBOX
-- if that is Rejects; if none has, to a new one, with the superiors that are missing, its special use if no other has it, and
-- subscribed. Status: 'ok', 'over-quota' and 'too-many-names' (of mailboxes). The caller holds the account row.
CREATE OR REPLACE FUNCTION home_of(p_account bigint, p_box mailboxes, p_most bigint, p_most_subscriptions bigint)
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
  SELECT CASE WHEN b.is_rejects
              THEN (SELECT i.mailbox_id FROM mailboxes AS i
                     WHERE i.account_id = p_account AND i.name = 'INBOX' AND i.expunged_seq IS NULL)
              ELSE b.mailbox_id END
    INTO mailbox_id FROM mailboxes AS b
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
