-- Adds limits of sending that all accounts have, what tells which aliases are lists, and the size of copies that wait, with an index
-- by which each account's come in turn. Shows all of that, and aliases, in schema mail. No mail is touched.

ALTER TABLE "installation" ADD COLUMN "default_messages_a_day" integer;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "default_new_recipients_a_day" integer;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "default_message_octets" bigint;--> statement-breakpoint
ALTER TABLE "submission_settings" ADD COLUMN "has_own_messages_a_day" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "submission_settings" ADD COLUMN "has_own_new_recipients_a_day" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "submission_settings" ADD COLUMN "has_own_message_octets" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "aliases" ADD COLUMN "is_list" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "waiting_deliveries" ADD COLUMN "size_octets" bigint;--> statement-breakpoint
CREATE INDEX "waiting_deliveries_due" ON "waiting_deliveries" USING btree ("account_id","next_attempt_at");--> statement-breakpoint
-- What each account may send: a limit of its own, or the default. Null: no limit. One that is there is the account's own, also if
-- a Postel of before has set it, which knows no defaults.
CREATE VIEW submission_limits AS
SELECT a.account_id,
       s.has_own_messages_a_day IS TRUE OR s.messages_a_day IS NOT NULL AS has_own_messages_a_day,
       CASE WHEN s.has_own_messages_a_day OR s.messages_a_day IS NOT NULL THEN s.messages_a_day
            ELSE i.default_messages_a_day END AS messages_a_day,
       s.has_own_new_recipients_a_day IS TRUE OR s.new_recipients_a_day IS NOT NULL AS has_own_new_recipients_a_day,
       CASE WHEN s.has_own_new_recipients_a_day OR s.new_recipients_a_day IS NOT NULL THEN s.new_recipients_a_day
            ELSE i.default_new_recipients_a_day END AS new_recipients_a_day,
       s.has_own_message_octets IS TRUE OR s.message_octets IS NOT NULL AS has_own_message_octets,
       CASE WHEN s.has_own_message_octets OR s.message_octets IS NOT NULL THEN s.message_octets
            ELSE i.default_message_octets END AS message_octets,
       coalesce(s.keeps_sent, false) AS keeps_sent
  FROM accounts AS a CROSS JOIN installation AS i
  LEFT JOIN submission_settings AS s ON s.account_id = a.account_id;
--> statement-breakpoint
-- Counts one message of an account to these recipients, unless that is more than it may send: then `refusal` says of what
-- ('messages', 'recipients'). The counts begin anew a day after `counted_since`, the first message that they have. `fresh` are the
-- recipients to whom it never sent before. An account without limits is not counted, and all is null. One row is read and
-- written, and one looked for by recipient, however much was sent before.
CREATE FUNCTION take_submission(p_account bigint, p_recipients text[])
RETURNS TABLE (refusal text, counted_since timestamptz, fresh text[])
LANGUAGE plpgsql AS $$
DECLARE
  may submission_limits;
  sent submission_counts;
BEGIN
  SELECT * INTO may FROM submission_limits AS l WHERE l.account_id = p_account;
  IF num_nonnulls(may.messages_a_day, may.new_recipients_a_day) = 0 THEN
    RETURN NEXT; RETURN;
  END IF;
  INSERT INTO submission_counts (account_id, since) VALUES (p_account, now()) ON CONFLICT DO NOTHING;
  SELECT * INTO sent FROM submission_counts AS c WHERE c.account_id = p_account FOR NO KEY UPDATE;
  IF sent.since <= now() - interval '1 day' THEN
    sent := ROW(p_account, now(), 0, 0);
  END IF;
  counted_since := sent.since;
  fresh := '{}';
  IF may.new_recipients_a_day IS NOT NULL THEN
    fresh := ARRAY(SELECT DISTINCT r FROM unnest(p_recipients) AS r
                    WHERE NOT EXISTS (SELECT FROM known_recipients AS k WHERE k.account_id = p_account AND k.address = r));
  END IF;
  refusal := CASE WHEN sent.messages >= may.messages_a_day THEN 'messages'
                  WHEN sent.new_recipients + cardinality(fresh) > may.new_recipients_a_day AND cardinality(fresh) > 0
                  THEN 'recipients' END;
  IF refusal IS NULL THEN
    INSERT INTO known_recipients (account_id, address) SELECT p_account, r FROM unnest(fresh) AS r ON CONFLICT DO NOTHING;
    UPDATE submission_counts AS c
       SET since = sent.since, messages = sent.messages + 1, new_recipients = sent.new_recipients + cardinality(fresh)
     WHERE c.account_id = p_account RETURNING c.since INTO counted_since;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- Takes a message out of the counts again that was counted and then refused, for it will come again. What was counted on a day that
-- is over has gone with it.
CREATE FUNCTION return_submission(p_account bigint, p_since timestamptz, p_fresh text[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE submission_counts AS c
     SET messages = greatest(c.messages - 1, 0), new_recipients = greatest(c.new_recipients - cardinality(p_fresh), 0)
   WHERE c.account_id = p_account AND c.since = p_since;
  DELETE FROM known_recipients AS k WHERE k.account_id = p_account AND k.address = ANY (p_fresh);
$$;
--> statement-breakpoint
CREATE OR REPLACE VIEW mail.domains AS
SELECT d.name AS domain, d.catchall_account_id, a.name AS catchall_account, d.detail_separators, d.is_case_sensitive
  FROM public.domains AS d LEFT JOIN public.accounts AS a ON a.account_id = d.catchall_account_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW mail.addresses AS
SELECT s.local_part || '@' || d.name AS address, s.local_part, d.name AS domain, s.account_id, a.name AS account,
       b.mailbox_id, b.name AS mailbox
  FROM public.addresses AS s
  JOIN public.domains AS d ON d.domain_id = s.domain_id
  JOIN public.accounts AS a ON a.account_id = s.account_id
  LEFT JOIN public.mailboxes AS b ON b.account_id = s.account_id AND b.mailbox_id = s.mailbox_id AND b.expunged_seq IS NULL;
--> statement-breakpoint
CREATE VIEW mail.aliases AS
SELECT s.local_part || '@' || d.name AS alias, s.local_part, d.name AS domain, s.posters, s.is_list, s.shows_members, s.may_send_as,
       (SELECT count(*) FROM public.alias_entries AS e WHERE e.alias_id = s.alias_id AND e.is_member) AS members
  FROM public.aliases AS s
  JOIN public.domains AS d ON d.domain_id = s.domain_id;
--> statement-breakpoint
CREATE VIEW mail.alias_entries AS
SELECT s.local_part || '@' || d.name AS alias, e.local_part || '@' || e.domain AS address, e.is_member, e.may_post,
       EXISTS (SELECT FROM public.domains AS l WHERE l.name = e.domain) AS is_local
  FROM public.alias_entries AS e
  JOIN public.aliases AS s ON s.alias_id = e.alias_id
  JOIN public.domains AS d ON d.domain_id = s.domain_id;
--> statement-breakpoint
CREATE VIEW mail.waiting AS
SELECT w.account_id, a.name AS account, w.delivery_id, w.queued_at, w.reverse_path, w.forward_path, w.details ->> 'sender' AS sender,
       coalesce(w.size_octets, (SELECT sum(octet_length(c.octets)) FROM public.waiting_contents AS c
                                 WHERE c.account_id = w.account_id AND c.delivery_id = w.delivery_id)) AS size_octets,
       w.attempts, w.next_attempt_at, w.last_failure
  FROM public.waiting_deliveries AS w
  JOIN public.accounts AS a ON a.account_id = w.account_id;
--> statement-breakpoint
CREATE VIEW mail.submission AS
SELECT l.account_id, a.name AS account, l.messages_a_day AS messages_limit, l.new_recipients_a_day AS new_recipients_limit,
       l.message_octets AS message_octets_limit, coalesce(c.messages, 0) AS messages, coalesce(c.new_recipients, 0) AS new_recipients,
       c.since + interval '1 day' AS resets_at, l.keeps_sent
  FROM public.submission_limits AS l
  JOIN public.accounts AS a ON a.account_id = l.account_id
  LEFT JOIN public.submission_counts AS c ON c.account_id = l.account_id AND c.since > now() - interval '1 day';
--> statement-breakpoint
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN RETURN; END IF;
  GRANT SELECT ON ALL TABLES IN SCHEMA mail TO postel_reader;
END $$;
