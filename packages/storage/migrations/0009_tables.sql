-- Adds what tables for people and threads need to contents and messages, and the views of schema mail. Builds two indexes,
-- which reads contents and messages once; mail that comes meanwhile waits.
CREATE TABLE "thread_ids" (
	"account_id" bigint NOT NULL,
	"message_id_hash" "bytea" NOT NULL,
	"thread_id" bigint NOT NULL,
	CONSTRAINT "thread_ids_account_id_message_id_hash_pk" PRIMARY KEY("account_id","message_id_hash")
);
--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "subject" text;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "from_list" text;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "to_list" text;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "cc_list" text;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "sent_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "message_id" text;--> statement-breakpoint
ALTER TABLE "contents" ADD COLUMN "thread_keys" "bytea";--> statement-breakpoint
CREATE INDEX "contents_without_summary" ON "contents" USING btree ("account_id","content_id") WHERE "contents"."thread_keys" is null;--> statement-breakpoint
CREATE INDEX "messages_without_thread" ON "messages" USING btree ("account_id","email_id") WHERE "messages"."thread_id" is null;--> statement-breakpoint
-- The thread of a message with these keys, eight octets each, the nearest first: that of the first key known, else a new one,
-- with the id given. Threads that meet later stay as they are: a message's thread never changes (RFC 8474 §5.2). The caller
-- holds the account row.
CREATE FUNCTION thread_of(p_account bigint, p_keys bytea, p_new bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  thread bigint;
BEGIN
  IF length(p_keys) <= 8 THEN -- most mail answers nothing
    IF p_keys = '' THEN RETURN p_new; END IF;
    INSERT INTO thread_ids (account_id, message_id_hash, thread_id) VALUES (p_account, p_keys, p_new) ON CONFLICT DO NOTHING;
    IF FOUND THEN RETURN p_new; END IF;
    SELECT t.thread_id INTO thread FROM thread_ids AS t WHERE t.account_id = p_account AND t.message_id_hash = p_keys;
    RETURN thread;
  END IF;
  -- LIMIT makes it one look-up a key, whatever the planner takes the table to hold.
  SELECT t.thread_id INTO thread
    FROM generate_series(0, length(p_keys) / 8 - 1) AS n
   CROSS JOIN LATERAL (SELECT k.thread_id FROM thread_ids AS k
                        WHERE k.account_id = p_account AND k.message_id_hash = substring(p_keys from n * 8 + 1 for 8) LIMIT 1) AS t
   ORDER BY n LIMIT 1;
  thread := coalesce(thread, p_new);
  INSERT INTO thread_ids (account_id, message_id_hash, thread_id)
  SELECT p_account, substring(p_keys from n * 8 + 1 for 8), thread FROM generate_series(0, length(p_keys) / 8 - 1) AS n
      ON CONFLICT DO NOTHING;
  RETURN thread;
END $$;
--> statement-breakpoint
-- Gives threads to messages that a Postel stored which knew of none, in the order in which they came: at most p_limit, with
-- email ids above p_after; copies of one count once. Their contents have their keys already, or stand alone. `last` is the
-- email id to go on behind. No modseq: nothing that IMAP told anybody changes.
CREATE FUNCTION assign_threads(p_account bigint, p_after bigint, p_limit integer) RETURNS TABLE (assigned integer, last bigint)
LANGUAGE plpgsql AS $$
DECLARE
  item record;
  thread bigint;
BEGIN
  assigned := 0;
  PERFORM FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  FOR item IN
    SELECT m.email_id, min(m.content_id) AS content_id FROM messages AS m
     WHERE m.account_id = p_account AND m.thread_id IS NULL AND m.email_id > p_after
     GROUP BY m.email_id ORDER BY m.email_id LIMIT p_limit
  LOOP
    SELECT thread_of(p_account, coalesce(c.thread_keys, ''), item.email_id) INTO thread FROM contents AS c
     WHERE c.account_id = p_account AND c.content_id = item.content_id;
    UPDATE messages AS m SET thread_id = coalesce(thread, item.email_id)
     WHERE m.account_id = p_account AND m.email_id = item.email_id AND m.thread_id IS NULL;
    assigned := assigned + 1;
    last := item.email_id;
  END LOOP;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Forgets the Message-IDs of threads that have neither message nor tombstone left, of at most p_limit threads; returns how many
-- it forgot. EXCEPT is one pass over each table; a join could take the square of the length of a thread.
CREATE FUNCTION forget_threads(p_account bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
  gone bigint[];
  forgotten bigint;
BEGIN
  gone := ARRAY(
    SELECT t.thread_id FROM thread_ids AS t WHERE t.account_id = p_account
    EXCEPT
    (SELECT m.thread_id FROM messages AS m WHERE m.account_id = p_account
      UNION ALL SELECT m.thread_id FROM tombstones AS m WHERE m.account_id = p_account)
    LIMIT p_limit);
  DELETE FROM thread_ids AS t USING unnest(gone) AS g (thread_id)
   WHERE t.account_id = p_account AND t.thread_id = g.thread_id;
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
--> statement-breakpoint
-- Appends messages to mailboxes of one account under one modseq, each with a status of its own: 'ok', 'nonexistent'
-- (mailbox), 'over-quota', 'too-many-keywords', 'uid-exhausted'. Messages of one mailbox stand together in the arrays.
--
-- p_lengths has thirteen entries a message: hash, ENVELOPE, BODYSTRUCTURE, BODY, part index, prefix, content (0 where a blob
-- holds it), in UTF-8 preview, search_text, header_text, prefix_text, and subject, From, To, Cc and Message-ID together, with
-- U+001F between them; thread keys; p_octets has those octets, one after the other. p_sent_ats are epoch ms.
-- The functions of the same name with fewer arguments are for Postels that know of no search, or of no threads.
CREATE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[],
  p_sent_dates date[], p_sent_ats bigint[]
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
  summary text[]; -- subject, From, To, Cc, Message-ID; null where empty
  thread_keys bytea;
  this_mailbox bigint;
  i integer := 1;
  pos integer := 1;
  n integer;
  len integer[]; -- of the message's pieces
  at integer[]; -- where they begin
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
      n := (i - 1) * 13;
      len := p_lengths[n + 1 : n + 13];
      FOR k IN 1 .. 13 LOOP
        at[k] := pos;
        pos := pos + len[k];
      END LOOP;
      item_size := p_sizes[i] + len[6];
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
        item_hash := substring(p_octets from at[1] for len[1]);
        thread_keys := substring(p_octets from at[13] for len[13]);
        SELECT c.content_id INTO item_content FROM contents AS c WHERE c.account_id = p_account AND c.hash = item_hash;
        IF NOT FOUND THEN
          item_content := object_id;
          object_id := object_id + 1;
          summary := string_to_array(convert_from(substring(p_octets from at[12] for len[12]), 'UTF8'), E'\x1f', '');
          INSERT INTO contents (account_id, content_id, hash, size_octets, header_octets, blob_name, sent_date, sent_at,
                                subject, from_list, to_list, cc_list, message_id, thread_keys,
                                envelope, body_structure, body, part_index, octets, preview, search_text, header_text)
          VALUES (p_account, item_content, item_hash, p_sizes[i], p_header_octets[i], p_blob_names[i], p_sent_dates[i],
                  to_timestamp(p_sent_ats[i] / 1000.0), summary[1], summary[2], summary[3], summary[4], summary[5], thread_keys,
                  substring(p_octets from at[2] for len[2]),
                  substring(p_octets from at[3] for len[3]),
                  substring(p_octets from at[4] for len[4]),
                  substring(p_octets from at[5] for len[5]),
                  CASE WHEN p_blob_names[i] IS NULL THEN substring(p_octets from at[7] for len[7]) END,
                  convert_from(substring(p_octets from at[8] for len[8]), 'UTF8'),
                  convert_from(substring(p_octets from at[9] for len[9]), 'UTF8'),
                  convert_from(substring(p_octets from at[10] for len[10]), 'UTF8'));
          is_blob_kept := p_blob_names[i] IS NOT NULL;
        END IF;

        INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                              thread_id, size_octets, prefix_octets, flags, keywords)
        VALUES (p_account, this_mailbox, box.uid_next, new_seq, new_seq, to_timestamp(p_internal_dates[i] / 1000.0), now_at,
                item_content, object_id, thread_of(p_account, thread_keys, object_id), item_size, len[6], item_flags, item_keywords);

        IF p_reverse_paths[i] IS NOT NULL THEN
          INSERT INTO deliveries (account_id, email_id, prefix, prefix_text, reverse_path, forward_path, protocol, client_address,
                                  client_name, received_at)
          VALUES (p_account, object_id, substring(p_octets from at[6] for len[6]),
                  convert_from(substring(p_octets from at[11] for len[11]), 'UTF8'),
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
-- The address in an entry of contents.from_list, to_list and cc_list, in lower case; null if there is none.
CREATE FUNCTION address_in(p_entry text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN right(p_entry, 1) = '>' THEN nullif(lower(substring(p_entry from '<([^<]*)>$')), '') ELSE lower(p_entry) END
$$;
--> statement-breakpoint
CREATE FUNCTION addresses_in(p_list text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ARRAY(SELECT public.address_in(e) FROM unnest(string_to_array(p_list, E'\n')) AS e WHERE public.address_in(e) IS NOT NULL)
$$;
--> statement-breakpoint
-- The views are for people and their programs (docs/sql.md), who need no right to the tables below: those hold credentials.
-- They hide nothing but columns and what is deleted, so that no condition of a query needs a barrier.
CREATE SCHEMA mail;
--> statement-breakpoint
CREATE VIEW mail.accounts AS
SELECT a.account_id, a.name AS account, a.created_at, a.is_disabled, a.used_messages AS messages, a.used_octets AS octets,
       a.used_mailboxes AS mailboxes, a.quota_messages AS messages_limit, a.quota_octets AS octets_limit,
       a.quota_mailboxes AS mailboxes_limit
  FROM public.accounts AS a;
--> statement-breakpoint
CREATE VIEW mail.domains AS
SELECT d.name AS domain, d.catchall_account_id, a.name AS catchall_account
  FROM public.domains AS d LEFT JOIN public.accounts AS a ON a.account_id = d.catchall_account_id;
--> statement-breakpoint
CREATE VIEW mail.addresses AS
SELECT s.local_part || '@' || d.name AS address, s.local_part, d.name AS domain, s.account_id, a.name AS account
  FROM public.addresses AS s
  JOIN public.domains AS d ON d.domain_id = s.domain_id
  JOIN public.accounts AS a ON a.account_id = s.account_id;
--> statement-breakpoint
CREATE VIEW mail.mailboxes AS
SELECT b.account_id, a.name AS account, b.mailbox_id, b.name AS mailbox, b.special_use, b.messages, b.unseen, b.deleted, b.octets,
       b.deleted_octets, b.uidvalidity, b.uid_next, b.highest_mod_seq AS highest_modseq,
       EXISTS (SELECT FROM public.subscriptions AS s WHERE s.account_id = b.account_id AND s.name = b.name) AS is_subscribed
  FROM public.mailboxes AS b
  JOIN public.accounts AS a ON a.account_id = b.account_id
 WHERE b.expunged_seq IS NULL;
--> statement-breakpoint
CREATE VIEW mail.messages AS
SELECT m.account_id, a.name AS account, m.mailbox_id, b.name AS mailbox, m.uid, m.email_id, m.thread_id,
       c.subject,
       replace(c.from_list, E'\n', ', ') AS from_field,
       public.address_in(split_part(c.from_list, E'\n', 1)) AS from_address,
       replace(c.to_list, E'\n', ', ') AS to_field,
       public.addresses_in(c.to_list) AS to_addresses,
       replace(c.cc_list, E'\n', ', ') AS cc_field,
       public.addresses_in(c.cc_list) AS cc_addresses,
       c.sent_at, m.internal_date, m.save_date, c.message_id, m.size_octets,
       strpos(lower(encode(c.body_structure, 'escape')), '("attachment"') > 0 AS has_attachments,
       m.flags & 1 <> 0 AS is_seen, m.flags & 2 <> 0 AS is_answered, m.flags & 4 <> 0 AS is_flagged,
       m.flags & 8 <> 0 AS is_deleted, m.flags & 16 <> 0 AS is_draft,
       array_remove(ARRAY[CASE WHEN m.flags & 1 <> 0 THEN '\Seen' END, CASE WHEN m.flags & 2 <> 0 THEN '\Answered' END,
                          CASE WHEN m.flags & 4 <> 0 THEN '\Flagged' END, CASE WHEN m.flags & 8 <> 0 THEN '\Deleted' END,
                          CASE WHEN m.flags & 16 <> 0 THEN '\Draft' END], NULL) AS flags,
       CASE WHEN m.keywords = '{}' THEN '{}' ELSE
         ARRAY(SELECT k.name FROM public.keywords AS k
                WHERE k.account_id = m.account_id AND k.mailbox_id = m.mailbox_id AND k.keyword_id = ANY (m.keywords)
                ORDER BY k.keyword_id) END AS keywords,
       m.mod_seq AS modseq, c.preview
  FROM public.accounts AS a
  JOIN public.mailboxes AS b ON b.account_id = a.account_id AND b.expunged_seq IS NULL
  JOIN public.messages AS m ON m.account_id = b.account_id AND m.mailbox_id = b.mailbox_id
  LEFT JOIN public.contents AS c ON c.account_id = m.account_id AND c.content_id = m.content_id;
--> statement-breakpoint
CREATE VIEW mail.threads AS
SELECT m.account_id, m.account, m.thread_id, count(DISTINCT m.email_id) AS messages,
       count(DISTINCT m.email_id) FILTER (WHERE NOT m.is_seen) AS unseen, sum(m.size_octets)::bigint AS octets,
       min(m.internal_date) AS first_date, max(m.internal_date) AS last_date,
       (array_agg(m.subject ORDER BY m.email_id))[1] AS subject
  FROM mail.messages AS m
 WHERE m.thread_id IS NOT NULL
 GROUP BY m.account_id, m.account, m.thread_id;
--> statement-breakpoint
CREATE VIEW mail.deliveries AS
SELECT d.account_id, a.name AS account, d.email_id, d.received_at, d.reverse_path, d.forward_path, d.protocol, d.client_address,
       d.client_name
  FROM public.deliveries AS d
  JOIN public.accounts AS a ON a.account_id = d.account_id;
--> statement-breakpoint
-- Roles belong to the whole server: this one may be there already, or be made by the migration of another database at this
-- moment. Who may not make roles does it by hand, if ever (docs/sql.md); the views work without.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN CREATE ROLE postel_reader NOLOGIN; END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
END $$;
--> statement-breakpoint
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN RETURN; END IF;
  GRANT USAGE ON SCHEMA mail TO postel_reader;
  GRANT SELECT ON ALL TABLES IN SCHEMA mail TO postel_reader;
END $$;
--> statement-breakpoint
-- `postel psql` takes the role. Who made it may give it to itself. (Two databases may do so at once: the others are for that.)
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') AND NOT pg_has_role(current_user, 'postel_reader', 'SET') THEN
    GRANT postel_reader TO CURRENT_USER WITH INHERIT FALSE, SET TRUE;
  END IF;
EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN NULL;
END $$;
